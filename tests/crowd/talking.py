"""What peers want of each other: asks, answers, notices, jobs, schedules; what is possible, and what is not."""

from __future__ import annotations

from datetime import timedelta

from daemon.core import commands as c
from daemon.core.model import Kind, Missed, Peer, Role, Standing, Urgency
from daemon.core.rules.timetable import Every, Once
from tests.crowd.agents import Agent
from tests.crowd.ground import Row
from tests.crowd.stage import Stage

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
NEEDS = (*("all", "first", "majority") * 6, "2", "9")
LOST = frozenset({"failed", "cancelled", "expired"})
NOWHERE = "a-nothing000"
LIFETIMES = (None, None, None, None, 20 * SECOND, 5 * MINUTE, HOUR, HOUR, 3 * HOUR, -SECOND)


class Talking:
    def __init__(self, stage: Stage, names: tuple[str, ...]) -> None:
        self.stage = stage
        self.names = names

    def speaks(self, agent: Agent) -> None:
        """One thing that it says now, in a call with a key that may be made again."""
        roll = self.stage.rng.random()
        for below, deed in (
            (0.2, self._answers),
            (0.24, self._cancels),
            (0.28, self._notifies),
            (0.29, self._broadcasts),
            (0.58, self._wonders),
            (0.73, self._has_something_done),
            (0.85, self._tells_of_work),
            (0.9, self._changes_work),
            (0.96, self._schedules),
        ):
            if roll < below:
                deed(agent)
                return
        self._describes(agent)

    def _made(self, command: c.Command) -> None:
        """Perhaps twice: its answer was lost. Perhaps beside something that cannot be."""
        stage = self.stage
        if stage.chance(0.05):
            stage.do(command, c.CancelAsk(ask_id="a-nothing000", by="p-nobody"))
            return
        if stage.chance(0.03):
            stage.ground.full_after = stage.pick(0, 1, 2, 3)
        key = f"k-{stage.new()}"
        stage.do(command, key=key)
        stage.ground.full_after = None
        if stage.chance(0.1):
            stage.met["a call that is repeated"] += 1
            stage.do(command, key=key)

    # --- asks ---------------------------------------------------------------------------------------------------

    def _answers(self, agent: Agent) -> None:
        stage, by = self.stage, agent.peer_id
        mine = [x["ask_id"] for x in self._open_asks() if by in x["to"]]
        late = self._tries_before() if stage.chance(0.3) else []
        if late:
            mine, by = [late[-1]["ask_id"]], late[-1]["to"][0]
        elif not mine or stage.chance(0.15):
            mine = [*agent.asked[-8:], *self._asks_there(), NOWHERE]
        self._made(
            c.CloseAsk(
                ask_id=stage.pick(*mine),
                by=by,
                text=stage.pick("", f"answer {stage.new()}", f"answer {stage.new()}"),
                option=stage.pick(None, None, None, None, None, "left", "1"),
                decline=stage.chance(0.2),
            )
        )

    def _cancels(self, agent: Agent) -> None:
        own = [x["ask_id"] for x in self._open_asks() if x["asker"] == agent.peer_id]
        ask_id = self.stage.pick(*(own or self._asks_there() or (NOWHERE,)))
        self._made(c.CancelAsk(ask_id=ask_id, by=agent.peer_id))

    def _wonders(self, agent: Agent) -> None:
        stage = self.stage
        own = [x["ask_id"] for x in self._open_asks() if x["asker"] == agent.peer_id]
        if own and stage.chance(0.3):
            self._waits(agent, stage.pick(*own))
            return
        waiting = [x["asker"] for x in self._open_asks() if agent.peer_id in x["to"] and x["waited_until"]]
        to = (stage.pick(*waiting),) if waiting and stage.chance(0.5) else self._whom()
        self._made(
            c.SendAsk(
                sender=agent.peer_id,
                to=to,
                question=f"how far? {stage.new()}",
                urgency=self._urgency(),
                need=stage.pick(*NEEDS),
                options=stage.pick(*((), (), ("left", "right")) * 4, ("left", "left")),
                deadline=stage.pick(*LIFETIMES),
                wait=stage.pick(None, None, 100 * SECOND, HOUR),
                default=stage.pick(None, "left"),
            )
        )

    def _waits(self, agent: Agent, ask_id: str) -> None:
        """Or waits no longer."""
        stage, by = self.stage, agent.peer_id
        if stage.chance(0.25):
            stage.do(c.LeaveAsk(ask_id=ask_id, by=by, until=stage.watch.now() + HOUR))
        else:
            stage.do(c.AwaitAsk(ask_id=ask_id, by=by, wait=stage.pick(100 * SECOND, HOUR)))

    def _notifies(self, agent: Agent) -> None:
        to = self._whom()
        text = f"by the way {self.stage.new()}"
        self._made(c.SendNotice(sender=agent.peer_id, to=to, text=text, urgency=self._urgency()))

    def _broadcasts(self, agent: Agent) -> None:
        circle = self.stage.pick(None, "*", "dev")
        self._made(c.SendBroadcast(sender=agent.peer_id, text=f"hear {self.stage.new()}", circle=circle))

    def _describes(self, agent: Agent) -> None:
        stage, peer_id = self.stage, agent.peer_id
        self._made(
            stage.pick(
                c.DescribePeer(peer_id=peer_id, description=f"at {stage.new()}"),
                c.RenamePeer(peer_id=peer_id, name=stage.pick("smith", "peerline", "No Name", agent.wish)),
                c.MovePeer(peer_id=peer_id, circle=stage.pick("dev", "ops", "zinc")),
                self._claim(peer_id),
                self._claim(peer_id),
                self._claim(peer_id),
            )
        )

    def _claim(self, peer_id: str) -> c.Command:
        stage = self.stage
        role = stage.pick(*(Role.ORCHESTRATOR,) * 5, Role.AGENT, Role.HUMAN)
        who = peer_id if stage.chance(0.9) else stage.pick(*stage.look(lambda plan: plan.peers())).peer_id
        return c.ClaimRole(peer_id=who, role=role, by="itself", force=stage.chance(0.5))

    # --- work ---------------------------------------------------------------------------------------------------

    def _has_something_done(self, agent: Agent) -> None:
        stage = self.stage
        jobs = self._jobs_there()
        after = (
            tuple(stage.pick(*jobs) for _ in range(stage.pick(1, 2))) if jobs and stage.chance(0.4) else ()
        )
        due = stage.watch.now() + stage.pick(MINUTE, HOUR) if stage.chance(0.25) else None
        self._made(
            c.AddJob(
                owner=agent.peer_id,
                title=f"tidy {stage.new()}",
                to=self._doing(),
                after=after,
                due_at=due,
                retries=stage.pick(*(0, 0, 1, 2) * 4, 11),
                deadline=stage.pick(None, None, 30 * MINUTE, 2 * HOUR, 2 * HOUR, 2 * SECOND),
                minutes=stage.pick(None, None, None, 30),
                messages=stage.pick(None, None, None, 2),
                tonight=stage.chance(0.05),
            )
        )

    def _doing(self) -> str:
        """Mostly one of a few, who have more to do than they can at once."""
        busy = [
            x["to"] for x in self.stage.oversight.books.rows("job") if x["state"] == "running" and x["to"]
        ]
        if busy and self.stage.chance(0.5):
            return self.stage.pick(*busy)
        return self._one() if self.stage.chance(0.95) else ""

    def _tells_of_work(self, agent: Agent) -> None:
        stage = self.stage
        going = [x for x in stage.oversight.books.rows("job") if x["state"] in {"running", "blocked"}]
        if not going:
            return
        job = stage.pick(*going)
        state = stage.pick("running", "running", "blocked", "done", "failed", "running", "asleep")
        self._made(
            c.UpdateJob(
                job_id=job["job_id"] if stage.chance(0.9) else stage.pick(*self._jobs_there()),
                by=job["to"] if stage.chance(0.9) else agent.peer_id,
                state=state,
                note=stage.pick("", f"note {stage.new()}"),
                claims=stage.pick((), (), (), ("tests",), ("tests",), ("",)),
            )
        )

    def _changes_work(self, agent: Agent) -> None:
        stage, jobs = self.stage, self._jobs_there()
        if not jobs:
            return
        over = [x["job_id"] for x in stage.oversight.books.rows("job") if x["state"] in LOST][-6:]
        going = [x["job_id"] for x in stage.oversight.books.rows("job") if x["state"] == "running"]
        job_id = stage.pick(*stage.pick(over or jobs, going or jobs, jobs))
        owner = next(x["owner"] for x in stage.oversight.books.rows("job") if x["job_id"] == job_id)
        by = stage.pick(agent.peer_id, owner, owner, "")
        self._made(
            stage.pick(
                c.CancelJob(job_id=job_id, by=by, named="somebody"),
                c.RetryJob(job_id=job_id, by=by),
                c.RetryJob(job_id=job_id, by=by),
                c.GiveJob(job_id=job_id, to=agent.peer_id),
                c.FailJob(job_id=job_id, why="nobody came"),
            )
        )

    def _schedules(self, agent: Agent) -> None:
        stage = self.stage
        own = stage.look(lambda plan: [x.schedule_id for x in plan.view.schedules()])
        if own and stage.chance(0.6):
            one, by = stage.pick(*own), stage.pick(agent.peer_id, "")
            state = stage.pick(Standing.PAUSED, Standing.ACTIVE, Standing.REMOVED)
            changed = c.ChangeSchedule(schedule_id=one, by=by, state=state)
            self._made(stage.pick(changed, c.RunSchedule(schedule_id=one, by=by)))
            return
        soon = stage.watch.now() + 30 * SECOND
        self._made(
            c.AddSchedule(
                owner=agent.peer_id,
                to=stage.pick((self._one(),), ("me",), ("role:orchestrator",)),
                text=f"look at it {stage.new()}",
                rule=stage.pick(Once(soon), Every(10 * MINUTE, soon), Every(HOUR, soon), Every(SECOND, soon)),
                zone="UTC",
                kind=stage.pick(Kind.ASK, Kind.NOTICE),
                missed=stage.pick(*Missed),
            )
        )

    def _tries_before(self) -> list[Row]:
        """Asks of jobs that are tried anew by now: whoever was asked may still have something to say."""
        books = self.stage.oversight.books
        tried = {f"job\n{x['job_id']}": x["ask_id"] for x in books.rows("job") if x["state"] == "running"}
        return [x for x in self._asks() if tried.get(x["subject"], x["ask_id"]) != x["ask_id"]]

    # --- who and what there is ----------------------------------------------------------------------------------

    def _whom(self) -> tuple[str, ...]:
        stage = self.stage
        if stage.chance(0.6):
            return (self._one(),)
        several = (self._one(), self._one(), self._one())
        return stage.pick(
            several, several, ("circle:dev",), ("circle:ops",), ("role:agent",), ("role:human",)
        )

    def _one(self) -> str:
        """By its id, or by a name that may be nobody's, or several's."""
        if self.stage.chance(0.15):
            return self.stage.pick(*self.names)
        peers: list[Peer] = self.stage.look(lambda plan: plan.peers())
        return self.stage.pick(*peers).peer_id

    def _urgency(self) -> Urgency:
        return self.stage.pick(Urgency.NORMAL, Urgency.NORMAL, Urgency.NORMAL, Urgency.FYI, Urgency.URGENT)

    def _asks_there(self) -> list[str]:
        return [x["ask_id"] for x in self._asks()][-15:] or [NOWHERE]

    def _asks(self) -> list[Row]:
        return self.stage.oversight.books.rows("ask")

    def _open_asks(self) -> list[Row]:
        return [x for x in self._asks() if x["ended_at"] is None]

    def _jobs_there(self) -> list[str]:
        return [x["job_id"] for x in self.stage.oversight.books.rows("job")][-10:]
