"""Hearing Slack: what comes is kept before it is acknowledged, what was missed is read, what people send is fetched.

What cannot wait for its turn (a modal that somebody wishes for, the home) is shown at once and kept nowhere: pressed
again, it comes again.
"""

from __future__ import annotations

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from bots.arriving import Arriving
from bots.beside import Beside
from bots.health import resting
from bots.interface import Failure, Heard, NotNow, Raw, Reacted, Said
from bots.slack import backfill, home, modals
from bots.slack.around import Around
from bots.slack.doorway import Doorway
from bots.slack.fetching import Fetching
from bots.slack.hearing import EVENTS, Me, heard_in, message_in, raw_of
from bots.slack.ids import Sight, Web, address_of, room_of, ts_in
from bots.slack.pressing import wished
from bots.slack.proper import is_ts
from bots.slack.pushing import Hook
from bots.slack.sockets import Rhythm, Sockets
from daemon.core.rules.frame import ALPHABET

EVERY_S: Final = 25.0  #: between two looks whether Slack is there, where nothing else would tell
MOST_WAITING: Final = 2000
CODE: Final = 8  #: characters of a pairing code
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Way:
    """How it is heard: by HTTP if there is a hook, else by sockets; ``command`` is what the home tells of."""

    hook: Hook | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)
    command: str = "/peerline"


