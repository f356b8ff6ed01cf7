"""What a restart wants, and what refuses it before anything is touched."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core import restarting
from daemon.core.errors import NotAllowed
from daemon.core.model import Peer, Spawn, Turn
from daemon.core.rules import spawns
from tests.core.line import Line
from tests.core.starts import start, started


def restart(line: Line, peer: Peer, by: Peer | None = None, **more: Any) -> Spawn:
    wanted: Spawn = line.do(c.Restart(peer_id=peer.peer_id, by=(by or peer).peer_id, **more))
    return wanted


def test_the_start_that_goes_on_is_wanted_while_the_old_process_still_runs(line: Line) -> None:
    owner, api = line.agent("owner-side"), line.agent("api")
    wanted = restart(line, api, owner)
    assert (wanted.state, wanted.peer_id) == (spawns.State.WANTED, api.peer_id)
    assert (wanted.resume, wanted.path) == (line.session(api).session_id, api.path)
    assert line.session(api).ended_at is None
    assert line.view.spawns_live() == [wanted]


def test_one_that_is_offline_can_be_restarted_as_well(line: Line) -> None:
    api = line.agent("api")
    session_id = line.session(api).session_id
    line.do(c.EndSession(session_id=session_id, why="its process ended"))
    assert restart(line, api).resume == session_id


def test_what_was_asked_of_it_stays_open_and_its_mail_waits(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    asked = line.ask(web, api)
    line.work(api)
    line.notify(web, api, "the build is red")
    restart(line, api, now=True)
    line.do(c.EndSession(session_id=line.session(api).session_id, why=restarting.WHY))
    assert line.asked(asked).ended_at is None
    assert "the build is red" in [body for _, body in line.inbox(api)]


def test_a_restarted_one_stays_whose_it_was(line: Line) -> None:
    lead, other = line.agent("lead"), line.agent("other")
    worker = started(line, lead, profile="fast", depth=2)
    wanted = restart(line, worker, other)
    assert (wanted.by, wanted.profile, wanted.depth) == (lead.peer_id, "fast", 2)


def test_one_whom_nobody_started_is_then_of_whoever_restarts_it(line: Line) -> None:
    lead = line.agent("lead")
    worker = started(line, lead)
    own = line.agent("own")
    assert (restart(line, own, worker).by, restart_depth(line, own)) == (worker.peer_id, 2)


def restart_depth(line: Line, peer: Peer) -> int:
    return line.view.spawns_of(peer.peer_id)[0].depth


@pytest.mark.parametrize("turn", [Turn.WORKING, Turn.AWAITING_INPUT])
def test_a_turn_under_way_is_broken_off_only_if_that_is_said(line: Line, turn: Turn) -> None:
    api = line.agent("api", turn=turn)
    with pytest.raises(NotAllowed, match="at work") as refused:
        restart(line, api)
    assert "--now" in refused.value.hint
    assert not line.view.spawns_live()
    assert restart(line, api, now=True).state == spawns.State.WANTED


@pytest.mark.parametrize(
    ("session", "why"),
    [
        ({"backend": "practice"}, "cannot go on with a conversation"),
        ({"backend": "mcp"}, "cannot go on with a conversation"),
        ({"lasting": False}, "for one prompt only"),
        ({"shared": True}, "is not known"),
        ({"pid": 0}, "is not known"),
    ],
)
def test_who_cannot_go_on_or_be_ended_is_not_restarted(line: Line, session: dict[str, Any], why: str) -> None:
    api = line.agent("api", **session)
    with pytest.raises(NotAllowed, match=why):
        restart(line, api)
    assert not line.view.spawns_live()


def test_people_are_not_restarted(line: Line) -> None:
    with pytest.raises(NotAllowed, match="no agent"):
        restart(line, line.telegram().peer)


def test_it_is_never_started_twice(line: Line) -> None:
    api = line.agent("api")
    restart(line, api)
    with pytest.raises(NotAllowed, match="being started"):
        restart(line, api)


def test_another_session_than_the_one_that_was_looked_at_is_not_restarted_instead(line: Line) -> None:
    api = line.agent("api")
    with pytest.raises(NotAllowed, match="another session"):
        restart(line, api, session_id="s-0")


def test_after_a_restart_that_failed_it_can_be_tried_again(line: Line) -> None:
    api = line.agent("api")
    wanted = restart(line, api)
    line.do(c.EndSession(session_id=line.session(api).session_id, why=restarting.WHY))
    line.put(spawns.advance(wanted, spawns.Fail("it ended before it arrived"), now=line.now))
    assert restart(line, api).resume == wanted.resume


def test_whoever_is_ended_meanwhile_does_not_come_back(line: Line) -> None:
    api = line.agent("api")
    restart(line, api)
    line.do(c.LosePeer(peer_id=api.peer_id, session_id=line.session(api).session_id, by="ada"))
    assert [row.state for row in line.view.spawns_of(api.peer_id)] == [spawns.State.FAILED]


def test_a_start_that_waits_on_its_dialog_is_not_restarted(line: Line) -> None:
    lead, api = line.agent("lead"), line.agent("api")
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    line.put(start(line, api, lead, state=spawns.State.STARTING, began_at=line.now))
    with pytest.raises(NotAllowed, match="being started"):
        restart(line, api)
