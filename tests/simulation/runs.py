"""Runs of one seed: over which store, for how many steps, and what a failure tells its reader."""

from __future__ import annotations

import logging
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self, TypeVar

from daemon.core.errors import Unavailable
from daemon.core.rules import approval, asking, delivery
from daemon.store.opening import migrations
from daemon.store.words import Kept, Words
from tests.simulation.ledger import Ledger
from tests.simulation.world import World

T = TypeVar("T")
SHOWN = 30
MACHINES = {"delivery": delivery, "ask": asking, "approval": approval}


class Database(Words):
    """The real words over a database in memory."""

    def __init__(self) -> None:
        conn = sqlite3.connect(":memory:", isolation_level=None)
        conn.row_factory = sqlite3.Row
        for _, script in migrations():
            conn.executescript(script)
        self.kept: Kept = {}
        super().__init__(conn, self.kept)
        self.conn = conn

    def transact(self, step: Callable[[Any], T]) -> T:
        self.conn.execute("BEGIN")
        try:
            result = step(self)
        except BaseException:
            self.kept.clear()
            self.conn.execute("ROLLBACK")
            raise
        self.conn.execute("COMMIT")
        return result


class Attentive(logging.Handler):
    """What a loop merely writes into its log would go unseen here."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[BaseException] = []

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and not isinstance(error, Unavailable):
            self.found.append(error)


@dataclass
class Witness:
    """Which edges of the machines and which faults were reached."""

    machines: Mapping[str, Any] = field(default_factory=lambda: MACHINES)
    edges: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def __enter__(self) -> Self:
        self._before = {name: dict(machine.TRANSITIONS) for name, machine in self.machines.items()}
        for name, machine in self.machines.items():
            table: Any = machine.TRANSITIONS
            for (state, event), step in self._before[name].items():
                table[state, event] = self._counted((name, str(state), event.__name__), step)
        return self

    def __exit__(self, *_: object) -> None:
        for name, machine in self.machines.items():
            table: Any = machine.TRANSITIONS
            table.update(self._before[name])

    def _counted(self, edge: tuple[str, str, str], step: Any) -> Any:
        def counted(thing: Any, event: Any, now: Any) -> Any:
            self.edges[edge] += 1
            return step(thing, event, now)

        return counted

    def missed(self) -> list[str]:
        every = {
            (name, str(state), event.__name__)
            for name in self.machines
            for state, event in self._before[name]
        }
        return sorted(" ".join(edge) for edge in every - set(self.edges))


class Failure(AssertionError):
    """What broke, and all that is needed to see it again."""


def run(seed: int, steps: int, store: Any = None) -> World:
    """Live one seed through.

    Raises:
        Failure: something that must hold did not.

    """
    world = World(seed, store if store is not None else Ledger())
    with listening() as attentive:
        try:
            _live(world, steps, attentive)
        except Exception as error:
            raise Failure(_told(world, error)) from error
        finally:
            world.scene.strands.close()
    return world


@contextmanager
def listening() -> Iterator[Attentive]:
    """To errors in logs; what is merely a warning there is what these worlds are made of."""
    attentive, rooms = Attentive(), [logging.getLogger(name) for name in ("daemon", "bots")]
    for room in rooms:
        room.addHandler(attentive)
        room.setLevel(logging.ERROR)
    try:
        yield attentive
    finally:
        for room in rooms:
            room.removeHandler(attentive)
            room.setLevel(logging.NOTSET)


def _live(world: World, steps: int, attentive: Attentive) -> None:
    world.starts()
    for step in range(steps):
        world.step()
        if step == 60:
            world.lead()
        if attentive.found:
            raise attentive.found[0]
    world.auditor.books()
    world.comes_home()
    if attentive.found:
        raise attentive.found[0]
    world.auditor.books()


def _told(world: World, error: Exception) -> str:
    lines = "\n".join(f"    {line}" for line in list(world.scene.story)[-SHOWN:])
    return (
        f"seed {world.scene.seed}, step {world.steps}: {error!r}\n  what led to it:\n{lines}\n"
        f"  alone: PEERLINE_SIMULATION_SEED={world.scene.seed} python -m pytest tests/simulation -k one_seed"
    )
