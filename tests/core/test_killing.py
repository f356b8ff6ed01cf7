"""Whose agent may be ended from here, and what becomes of what was asked of it."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core import killing
from daemon.core.errors import NotAllowed, NotFound
from daemon.core.model import Kind, Peer
from daemon.core.rules import spawns
from tests.core.line import Line
from tests.core.starts import pane, start, started


def target(line: Line, peer: Peer) -> tuple[Peer, int]:
    found = killing.target(line.plan(), peer.peer_id)
    return found.peer, found.session.pid if found.session else 0


def killed(line: Line, peer: Peer) -> None:
    line.do(c.LosePeer(peer_id=peer.peer_id, session_id=line.session(peer).session_id, by="ada"))


def test_an_agent_that_its_hooks_named_may_be_ended(line: Line) -> None:
    api = line.agent("api")
    assert target(line, api) == (api, line.session(api).pid)


@pytest.mark.parametrize(
    ("session", "why"),
    [
        ({"backend": "mcp"}, "only its MCP client is known"),
        ({"pid": 0}, "is not known"),
        ({"shared": True}, "is not known"),
    ],
)
def test_whose_process_is_not_known_to_be_theirs_alone_is_not_ended(
    line: Line, session: dict[str, Any], why: str
) -> None:
    with pytest.raises(NotAllowed, match=why) as refused:
        target(line, line.agent("api", **session))
    assert "peerline peer forget dev/api" in refused.value.hint


def test_of_two_sessions_in_one_process_neither_is_ended(line: Line) -> None:
    api = line.agent("api", pid=5)
    fork = line.agent("api", pid=5, session_id="fork", forked=True)
    for each in (api, fork):
        with pytest.raises(NotAllowed, match="lives in the same process"):
            target(line, each)


def test_nobody_is_ended_who_is_offline_or_no_agent(line: Line) -> None:
    api, ada = line.agent("api"), line.telegram()
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    with pytest.raises(NotAllowed, match="offline"):
        target(line, api)
    with pytest.raises(NotAllowed, match="no agent"):
        target(line, ada.peer)
    with pytest.raises(NotFound):
        killing.target(line.plan(), "p-0000000000")


def test_who_asked_it_learns_that_no_answer_comes_and_its_mail_waits(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    asked = line.ask(web, api, "how far?")
    line.notify(web, api, "the build is red")
    killed(line, api)

    assert line.asked(asked).state == "orphaned"
    assert line.inbox(web) == [(Kind.ANSWER, "orphaned: api was ended by ada")]
    assert line.inbox(api) == [(Kind.NOTICE, "the build is red")]
    assert [x.event.evidence for x in line.story(api.peer_id) if x.event.type == "killed"] == ["ada"]


def test_whoever_took_its_place_meanwhile_answers_what_was_asked(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    asked = line.ask(web, api, "how far?")
    ended = line.session(api).session_id
    line.do(c.EndSession(session_id=ended, why="its process ended"))
    assert line.agent("api").peer_id == api.peer_id
    line.do(c.LosePeer(peer_id=api.peer_id, session_id=ended, by="ada"))

    assert line.asked(asked).ended_at is None


def test_one_that_is_still_being_started_is_known_by_its_start(line: Line) -> None:
    lead, api = line.agent("lead"), line.agent("api")
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    row = start(line, api, lead, state=spawns.State.STARTING, pane=pane(1), began_at=line.now)
    line.put(row)
    found = killing.target(line.plan(), api.peer_id)
    assert (found.session, found.spawn) == (None, row)


def test_a_start_that_is_ended_fails_with_who_ended_it(line: Line) -> None:
    lead, api = line.agent("lead"), line.agent("api")
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    row = start(line, api, lead, state=spawns.State.STARTING, pane=pane(1), began_at=line.now)
    line.put(row)
    asked = line.ask(lead, api)
    line.do(c.LoseStart(spawn_id=row.spawn_id, by="ada"))
    [after] = line.view.spawns_of(api.peer_id)
    assert (after.state, after.reason) == (spawns.State.FAILED, "ended by ada")
    assert line.asked(asked).state == "orphaned"
    [(kind, text)] = line.inbox(lead)
    assert (kind, text.endswith("ended by ada")) == (Kind.ANSWER, True)


def test_the_pane_of_an_agent_that_was_attached_from_outside_is_not_ours(line: Line) -> None:
    api = line.agent("api", pane=pane(1))
    assert killing.target(line.plan(), api.peer_id).spawn is None
    lead = line.agent("lead")
    worker = started(line, lead, number=2)
    found = killing.target(line.plan(), worker.peer_id)
    assert found.spawn
    assert found.session
