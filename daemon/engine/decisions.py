"""Decisions that no hook took: the agent's own dialog is answered for the person, or the person is told why not.

A hook that waits comes first; it may come back a moment after the daemon began anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core.errors import Conflict, NotFound
from daemon.core.model import Approval, Session
from daemon.core.rules.approval import State
from daemon.engine.engine import Engine, Reading
from daemon.engine.feed import APPROVALS
from daemon.transports.interface import Blocked, Carried, Failed, Gone, Outcome, Presser

GRACE_S: Final = 2.0  #: how long a hook may take to come back
TRIES: Final = 30
log = logging.getLogger(__name__)


class Decisions:
    """Args: the engine; ``holds``: whether a hook waits for that approval; what presses keys."""

    def __init__(self, engine: Engine, holds: Callable[[str], bool], presser: Presser) -> None:
        self._engine = engine
        self._holds = holds
        self._presser = presser
        self._in_hand: set[str] = set()

    async def run(self) -> None:
        """Look after decisions until cancelled."""
        async with asyncio.TaskGroup() as deeds:
            with self._engine.feed.watching(APPROVALS) as watch:
                while True:
                    watch.take()
                    for approval in await self._engine.look(lambda tx: tx.approvals()):
                        if approval.state == State.DECIDED and approval.approval_id not in self._in_hand:
                            self._in_hand.add(approval.approval_id)
                            deeds.create_task(self._see_to(approval.approval_id))
                    await watch.wait()

    async def _see_to(self, approval_id: str) -> None:
        """Until the agent has it, or surely cannot be told."""
        why = "nobody could be told in time"
        try:
            for _ in range(TRIES):
                await asyncio.sleep(GRACE_S)
                approval, session = await self._found(approval_id)
                if approval is None or approval.state != State.DECIDED:
                    return
                if self._holds(approval_id):
                    continue
                outcome = await self._pressed(approval, session)
                if isinstance(outcome, Blocked):
                    why = outcome.reason
                    continue
                await self._tell(approval, outcome)
                return
            await self._tell_lost(approval_id, why)
        finally:
            self._in_hand.discard(approval_id)

    async def _pressed(self, approval: Approval, session: Session | None) -> Outcome:
        if session is None or session.ended_at:
            return Failed("its session is over")
        open_now = await self._engine.look(lambda tx: tx.approvals(approval.session_id))
        if len(open_now) > 1:
            return Blocked("it waits for several things at once", timedelta())
        return await self._presser.press(approval, session)

    async def _tell(self, approval: Approval, outcome: Outcome) -> None:
        match outcome:
            case Carried(receipt=receipt):
                told = c.TellApproval(approval_id=approval.approval_id, evidence=receipt, without_words=True)
                await self._handled(told)
            case Failed(reason) | Blocked(reason) | Gone(reason):
                await self._tell_lost(approval.approval_id, reason)

    async def _tell_lost(self, approval_id: str, why: str) -> None:
        await self._handled(c.FailApproval(approval_id=approval_id, reason=why))

    async def _handled(self, command: c.Command) -> None:
        try:
            await self._engine.insist(command)
        except (Conflict, NotFound) as error:
            log.debug("nothing to tell: %s", error)  # the agent itself was quicker

    async def _found(self, approval_id: str) -> tuple[Approval | None, Session | None]:
        def both(tx: Reading) -> tuple[Approval | None, Session | None]:
            approval: Approval | None = tx.get(Approval, approval_id)
            return approval, (tx.get(Session, approval.session_id) if approval else None)

        return await self._engine.look(both)
