"""What the engine needs from a database: one transaction at a time, run to the end.

A *step* is a plain function. It reads what it needs, asks ``daemon.core`` what should happen, and writes that.
There is no await inside a step, so nothing else can happen in the middle of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from daemon.core.model import Delivery, Envelope, Event, Told
from daemon.core.nouns import Noun
from daemon.core.view import View

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Remembered:
    """The first answer to an idempotency key, with the digest of the body that came with it."""

    digest: str
    answer: str


class Tx(View, Protocol):
    """The words a step may use, beside the reading words of a decision."""

    def put(self, noun: Noun) -> None: ...
    def tell(self, event: Event, at: datetime) -> None: ...
    def remembered(self, principal: str, key: str) -> Remembered | None: ...
    def remember(self, principal: str, key: str, told: Remembered, at: datetime) -> None: ...
    def feed(self, after: int, limit: int) -> Sequence[Told]: ...
    def audited(self, after: int, limit: int) -> Sequence[Told]:
        """Those events of the feed that the audit log takes."""
        ...

    def first_seq(self) -> int: ...
    def last_seq(self) -> int: ...
    def told_of(self, ref: str) -> Sequence[Told]: ...
    def unread(self, peer_id: str, limit: int) -> Sequence[tuple[Delivery, Envelope]]: ...
    def history(self, peer_id: str, limit: int) -> Sequence[Envelope]:
        """The last messages from and to the peer that it has or had, oldest first; not what waits for it still."""
        ...

    def carriable(self, since: datetime, until: datetime) -> Sequence[str]:
        """The peers for whom something waits that became due in between."""
        ...

    def next_due(self, now: datetime) -> datetime | None:
        """When time alone will next bring something about; None: never."""
        ...

    def counts(self) -> dict[str, int]: ...
    def forget_messages(self, before: datetime, after: int) -> int:
        """Forget those of the next few that are over and made before ``before``; 0: there are no more.

        Args:
            before: older ones go.
            after: what the step before returned, at first 0.

        """
        ...

    def forget_events(self, before: datetime, after: int) -> int:
        """The same for what happened, unless it happened to a message that is kept."""
        ...

    def forget_keys(self, before: datetime) -> int:
        """Forget some first answers to keys; 0: there are no more."""
        ...

    def forget_incoming(self, before: datetime) -> int:
        """Forget some of what platforms told and is long done; 0: there is no more."""
        ...

    def forget_times(self, before: datetime) -> int:
        """Forget some schedules that are over or removed, and of all some old times; 0: there is no more."""
        ...

    def set_aside(self, kind: str, rowid: int, at: datetime) -> None:
        """Take a damaged row out of its table; what is left of it is kept."""
        ...

    def mend_indexes(self) -> None:
        """Make every index anew from its table."""
        ...

    def try_writing(self) -> None:
        """Write something that is nothing, to learn whether that can be done."""
        ...


class Store(Protocol):
    async def transact(self, step: Callable[[Tx], T]) -> T:
        """Run ``step`` in one write transaction; commit and sync what it wrote, or nothing if it raised.

        It may be run a second time before anything is committed, so all it does is read and write.

        Raises:
            StorageFull: the disk is.
            StoreDamaged: what lies there is not what was written.
            StoreBusy: somebody else holds the file.

        """
        ...

    async def read(self, step: Callable[[Tx], T]) -> T:
        """Run ``step`` over one committed snapshot; it must not write."""
        ...

    async def close(self) -> None: ...
