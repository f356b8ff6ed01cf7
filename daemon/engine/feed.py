"""Telling who waits that something was committed: by peer, by ask, by surface, or all of it.

Rule: a watch says only *that* something changed; what it is now is read from the store. So nothing is missed by
looking first and waiting after, as long as the watch was opened before the look.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Final

from daemon.core import model as m
from daemon.core.rules.auditing import is_recorded
from daemon.core.view import Decision

EVERYTHING: Final = "*"
EVENTS: Final = "events"
TIME: Final = "time"
APPROVALS: Final = "approvals"
ERRANDS: Final = "errands"
SCHEDULES: Final = "schedules"
JOBS: Final = "jobs"
SPAWNS: Final = "spawns"
WHO: Final = (m.Peer, m.Session, m.Conversation)
QUEUES: Final = {
    m.Errand: (ERRANDS,),
    m.Schedule: (SCHEDULES,),
    m.Job: (JOBS, SCHEDULES),
    m.Account: (SCHEDULES,),
    m.Spawn: (SPAWNS,),
}
RECORDED: Final = "recorded"  #: something that the audit log takes
TROUBLE: Final = "trouble"  #: the store could not be written, or gave back what was not written


class Watch:
    """What changed since the last ``take``."""

    def __init__(self) -> None:
        self._changed: set[str] = set()
        self._event = asyncio.Event()

    def touch(self, key: str) -> None:
        self._changed.add(key)
        self._event.set()

    def take(self) -> set[str]:
        changed, self._changed = self._changed, set()
        self._event.clear()
        return changed

    async def wait(self, seconds: float | None = None) -> bool:
        """Return True as soon as something changed, False when the time is up."""
        if seconds is None:
            return await self._event.wait()
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                return await self._event.wait()
        except TimeoutError:
            return False


class Feed:
    def __init__(self) -> None:
        self._watches: dict[str, set[Watch]] = {}
        self.alarm: datetime | None = None  #: when the ticker will look next; sooner things wake it
        self.registered = 0  #: grows with every commit that changes who is there

    @contextmanager
    def watching(self, *keys: str) -> Iterator[Watch]:
        watch = Watch()
        for key in keys:
            self._watches.setdefault(key, set()).add(watch)
        try:
            yield watch
        finally:
            for key in keys:
                self._watches[key].discard(watch)
                if not self._watches[key]:
                    del self._watches[key]

    def touch(self, keys: Iterable[str]) -> None:
        """Wake who watches one of the keys, and who watches everything."""
        for key in keys:
            for watch in (*self._watches.get(key, ()), *self._watches.get(EVERYTHING, ())):
                watch.touch(key)

    def committed(self, decisions: Iterable[Decision]) -> None:
        for decision in decisions:
            self.touch({key for noun in decision.puts for key in _keys(noun)})
            if decision.events:
                self.touch((EVENTS,))
            if any(isinstance(noun, WHO) for noun in decision.puts):
                self.registered += 1
            if any(is_recorded(event) for event in decision.events):
                self.touch((RECORDED,))
            if any(self._sooner(at) for noun in decision.puts for at in _times(noun, decision.at)):
                self.touch((TIME,))

    def _sooner(self, at: datetime | None) -> bool:
        return at is not None and (self.alarm is None or at < self.alarm)


def _keys(noun: object) -> tuple[str, ...]:
    match noun:
        case m.Delivery(peer_id=peer_id):
            return (peer_id,)
        case m.Session(peer_id=peer_id, session_id=session_id, pid=pid):
            return (peer_id, f"session:{session_id}", f"process:{pid}")
        case m.Ask(ask_id=ask_id):
            return (ask_id,)
        case m.Approval(approval_id=approval_id):
            return (approval_id, APPROVALS)
        case m.Errand() | m.Schedule() | m.Job() | m.Account() | m.Spawn():
            return QUEUES[type(noun)]
        case m.Circle(name=name):
            return (f"circle:{name}",)
        case m.Conversation(surface=surface, peer_id=peer_id):
            return (peer_id, f"surface:{surface}")
        case _:
            return ()


def _times(noun: object, now: datetime) -> tuple[datetime | None, ...]:
    """When it wants time to look at it. A delivery that is due at once is carried at once: no business of time's."""
    match noun:
        case m.Delivery(state="leased", leased_until=until):
            return (until,)
        case m.Delivery(due_at=due_at, expires_at=expires_at):
            return tuple(at for at in (due_at, expires_at) if at > now)
        case m.Ask(deadline_at=deadline_at, ended_at=None):
            return (deadline_at,)
        case m.Follow(due_at=due_at, ended_at=None):
            return (due_at,)
        case m.Attention(wakes_at=at) | m.Escalation(at=at):
            return (at,)
        case _:
            return ()
