"""When the next message may leave for a chat platform, and which one it is.

    the platform   PER_SECOND messages a second in all
    a chat         one at a time, GAP apart; a group also PER_MINUTE in any minute
    a flooded chat nothing until the platform's own time is over, however long that is

A chat has two lanes: new messages, which people read in order, and edits, which change what stands
already. Each lane is first in, first out, and as urgent as the most urgent item in it, so that an approval
pulls along what must come before it. Among the lanes that may move, the most urgent goes first, then the
one that waits longest. A newer edit of the same message takes the place of the older one.

This module decides and remembers. It does not wait or send: `now` is an argument.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import groupby
from typing import Final

GAP: Final = timedelta(seconds=1)
SECOND: Final = timedelta(seconds=1)
MINUTE: Final = timedelta(minutes=1)
PER_SECOND: Final = 30
PER_MINUTE: Final = 20


class Priority(IntEnum):
    """The smaller, the sooner."""

    APPROVAL = 0
    ANSWER = 1
    NOTICE = 2
    EDIT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One request to the platform. `edits` is the id of the message it changes, if it is an edit."""

    id: str
    chat: str
    priority: Priority
    group: bool = False
    edits: str | None = None
    covers: tuple[str, ...] = ()  #: ids of the older edits this one took the place of


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    waiting: tuple[Item, ...] = ()  #: as admitted, those under way included
    under_way: frozenset[str] = frozenset()
    begun_at: tuple[datetime, ...] = ()  #: the last PER_SECOND, of all chats
    last_at: Mapping[str, tuple[datetime, ...]] = field(default_factory=dict)  #: by chat, within a minute
    flooded_until: Mapping[str, datetime] = field(default_factory=dict)  #: by chat


@dataclass(frozen=True, slots=True)
class Turn:
    """`item` may leave now; if there is none, ask again at `wake_at`, or after the next change if None."""

    item: Item | None
    wake_at: datetime | None


def admit(state: Pacing, item: Item, now: datetime) -> Pacing:
    """Take the item in; an id that waits already changes nothing."""
    if any(item.id in (waiting.id, *waiting.covers) for waiting in state.waiting):
        return state
    older = next((waiting for waiting in state.waiting if _is_outdated(state, waiting, item)), None)
    if older is None:
        return replace(_pruned(state, now), waiting=(*state.waiting, item))
    newer = replace(
        item,
        priority=min(older.priority, item.priority),
        covers=(*older.covers, older.id, *item.covers),
    )
    return replace(state, waiting=tuple(newer if waiting is older else waiting for waiting in state.waiting))


def due(state: Pacing, now: datetime) -> Turn:
    """Say which item may leave now, or when to ask again."""
    heads = [(_free_at(state, head, now), priority, head) for priority, head in _heads(state)]
    free = [(priority, head) for free_at, priority, head in heads if free_at <= now]
    if free:
        return Turn(min(free, key=lambda lane: (lane[0], state.waiting.index(lane[1])))[1], None)
    return Turn(None, min((free_at for free_at, _, _ in heads), default=None))


def started(state: Pacing, item: Item, now: datetime) -> Pacing:
    """Note that the request is being made: until it ends, its chat sends nothing else."""
    begun = (*state.begun_at, now)[-PER_SECOND:]
    return replace(_stamped(state, item, now), under_way=state.under_way | {item.id}, begun_at=begun)


def sent(state: Pacing, item: Item, now: datetime) -> Pacing:
    """Note that the request is over, taken or refused for ever; the chat's gap counts from here."""
    return _without(_stamped(_unstamped(state, item), item, now), item.id)


def returned(state: Pacing, item: Item) -> Pacing:
    """Note that it did not leave after all; it keeps its place in the lane."""
    return replace(state, under_way=state.under_way - {item.id})


def withdrawn(state: Pacing, item_id: str) -> Pacing:
    """Forget an item that is wanted no more; one under way can no longer be called back."""
    return state if item_id in state.under_way else _without(state, item_id)


def flooded(state: Pacing, chat: str, until: datetime) -> Pacing:
    """Silence a chat; what was under way there goes back to its place. A shorter wait shortens nothing."""
    until = max(until, state.flooded_until.get(chat, until))
    back = {item.id for item in state.waiting if item.chat == chat}
    return replace(
        state, flooded_until={**state.flooded_until, chat: until}, under_way=state.under_way - back
    )


def _is_outdated(state: Pacing, older: Item, newer: Item) -> bool:
    same = (older.chat, older.edits) == (newer.chat, newer.edits)
    return same and newer.edits is not None and older.id not in state.under_way


def _lane(item: Item) -> tuple[str, bool]:
    return item.chat, item.edits is not None


def _heads(state: Pacing) -> Iterator[tuple[Priority, Item]]:
    """Yield the first item of every lane that may move, with the lane's urgency."""
    busy = {item.chat for item in state.waiting if item.id in state.under_way}
    for (chat, _), lane in groupby(sorted(state.waiting, key=_lane), key=_lane):
        items = list(lane)
        if chat not in busy:
            yield min(item.priority for item in items), items[0]


def _free_at(state: Pacing, item: Item, now: datetime) -> datetime:
    stamps = state.last_at.get(item.chat, ())
    times = [state.flooded_until.get(item.chat, now), *(stamp + GAP for stamp in stamps[-1:])]
    if item.group and len(stamps) >= PER_MINUTE:
        times.append(stamps[-PER_MINUTE] + MINUTE)
    if len(state.begun_at) >= PER_SECOND:
        times.append(state.begun_at[-PER_SECOND] + SECOND)
    return max(times)


def _stamped(state: Pacing, item: Item, now: datetime) -> Pacing:
    stamps = (*state.last_at.get(item.chat, ()), now)[-PER_MINUTE:]
    return replace(state, last_at={**state.last_at, item.chat: stamps})


def _unstamped(state: Pacing, item: Item) -> Pacing:
    """Take back the stamp its start made, if it made one."""
    stamps = state.last_at.get(item.chat, ())
    if item.id not in state.under_way:
        return state
    return replace(state, last_at={**state.last_at, item.chat: stamps[:-1]})


def _without(state: Pacing, item_id: str) -> Pacing:
    waiting = tuple(item for item in state.waiting if item.id != item_id)
    return replace(state, waiting=waiting, under_way=state.under_way - {item_id})


def _pruned(state: Pacing, now: datetime) -> Pacing:
    """Forget chats about which there is nothing left to remember."""
    last_at = {chat: stamps for chat, stamps in state.last_at.items() if stamps[-1] + MINUTE > now}
    floods = {chat: until for chat, until in state.flooded_until.items() if until > now}
    return replace(state, last_at=last_at, flooded_until=floods)
