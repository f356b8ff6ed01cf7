"""One chat surface that this daemon hosts: begun, watched, rebuilt, and begun anew when the config changed.

Whatever happens to it, the line goes on. A surface heals by itself; one that ends or stays silent all the same is
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

from cli.intake import intake
from cli.loading import loading
from cli.platforms.interface import Live, Means, Platform
from cli.redaction import learn
from cli.sight import LineSight
from daemon.api.caller import Caller, Standing
from daemon.api.door import Door
from daemon.client.hosting import HostingClient
from daemon.client.local import LocalExchange
from daemon.core import commands as c
from daemon.core.errors import NotAuthenticated, Unavailable
from daemon.core.model import Authority
from daemon.engine.auditor import Count
from daemon.engine.engine import Engine
from daemon.settings import Settings, secrets

Json = dict[str, Any]
AGAIN_S: Final = 5.0  #: from the end of one surface to the next
SILENT_S: Final = 90.0  #: a surface that says neither that it is well nor what is wrong is thrown away
log = logging.getLogger(__name__)


class Host:
    """Args: ``files``: the folder of our own copies; ``load``: the config as it is now; ``haste``: of platforms."""

    def __init__(
        self,
        form: Platform,
        engine: Engine,
        settings: Settings,
        files: Path,
        load: Callable[[], Settings],
        count: Count,
        *,
        haste: float = 1.0,
    ) -> None:
        self.form = form
        self._engine = engine
        self._settings = settings
        self._files = files
        self._load = load
        self._count = count
        self._haste = haste
        self._changed = asyncio.Event()
        self._live: Live | None = None
        self._proven = False
        self._loaded = False

    @property
    def service(self) -> str:
        """The name of its service peer, as which it hosts."""
        return f"{self.form.name}-bot"

    @property
    def mode(self) -> str:
        """How its platform is listened to, "" for not at all."""
        return self.form.mode(self._settings)

    async def open(self) -> None:
        """Put onto the line what the config says: the service peer, who may speak, and where."""
        form, settings = self.form, self._settings
        if form.mode(settings):
            service = c.OpenConversation(
                surface=form.name,
                address="service",
                host=self.service,
                wish=self.service,
                authority=Authority.PEER,
                role_service=True,
                machine=platform.node(),
            )
            await self._engine.handle(service)
        await self._engine.handle(c.ConfigurePeople(surface=form.name, people=form.people(settings)))
        places, topics = form.places(settings), form.has_topics(settings)
        await self._engine.handle(c.ConfigurePlaces(surface=form.name, places=places, topics=topics))

    async def host(self) -> None:
        """Read the config again; what is hosted otherwise from now on begins anew.

        Raises:
            Malformed: the config is wrong; nothing changes.

        """
        before, self._settings = self.form.made_of(self._settings), self._load()
        learn(secrets(self._settings))
        await self.open()
        if self.form.made_of(self._settings) != before:
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
        """What is known here, and what the platform says of the bot when it is asked."""
        mode = self.form.mode(self._settings)
        told = await self._live.surface.look() if self._live else None
        return {
            "hosted": bool(mode),
            "mode": mode,
            "proven": self._proven,
            "bot": told.bot if told else "",
            "workspace": told.workspace if told else "",
            "lacks": list(told.lacks) if told else [],
            "pending": told.pending if told else None,
            "sockets": told.sockets if told else None,
            "lag_s": round(told.lag_s, 3) if told and told.lag_s is not None else None,
        }

    def fix(self, trouble: str) -> str:
        return self.form.fix(trouble)

    async def take(self, request: web.Request) -> web.Response:
        """Take what the platform brings, if it is to bring something. Raises as the platform's own ``take``."""
        if self._live is None or self._live.take is None:
            self._count("auth_failed", f"nothing is to be brought by {self.form.name}")
            raise NotAuthenticated("nobody is let in here now", f"this way in is {self.form.title}'s")
        return await self._live.take(request)

    async def _hosted(self, door: Door) -> None:
        if not self.form.mode(self._settings):
            return
        client = Beating(door, self.service, self._has_proven)
        while True:
            why = await self._once(client)
            with contextlib.suppress(Unavailable):
                await client.beat(self.form.name, why)
            await asyncio.sleep(AGAIN_S)

    async def _once(self, client: Beating) -> str:
        """Host one surface until it breaks; return why it did, in words for people."""
        if flaw := self.form.flaw(self._settings):
            return flaw
        means = Means(
            intake=intake(self._files, self._engine, self._settings),
            sight=LineSight(self._engine, self.form.name),
            count=self._count,
            haste=self._haste,
        )
        try:
            await self._brought_in()
            from bots import bridge

            async with (
                self.form.live(self._settings, means) as self._live,
                asyncio.timeout(SILENT_S) as client.silence,
            ):
                await bridge.run(client, self._live.surface, passed=self._engine.passed)
        except* TimeoutError:
            log.warning("%s was silent for %s s and is begun anew", self.form.name, SILENT_S)
        except* Exception:
            log.exception("%s ended; it begins again in %s s", self.form.name, AGAIN_S)
        finally:
            self._live = client.silence = None
        return f"hosting {self.form.title} broke and begins anew"

    async def _brought_in(self) -> None:
        """Once, however often the surface begins anew: what is frozen then is never searched for garbage again."""
        if not self._loaded:
            await asyncio.to_thread(_load, self.form)
            self._loaded = True

    def _has_proven(self) -> None:
        self._proven = True


class Beating(HostingClient):
    """The client of a hosted surface; every beat shows that somebody is there, whatever it says."""

    def __init__(self, door: Door, service: str, proven: Callable[[], None]) -> None:
        caller = Caller(standing=Standing.SERVICE, peer_id="", host=service)
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


def _load(form: Platform) -> None:
    """Half a second, for which nobody on the line is to wait; only who has a chat pays for what draws for one."""
    with loading():
        import bots.bridge  # noqa: F401

        form.load()
