"""The pump: what a road says becomes a command, and nothing is typed a second time without a look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.model import Delivery, Pane, Parcel, Peer, Road, Session, Turn
from daemon.core.rules.delivery import ENTERED
from daemon.engine.engine import Engine
from daemon.engine.pump import Pump
from daemon.store.interface import Tx
from daemon.transports.interface import Blocked, Carried, Failed, Outcome, Sighting
from tests.engine.mesh import agent, notice
from tests.fakes.clock import FakeClock

PANE = Pane(tmux="/tmux", server_pid=1, pane_id="%1", pane_pid=2, pane_started=3)
PROOF = timedelta(seconds=8)


class ScriptedRoad:
    """A ``Transport`` that says what it was told to say; then that it took it."""

    def __init__(self, *says: Outcome) -> None:
        self._says = list(says)
        self.tries: list[bool] = []  #: for each, whether it was another one

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        self.tries.append(again)
        return self._says.pop(0) if self._says else Carried(PROOF, ENTERED)


class ScriptedEye:
    """An ``Eye`` that sees what it was told to see."""

    def __init__(self, *sees: Sighting) -> None:
        self._sees = list(sees)
        self.looks = 0

    async def turn_of(self, session: Session) -> Turn:
        return session.turn

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        self.looks += 1
        return self._sees.pop(0)


class Mesh:
    """An agent that is reached by its terminal only, and a message to it."""

    def __init__(self, engine: Engine, clock: FakeClock, road: ScriptedRoad, eye: ScriptedEye) -> None:
        self._engine, self._clock = engine, clock
        self.road, self.eye = road, eye
        self.pump = Pump(engine, {Road.TERMINAL: road, Road.INBOX: road}, eye)
        self.to: Peer

    async def send(self, *, inbox: str = "") -> None:
        sender = await agent(self._engine, "a")
        command = c.RegisterSession(
            session_id="s-b",
            backend="practice",
            pid=2,
            started=1,
            wish="b",
            circle="default",
            turn=Turn.IDLE,
            pane=PANE,
            inbox=inbox,
        )
        self.to = await self._engine.handle(command)
        await self._engine.handle(notice(sender, self.to))

    async def delivery(self) -> Delivery:
        def found(tx: Tx) -> Delivery:
            (told,) = [x for x in tx.feed(0, 1000) if x.event.type == "stored"][:1]
            return tx.deliveries_of(told.event.ref)[0]

        return await self._engine.read(found)

    async def becomes(self, holds: Callable[[Delivery], bool]) -> Delivery:
        async with asyncio.timeout(5):
            while not holds(found := await self.delivery()):
                await asyncio.sleep(0)
        return found

    async def is_due(self) -> None:
        """Let time go by until its next try."""
        self._clock.passes(10)
        self._engine.feed.touch([self.to.peer_id])

    async def overdue(self) -> None:
        self._clock.passes(10)
        for parcel in await self._engine.handle(c.Tick()):
            await self.pump.look(parcel)


@asynccontextmanager
async def carrying(mesh: Mesh) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        running = group.create_task(mesh.pump.run())
        await asyncio.sleep(0)  # it listens
        yield
        running.cancel()


def mesh_of(engine: Engine, clock: FakeClock, *says: Outcome, sees: tuple[Sighting, ...] = ()) -> Mesh:
    return Mesh(engine, clock, ScriptedRoad(*says), ScriptedEye(*sees))


async def test_a_first_try_is_made_without_a_look_and_its_receipt_is_kept(
    engine: Engine, clock: FakeClock
) -> None:
    mesh = mesh_of(engine, clock)
    async with carrying(mesh):
        await mesh.send()
        handed = await mesh.becomes(lambda x: x.state == "handed")

    assert (handed.receipt, handed.road) == (ENTERED, Road.TERMINAL)
    assert (mesh.road.tries, mesh.eye.looks) == ([False], 0)


async def test_what_a_person_sent_off_meanwhile_is_not_typed_again(engine: Engine, clock: FakeClock) -> None:
    mesh = mesh_of(engine, clock, Failed("pasted, but not sent"), sees=(Sighting.SEEN,))
    async with carrying(mesh):
        await mesh.send()
        await mesh.becomes(lambda x: x.state == "queued" and x.attempts == 1)
        await mesh.is_due()
        await mesh.becomes(lambda x: x.state == "settled")

    assert mesh.road.tries == [False]


async def test_it_is_typed_again_only_when_it_surely_is_not_there(engine: Engine, clock: FakeClock) -> None:
    looks = (Sighting.UNKNOWN, Sighting.ABSENT)
    mesh = mesh_of(engine, clock, Failed("pasted, but not sent"), sees=looks)
    async with carrying(mesh):
        await mesh.send()
        await mesh.becomes(lambda x: x.state == "queued" and x.attempts == 1)
        await mesh.is_due()
        held = await mesh.becomes(lambda x: x.state == "held")
        assert (held.reason, held.attempts) == ("looking whether an earlier try arrived", 1)
        assert mesh.road.tries == [False]
        await mesh.is_due()
        await mesh.becomes(lambda x: x.state == "handed")

    assert mesh.road.tries == [False, True]


async def test_an_inbox_leaves_nothing_half_done_to_look_for(engine: Engine, clock: FakeClock) -> None:
    mesh = mesh_of(engine, clock, Failed("full"))
    async with carrying(mesh):
        await mesh.send(inbox="/inbox")
        await mesh.becomes(lambda x: x.state == "queued" and x.attempts == 1)
        await mesh.is_due()
        await mesh.becomes(lambda x: x.state == "handed")

    assert (mesh.road.tries, mesh.eye.looks) == ([False, True], 0)


async def test_a_draft_costs_no_attempt(engine: Engine, clock: FakeClock) -> None:
    mesh = mesh_of(engine, clock, Blocked("there is a draft in the prompt", timedelta(seconds=2)))
    async with carrying(mesh):
        await mesh.send()
        held = await mesh.becomes(lambda x: x.state == "held")

    assert (held.reason, held.attempts) == ("there is a draft in the prompt", 0)


@pytest.mark.parametrize(
    ("receipt", "sees", "becomes"),
    [
        (ENTERED, Sighting.SEEN, "settled"),
        (ENTERED, Sighting.UNKNOWN, "stalled"),  # busy: what it is busy with may be something else
        (ENTERED, Sighting.ABSENT, "stalled"),
        ("", Sighting.UNKNOWN, "handed"),
        ("", Sighting.ABSENT, "queued"),
    ],
)
async def test_an_overdue_proof_is_looked_for(
    engine: Engine, clock: FakeClock, receipt: str, sees: Sighting, becomes: str
) -> None:
    mesh = mesh_of(engine, clock, Carried(PROOF, receipt), sees=(sees,))
    async with carrying(mesh):
        await mesh.send()
        await mesh.becomes(lambda x: x.state == "handed")
    await mesh.overdue()

    assert (await mesh.delivery()).state == becomes
