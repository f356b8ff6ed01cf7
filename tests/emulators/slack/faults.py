"""What goes wrong, as data: a script of faults, each claimed by what it fits, oldest first.

What a fault fits is named by `method`: a method of the Web API; `upload`, `download`, `response_url`; `socket` (a
connection that is being opened); `envelope` (an event or interaction on its way to the client, whichever way).
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from tests.emulators.slack.calls import Call
from tests.emulators.telegram.pulse import Pulse


class Kind(StrEnum):
    # Requests, and the opening of a socket.
    SERVER_ERROR = "server_error"  # `status` (500, 502, 503, 504) and a page of HTML
    FLOOD = "flood"  # 429 with `retry_after`; `lasting`: the method stays closed until that has passed
    ERROR = "error"  # ok: false with `error`, such as invalid_auth, fatal_error, internal_error
    RESET = "reset"  # connection cut before the request had any effect
    DROP = "drop"  # request took effect, connection cut before the answer: nobody can tell the two apart
    HANG = "hang"  # no answer, until lifted or for `seconds`; then the connection is cut
    SLOW = "slow"  # a right answer (or the envelope) after `seconds`
    GARBAGE = "garbage"  # 200 and half an answer; for a socket or envelope, words that are no JSON before it
    # Sockets and envelopes; RESET, DROP, SLOW and GARBAGE fit them too.
    DISCONNECT = "disconnect"  # `reason`, said to every socket (or to the one just opened)
    FREEZE = "freeze"  # dead air: the socket stays open and nothing is sent or answered, until lifted
    REDELIVER = "redeliver"  # sent `copies` times at once, as if no acknowledgement had come
    REORDER = "reorder"  # held back until the next one has gone
    LOSE = "lose"  # given up as Slack does after its retries: only the history knows


_TAKES_EFFECT = frozenset({Kind.DROP, Kind.GARBAGE})
WARNING, REFRESH, LINK_DISABLED = "warning", "refresh_requested", "link_disabled"
TOO_MANY = "too_many_websockets"


@dataclass(frozen=True, slots=True)
class Fault:
    """`times` None: until lifted; `after`: so many fitting ones pass first; `handled` overrules the kind.
    `channel` narrows it to one, `event` to one type of event or interaction."""

    kind: Kind
    method: str = "*"
    times: int | None = 1
    after: int = 0
    channel: str = ""
    event: str = ""
    status: int = 503
    retry_after: int = 1
    seconds: float | None = None
    lasting: bool = False
    polite: bool = False
    handled: bool | None = None
    error: str = "fatal_error"
    reason: str = REFRESH
    copies: int = 4

    @property
    def takes_effect(self) -> bool:
        return self.kind in _TAKES_EFFECT if self.handled is None else self.handled

    def fits(self, call: Call) -> bool:
        if self.method == "*" and call.method in {"socket", "envelope"}:
            return False
        named = self.method.lower() in {"*", call.method.lower()}
        return named and self.channel in {"", call.channel} and self.event in {"", call.text("event")}

    @classmethod
    def from_json(cls, shape: dict[str, Any]) -> Fault:
        return cls(**(shape | {"kind": Kind(shape["kind"])}))


@dataclass(frozen=True, slots=True)
class _Closed:
    """A method under a lasting 429, in one channel or in all."""

    method: str
    channel: str
    until: float

    def fault(self, call: Call, now: float) -> Fault | None:
        if call.method != self.method or self.channel not in {"", call.channel} or now >= self.until:
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
        self.lifts = 0
        self.weather: Weather | None = None

    def add(self, *faults: Fault) -> None:
        self._script.extend(faults)

    def lift(self) -> None:
        self._script.clear()
        self.weather = None
        self._closed.clear()
        self.lifts += 1
        self._pulse.beat()

    async def lifted(self, within: float | None) -> None:
        seen = self.lifts
        try:
            await self._pulse.until(lambda: self.lifts != seen, within)
        except TimeoutError:
            return

    def claim(self, call: Call) -> Fault | None:
        """Return the fault this one meets, and count it."""
        now = time.monotonic()
        standing = next(filter(None, (closed.fault(call, now) for closed in self._closed)), None)
        if standing:
            return standing
        fault = self._claimed(call) or (self.weather.claim(call) if self.weather else None)
        if fault and fault.lasting:
            self._closed.append(_Closed(call.method, fault.channel, now + fault.retry_after))
        return fault

    def _claimed(self, call: Call) -> Fault | None:
        for place, fault in enumerate(self._script):
            if not fault.fits(call):
                continue
            if fault.after:
                self._script[place] = replace(fault, after=fault.after - 1)
                continue
            self._count(place, fault)
            return fault
        return None

    def _count(self, place: int, fault: Fault) -> None:
        if fault.times is None:
            return
        if fault.times > 1:
            self._script[place] = replace(fault, times=fault.times - 1)
        else:
            del self._script[place]
