"""What a peer sent and had, as far back as is looked."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.store import chats
from tests.core.line import Line


@pytest.fixture
def line() -> Line:
    return Line()


def test_both_directions_stand_in_order_and_no_others(line: Line) -> None:
    web, api, far = line.agent("web"), line.poller("api"), line.poller("far")
    line.notify(web, api, "one")
    line.notify(web, far, "not theirs")
    line.collect(api)
    line.notify(api, web, "two")
    assert [each.body for each in line.view.history(api.peer_id, 20)] == ["one", "two"]
    assert [each.body for each in line.view.history(api.peer_id, 1)] == ["two"]


def test_what_waits_is_no_history(line: Line) -> None:
    web, api = line.agent("web"), line.poller("api")
    line.notify(web, api, "not yet")
    assert line.view.history(api.peer_id, 20) == []
    line.do(c.Collect(peer_id=api.peer_id, call_id="call"))
    assert [each.body for each in line.view.history(api.peer_id, 20)] == ["not yet"]


def test_it_does_not_look_back_for_ever(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chats, "LOOKS_BACK", 2)
    web, api = line.agent("web"), line.poller("api")
    for n in range(3):
        line.notify(api, web, str(n))
    assert [each.body for each in line.view.history(api.peer_id, 20)] == ["1", "2"]
