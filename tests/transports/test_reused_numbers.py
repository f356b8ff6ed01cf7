"""Numbers of processes, panes and servers are given away again and again: nobody else is ever taken for the one.

A world of lives, each with a number of its own that nothing in it ever sees. Pure: no process and no tmux.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from daemon.callers.processes import Process
from daemon.core.lineage import is_one
from daemon.core.model import Pane
from daemon.panes import PaneNow, is_same

REUSES = 10_000
PIDS = range(100, 106)  #: so few that they are used again all the time
PANES = ("%0", "%1", "%2")


@dataclass(frozen=True)
class Life:
    """A process. ``born``: the kernel's time of its start; two of one number were never born at the same."""

    number: int
    pid: int
    born: int


class World:
    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)  # noqa: S311 -- no secret
        self.time = 0
        self._lives = 0
        self.processes: dict[int, Life] = {}
        self.server = self._born()
        self.panes: dict[str, Life] = {}

    def goes_on(self) -> None:
        """Somebody ends, and somebody else gets the number."""
        self.time += self.dice.choice((0, 1))
        what = self.dice.random()
        if what < 0.1:
            self._ends(self.server)
            self.panes.clear()
            self.server = self._born()
        elif what < 0.6:
            name = self.dice.choice(PANES)
            if before := self.panes.pop(name, None):
                self._ends(before)
            self.panes[name] = self._born()
        elif self.processes:
            self._ends(self.dice.choice([*self.processes.values()]))

    def _ends(self, one: Life) -> None:
        if one != self.server or self.dice.random() < 0.5:
            self.processes.pop(one.pid, None)

    def _born(self) -> Life:
        free = [pid for pid in PIDS if pid not in self.processes]
        if not free:
            free = [self.dice.choice(PIDS)]
        self._lives += 1
        self.time += 1  # the same number at the same moment: the kernel goes round all others first
        one = Life(self._lives, self.dice.choice(free), self.time)
        self.processes[one.pid] = one
        return one

    def born(self, pid: int) -> int | None:
        found = self.processes.get(pid)
        return found.born if found else None

    def as_hooks_named_it(self, name: str) -> Pane:
        life = self.panes[name]
        return Pane(
            tmux="/run/tmux",
            server_pid=self.server.pid,
            server_started=self.server.born,
            pane_id=name,
            pane_pid=life.pid,
            pane_started=life.born,
        )

    def seen_by_tmux(self, name: str) -> PaneNow:
        life = self.panes[name]
        plain = {"in_mode": False, "dead": False, "cursor_x": 0, "cursor_y": 0, "command": "", "session": ""}
        return PaneNow(server_pid=self.server.pid, pane_id=name, pane_pid=life.pid, **plain)  # type: ignore[arg-type]


def test_of_ten_thousand_reuses_of_numbers_not_one_is_taken_for_the_agent() -> None:
    world = World(9)
    wrong, right, reused = 0, 0, 0
    known: list[tuple[str, Life, Life, Pane]] = []
    for _ in range(REUSES):
        world.goes_on()
        for name, life in world.panes.items():
            known.append((name, life, world.server, world.as_hooks_named_it(name)))
        known = known[-40:]
        for name, life, server, named in known:
            if name not in world.panes:
                continue
            same = world.panes[name] == life and world.server == server
            lives = world.processes.get(life.pid) == life and world.processes.get(server.pid) == server
            taken = is_same(world.seen_by_tmux(name), named, world.born)
            found = world.processes.get(named.pane_pid)
            signalled = found and Process(found.pid, found.born) == Process(
                named.pane_pid, named.pane_started
            )
            wrong += bool(taken and signalled and not (same and lives))
            right += bool(taken and signalled and same)
            reused += not same and world.panes[name].pid == life.pid
            assert is_one(named, world.as_hooks_named_it(name)) <= same
    assert wrong == 0
    assert right > 0
    assert reused > REUSES / 10  # the world is as bad as it is meant to be
