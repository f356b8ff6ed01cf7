"""What goes wrong, as data: a script of faults, each claimed by what it fits, oldest first; and bad weather.

Which kinds there are, and what comes of each, is the platform's own.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Generic, Self, TypeVar

from tests.emulators.calls import Call
from tests.emulators.pulse import Pulse

_TAKES_EFFECT = frozenset({"drop", "garbage"})


@dataclass(frozen=True, slots=True)
class Fault:
    """`times` None: until lifted; `after`: so many fitting ones pass first; `handled` overrules the kind."""

    kinds: ClassVar[type[StrEnum]]
    kind: StrEnum
    method: str = "*"
    times: int | None = 1
    after: int = 0
    status: int = 503
    retry_after: int = 1
    seconds: float | None = None
    lasting: bool = False
    polite: bool = False  # a cut that says goodbye (FIN) instead of a reset; clients name the two differently
    handled: bool | None = None

    @property
    def takes_effect(self) -> bool:
        return self.kind in _TAKES_EFFECT if self.handled is None else self.handled

    def fits(self, call: Any) -> bool:
        return self.method.lower() in {"*", call.method.lower()}

    def closes(self, met: Any, call: Any) -> bool:
        """Whether it stands before `call` too, when it is `lasting` and came to `met`."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, shape: dict[str, Any]) -> Self:
        return cls(**(shape | {"kind": cls.kinds(shape["kind"])}))


Own = TypeVar("Own", bound=Fault)


@dataclass(slots=True)
class Storm(Generic[Own]):
    """Seeded luck: `rate` of what comes meets one of `menu` that fits it; `met` counts them."""

    chance: random.Random
    rate: float = 0.1
    menu: Sequence[Own] = ()
    met: int = 0

    def claim(self, call: Call) -> Own | None:
        if self.chance.random() >= self.rate:
            return None
        fitting = [fault for fault in self.menu if fault.fits(call)]
        self.met += bool(fitting)
        return self.chance.choice(fitting) if fitting else None


class Faults(Generic[Own]):
    """The script. A fault that came `times` times is gone; `lift()` ends all, and whatever still hangs."""

    def __init__(self, pulse: Pulse, kind: type[Own]) -> None:
        self._pulse = pulse
        self._kind = kind
        self._script: list[Own] = []
        self._lasting: list[tuple[Own, Call, float]] = []
        self._lifted = 0
        self.weather: Storm[Own] | None = None

    def add(self, *faults: Own) -> None:
        self._script.extend(faults)

    def add_shapes(self, *shapes: dict[str, Any]) -> None:
        """Add what another process wrote as JSON."""
        self.add(*map(self._kind.from_json, shapes))

    def lift(self) -> None:
        self._script.clear()
        self.weather = None
        self._lasting.clear()
        self._lifted += 1
        self._pulse.beat()

    async def lifted(self, within: float | None) -> None:
        seen = self._lifted
        try:
            await self._pulse.until(lambda: self._lifted != seen, within)
        except TimeoutError:
            return

    def claim(self, call: Call) -> Own | None:
        """Return the fault this one meets, and count it."""
        now = time.monotonic()
        if standing := self._standing(call, now):
            return standing
        fault = self._claimed(call) or (self.weather.claim(call) if self.weather else None)
        if fault and fault.lasting:
            self._lasting.append((fault, call, now + fault.retry_after))
        return fault

    def _standing(self, call: Call, now: float) -> Own | None:
        for fault, met, until in self._lasting:
            if now < until and fault.closes(met, call):
                return replace(fault, retry_after=math.ceil(until - now), handled=None)
        return None

    def _claimed(self, call: Call) -> Own | None:
        for place, fault in enumerate(self._script):
            if not fault.fits(call):
                continue
            if fault.after:
                self._script[place] = replace(fault, after=fault.after - 1)
                continue
            self._count(place, fault)
            return fault
        return None

    def _count(self, place: int, fault: Own) -> None:
        if fault.times is None:
            return
        if fault.times > 1:
            self._script[place] = replace(fault, times=fault.times - 1)
        else:
            del self._script[place]
