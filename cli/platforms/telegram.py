"""Telegram: a bot that asks for updates, or is brought them where a webhook is wanted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from aiohttp import web

from bots.interface import NotNow
from bots.pacing import Pace
from bots.telegram import trouble
from bots.telegram.webhook import Webhook
from cli.platforms.interface import Live, Means, owner_of, persons, places
from daemon.api import jsontext
from daemon.api.patience import visit_of
from daemon.core.errors import Malformed, NotAuthenticated, Unavailable
from daemon.core.model import Person, Place
from daemon.engine.auditor import Count
from daemon.settings import Settings
from daemon.wire import routes

Json = dict[str, Any]
KEPT_S: Final = 25.0  #: how long Telegram waits for us, about
UNGUARDED: Final = "telegram.webhook_url is set without telegram.webhook_secret"


class Telegram:
    name: Final = "telegram"
    title: Final = "Telegram"
    path: Final = routes.TELEGRAM

    def mode(self, settings: Settings) -> str:
        told = settings.telegram
        return ("webhook" if told.webhook_url else "polling") if told.bot_token else ""

    def made_of(self, settings: Settings) -> tuple[object, ...]:
        told = settings.telegram
        return (told.bot_token, told.api_base, told.webhook_url, told.webhook_secret)

    def flaw(self, settings: Settings) -> str:
        told = settings.telegram
        return UNGUARDED if told.webhook_url and not told.webhook_secret else ""

    def people(self, settings: Settings) -> tuple[Person, ...]:
        listed = ((str(each.id), each) for each in settings.telegram.people)
        return persons(self.name, listed, owner_of(settings))

    def places(self, settings: Settings) -> tuple[Place, ...]:
        return places(self.name, ((str(each.id), each) for each in settings.telegram.chats))

    def has_topics(self, settings: Settings) -> bool:
        return settings.telegram.topics and bool(settings.telegram.bot_token)

    def fix(self, said: str) -> str:
        return "`peerline telegram start` makes one" if said == UNGUARDED else trouble.fix(said)

    def load(self) -> None:
        import bots.telegram.api
        import bots.telegram.surface  # noqa: F401 -- only who has Telegram pays for its library

    @asynccontextmanager
    async def live(self, settings: Settings, means: Means) -> AsyncIterator[Live]:
        from bots.telegram.surface import TelegramSurface

        told = settings.telegram
        webhook = Webhook(told.webhook_url, told.webhook_secret) if told.webhook_url else None
        try:
            async with TelegramSurface(
                told.bot_token,
                told.api_base,
                webhook=webhook,
                intake=means.intake,
                pace=Pace().times(means.haste),
            ) as surface:
                yield Live(surface, partial(_brought, webhook, means.count) if webhook else None)
        finally:
            if webhook:
                webhook.close()


async def _brought(webhook: Webhook, count: Count, request: web.Request) -> web.Response:
    """Take an update that Telegram brings; it is answered when it is on disk.

    Raises:
        NotAuthenticated: without the secret that only Telegram was told.
        Malformed: it is no update.
        Unavailable: it is to be brought again.

    """
    if not webhook.knows(request.headers.get(routes.FROM_TELEGRAM, "")):
        count("auth_failed", "a wrong webhook secret")
        raise NotAuthenticated("the webhook's secret is missing or wrong", "this way in is Telegram's")
    if visit := visit_of(request):
        visit.known()
    update = jsontext.loads(await request.read())
    if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
        raise Malformed("that is no update", "this way in is Telegram's")
    try:
        async with asyncio.timeout(KEPT_S):
            await webhook.take(update)
    except (NotNow, TimeoutError):
        raise Unavailable("the update was not kept", "bring it again", after_s=1) from None
    return web.Response()
