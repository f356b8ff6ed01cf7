"""Restarting by the engine: the old process has ended, or nothing begins."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core.errors import Unavailable
from daemon.core.model import Peer, Session, Spawn, Turn
from daemon.engine.engine import Engine
from daemon.engine.killing import By
from daemon.engine.restarting import Restarting, cleared
from daemon.starting.interface import Place
from daemon.transports.ending import Ended

OWNER = By("ada")


async def agent(engine: Engine) -> Peer:
    command = c.RegisterSession(
        session_id="s-app", backend="codex", pid=1001, started=1, wish="app", circle="dev", path="/app", turn=Turn.IDLE
    )  # fmt: skip
    peer: Peer = await engine.handle(command)
    return peer


async def ready(peer: Peer, session: Session, profile: str) -> Place:
    return Place(
        path=peer.path,
        folder="1:1",
        backend=peer.backend,
        profile=profile,
        branch="",
        live=8,
        per_minute=8,
        depth=2,
    )


async def proven(session: Session) -> str:
    return "seen"


async def end(session: Session, *, own: Spawn | None = None) -> Ended:
    raise AssertionError("nothing is to be ended")


def restarting(engine: Engine, *, gone: bool) -> Restarting:
    return Restarting(engine, ready, proven, has_ended=lambda _: gone)


async def cleared_away(engine: Engine) -> Peer:
    """One whose session is over, and whose process begins the next."""
    peer = await agent(engine)
    await engine.handle(c.EndSession(session_id=peer.session_id or "", why="clear"))
    return peer


async def test_between_two_sessions_of_one_process_nobody_is_restarted(engine: Engine) -> None:
    peer = await cleared_away(engine)
    with pytest.raises(Unavailable, match="between two sessions"):
        await restarting(engine, gone=False).restart(OWNER, c.Restart(peer_id=peer.peer_id, by=peer.peer_id))
    assert await engine.read(lambda tx: tx.spawns_live()) == []


async def test_a_session_that_ends_after_the_look_is_waited_for_as_well(engine: Engine) -> None:
    peer = await agent(engine)
    row = await restarting(engine, gone=False).restart(
        OWNER, c.Restart(peer_id=peer.peer_id, by=peer.peer_id)
    )
    await engine.handle(c.EndSession(session_id=peer.session_id or "", why="clear"))
    with pytest.raises(Unavailable, match="between two sessions"):
        await cleared(engine, row, end, lambda _: False)


async def test_one_whose_process_is_gone_goes_on(engine: Engine) -> None:
    peer = await cleared_away(engine)
    row = await restarting(engine, gone=True).restart(OWNER, c.Restart(peer_id=peer.peer_id, by=peer.peer_id))
    await cleared(engine, row, end, lambda _: True)
    assert (row.peer_id, row.resume) == (peer.peer_id, peer.session_id)
