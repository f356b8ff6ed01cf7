"""slack_sdk and slack_bolt, pointed at the emulator: the other half of these tests."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack.server import SlackEmulator

QUIET = {"unfurl_links": False, "unfurl_media": False}


def client_at(slack: SlackEmulator, token: str = "") -> AsyncWebClient:
    """Return a client that repeats nothing by itself."""
    return AsyncWebClient(token or slack.tokens.bot, base_url=slack.root, retry_handlers=[], timeout=5)


def app_at(slack: SlackEmulator) -> AsyncApp:
    return AsyncApp(client=client_at(slack), signing_secret=slack.tokens.signing_secret)


@asynccontextmanager
async def listening(
    slack: SlackEmulator, app: AsyncApp, *, ping_s: float = 5
) -> AsyncIterator[AsyncSocketModeHandler]:
    """Run an app over Socket Mode, until the block ends."""
    made = AsyncSocketModeHandler(app, slack.tokens.app, ping_interval=ping_s)
    await made.connect_async()
    try:
        await slack.sockets.there()
        yield made
    finally:
        await made.close_async()


def refused(word: str) -> pytest.RaisesExc[SlackApiError]:
    return pytest.raises(SlackApiError, match=re.escape(f"'error': '{word}'"))


async def refusal_of(call: Awaitable[Any]) -> SlackApiError:
    with pytest.raises(SlackApiError) as caught:
        await call
    return caught.value


def keeps(app: AsyncApp, heard: list[dict[str, Any]]) -> None:
    """Let an app acknowledge everything and keep it."""

    async def kept(body: dict[str, Any], ack: Callable[..., Awaitable[Any]]) -> None:
        heard.append(body)
        await ack()

    anything = re.compile(".*")
    app.event(anything)(kept)
    app.action(anything)(kept)
    app.command(anything)(kept)
    app.shortcut(anything)(kept)
    app.view(anything)(kept)
    app.view_closed(anything)(kept)
