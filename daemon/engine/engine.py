"""One transaction around every decision: read, decide, write, and remember what was answered.

Accepted means on disk: a call returns only after its commit is synced.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from daemon.core.commands import Command
from daemon.core.decide import decide
from daemon.core.errors import DuplicateId
from daemon.core.view import Decision
from daemon.engine.clock import Clock
from daemon.engine.feed import Feed
from daemon.store.interface import Remembered, Store, Tx

T = TypeVar("T")
Reading: TypeAlias = Tx  #: what a step of ``read`` may use
Passed = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key: whose it is, and the digest of the body that came with it."""

    principal: str
    key: str
    digest: str


class Engine:
    def __init__(self, store: Store, clock: Clock, *, passed: Passed = lambda _: None) -> None:
        self._store = store
        self._clock = clock
        self.feed = Feed()
        self.passed = passed  #: told the name of every step done, so that a test can end the process there

    @property
    def clock(self) -> Clock:
        return self._clock

    async def handle(self, command: Command) -> Any:
        """Decide and commit; return the decision's result.

        Raises:
            PeerlineError: by the decision, or by the store.

        """
        return (await self.handle_all((command,)))[0]

    async def handle_all(self, commands: Sequence[Command]) -> list[Any]:
        """Several commands in one commit, each seeing what those before it wrote."""
        decisions = await self._store.transact(
            lambda tx: [self._decided(tx, command) for command in commands]
        )
        self.feed.committed(decisions)
        return [decision.result for decision in decisions]

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
        answer, decisions = await self._store.transact(lambda tx: self._first(tx, commands, once, render))
        self.feed.committed(decisions)
        return answer

    async def read(self, step: Callable[[Tx], T]) -> T:
        """Look at what is committed; ``step`` must not write."""
        return await self._store.read(step)

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
        decision = decide(command, tx, now, secrets.token_hex(16))
        for noun in decision.puts:
            tx.put(noun)
        for event in decision.events:
            tx.tell(event, now)
        return decision
