"""What Slack tells the client: each event, interaction and command, tried until acknowledged or given up.

An event is tried four times; an interaction or a command once, and its person is shown that it failed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.faults import Faults
from tests.emulators.pulse import Pulse
from tests.emulators.slack.calls import Call
from tests.emulators.slack.faults import Fault, Kind
from tests.emulators.slack.limits import Patience

EVENT, INTERACTIVE, COMMAND = "events_api", "interactive", "slash_commands"
ACKED, DROPPED = "acknowledged", "given up"


@dataclass(slots=True)
class Attempt:
    """One try; `reason` says why it failed (empty while open), `late` that an acknowledgement came too late."""

    number: int
    envelope_id: str
    at: float
    retry_reason: str = ""
    fault: Fault | None = None
    socket: int = 0
    acked_at: float | None = None
    late: bool = False
    dead: bool = False  #: on a socket that is dead air
    acks: int = 0
    answer: dict[str, Any] | None = None
    reason: str = ""
    over: asyncio.Event = field(default_factory=asyncio.Event)

    def fail(self, reason: str) -> None:
        self.reason = self.reason or reason
        self.over.set()

    def ack(self, answer: dict[str, Any] | None) -> None:
        self.acks += 1
        if self.acked_at is None:
            self.acked_at = time.monotonic()
            self.late = bool(self.reason)
            self.answer = answer
            self.over.set()


@dataclass(slots=True)
class Delivery:
    """`name` is the type of event or interaction, `channel` where it happened, if anywhere."""

    number: int
    kind: str
    name: str
    channel: str
    payload: dict[str, Any]
    outcome: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    answer: dict[str, Any] | None = None
    given_up: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def retries(self) -> bool:
        return self.kind == EVENT

    @property
    def acked(self) -> bool:
        return self.outcome == ACKED

    @property
    def latency(self) -> float | None:
        """Return the seconds from the first sending to the first acknowledgement."""
        acked = [each for each in self.attempts if each.acked_at is not None]
        return (acked[0].acked_at or 0) - acked[0].at if acked else None

    def line(self) -> str:
        tries = ", ".join(each.reason or "acknowledged" for each in self.attempts)
        return f"{self.name} #{self.number} ({self.outcome or 'under way'}: {tries or 'not yet sent'})"


Route = Callable[[Delivery, Attempt], Awaitable[None]]


class Deliveries:
    """Everything told so far, oldest first, in `all`."""

    def __init__(self, pulse: Pulse, faults: Faults[Fault], patience: Patience) -> None:
        self._pulse = pulse
        self._faults = faults
        self.patience = patience
        self.all: list[Delivery] = []
        self.strays: list[str] = []  #: acknowledgements of what was never sent
        self.route: Route | None = None
        self.disconnect: Callable[[str], Awaitable[None]] | None = None
        self._under_way: dict[int, Delivery] = {}
        self._group: asyncio.TaskGroup | None = None
        self._sent = 0
        self._serial = 0

    def add(self, kind: str, name: str, payload: dict[str, Any], channel: str = "") -> Delivery:
        delivery = Delivery(len(self.all) + 1, kind, name, channel, payload)
        self.all.append(delivery)
        self._under_way[delivery.number] = delivery
        assert self._group is not None, "the emulator is not running"
        self._group.create_task(self._carried(delivery))
        self._pulse.beat()
        return delivery

    def give_up(self, *, channel: str = "") -> list[Delivery]:
        """Give up everything not yet acknowledged, as Slack does after its last attempt."""
        gone = [each for each in self._under_way.values() if channel in {"", each.channel}]
        for each in gone:
            each.given_up.set()
        return gone

    def of(self, name: str) -> list[Delivery]:
        return [each for each in self.all if each.name == name]

    def latencies(self) -> list[float]:
        return [each.latency for each in self.all if each.latency is not None]

    async def settled(self, *, within: float = 5) -> None:
        """Wait until everything is acknowledged or given up.

        Raises:
            AssertionError: it is not; the sentence names what is under way.
        """

        def others() -> str:
            lines = "; ".join(each.line() for each in self._under_way.values())
            return f"still under way after {within} s: {lines}"

        await self._pulse.expect(lambda: not self._under_way, within, others)

    def aside(self, doing: Coroutine[Any, Any, None]) -> None:
        """Do something beside, for as long as the emulator runs."""
        assert self._group is not None, "the emulator is not running"
        self._group.create_task(doing)

    async def run(self, ready: asyncio.Event) -> None:
        """Carry for as long as this is not cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            ready.set()
            await asyncio.Event().wait()

    async def _carried(self, delivery: Delivery) -> None:
        pauses = (0.0, *self.patience.again_s) if delivery.retries else (0.0,)
        fault = self._faults.claim(Call("envelope", {"event": delivery.name, "channel": delivery.channel}))
        if fault:
            await self._disturb(delivery, fault)
        reason = ""
        for number, pause in enumerate(pauses):
            if delivery.acked or await _rests(delivery, pause):
                break
            reason = await self._tried(delivery, number, reason, fault if number == 0 else None)
        self._decided(delivery, DROPPED)

    async def _disturb(self, delivery: Delivery, fault: Fault) -> None:
        match fault.kind:
            case Kind.LOSE:
                delivery.given_up.set()
            case Kind.SLOW:
                await asyncio.sleep(fault.seconds or 0)
            case Kind.REORDER:
                sent = self._sent
                try:
                    await self._pulse.until(lambda: self._sent > sent, fault.seconds or 1)
                except TimeoutError:
                    return
            case Kind.DISCONNECT if self.disconnect:
                await self.disconnect(fault.reason)

    async def _tried(self, delivery: Delivery, number: int, before: str, fault: Fault | None) -> str:
        copies = fault.copies if fault and fault.kind == Kind.REDELIVER else 1
        async with asyncio.TaskGroup() as together:
            for n in range(copies):
                reason = before if n == 0 else "timeout"
                together.create_task(self._attempt(delivery, number + n, reason, fault))
        return delivery.attempts[-1].reason

    async def _attempt(self, delivery: Delivery, number: int, before: str, fault: Fault | None) -> None:
        self._serial += 1
        attempt = Attempt(number, f"env-{self._serial:06d}", time.monotonic(), before, fault)
        delivery.attempts.append(attempt)
        if self.route is None:
            attempt.fail("no connection")
            return
        self._sent += 1
        self._pulse.beat()
        try:
            async with asyncio.timeout(self.patience.ack_s):
                await self.route(delivery, attempt)
                await attempt.over.wait()
        except TimeoutError:
            attempt.fail("timeout")
        if attempt.acked_at is not None and not attempt.late:
            delivery.answer = attempt.answer
            self._decided(delivery, ACKED)

    def _decided(self, delivery: Delivery, outcome: str) -> None:
        delivery.outcome = delivery.outcome or outcome
        self._under_way.pop(delivery.number, None)
        self._pulse.beat()


async def _rests(delivery: Delivery, pause: float) -> bool:
    """Wait before the next attempt; true when there is to be none."""
    if pause and not delivery.given_up.is_set():
        try:
            async with asyncio.timeout(pause):
                await delivery.given_up.wait()
        except TimeoutError:
            return False
    return delivery.given_up.is_set()
