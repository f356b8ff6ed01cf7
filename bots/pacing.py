"""When the next request may be made of a chat platform: a gate for what changes chats, messages, files and edits alike.

    the platform  PER_SECOND requests in any second
    a room        on average one each GAP seconds, BURST of them at once; a group also PER_MINUTE in any minute
    a flooded one nothing until the platform's own time is over, however long that is

A room is a chat with all its topics. In which order things leave is decided where they wait.
This module decides and remembers. It does not wait or send: `now` is an argument, in seconds of any clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

SECOND: Final = 1.0
MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What the platform allows."""

    gap: float = 1.0
    burst: int = 2  #: a receipt, and an answer that follows at once
    per_second: int = 30
    per_minute: int = 20

    def times(self, scale: float) -> Pace:
        """For a platform whose clock runs faster."""
        return Pace(
            gap=self.gap / scale,
            burst=self.burst,
            per_second=int(self.per_second * scale),
            per_minute=int(self.per_minute * scale),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    pace: Pace = Pace()
    begun: tuple[float, ...] = ()  #: the last PER_SECOND, of all rooms
    last: Mapping[str, tuple[float, ...]] = field(default_factory=dict)  #: by room, at most PER_MINUTE
    flooded: Mapping[str, float] = field(default_factory=dict)  #: by room, until when


def wait(state: Pacing, room: str, now: float, *, group: bool) -> float:
    """For how long no request may be made for this room; 0: it may be made now."""
    pace, stamps = state.pace, state.last.get(room, ())
    times = [state.flooded.get(room, now)]
    if len(stamps) >= pace.burst:
        times.append(stamps[-pace.burst] + pace.burst * pace.gap)
    if group and len(stamps) >= pace.per_minute:
        times.append(stamps[-pace.per_minute] + MINUTE)
    if len(state.begun) >= pace.per_second:
        times.append(state.begun[-pace.per_second] + SECOND)
    return max(0.0, max(times) - now)


def flood(state: Pacing, room: str, now: float) -> float:
    """For how long the platform itself wants the room left alone."""
    return max(0.0, state.flooded.get(room, now) - now)


def started(state: Pacing, room: str, now: float) -> Pacing:
    """Note that a request is about to be made."""
    stamps = (*state.last.get(room, ()), now)[-state.pace.per_minute :]
    begun = (*state.begun, now)[-state.pace.per_second :]
    kept = _pruned(state, now)
    return replace(kept, begun=begun, last={**kept.last, room: stamps})


def ended(state: Pacing, room: str, now: float) -> Pacing:
    """Note that the request is over: it came to the platform some time before, so the gap counts from here."""
    stamps = state.last.get(room, ())
    return replace(state, last={**state.last, room: (*stamps[:-1], now)})


def flooded(state: Pacing, room: str, until: float) -> Pacing:
    """Leave a room alone. A shorter wait shortens nothing."""
    return replace(state, flooded={**state.flooded, room: max(until, state.flooded.get(room, until))})


def _pruned(state: Pacing, now: float) -> Pacing:
    """Forget rooms about which there is nothing left to remember."""
    last = {room: stamps for room, stamps in state.last.items() if stamps[-1] + MINUTE > now}
    floods = {room: until for room, until in state.flooded.items() if until > now}
    return replace(state, last=last, flooded=floods)