class Ear:
    """Args: ``note`` is told what is wrong, or ""; ``fetching`` keeps the files that people send."""

    def __init__(
        self,
        web: Web,
        sight: Sight,
        note: Callable[[str], None],
        fetching: Fetching,
        clock: Callable[[], float],
        way: Way = Way(),
    ) -> None:
        self._web = web
        self._sight = sight
        self._note = note
        self._fetching = fetching
        self._clock = clock
        self._way = way
        self._me: Me | None = None
        self._sockets: Sockets | None = None
        self._arriving: Arriving[Raw] = Arriving(MOST_WAITING)
        self._around = Around(web)
        self._beside = Beside()
        self._there = asyncio.Event()  #: a connection, since where hearing ended was marked
        self._marked = False
        self._unread = dict[str, backfill.Unread]()  #: of each silence that is read now

    @property
    def sockets(self) -> int | None:
        """How many of our own are open; None: there are to be none."""
        if self._way.hook:
            return None
        return self._sockets.count if self._sockets else 0

    async def arrivals(self) -> AsyncIterator[Sequence[Raw]]:
        """Yield what came, for ever. What is given is on disk when the next is asked for."""
        hearing = self._beside.do(self._hear())
        try:
            while True:
                yield await self._beside.unless(hearing, self._arriving.next())
        finally:
            self._arriving.close()
            await self._beside.end()

    async def understood(self, raws: Sequence[Raw]) -> Heard | None:
        """What it means, with all that has to be asked for; a silence is read back, and means nothing itself."""
        told = json.loads(raws[0].body)
        kind, payload, me = told["kind"], told["payload"], await self._named()
        if kind == backfill.SILENCE:
            await self._caught_up(raws[0].update_id, me, payload)
            return None
        heard = heard_in(kind, payload, me)
        if isinstance(heard, Reacted):
            return await self._placed(heard)
        if isinstance(heard, Said) and kind == EVENTS:
            return await self._completed(heard, message_in(payload))
        return heard

    async def settled(self, lane: str) -> None:
        """Return when what was said there while nobody heard is on its way; brakes and taps are not asked about."""
        for unread in list(self._unread.values()):
            await unread.read(lane)

    async def _caught_up(self, name: str, me: Me, silence: Mapping[str, Any]) -> None:
        await self._there.wait()
        unread = self._unread[name] = backfill.Unread(silence["rooms"], silence["threads"])
        try:
            async for missed in backfill.missed(self._web, me, str(silence["since"]), unread):
                await self._put(missed)
        finally:
            del self._unread[name]
            await unread.end()

    async def _hear(self) -> None:
        me = await self._named()
        doorway = Doorway(partial(self._take, me), self._way.hook.secret if self._way.hook else "")
        if self._way.hook is None:
            note, rhythm = self._note, self._way.rhythm
            self._sockets = Sockets(
                self._web.open_socket, doorway.over_socket, note, self._opened, self._clock, rhythm
            )
            return await self._sockets.run()
        connected = await self._opened()
        self._way.hook.leads_to(doorway.by_http)
        try:
            connected()
            await self._look()
        finally:
            self._way.hook.leads_to(None)

    async def _take(self, me: Me, kind: str, payload: Mapping[str, Any]) -> None:
        """Return when it is kept, or is nothing to keep.

        Raises:
            NotNow: it is not kept.

        """
        if wish := wished(payload):
            self._beside.aside(modals.opened(self._web, self._sight, wish))
        elif visitor := home.visitor(payload):
            self._beside.aside(self._welcome(*visitor))
        elif raw := raw_of(kind, payload, me):
            await self._arriving.take(raw)

    async def _welcome(self, account: str, tab: str) -> None:
        if tab == "home":
            await home.shown(self._web, self._sight, account, self._way.command)
        elif await self._sight.glance(account):
            await home.prompted(self._web, account)

    async def _opened(self) -> Callable[[], None]:
        """Have on disk where hearing ended, before a new connection brings more; it is read back once that is there."""
        if not self._marked:
            self._there.clear()
            missing = backfill.silence(await self._sight.known(), uuid.uuid4().hex)
            await self._put([missing] if missing else [])
            self._marked = True
        return self._connected

    def _connected(self) -> None:
        self._marked = False
        self._there.set()

    async def _put(self, raws: Sequence[Raw]) -> None:
        """Have them on disk, however many come meanwhile."""
        for start in range(0, len(raws), backfill.AT_ONCE):
            await self._insisted(raws[start : start + backfill.AT_ONCE])

    async def _insisted(self, raws: Sequence[Raw]) -> None:
        while True:
            try:
                return await self._arriving.put(raws)
            except NotNow:
                await asyncio.sleep(self._way.rhythm.least)

    async def _named(self) -> Me:
        """Who we are is asked for once, however long it takes."""
        failures = 0
        while self._me is None:
            try:
                told = await self._web.call("auth.test")
                self._me = Me(str(told["team_id"]), str(told["user_id"]), str(told.get("bot_id") or ""))
            except Failure as failure:
                failures += 1
                self._note(str(failure))
                rhythm = self._way.rhythm
                pause = rhythm.pause(failures, failure.after_s)
                await resting(self._note, str(failure), pause, rhythm.said)
        return self._me

    async def _look(self) -> None:
        """Ask now and then whether Slack is there: no socket tells."""
        while True:
            wish, why = None, ""
            try:
                await self._web.call("auth.test")
            except Failure as failure:
                why = str(failure)
                wish = failure.after_s if isinstance(failure, NotNow) else self._way.rhythm.most
            self._note(why)
            await resting(self._note, why, wish or EVERY_S, self._way.rhythm.said + EVERY_S)

    async def _completed(self, said: Said, message: Mapping[str, Any]) -> Said:
        """With its files, with who speaks where that may be asked for, and with what stands around a first mention."""
        concern = await self._sight.concern(said)
        if not concern.heard:
            # Whoever calls us, or may be sending a code, is asked for by name; what a stranger sends stays there.
            author = await self._around.name_of(said.account) if said.called or _pairs(said) else ""
            return replace(said, author=author, files=self._fetching.named(message))
        said = await self._fetching.fetched(said, message)
        if said.private:
            return said
        said = replace(said, author=await self._around.name_of(said.account) if said.called else "")
        is_first = concern.first and said.thread == said.address
        return replace(said, around=await self._around.told(said)) if is_first else said

    async def _placed(self, reacted: Reacted) -> Reacted:
        """In which thread stands what somebody put a sign on; where that cannot be known, in none."""
        room, ts = room_of(reacted.address), ts_in(reacted.receipt)
        try:
            channel = await self._web.channel_of(room)
            only = {"oldest": ts, "latest": ts, "inclusive": True, "limit": 2}
            told = await self._web.call("conversations.replies", channel=channel, ts=ts, **only)
        except Failure:
            return reacted
        # The thread's first message may stand before it, or be all there is.
        found = [each.get("thread_ts") for each in told.get("messages") or [] if isinstance(each, Mapping)]
        thread = next((each for each in found if each), "")
        if not is_ts(thread) or thread == ts:
            return reacted
        address = address_of(room, thread)
        return replace(reacted, address=address, receipt=f"{address}/{ts}")


def _pairs(said: Said) -> bool:
    """Whether it may be a pairing code: whoever is let in by it needs a name, and Slack tells none with a message."""
    words = said.text.strip().upper()
    return len(words) == CODE and set(words) <= set(ALPHABET)
