"""One transaction around every decision: read, decide, write, and remember what was answered.

Accepted means on disk: a call returns only after its commit is synced.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import methodcaller
from typing import Any, Final, TypeAlias, TypeVar

from daemon.core.commands import Command, ForgetThreads, LoseMessage, StepClock
from daemon.core.decide import decide
from daemon.core.errors import DuplicateId, StorageFull, StoreBusy, StoreDamaged, Unavailable
from daemon.core.view import Decision
from daemon.engine.clock import Clock
from daemon.engine.feed import TROUBLE, Feed
from daemon.store.interface import Remembered, Store, Tx

T = TypeVar("T")
Reading: TypeAlias = Tx  #: what a step of ``read`` may use
Passed = Callable[[str], None]
INSIST_S: Final = 1.0
STEPPED: Final = timedelta(seconds=5)  #: by how much the wall clock must be off before it counts as set


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key: whose it is, and the digest of the body that came with it."""

    principal: str
    key: str
    digest: str


class Engine:
    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        passed: Passed = lambda _: None,
        seeds: Callable[[], str] = secrets.token_hex,
    ) -> None:
        self._store = store
        self._clock = clock
        self._seeds = seeds  #: a new one for every decision: ids and marks are drawn from it
        self._wall, self._steady = clock.now(), clock.steady()
        self.feed = Feed()
        self.trouble: StoreBusy | StorageFull | None = None  #: why the last thing was not written
        self.passed = passed  #: told the name of every step done, so that a test can end the process there

    @property
    def clock(self) -> Clock:
        return self._clock

    async def begin(self) -> None:
        """First of all: a clock that is behind what was written last was set back while nobody looked."""
        last = await self.read(_last_told)
        if last is not None and self._clock.now() - last < -STEPPED:
            await self.handle(StepClock(by=self._clock.now() - last))

    async def handle(self, command: Command) -> Any:
        """Decide and commit; return the decision's result.

        Raises:
            PeerlineError: by the decision, or by the store.

        """
        return (await self.handle_all((command,)))[0]

    async def handle_all(self, commands: Sequence[Command]) -> list[Any]:
        """Several commands in one commit, each seeing what those before it wrote."""
        _, decisions = await self._told(lambda tx: (None, [self._decided(tx, each) for each in commands]))
        return [decision.result for decision in decisions]

    async def insist(self, command: Command) -> Any:
        """As ``handle``, for what nobody will tell us again: tried until the store can be written."""
        while True:
            try:
                return await self.handle(command)
            except Unavailable as error:
                await asyncio.sleep(error.after_s or INSIST_S)

    async def handle_once(
        self, commands: Sequence[Command], once: Once, render: Callable[[list[Any]], str]
    ) -> str:
        """As ``handle_all``, but the same key and digest give the first answer again, whatever happened since.

        Args:
            commands: what to do, the first time.
            once: the key.
            render: makes the answer's text of the results, inside the transaction that it is kept by.

        Raises:
            DuplicateId: the key was used for another body.

        """
        answer, _ = await self._told(lambda tx: self._first(tx, commands, once, render))
        return answer

    async def read(self, step: Callable[[Tx], T]) -> T:
        """Look at what is committed; ``step`` must not write.

        Raises:
            StoreDamaged: it is not what was written.

        """
        try:
            return await self._store.read(step)
        except StoreDamaged:
            self.feed.touch((TROUBLE,))
            raise

    async def look(self, step: Callable[[Tx], T]) -> T:
        """As ``read``, for parts that must outlive a store in trouble: tried until it can be read."""
        while True:
            try:
                return await self.read(step)
            except Unavailable as error:
                await asyncio.sleep(error.after_s or INSIST_S)

    async def _told(self, step: Callable[[Tx], tuple[T, list[Decision]]]) -> tuple[T, list[Decision]]:
        """Commit and wake who waits for it. That both happen does not depend on the caller's patience."""
        return await asyncio.shield(self._committed(step))

    async def _committed(self, step: Callable[[Tx], tuple[T, list[Decision]]]) -> tuple[T, list[Decision]]:
        try:
            await self._follow_clock()
            told, decisions = await self._store.transact(step)
        except (StoreBusy, StorageFull, StoreDamaged) as error:
            if not isinstance(error, StoreDamaged):
                self.trouble = error
            self.feed.touch((TROUBLE,))
            raise
        if any(each.puts or each.events for each in decisions):
            self.trouble = None  # to write nothing would have succeeded on a full disk, too
        self.feed.committed(decisions)
        return told, decisions

    async def _follow_clock(self) -> None:
        """Before anything is written by a wall clock that was set, what is written already is moved with it."""
        passed = self._clock.steady() - self._steady
        by = self._clock.now() - self._wall - passed
        if abs(by) < STEPPED:
            return
        self._wall += by  # at once: whoever comes next writes behind this, and finds nothing left to move
        try:
            decision = await self._store.transact(lambda tx: self._decided(tx, StepClock(by=by)))
        except BaseException:
            self._wall -= by
            raise
        self.feed.committed([decision])

    async def try_writing(self) -> None:
        """Find out whether the store can be written again.

        Raises:
            Unavailable: not yet.

        """
        await self._store.transact(lambda tx: tx.try_writing())
        self.trouble = None

    async def mend_indexes(self) -> None:
        """Make every index of the store anew; nothing else is written meanwhile."""
        await self._store.transact(lambda tx: tx.mend_indexes())

    async def tidy(self, *, keys: timedelta, messages: timedelta) -> None:
        """Forget the first answers to keys, and what is over, once they are so old; in many small commits."""
        now = self._clock.now()
        while await self._store.transact(lambda tx: tx.forget_keys(now - keys)):
            pass
        while await self._store.transact(lambda tx: tx.forget_incoming(now - messages)):
            pass
        while await self._store.transact(lambda tx: tx.forget_times(now - messages)):
            pass
        while await self.handle(ForgetThreads()):
            pass
        for word in ("forget_messages", "forget_events"):
            after = 0
            while after := await self._store.transact(methodcaller(word, now - messages, after)):
                pass

    async def lose(self, kind: str, rowid: int, message_id: str, reason: str) -> None:
        """A row is not as it was written: it is taken out of the way, and what hangs on it ends."""
        now = self._clock.now()

        def step(tx: Tx) -> tuple[None, list[Decision]]:
            tx.set_aside(kind, rowid, now)
            return None, [self._decided(tx, LoseMessage(message_id=message_id, reason=reason))]

        await self._told(step)

    def _first(
        self, tx: Tx, commands: Sequence[Command], once: Once, render: Callable[[list[Any]], str]
    ) -> tuple[str, list[Decision]]:
        before = tx.remembered(once.principal, once.key)
        if before is not None:
            if before.digest != once.digest:
                raise DuplicateId(f'the key "{once.key}" was used for something else', "use a new key")
            return before.answer, []
        decisions = [self._decided(tx, command) for command in commands]
        answer = render([decision.result for decision in decisions])
        tx.remember(once.principal, once.key, Remembered(once.digest, answer), self._clock.now())
        return answer, decisions

    def _decided(self, tx: Tx, command: Command) -> Decision:
        now = self._clock.now()
        decision = decide(command, tx, now, self._seeds())
        for noun in decision.puts:
            tx.put(noun)
        for event in decision.events:
            tx.tell(event, now)
        return decision


def _last_told(tx: Tx) -> datetime | None:
    last = tx.feed(tx.last_seq() - 1, 1)
    return last[0].at if last else None
