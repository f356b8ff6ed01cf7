"""The chat surfaces that this daemon hosts: begun, watched, rebuilt, and begun anew when the config changed.

Whatever happens to one, the line goes on. A surface heals by itself; one that ends or stays silent all the same is
thrown away and made anew, and until then the daemon says why it is deaf.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from bots.interface import NotNow
from bots.pacing import Pace
from bots.telegram.looking import Looks
from bots.telegram.trouble import fix
from bots.telegram.webhook import Webhook
from cli.intake import intake, places
from cli.redaction import learn
from daemon.api import jsontext
from daemon.api.caller import Caller, Standing
from daemon.api.door import Door
from daemon.api.patience import visit_of
from daemon.chatsettings import Telegram
from daemon.client.hosting import HostingClient
from daemon.client.local import LocalExchange
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAuthenticated, Unavailable
from daemon.core.model import Authority, Person
from daemon.engine.auditor import Count, uncounted
from daemon.engine.engine import Engine
from daemon.settings import Settings, secrets
from daemon.wire import routes

Json = dict[str, Any]
TELEGRAM: Final = "telegram"
HOST: Final = "telegram-bot"
AGAIN_S: Final = 5.0  #: from the end of one surface to the next
SILENT_S: Final = 90.0  #: a surface that says neither that it is well nor what is wrong is thrown away
KEPT_S: Final = 25.0  #: how long Telegram waits for us, about
UNGUARDED: Final = "telegram.webhook_url is set without telegram.webhook_secret"
log = logging.getLogger(__name__)


class Chats:
    """Args: ``files``: the folder of our own copies; ``load``: the config as it is now; ``haste``: of platforms."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        files: Path,
        load: Callable[[], Settings],
        *,
        haste: float = 1.0,
    ) -> None:
        self.count: Count = uncounted
        self._engine = engine
        self._settings = settings
        self._files = files
        self._load = load
        self._haste = haste
        self._changed = asyncio.Event()
        self._surface: Looks | None = None
        self._webhook: Webhook | None = None
        self._proven = False

    async def open(self) -> None:
        """Put onto the line what the config says: the service peer, and who may speak."""
        if self._settings.telegram.bot_token:
            service = c.OpenConversation(
                surface=TELEGRAM,
                address="service",
                host=HOST,
                wish=HOST,
                authority=Authority.PEER,
                role_service=True,
                machine=platform.node(),
            )
            await self._engine.handle(service)
        await self._engine.handle(c.ConfigurePeople(surface=TELEGRAM, people=_people(self._settings)))
        topics = self._settings.telegram.topics and bool(self._settings.telegram.bot_token)
        where = c.ConfigurePlaces(surface=TELEGRAM, places=places(self._settings), topics=topics)
        await self._engine.handle(where)

    async def host(self) -> None:
        """Read the config again; what is hosted otherwise from now on begins anew.

        Raises:
            Malformed: the config is wrong; nothing changes.

        """
        before, self._settings = _hosted_as(self._settings.telegram), self._load()
        learn(secrets(self._settings))
        await self.open()
        if _hosted_as(self._settings.telegram) != before:
            self._proven = False
            self._changed.set()

    async def run(self, door: Door) -> None:
        """Host what is to be hosted until cancelled; nothing runs while nothing is."""
        while True:
            self._changed.clear()
            async with asyncio.TaskGroup() as both:
                hosting = both.create_task(self._hosted(door))
                await self._changed.wait()
                hosting.cancel()

    async def look(self) -> Json:
        """What is known here, and what Telegram says of the bot when it is asked."""
        telegram, surface = self._settings.telegram, self._surface
        told = await surface.look() if surface else None
        mode = "webhook" if telegram.webhook_url else "polling"
        return {
            "hosted": bool(telegram.bot_token),
            "mode": mode if telegram.bot_token else "",
            "proven": self._proven,
            "bot": told.bot if told else "",
            "pending": told.pending if told else None,
            "lag_s": round(told.lag_s, 3) if told and told.lag_s is not None else None,
        }

    def fix(self, trouble: str) -> str:
        if trouble == UNGUARDED:
            return "`peerline telegram start` makes one"
        return fix(trouble)

    async def hook(self, request: web.Request) -> web.Response:
        """Take an update that Telegram brings; it is answered when it is on disk.

        Raises:
            NotAuthenticated: without the secret that only Telegram was told.
            Malformed: it is no update.
            Unavailable: it is to be brought again.

        """
        webhook = self._webhook
        if webhook is None or not webhook.knows(request.headers.get(routes.FROM_TELEGRAM, "")):
            self.count("auth_failed", "a wrong webhook secret")
            raise NotAuthenticated("the webhook's secret is missing or wrong", "this way in is Telegram's")
        if visit := visit_of(request):
            visit.known()
        update = jsontext.loads(await request.read())
        if not isinstance(update, dict) or not isinstance(update.get("update_id"), int):
            raise Malformed("that is no update", "this way in is Telegram's")
        await _taken(webhook, update)
        return web.Response()

    async def _hosted(self, door: Door) -> None:
        if not self._settings.telegram.bot_token:
            return
        client = Beating(door, self._has_proven)
        while True:
            why = await self._once(client)
            with contextlib.suppress(Unavailable):
                await client.beat(TELEGRAM, why)
            await asyncio.sleep(AGAIN_S)

    async def _once(self, client: Beating) -> str:
        """Host one surface until it breaks; return why it did, in words for people."""
        from bots import bridge  # only who has a chat pays for what draws for one
        from bots.telegram.surface import TelegramSurface

        telegram = self._settings.telegram
        if telegram.webhook_url and not telegram.webhook_secret:
            return UNGUARDED
        self._webhook = (
            Webhook(telegram.webhook_url, telegram.webhook_secret) if telegram.webhook_url else None
        )
        try:
            async with (
                TelegramSurface(
                    telegram.bot_token,
                    telegram.api_base,
                    webhook=self._webhook,
                    intake=intake(self._files, self._engine, self._settings),
                    pace=Pace().times(self._haste),
                ) as self._surface,
                asyncio.timeout(SILENT_S) as client.silence,
            ):
                await bridge.run(client, self._surface, passed=self._engine.passed)
        except* TimeoutError:
            log.warning("telegram was silent for %s s and is begun anew", SILENT_S)
        except* Exception:
            log.exception("telegram ended; it begins again in %s s", AGAIN_S)
        finally:
            if self._webhook:
                self._webhook.close()
            self._surface = self._webhook = None
        return "hosting Telegram broke and begins anew"

    def _has_proven(self) -> None:
        self._proven = True


