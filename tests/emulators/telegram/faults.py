"""What goes wrong, as data: a script of faults, each claimed by the requests it fits, oldest first."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.pulse import Pulse


class Kind(StrEnum):
    SERVER_ERROR = (
        "server_error"  # `status` (500, 502, 504) and a page of HTML, as the proxies in front send it
    )
    FLOOD = "flood"  # 429 with `retry_after`; `lasting`: the chat stays closed until that has passed
    RESET = "reset"  # connection cut before the request had any effect
    DROP = "drop"  # request took effect, connection cut before the answer: nobody can tell the two apart
    HANG = "hang"  # no answer, until lifted or for `seconds`; then the connection is cut
    SLOW = "slow"  # a right answer after `seconds`
    GARBAGE = "garbage"  # 200 and half an answer
    UNAUTHORIZED = "unauthorized"  # 401
    CONFLICT = "conflict"  # 409: somebody else polls with this token
    REDELIVER = "redeliver"  # the update confirmed last comes once more
    REORDER = "reorder"  # what waits comes last first
    FREEZE = (
        "freeze"  # nothing happens until lifted (or for `seconds`), then everything as if nothing had been
    )


_TAKES_EFFECT = frozenset({Kind.DROP, Kind.GARBAGE})


@dataclass(frozen=True, slots=True)
class Fault:
    """`times` None: until lifted; `after`: so many fitting ones pass first; `handled` overrules the kind."""

    kind: Kind
    method: str = "*"
    times: int | None = 1
    after: int = 0
    chat_id: int | None = None
    status: int = 502
    retry_after: int = 1
    seconds: float | None = None
    lasting: bool = False
    polite: bool = False  # a cut that says goodbye (FIN) instead of a reset; clients name the two differently
    handled: bool | None = None

    @property
    def takes_effect(self) -> bool:
        return self.kind in _TAKES_EFFECT if self.handled is None else self.handled

    def fits(self, call: Call) -> bool:
        return self.method.lower() in {"*", call.method.lower()} and self.chat_id in {None, call.chat_id}

    @classmethod
    def from_json(cls, shape: dict[str, Any]) -> Fault:
        return cls(**(shape | {"kind": Kind(shape["kind"])}))


@dataclass(frozen=True, slots=True)
class _Closed:
    """A chat under a lasting flood wait."""

    chat_id: int | None
    until: float

    def fault(self, call: Call, now: float) -> Fault | None:
        if call.chat_id != self.chat_id or now >= self.until:
            return None
        return Fault(Kind.FLOOD, retry_after=math.ceil(self.until - now))


class Weather(Protocol):
    """Faults that nobody scripted one by one."""

    def claim(self, call: Call) -> Fault | None: ...


class Faults:
    """The script. A fault that came `times` times is gone; `lift()` ends all, and whatever still hangs."""

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._script: list[Fault] = []
        self._closed: list[_Closed] = []
        self._lifted = 0
        self.weather: Weather | None = None

    def add(self, *faults: Fault) -> None:
        self._script.extend(faults)

    def lift(self) -> None:
        self._script.clear()
        self.weather = None
        self._closed.clear()
        self._lifted += 1
        self._pulse.beat()

    async def lifted(self, within: float | None) -> None:
        seen = self._lifted
        try:
            await self._pulse.until(lambda: self._lifted != seen, within)
        except TimeoutError:
            return

    def claim(self, call: Call) -> Fault | None:
        """Return the fault this request meets, and count it."""
        now = time.monotonic()
        standing = next(filter(None, (closed.fault(call, now) for closed in self._closed)), None)
        return standing or self._claimed(call, now) or self._of_the_weather(call, now)

    def _of_the_weather(self, call: Call, now: float) -> Fault | None:
        fault = self.weather.claim(call) if self.weather else None
        if fault and fault.lasting:
            self._closed.append(_Closed(call.chat_id, now + fault.retry_after))
        return fault

    def _claimed(self, call: Call, now: float) -> Fault | None:
        for place, fault in enumerate(self._script):
            if not fault.fits(call):
                continue
            if fault.after:
                self._script[place] = replace(fault, after=fault.after - 1)
                continue
            self._count(place, fault)
            if fault.lasting:
                self._closed.append(_Closed(call.chat_id, now + fault.retry_after))
            return fault
        return None

    def _count(self, place: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times > 1:
            self._script[place] = replace(fault, times=fault.times - 1)
        else:
            del self._script[place]
