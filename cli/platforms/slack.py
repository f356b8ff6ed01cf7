"""Slack: a bot in a workspace, heard by sockets of its own, or by what Slack brings where there is no app token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from aiohttp import web

from bots.slack import trouble
from bots.slack.ids import SURFACE, Tokens, account_of
from bots.slack.pushing import Hook
from cli.platforms.interface import Live, Means, owner_of, persons, places
from daemon.api.patience import visit_of
from daemon.core.errors import Malformed, NotAuthenticated, TooLarge
from daemon.core.model import Person, Place
from daemon.engine.auditor import Count
from daemon.settings import Settings
from daemon.wire import routes

LARGEST: Final = 1024 * 1024  #: bytes that are read of somebody who has not shown a signature yet
PIECE: Final = 65_536
UNHEARD: Final = "slack.bot_token is set without slack.app_token or slack.signing_secret"


class Slack:
    name: Final = SURFACE
    title: Final = "Slack"
    path: Final = routes.SLACK

    def mode(self, settings: Settings) -> str:
        told = settings.slack
        by = "http" if told.signing_secret and not told.app_token else "socket"
        return by if told.bot_token else ""

    def made_of(self, settings: Settings) -> tuple[object, ...]:
        told = settings.slack
        return (told.bot_token, told.app_token, told.signing_secret, told.api_base, told.command)

    def flaw(self, settings: Settings) -> str:
        told = settings.slack
        return "" if told.app_token or told.signing_secret else UNHEARD

    def people(self, settings: Settings) -> tuple[Person, ...]:
        listed = ((account_of(each.team, each.id), each) for each in settings.slack.people)
        return persons(self.name, listed, owner_of(settings))

    def places(self, settings: Settings) -> tuple[Place, ...]:
        return places(self.name, ((each.id, each) for each in settings.slack.channels))

    def has_topics(self, _: Settings, /) -> bool:
        return False

    def fix(self, said: str) -> str:
        return "`peerline slack start` asks for it" if said == UNHEARD else trouble.fix(said)

    def load(self) -> None:
        import bots.slack.api
        import bots.slack.surface  # noqa: F401 -- only who has Slack pays for its library

    @asynccontextmanager
    async def live(self, settings: Settings, means: Means) -> AsyncIterator[Live]:
        from bots.slack.surface import ALLOWED, SlackSurface

        told = settings.slack
        tokens = Tokens(bot=told.bot_token, app=told.app_token, signing_secret=told.signing_secret)
        hook = Hook(told.signing_secret) if self.mode(settings) == "http" else None
        async with SlackSurface(
            tokens,
            told.api_base,
            pace=ALLOWED.times(means.haste),
            intake=means.intake,
            sight=means.sight,
            command=told.command,
            http=hook,
        ) as surface:
            yield Live(surface, partial(_brought, hook, means.count) if hook else None)


async def _brought(hook: Hook, count: Count, request: web.Request) -> web.Response:
    """Take what Slack brings; it is answered when it is on disk.

    Raises:
        NotAuthenticated: Slack did not sign it, or not lately.
        Malformed: it is no text.
        TooLarge: it is more than Slack ever brings.

    """
    try:
        body = (await _read(request)).decode()
    except UnicodeDecodeError:
        raise Malformed("that is no text", "this way in is Slack's") from None
    told = await hook.take(request.headers, body)
    if told.status == NotAuthenticated.status:
        count("auth_failed", "a wrong signature of Slack's")
        raise NotAuthenticated("the signature is missing, wrong or old", "this way in is Slack's")
    if visit := visit_of(request):
        visit.known()
    return web.Response(status=told.status, text=told.body, content_type=told.content_type)


async def _read(request: web.Request) -> bytes:
    raw = bytearray()
    async for piece in request.content.iter_chunked(PIECE):
        raw += piece
        if len(raw) > LARGEST:
            raise TooLarge(f"a body over {LARGEST} bytes, the limit", "Slack sends less")
    return bytes(raw)
