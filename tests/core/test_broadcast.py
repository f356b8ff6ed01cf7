"""A broadcast reaches every agent and every conversation that is there and sees the circle."""

from __future__ import annotations

from daemon.core import commands as c
from daemon.core.model import Kind
from tests.core.line import Line


def test_people_who_see_the_circle_get_it_without_sound_and_the_absent_do_not() -> None:
    line = Line()
    sender, listener = line.agent("sender", "dev"), line.agent("listener", "dev")
    elsewhere = line.agent("elsewhere", "home")
    owner = line.console("run-1")
    sent = line.do(c.SendBroadcast(sender=sender.peer_id, text="stop, please"))
    reached = {carriage.peer.peer_id for carriage in sent.carriages}
    assert {listener.peer_id, owner.peer.peer_id} <= reached
    assert elsewhere.peer_id not in reached
    assert sender.peer_id not in reached
    assert sent.envelope.silent
    assert sent.envelope.kind is Kind.BROADCAST