class Beating(HostingClient):
    """The client of a hosted surface; every beat shows that somebody is there, whatever it says."""

    def __init__(self, door: Door, proven: Callable[[], None]) -> None:
        caller = Caller(standing=Standing.SERVICE, peer_id="", host=HOST)
        super().__init__(LocalExchange(door, caller))
        self._proven = proven
        self.silence: asyncio.Timeout | None = None

    async def beat(self, surface: str, trouble: str = "") -> Json:
        if self.silence and not self.silence.expired():
            self.silence.reschedule(asyncio.get_running_loop().time() + SILENT_S)
        told = await super().beat(surface, trouble)
        if not trouble:
            self._proven()
        return told


async def _taken(webhook: Webhook, update: Json) -> None:
    try:
        async with asyncio.timeout(KEPT_S):
            await webhook.take(update)
    except (NotNow, TimeoutError):
        raise Unavailable("the update was not kept", "bring it again", after_s=1) from None


def _hosted_as(telegram: Telegram) -> tuple[str, ...]:
    """What a surface is made of."""
    return (telegram.bot_token, telegram.api_base, telegram.webhook_url, telegram.webhook_secret)


def _people(settings: Settings) -> tuple[Person, ...]:
    listed = settings.telegram.people
    named = [each.name for each in listed]
    owner = settings.owner.name if settings.owner.name in named else (named[0] if named else "")
    return tuple(
        Person(
            surface=TELEGRAM,
            account=str(each.id),
            name=each.name,
            rights=("talk", "approve", "spawn") if each.name == owner else tuple(each.rights),
            owner=each.name == owner,
        )
        for each in listed
    )
