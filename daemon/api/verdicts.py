"""Hooks that wait: for a person's decision, and for something that is to wake an idle agent.

A hook that waits holds its connection. What it would have been told is told only while it is there to hear it; when it
is gone, what was decided stays decided, and the agent's own dialog is the other way in.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Final, Protocol

from daemon.agents.interface import AgentHooks
from daemon.core import commands as c
from daemon.core.errors import Conflict
from daemon.core.model import Approval
from daemon.core.rules.approval import State
from daemon.engine.engine import Engine

MARGIN_S: Final = 1.0  #: what is left to a hook when we answer it last
LOOK_S: Final = 1.0  #: how soon a hook that is gone is noticed
Alive = Callable[[], bool]


class Alarm(Protocol):
    """Wakes idle agents by a hook that waits in their background."""

    async def wait(self, session_id: str, seconds: float, alive: Alive) -> str:
        """What the agent is to read, or "" when the time is up or another waits in this one's place."""
        ...

    def waits(self, session_id: str) -> bool:
        """Whether something waits for that session."""
        ...

    def disturb(self, session_id: str) -> None:
        """Let whoever waits for that session go."""
        ...


class Verdicts:
    """Permission requests that wait for their decision, by approval."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: dict[str, Alive] = {}

    def holds(self, approval_id: str) -> bool:
        """Whether a hook is there to hear the decision."""
        alive = self._waiting.get(approval_id)
        return alive is not None and alive()

    async def wait(self, approval_id: str, hooks: AgentHooks, seconds: float, alive: Alive) -> str:
        """What the hook is to print: the decision, or "" for nothing."""
        self._waiting[approval_id] = alive
        try:
            async with asyncio.timeout(max(0.0, seconds - MARGIN_S)):
                approval = await self._decided(approval_id, alive)
        except TimeoutError:
            return ""
        finally:
            if self._waiting.get(approval_id) is alive:
                del self._waiting[approval_id]
        return await self._told(approval, hooks) if approval and alive() else ""

    async def _decided(self, approval_id: str, alive: Alive) -> Approval | None:
        """The approval once it is not open any more; None when nobody listens."""
        with self._engine.feed.watching(approval_id) as watch:
            while alive():
                watch.take()
                found: Approval | None = await self._engine.read(lambda tx: tx.get(Approval, approval_id))
                if found is None or found.state != State.ASKED:
                    return found
                await watch.wait(LOOK_S)
        return None

    async def _told(self, approval: Approval, hooks: AgentHooks) -> str:
        if approval.state not in {State.DECIDED, State.TOLD}:
            return ""
        told = c.TellApproval(approval_id=approval.approval_id, evidence="its hook took the decision")
        try:
            if approval.state == State.DECIDED:
                await self._engine.handle(told)
        except (
            Conflict
        ):  # decided at the agent itself in this very moment, or told to the same hook's earlier try
            after = await self._engine.read(lambda tx: tx.get(Approval, approval.approval_id))
            if after is None or after.state != State.TOLD:
                return ""
        return json.dumps(hooks.decision(approval), ensure_ascii=False)
