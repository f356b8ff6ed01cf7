"""Who started whom: by the rows and the panes, never by a name; and whom that lets them end."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core import lineage
from daemon.core.errors import NotAllowed
from daemon.core.model import Peer
from daemon.core.rules import spawns
from tests.core.line import A_MINUTE, Line
from tests.core.starts import pane, start, started


def may(line: Line, by: Peer, peer: Peer, *granted: str) -> bool:
    try:
        lineage.may_end(line.plan(), line.peer(by), line.peer(peer), granted)
    except NotAllowed:
        return False
    return True


def test_whoever_started_one_may_end_it_and_whom_that_one_started(line: Line) -> None:
    lead = line.agent("lead")
    worker = started(line, lead, "worker", 1)
    inner = started(line, worker, "inner", 2, depth=2)
    assert lineage.ancestry(line.plan(), line.peer(inner)) == (worker.peer_id, lead.peer_id)
    assert [lineage.started_by(line.plan(), line.peer(x)) for x in (inner, lead)] == ["dev/worker", ""]
    assert [may(line, lead, worker), may(line, lead, inner), may(line, worker, inner)] == [True] * 3


def test_nobody_else_may(line: Line) -> None:
    lead, other = line.agent("lead"), line.agent("other")
    worker, brother = started(line, lead, "worker", 1), started(line, lead, "brother", 2)
    assert not may(line, other, worker)
    assert not may(line, brother, worker)
    assert not may(line, worker, lead)
    assert not may(line, lead, other)


def test_an_orchestrator_has_no_such_right_by_its_role(line: Line) -> None:
    lead = line.orchestrator("lead")
    assert not may(line, lead, line.agent("worker"))


def test_nobody_ends_itself(line: Line) -> None:
    worker = line.agent("worker")
    with pytest.raises(NotAllowed, match="cannot end yourself"):
        lineage.may_end(line.plan(), worker, worker, ("dev/worker",))


@pytest.mark.parametrize("named", ["dev/lead", "id"])
def test_a_grant_is_by_circle_and_name_or_by_id(line: Line, named: str) -> None:
    lead, namesake = line.agent("lead"), line.agent("lead", "home")
    worker = line.agent("worker")
    granted = lead.peer_id if named == "id" else named
    assert may(line, lead, worker, granted)
    assert not may(line, namesake, worker, granted)


def test_whoever_has_the_name_of_the_one_who_started_it_is_still_another(line: Line) -> None:
    lead = line.agent("lead")
    worker = started(line, lead)
    line.do(c.EndSession(session_id=line.session(lead).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=lead.peer_id))
    heir = line.agent("lead")
    assert heir.name == lead.name
    assert not may(line, heir, worker)


def test_a_run_in_another_pane_is_nobodys_even_if_an_earlier_one_was(line: Line) -> None:
    lead = line.agent("lead")
    worker = started(line, lead)
    [row] = line.view.spawns_of(worker.peer_id)
    line.put(spawns.advance(row, spawns.End("exit"), now=line.now))
    line.do(c.EndSession(session_id=line.session(worker).session_id, why="exit"))
    own = line.agent("worker", pane=pane(9))
    assert own.peer_id == worker.peer_id
    assert lineage.ancestry(line.plan(), own) == ()
    assert not may(line, lead, own)


def test_a_peers_earlier_run_does_not_speak_for_whom_a_later_one_started(line: Line) -> None:
    """lead started worker; that run ended; the user's own run of worker started inner: it is not lead's."""
    lead = line.agent("lead")
    worker = started(line, lead)
    [row] = line.view.spawns_of(worker.peer_id)
    line.put(spawns.advance(row, spawns.End("exit"), now=line.now))
    line.now += A_MINUTE
    inner = started(line, worker, "inner", 2)
    assert lineage.ancestry(line.plan(), line.peer(inner)) == (worker.peer_id,)
    assert not may(line, lead, inner)


def test_one_that_is_still_being_started_is_its_starters(line: Line) -> None:
    lead, worker = line.agent("lead"), line.agent("worker")
    line.do(c.EndSession(session_id=line.session(worker).session_id, why="exit"))
    line.put(start(line, worker, lead, state=spawns.State.STARTING, pane=pane(3), began_at=line.now))
    assert may(line, lead, worker)


def test_a_pane_is_the_same_one_whatever_its_session_is_called() -> None:
    assert lineage.is_one(pane(1), pane(1, tmux_session="renamed"))
    for other in ("server_pid", "server_started", "pane_pid", "pane_started"):
        assert not lineage.is_one(pane(1), pane(1, **{other: 99}))
    assert not lineage.is_one(pane(1), pane(1, pane_id="%2"))
