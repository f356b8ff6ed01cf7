"""Agents that are started from here: wished for, begun in a pane, arrived or not, and over."""

from __future__ import annotations

from daemon.core import commands as c
from daemon.core.model import Pane, Peer, Role, Spawn, Turn
from tests.crowd.agents import Agent, Agents
from tests.crowd.stage import Stage

LIVE, PER_MINUTE, DEPTH = 4, 3, 2
MOST = 32  #: agents in all


class Starts:
    def __init__(self, stage: Stage, agents: Agents) -> None:
        self.stage = stage
        self.agents = agents
        self.panes: dict[str, Pane] = {}  #: by start
        self.there: dict[str, Agent] = {}  #: who arrived, by start

    def acts(self, by: str) -> None:
        """Something becomes of one of them, or one more is wanted."""
        going: list[Spawn] = list(self.stage.look(lambda plan: plan.view.spawns_live()))
        if not going or self.stage.chance(0.4):
            self._is_wanted(by)
            return
        spawn = self.stage.pick(*going)
        {"wanted": self._is_begun, "starting": self._comes}.get(spawn.state, self._is_over)(spawn)

    def end(self) -> None:
        """Whatever is under way fails."""
        for spawn in self.stage.look(lambda plan: plan.view.spawns_live()):
            self._ends(spawn, "the machine goes down")

    def _is_wanted(self, by: str) -> None:
        stage = self.stage
        self.stage.do(
            c.WantSpawn(
                by=by if stage.chance(0.95) else "p-nobody",
                backend=stage.pick("claude-code", "codex"),
                path=f"/src/{stage.pick('one', 'two', 'three')}",
                folder="1:2",
                wish=stage.pick("api", "web", "helper", "smith"),
                live=LIVE,
                per_minute=PER_MINUTE,
                depth=DEPTH,
                circle=stage.pick("", "dev", "ops", "No Circle"),
                message=stage.pick("", f"look at {stage.new()}", f"look at {stage.new()}"),
                role=stage.pick("", "", Role.ORCHESTRATOR),
            )
        )

    def _is_begun(self, spawn: Spawn) -> None:
        stage = self.stage
        if stage.chance(0.15):
            self._ends(spawn, "no program of that name")
            return
        number = 5000 + stage.new()
        pane = Pane(tmux="/tmux", server_pid=1, pane_id=f"%{number}", pane_pid=number, pane_started=1)
        self.panes[spawn.spawn_id] = pane
        stage.do(c.BeginSpawn(spawn_id=spawn.spawn_id, pane=pane))
        if stage.chance(0.2):  # a daemon that died in between does it again
            stage.do(c.BeginSpawn(spawn_id=spawn.spawn_id, pane=pane))

    def _comes(self, spawn: Spawn) -> None:
        stage, roll = self.stage, self.stage.rng.random()
        if roll < 0.15:
            stage.do(c.LingerSpawn(spawn_id=spawn.spawn_id, why="do you trust it?", attach="tmux attach"))
        elif roll < 0.3:
            self._ends(spawn, "it ended with 1")
        elif roll < 0.45:
            self._somebody_else_comes(spawn)
        elif len(self.agents.everybody) < MOST:
            self._arrives(spawn, self.panes[spawn.spawn_id])

    def _somebody_else_comes(self, spawn: Spawn) -> None:
        """Of that name, in that folder, with that backend; but in another pane."""
        pane = self.panes[spawn.spawn_id]
        other = Pane(
            tmux=pane.tmux, server_pid=1, pane_id=pane.pane_id, pane_pid=pane.pane_pid, pane_started=2
        )
        if len(self.agents.everybody) < MOST:
            self._arrives(spawn, other)

    def _arrives(self, spawn: Spawn, pane: Pane) -> None:
        stage = self.stage
        was: Peer | None = stage.look(lambda plan: plan.peer(spawn.peer_id))
        wish, circle = (was.wish, was.circle) if was else ("api", "dev")
        agent = Agent(wish, circle, backend=spawn.backend, folder=spawn.path)
        agent.session_id, agent.pid = f"s-{stage.new()}", 1000 + stage.new()
        peer: Peer | None = stage.do(
            c.RegisterSession(
                session_id=agent.session_id,
                backend=spawn.backend,
                pid=agent.pid,
                started=1,
                wish=wish,
                circle=circle,
                path=spawn.path,
                pane=pane,
                inbox=f"/inbox/{agent.pid}",
                turn=Turn.IDLE,
                turn_source="hook",
            )
        )
        if peer is None:
            return
        agent.peer_id, agent.alive = peer.peer_id, True
        self.agents.everybody.append(agent)
        if pane == self.panes[spawn.spawn_id]:
            self.there[spawn.spawn_id] = agent
            stage.met["a start that arrives"] += 1

    def _is_over(self, spawn: Spawn) -> None:
        agent = self.there.get(spawn.spawn_id)
        if agent is None or not agent.alive or self.stage.chance(0.3):
            self._ends(spawn, "its program is over")

    def _ends(self, spawn: Spawn, why: str) -> None:
        agent = self.there.get(spawn.spawn_id)
        if agent and agent.alive:
            self.agents.dies(agent)
        self.stage.do(c.EndSpawn(spawn_id=spawn.spawn_id, why=why))
        if self.stage.chance(0.2):
            self.stage.do(c.EndSpawn(spawn_id=spawn.spawn_id, why=why))
