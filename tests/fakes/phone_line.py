"""The daemon as a bot on Telegram sees it, in memory; and a Telegram with our surface plugged into it.

The line commits what it is told only while it is `open`, as a daemon does that may be away or busy.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bots.bridge import run
from bots.interface import ChatSurface
from bots.pacing import Pace
from bots.telegram.surface import Patience, TelegramSurface
from daemon.client.hosting import Utterance
from daemon.core.model import Ask, Authority, Delivery, Envelope, Kind, Parcel, Role, Sender
from tests.emulators.pulse import Pulse
from tests.emulators.telegram import Person, TelegramEmulator

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=7)
BACKEND = Sender(
    peer_id="p-b", name="backend", circle="dev", role=Role.AGENT, authority=Authority.PEER, backend="x"
)
QUICK = Patience(poll=1, grace=0.2, least=0.05, most=0.2, contested=0)
UNPACED = Pace(gap=0, per_second=1000, per_minute=1000)


class Clock:
    """Stands still until it is told how much later it is."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Phone:
    """A Telegram, somebody with a phone, and our surface, which is what is tested."""

    telegram: TelegramEmulator
    ada: Person
    surface: TelegramSurface
    clock: Clock


@asynccontextmanager
async def plugged(patience: Patience = QUICK, **options: Any) -> AsyncIterator[Phone]:
    clock = Clock()
    async with TelegramEmulator() as telegram:
        options = {
            "token": telegram.token,
            "api_base": telegram.root,
            "clock": clock,
            "pace": UNPACED,
        } | options
        async with TelegramSurface(patience=patience, **options) as surface:
            yield Phone(telegram, telegram.person(7, "Ada"), surface, clock)


class PhoneLine:
    """Just what `bots.bridge` calls of a `PeerClient`."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.heard: dict[str, Any] = {}  #: key -> what was said, or (ask, option) of a tap
        self.kept: dict[str, dict[str, Any]] = {}  #: what the platform told
        self.done: list[str] = []
        self.asked = 0
        self.repeats = 0
        self.settled: list[tuple[str, str, object]] = []  #: (how, envelope, receipt or time to wait)
        self.beats: list[str] = []
        self._waiting: asyncio.Queue[Parcel] = asyncio.Queue()
        self._pulse = Pulse()

    def post(self, parcel: Parcel) -> None:
        self._waiting.put_nowait(parcel)

    async def until(self, holds: Any, within: float = 5) -> Any:
        return await self._pulse.until(holds, within)

    async def open_updates(self, surface: str) -> list[dict[str, Any]]:
        return [each for update_id, each in self.kept.items() if update_id not in self.done]

    async def keep_updates(self, surface: str, updates: Sequence[dict[str, Any]]) -> list[str]:
        self.asked += 1
        self._pulse.beat()
        await self.open.wait()
        fresh = [each for each in updates if each["update_id"] not in self.kept]
        self.repeats += len(updates) - len(fresh)
        self.kept |= {each["update_id"]: each for each in fresh}
        self._pulse.beat()
        return [each["update_id"] for each in fresh]

    async def finish_updates(self, surface: str, update_ids: Sequence[str]) -> None:
        self.done += update_ids
        self._pulse.beat()

    async def edit(self, words: Utterance, *, key: str, does: Sequence[str] = ()) -> dict[str, Any]:
        return await self._committed(key, ("edit", words), does)

    async def mark(self, *where: str, key: str, does: Sequence[str] = ()) -> dict[str, Any]:
        return await self._committed(key, ("mark", *where), does)

    async def place(
        self, surface: str, address: str, *, key: str, does: Sequence[str] = (), **change: str
    ) -> dict[str, Any]:
        return await self._committed(key, ("place", address, change), does)

    async def say(self, said: Utterance, *, key: str, does: Sequence[str] = ()) -> dict[str, Any]:
        await self._committed(key, said, does)
        return {"understood": "ask", "ask_id": "a-1"}

    async def tap(  # noqa: PLR0913 -- as the client's
        self,
        surface: str,
        address: str,
        account: str,
        ask_id: str,
        option: int,
        *,
        receipt: str = "",
        key: str,
        does: Sequence[str] = (),
    ) -> dict[str, Any]:
        await self._committed(key, (surface, address, account, ask_id, option), does)
        return {"understood": "answer", "ask_id": ask_id}

    async def parcels(self, surface: str, peer_id: str | None = None) -> AsyncIterator[Parcel]:
        while True:
            yield await self._waiting.get()

    async def beat(self, surface: str, trouble: str = "") -> None:
        self.beats.append(trouble)
        self._pulse.beat()

    async def extend(self, parcel: Parcel, ttl_s: float) -> None: ...

    async def ack(self, parcel: Parcel, *, receipt: str = "") -> None:
        self._settle("ack", parcel, receipt)

    async def part(self, parcel: Parcel, receipt: str) -> None:
        self._settle("part", parcel, receipt)

    async def nak(
        self, parcel: Parcel, reason: str, *, after_s: float | None = None, quiet: bool = False
    ) -> None:
        self._settle("nak", parcel, after_s)

    async def reject(self, parcel: Parcel, reason: str) -> None:
        self._settle("reject", parcel, reason)

    async def doubt(self, parcel: Parcel, reason: str) -> None:
        self._settle("doubt", parcel, reason)

    def _settle(self, how: str, parcel: Parcel, word: object) -> None:
        self.settled.append((how, parcel.envelope.envelope_id, word))
        self._pulse.beat()

    async def _committed(self, key: str, what: object, does: Sequence[str]) -> dict[str, Any]:
        self.heard.setdefault(key, what)
        self.done += does
        self._pulse.beat()
        return {"understood": "command", "ask_id": None}


@asynccontextmanager
async def carried(line: PhoneLine, surface: ChatSurface) -> AsyncIterator[None]:
    """Run the bridge; it is killed at the end, wherever it stands."""
    async with asyncio.TaskGroup() as group:
        bridge = group.create_task(run(line, surface))
        try:
            yield
        finally:
            bridge.cancel()


def parcel(body: str, *options: str, envelope_id: str = "m-1") -> Parcel:
    """Something of backend's for Ada; a question if it has options."""
    kind = Kind.ASK if options else Kind.NOTICE
    envelope = Envelope(
        envelope_id=envelope_id, kind=kind, sender=BACKEND, to=("p-ada",), body=body, created_at=NOW,
        expires_at=LATER, options=options,
    )  # fmt: skip
    delivery = Delivery(
        delivery_id=f"d-{envelope_id}", envelope_id=envelope_id, peer_id="p-ada", kind=kind, state="leased", due_at=NOW,
        expires_at=LATER,
    )  # fmt: skip
    ask = Ask(
        ask_id=envelope_id, asker="p-b", to=("p-ada",), state="open", need=1, created_at=NOW,
        deadline_at=LATER, question=body, options=options,
    )  # fmt: skip
    return Parcel(delivery, envelope, ask if options else None, recipient="7")


def changed(shown: Parcel, receipt: str, state: str) -> Parcel:
    """The same question after it ended."""
    assert shown.ask
    envelope = replace(shown.envelope, envelope_id="m-2", kind=Kind.CHANGE)
    delivery = replace(shown.delivery, delivery_id="d-m-2", envelope_id="m-2")
    return replace(
        shown, delivery=delivery, envelope=envelope, ask=replace(shown.ask, state=state), shown_as=receipt
    )
