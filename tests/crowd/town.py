"""All of them together: who does something next, what the daemon and time do, and how it comes to an end."""

from __future__ import annotations

from datetime import timedelta

from daemon.core import commands as c
from daemon.core.model import Peer, Role, Rota, Standing
from tests.crowd.agents import PUMP, Agent, Agents
from tests.crowd.glances import Glances
from tests.crowd.heads import Heads
from tests.crowd.people import BOT, People, chats
from tests.crowd.stage import Stage
from tests.crowd.starts import Starts
from tests.crowd.talking import Talking
from tests.crowd.told import Told

WISHES = (
    ("lead", "dev"),
    *((name, "dev") for name in ("api", "web", "store", "docs", "tests", "api", "build")),
    *((name, "ops") for name in ("api", "deploy", "logs", "disk", "lead", "watch")),
    *((name, "zinc") for name in ("api", "web", "books", "taxes")),
)
POLLERS = (("client", "dev"), ("client", "ops"))
NAMES = (
    "api",
    "web",
    "lead",
    "client",
    "dev/api",
    "ops/api",
    "zinc/taxes",
    "telegram",
    "slack",
    "telegram-bot",
    "nobody",
)
DAY = timedelta(days=1)
LIFE = 31 * DAY  #: nothing lives longer
LONG = 40  #: days


class Town:
    def __init__(self, seed: int) -> None:
        self.stage = Stage(seed)
        everybody = [Agent(wish, circle) for wish, circle in WISHES]
        everybody[3].backend = everybody[9].backend = "codex"
        everybody += [Agent(wish, circle, backend="mcp") for wish, circle in POLLERS]
        self.agents = Agents(self.stage, everybody)
        self.talking = Talking(self.stage, NAMES)
        self.heads = Heads(self.stage)
        self.starts = Starts(self.stage, self.agents)
        self.told = Told(self.stage)
        self.glances = Glances(self.stage, self.told.status)
        self._begins()
        self.people = People(self.stage, chats(self.stage), NAMES)
        for agent in everybody[: len(everybody) - 4]:
            self.agents.starts(agent)
        self.stage.do(c.ClaimRole(peer_id=everybody[0].peer_id, role=Role.ORCHESTRATOR, by="itself"))

    def lives(self, steps: int) -> None:
        for _ in range(steps):
            self.step()
        self.comes_to_an_end()

    def step(self) -> None:
        roll = self.stage.rng.random()
        if roll < 0.5:
            self.agents.acts(self.stage.pick(*self.agents.everybody))
        elif roll < 0.74:
            self._speaks()
        elif roll < 0.8:
            self.heads.acts(self.stage.pick(*self.agents.everybody))
        elif roll < 0.91:
            self.people.acts(self.stage.pick(*self.people.chats))
        elif roll < 0.93:
            self.starts.acts(self._somebody())
        elif roll < 0.97:
            self._time_passes()
        else:
            self._something_happens()
        self.heads.run_errands()
        self.told.is_true()
        if self.stage.chance(0.15):
            self.glances.are_true()

    def _speaks(self) -> None:
        agent = self.stage.pick(*self.agents.everybody)
        if agent.alive or self.stage.chance(0.1):
            self.talking.speaks(agent)

    def _somebody(self) -> str:
        """An agent, also one that was started, or a person."""
        if self.stage.chance(0.2):
            return self.stage.pick(*self.people.chats).peer_id
        return self.stage.pick(*[x for x in self.agents.everybody if x.peer_id]).peer_id

    def _time_passes(self) -> None:
        seconds = self.stage.pick(1, 5, 5, 30, 30, 60, 60, 300, 300, 1800, 7200)
        self.stage.passes(timedelta(seconds=seconds * self.stage.rng.random() + 1))

    def _something_happens(self) -> None:
        stage, roll = self.stage, self.stage.rng.random()
        if roll < 0.3:
            self._crash()
        elif roll < 0.5:
            peers: list[Peer] = stage.look(lambda plan: plan.peers())
            stage.do(c.ForgetPeer(peer_id=stage.pick(*peers).peer_id))
        elif roll < 0.7:
            self.agents.dies(stage.pick(*(self._at_jobs() or self.agents.everybody)))
        elif roll < 0.8:
            found = [x["delivery_id"] for x in stage.oversight.books.rows("delivery") if x["state"] == "dead"]
            stage.do(c.ReplayDelivery(delivery_id=stage.pick(*found, "d-nothing000")))
        else:
            stage.do(
                stage.pick(
                    c.FreezeCircle(circle="zinc", by="ada"),
                    c.ThawCircle(circle="zinc", by="ada"),
                    c.StopTurn(peer_id=stage.pick(*self.agents.everybody).peer_id, by="ada"),
                )
            )

    def _at_jobs(self) -> list[Agent]:
        busy = {x["to"] for x in self.stage.oversight.books.rows("job") if x["state"] == "running"}
        return [x for x in self.agents.everybody if x.alive and x.peer_id in busy]

    # --- the daemon ---------------------------------------------------------------------------------------------

    def _begins(self) -> None:
        """As a daemon does before it lets anybody in."""
        self.stage.do(c.ConfigureWork(rota=Rota()))
        self.stage.do(c.Recover(holder_prefix=PUMP))
        self.stage.do(c.Recover(holder_prefix=BOT))
        climbs = timedelta(seconds=self.stage.pick(0, 0, 600))
        self.stage.do(c.ConfigureAttention(escalate_after=climbs))
        self.stage.oversight.loops.daemon_began()
        self.agents.are_found_dead()

    def _crash(self) -> None:
        """And time goes by in which nobody is there: agents die unseen, what is due is not decided."""
        self.stage.crashes()
        for agent in self.agents.everybody:
            if agent.alive and self.stage.chance(0.1):
                self.agents.dies(agent, seen=False)
        away = self.stage.pick(1, 60, 4000) * self.stage.rng.random()
        self.stage.watch.goes_to(self.stage.watch.now() + timedelta(seconds=away))
        self._begins()
        self.stage.wakes()

    # --- the end ------------------------------------------------------------------------------------------------

    def comes_to_an_end(self) -> None:
        """Nothing new is wanted, and time goes on for long enough."""
        stage = self.stage
        for schedule in stage.look(lambda plan: plan.view.schedules()):
            if schedule.state is not Standing.OVER:
                stage.do(c.ChangeSchedule(schedule_id=schedule.schedule_id, by="", state=Standing.REMOVED))
        stage.do(c.ThawCircle(circle="zinc", by="ada"))
        self.starts.end()
        for agent in self.agents.everybody:
            if agent.alive and stage.chance(0.5):
                self.agents.dies(agent)
        for _ in range(LONG):
            stage.passes(DAY)
            self.told.is_true()
            self.glances.are_true()
        stage.oversight.at_the_end(stage.watch.now() - LIFE)
