"""How much a client may say: so much within a time, and a burst that fills again; every breach is remembered."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Hashable
from dataclasses import dataclass, field, fields, replace
from typing import Generic, Self, TypeVar

_JITTER = 0.95  #: how much of a time must have passed, since requests do not travel equally fast


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` messages to one place at once, then one each `gap_s`; whoever breaks a limit is out for `ban_s`."""

    gap_s: float = 1.0
    burst: int = 2
    minute_s: float = 60.0
    ban_s: float = 5.0

    def times(self, scale: float) -> Self:
        """The same with a clock that runs so many times as fast."""
        seconds = [each.name for each in fields(self) if each.name.endswith("_s")]
        return replace(self, **{name: getattr(self, name) / scale for name in seconds})


Own = TypeVar("Own", bound=Allowance)


@dataclass(slots=True)
class Meter(Generic[Own]):
    """What was said when, and every breach, as a sentence. `None` in place of an allowance means no limits at all."""

    allowance: Own | None
    breaches: list[str] = field(default_factory=list)
    closed_until: dict[Hashable, float] = field(default_factory=dict)
    _filled: dict[Hashable, tuple[float, float]] = field(default_factory=dict)
    _stamps: dict[Hashable, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def count(self, what: Hashable, now: float) -> None:
        self._stamps[what].append(now)

    def full(self, what: Hashable, most: int, seconds: float, now: float) -> bool:
        """Whether it was counted so often within the time that ends now."""
        stamps = self._stamps[what]
        while stamps and stamps[0] <= now - seconds * _JITTER:
            stamps.popleft()
        return len(stamps) >= most

    def hurried(self, allowed: Own, place: Hashable, now: float) -> str:
        """Take one from the burst of a place; else say what it was more than."""
        tokens, at = self._filled.get(place, (float(allowed.burst), now))
        tokens = min(allowed.burst, tokens + (now - at) / (allowed.gap_s * _JITTER))
        if tokens < 1:
            return f"more than {allowed.burst} at once or one each {allowed.gap_s:g} s"
        self._filled[place] = (tokens - 1, now)
        return ""
