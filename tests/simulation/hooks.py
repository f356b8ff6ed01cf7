"""Hooks on their way: heard live, too late for the agent, left in the spool while nobody listened, or never.

What hears them is the agent's own file and the engine; only the byte pipe and the spool's files are played here.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daemon.agents import claude_code
from daemon.agents.interface import Surroundings
from daemon.core import commands as c
from daemon.core import settling
from daemon.core.errors import Refused, Unavailable
from daemon.core.model import Denial, Parcel, Session
from daemon.core.rules.frame import marks_in
from daemon.core.view import Plan
from daemon.engine.engine import Once
from tests.simulation.agents import Agent, Crowd
from tests.simulation.house import House
from tests.simulation.scene import Scene

Then = Callable[
    ..., None
]  #: what the agent reads in the answer, and whether that is a denial; or its approval's id


@dataclass(eq=False)
class Hook:
    agent: Agent
    event: str
    payload: dict[str, Any]
    record: str
    around: Surroundings
    then: Then
    open: bool = True


class Hooks:
    def __init__(self, scene: Scene, crowd: Crowd) -> None:
        self.scene = scene
        self.crowd = crowd
        self.house: House | None = None
        self.spool: list[Hook] = []
        self.under_way: list[Hook] = []

    def fire(self, agent: Agent, event: str, then: Then, *, wait: bool = True, **payload: Any) -> Hook:
        """The agent runs its hook and, unless ``wait`` is false, goes on when that has ended."""
        whole = {"session_id": agent.session_id, "cwd": agent.path, **payload}
        around = agent.around(live=True)
        hook = Hook(agent, event, whole, f"r{self.scene.new()}", around, then)
        self.scene.tell(f"  {agent.name} tells {event}")
        agent.blocked = agent.blocked or wait
        if self.scene.wrong("a hook that is lost", 0.01):
            self._over(hook, "")
        elif self.house is None or not self.house.up:
            self.gives_up(hook)
        else:
            self.under_way.append(hook)
            self.house.start(
                f"hook {event}", self._heard(self.house, hook), lambda told: self._answered(hook, told)
            )
        return hook

    def gives_up(self, hook: Hook) -> None:
        """Nobody answered in time: what it had to say is kept for later."""
        if hook.open:
            self.scene.tell(f"  {hook.agent.name} leaves {hook.event} in the spool")
            self.spool.append(hook)
            self._over(hook, "")

    def cut_off(self) -> None:
        """The daemon is gone, and with it whoever would have answered."""
        self.house = None
        for hook in list(self.under_way):
            self.gives_up(hook)
        self.under_way.clear()

    async def replay(self) -> None:
        house = self.house
        assert house is not None
        async with house.desk._lock:
            for hook in list(self.spool):
                once = Once(f"hook:{claude_code.BACKEND}", hook.record, "")
                try:
                    await house.desk._take_back(hook.event, once)
                    await self._taken(house, hook, self._later(hook))
                except Refused as error:
                    self.scene.tell(f"  a spooled hook was dropped: {error}")
                self.spool.remove(hook)

    def parcels(self, told: str) -> list[Parcel]:
        plan = Plan(self.scene.store, self.scene.now(), "looking")
        found = [self.scene.store.marked(mark) for mark in marks_in(told)]
        return [settling.parcel(plan, each) for each in found if each]

    async def _heard(self, house: House, hook: Hook) -> str | None:
        try:
            if self.spool:
                await self.replay()
            return await self._taken(house, hook, hook.around)
        except Unavailable:
            return None
        except Refused as error:
            self.scene.tell(f"  {hook.event} refused: {error}")
            return ""

    async def _taken(self, house: House, hook: Hook, around: Surroundings) -> str:
        if self.scene.store.get(Session, hook.payload["session_id"]) is None:
            await self._bury(house)
        commands = claude_code.commands(hook.event, hook.payload, around)
        if not commands:
            return ""
        once = Once(f"hook:{claude_code.BACKEND}", hook.record, "")
        if isinstance(commands[-1], c.RequestApproval):
            return await house.engine.handle_once(commands, once, lambda results: str(results[-1]))
        return await house.engine.handle_once(commands, once, lambda results: _rendered(hook.event, results))

    async def _bury(self, house: House) -> None:
        alive = {agent.pid for agent in self.crowd.agents if agent.alive}
        pids = {agent.pid for agent in self.crowd.agents} | self.crowd.buried
        found = [self.scene.store.get(Session, peer.session_id or "") for peer in self.scene.store.peers()]
        dead = [x for x in found if x and x.ended_at is None and x.pid in pids - alive]
        if dead:
            await house.engine.handle_all([c.EndProcess(pid=x.pid, started=x.started) for x in dead])

    def _later(self, hook: Hook) -> Surroundings:
        """As it is found at a replay: whose process is gone has none."""
        here = next((x for x in self.crowd.agents if x.pid == hook.around.pid and x.alive), None)
        around = (here or hook.agent).around(live=False)
        return (
            around if here else Surroundings(pid=0, started=0, machine="", circle=around.circle, live=False)
        )

    def _answered(self, hook: Hook, told: str | None) -> None:
        if hook in self.under_way:
            self.under_way.remove(hook)
        if told is None:
            self.gives_up(hook)
        elif hook.open:
            self._over(hook, told)

    def _over(self, hook: Hook, told: str) -> None:
        hook.open = False
        hook.agent.blocked = False
        here = hook.agent.session_id == hook.payload["session_id"] and hook.agent.pid == hook.around.pid
        if hook.agent.alive and here:
            if hook.event == "PermissionRequest":
                hook.then(told)
            else:
                hook.then(self.parcels(told), "deny" in told)


def _rendered(event: str, results: list[Any]) -> str:
    outcome = results[-1] if isinstance(results[-1], tuple | Denial) else ()
    told = claude_code.answer(event, outcome)
    return json.dumps(told) if told else ""
