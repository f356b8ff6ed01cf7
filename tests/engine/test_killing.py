"""Ending agents by the engine: who may is looked up each time, and what is meant is that run and no other."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Peer, Session, Spawn
from daemon.core.rules.spawns import State
from daemon.engine.engine import Engine
from daemon.engine.killing import By, Killing
from daemon.transports.ending import Ended
from tests.engine.mesh import agent

OWNER = By("ada")


class Deeds:
    """Ends whatever it is told to; keeps whom."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def end(self, session: Session, *, own: Spawn | None = None) -> Ended:
        self.ended.append(session.session_id)
        return Ended(ended=True, evidence="seen")

    async def end_start(self, spawn: Spawn) -> Ended:
        self.ended.append(spawn.spawn_id)
        return Ended(ended=True, evidence="seen")


@pytest.fixture
def deeds() -> Deeds:
    return Deeds()


def killing(engine: Engine, deeds: Deeds, granted: tuple[str, ...] = ()) -> Killing:
    return Killing(engine, deeds.end, deeds.end_start, lambda: granted)


async def wanted(engine: Engine, by: Peer, wish: str = "worker") -> Spawn:
    command = c.WantSpawn(
        by=by.peer_id,
        backend="codex",
        path=f"/{wish}",
        folder="1:1",
        wish=wish,
        live=8,
        per_minute=60,
        depth=2,
    )
    row: Spawn = (await engine.handle(command)).spawn
    return row


async def row_of(engine: Engine, row: Spawn) -> Spawn:
    found: Spawn = await engine.read(lambda tx: tx.get(Spawn, row.spawn_id))
    return found


async def test_an_agent_ends_nobody_whom_it_did_not_start(engine: Engine, deeds: Deeds) -> None:
    lead, other = await agent(engine, "lead"), await agent(engine, "other")
    with pytest.raises(NotAllowed, match="not started by you"):
        await killing(engine, deeds).kill(other.peer_id, By("lead", lead.peer_id))
    assert deeds.ended == []


async def test_what_the_config_grants_is_read_each_time(engine: Engine, deeds: Deeds) -> None:
    lead, other = await agent(engine, "lead"), await agent(engine, "other")
    granted: list[str] = []
    asked = Killing(engine, deeds.end, deeds.end_start, lambda: granted)
    by = By("lead", lead.peer_id)
    with pytest.raises(NotAllowed):
        await asked.kill(other.peer_id, by)
    granted.append("default/lead")
    assert (await asked.kill(other.peer_id, by)).outcome.ended
    assert deeds.ended == ["s-other"]


async def test_another_run_than_the_one_that_was_meant_is_left_alone(engine: Engine, deeds: Deeds) -> None:
    api = await agent(engine, "api")
    with pytest.raises(NotAllowed, match="another run"):
        await killing(engine, deeds).kill(api.peer_id, OWNER, only="s-before")
    assert deeds.ended == []
    assert (await killing(engine, deeds).kill(api.peer_id, OWNER, only="s-api")).outcome.ended


async def test_whoever_started_one_ends_it_before_it_has_begun(engine: Engine, deeds: Deeds) -> None:
    lead = await agent(engine, "lead")
    row = await wanted(engine, lead)
    told = await killing(engine, deeds).kill(row.peer_id, By("default/lead", lead.peer_id))
    assert (told.outcome.ended, told.pid, deeds.ended) == (True, 0, [])
    after = await row_of(engine, row)
    assert (after.state, after.reason) == (State.FAILED, "ended by default/lead")


async def test_all_that_were_started_are_ended_and_nobody_else(
    engine: Engine, deeds: Deeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daemon.engine.killing.CLEARED_S", 0.05)
    lead = await agent(engine, "lead")
    rows = [await wanted(engine, lead, wish) for wish in ("one", "two", "three")]
    told = await killing(engine, deeds).all_started(OWNER)
    assert {each.peer.peer_id for each in told} == {row.peer_id for row in rows}
    assert all(each.outcome.ended for each in told)
    assert deeds.ended == []
    assert not await engine.read(lambda tx: list(tx.spawns_live()))
