"""Agents that were seen in a pane: they become peers, or their pane that of the peer they are."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Peer
from tests.core.line import Line
from tests.core.starts import pane


def adopt(line: Line, **seen: Any) -> Peer:
    told = {"backend": "claude-code", "pid": 500, "started": 5, "pane": pane(7, tmux_session="dev")}
    peer: Peer = line.do(c.Adopt(**(told | seen)))
    return peer


def test_a_session_that_was_seen_becomes_a_peer_of_its_pane(line: Line) -> None:
    peer = adopt(line, session_id="s-9", path="/src/api")
    assert (peer.name, peer.circle) == ("api", "dev")
    assert line.session(peer).pane == pane(7, tmux_session="dev")


def test_it_can_be_named(line: Line) -> None:
    peer = adopt(line, session_id="s-9", path="/src/api", name="lead", circle="work")
    assert (peer.name, peer.circle) == ("lead", "work")


def test_a_process_that_is_a_peers_already_gets_its_pane(line: Line) -> None:
    api = line.agent("api", pid=500, started=5)
    asked = line.ask(line.agent("web"), api)
    assert adopt(line, name="lead").peer_id == api.peer_id
    assert line.session(api).pane == pane(7, tmux_session="dev")
    assert line.peer(api).name == "lead"
    assert line.asked(asked).ended_at is None


def test_a_session_that_cannot_be_seen_is_refused_with_what_to_do(line: Line) -> None:
    with pytest.raises(NotAllowed, match="cannot be seen") as refused:
        adopt(line, path="/src/api")
    assert "type a prompt" in refused.value.hint
    assert not line.view.peers()


def test_a_session_that_another_process_has_is_left_to_that(line: Line) -> None:
    api = line.agent("api", session_id="s-9", pid=400)
    with pytest.raises(NotAllowed, match="another process"):
        adopt(line, session_id="s-9", path="/src/api")
    assert line.session(api).pid == 400


def test_of_two_that_share_a_process_neither_gets_the_pane(line: Line) -> None:
    line.agent("api", pid=500, started=5)
    line.agent("api", pid=500, started=5, session_id="fork", forked=True)
    with pytest.raises(NotAllowed, match="same process"):
        adopt(line)


def test_a_process_of_that_number_but_another_start_is_another(line: Line) -> None:
    api = line.agent("api", pid=500, started=4)
    assert adopt(line, session_id="s-9", path="/src/web").peer_id != api.peer_id
    assert line.session(api).pane is None
