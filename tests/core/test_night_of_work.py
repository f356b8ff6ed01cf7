"""A night in which twelve jobs are done, too: a worker dies, an account runs out, the daemon dies; and one report.

The seed is printed and may be given: ``PEERLINE_NIGHT_SEED=7``.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.model import Job, Kind, Parcel, Peer
from tests.core.line import A_MINUTE, Line
from tests.core.test_night import EVENING, EVENTS, MORNING, SEED, URGENT, Bedroom, happens, nightly

JOBS = 12


@dataclass
class Crew:
    """Four who work: when and of whom the night wants a death and a limit is drawn."""

    line: Line
    workers: list[Peer]
    dies_at: int
    limited_at: int
    asked: Counter[str]
    limits: int = 0
    deaths: int = 0

    def works(self) -> None:
        """Each takes what it is asked, and is done with it; but for one who dies, and one who may not go on."""
        self.line.do(c.BeginJobs())
        for worker in list(self.workers):
            parcel = self.line.carry(worker)
            if parcel and parcel.envelope.kind is Kind.ASK:
                self._takes(worker, parcel)

    def _takes(self, worker: Peer, parcel: Parcel) -> None:
        self.line.prompt(worker, parcel)
        self.asked[parcel.envelope.envelope_id] += 1
        session_id = self.line.session(worker).session_id
        turn = sum(self.asked.values())
        if turn == self.dies_at:
            self.deaths += 1
            self.workers.remove(worker)
            self.line.do(c.EndSession(session_id=session_id, why="killed"))
        elif turn == self.limited_at:
            self.limits += 1
            self.line.do(c.HitLimit(session_id=session_id, how="wall", said="2am"))
            self.line.stop(worker, "You've hit your session limit", failed=True)
        else:
            self.line.now += A_MINUTE / 60
            self.line.stop(worker, "did it")


def jobs_for(line: Line, workers: list[Peer]) -> list[Job]:
    """Each but the first four comes after an earlier one."""
    made: list[Job] = []
    owner = next(x for x in line.view.peers() if x.name == "telegram")
    for number in range(JOBS):
        after = (made[number - 4].job_id,) if number >= len(workers) else ()
        to = workers[number % len(workers)].peer_id
        command = c.AddJob(
            owner=owner.peer_id, title=f"work {number}!", to=to, after=after, tonight=True, retries=0
        )
        made.append(line.do(command))
    return made


def night(seed: int) -> tuple[Bedroom, Crew, list[Job], Counter[str]]:
    line, dice = Line(), random.Random(seed)  # noqa: S311  a game
    chats = (line.telegram(), line.slack("ada"))
    for word in ("/quiet 23:00-07:00 but nothing", "/pushes 5"):
        line.say(chats[0], word)
    nightly(line, "*")
    room = Bedroom(line, chats, dice)
    agents = [line.agent(name, circle) for name, circle in (("api", "dev"), ("web", "dev"), ("cook", "home"))]
    workers = [line.agent(f"worker{n}") for n in range(4)]
    made = jobs_for(line, workers)
    room.look()
    room.shown.clear()
    line.now = EVENING
    crew = Crew(line, workers, dice.randrange(3, 6), dice.randrange(1, 3), Counter())
    urgent, happened = set(dice.sample(range(EVENTS), URGENT)), Counter[str]()
    for number in range(EVENTS):
        happened[happens(line, dice, agents, chats, number, urgent=number in urgent)] += 1
        room.passes((MORNING - EVENING - 3 * A_MINUTE) / EVENTS)
        line.decide(c.BeginJobs(), "a seed that nobody sees again")  # it dies before that was written
        crew.works()
    return room, crew, made, happened


@pytest.mark.parametrize("seed", range(SEED, SEED + 2))
def test_three_ring_and_one_report_names_every_job_as_it_is(seed: int) -> None:
    print(f"seed {seed}")
    room, crew, made, happened = night(seed)
    assert (crew.deaths, crew.limits) == (1, 1)
    assert len(room.rang()) == happened["urgent"] == URGENT
    room.passes(MORNING + A_MINUTE - room.line.now)
    room.settles()
    [report] = room.reports()
    assert len(room.rang()) == URGENT

    states = [(room.line.view.get(Job, x.job_id) or x).state for x in made]
    for number, state in enumerate(states):
        assert re.findall(rf"- (\w+) · work {number}!", report) == [state]
        assert report.count(f"work {number}!") == 1
    counts = Counter(states)
    left = (
        counts["blocked"] + counts["queued"]
    )  # what comes after the one that failed, and what comes after that
    assert (counts["failed"], counts["running"], counts["done"]) == (1, 0, JOBS - 1 - left)
    assert f"- jobs: {counts['done']} done, 1 failed, {left} still to do\n" in report
    assert set(crew.asked.values()) == {1}
    assert len(crew.asked) == counts["done"] + crew.deaths + crew.limits

    told = Counter(re.findall(r"event \d+!", report))
    assert len(told) == EVENTS - URGENT
    assert set(told.values()) == {1}
    assert [x for _, x in room.shown if x.envelope.body.startswith("usage limit of")][1:] == []
    seen = len(room.rang())
    for _ in range(10):
        room.passes(timedelta(minutes=50))
    assert len(room.rang()) == seen
