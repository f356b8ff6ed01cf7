"""A channel tells that something waits, once for all that is unread, and carries nothing of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.model import Authority, Nudge, Peer, Reach, Road, Status, Turn, Urgency
from daemon.core.nudging import EVERY
from daemon.core.rules import roads
from daemon.core.rules.frame import is_nudge, marks_in
from daemon.core.rules.frame import nudge as words
from tests.core.line import A_MINUTE, Line

SECOND = timedelta(seconds=1)
SAID = "[peerline] a message from web waits. Call check_messages, or end your turn."


@pytest.fixture
def web(line: Line) -> Peer:
    return line.agent("web")


def listening(line: Line, wish: str = "backend", **session: Any) -> Peer:
    """An idle agent without any other way in than its channel."""
    peer = line.agent(wish, **({"inbox": ""} | session))
    line.do(c.OpenChannel(session_id=line.session(peer).session_id))
    return peer


def nudged(line: Line, peer: Peer) -> Nudge:
    told: Nudge = line.do(c.NudgeSession(session_id=line.session(peer).session_id))
    return told


def reach(line: Line, peer: Peer) -> Reach:
    return roads.reach(line.peer(peer), line.session(peer), None, Status.ONLINE, Authority.PEER)


def test_it_says_who_wrote_and_not_what(line: Line, web: Peer) -> None:
    backend = listening(line)
    line.notify(web, backend, "the build is red")

    assert nudged(line, backend).text == SAID


def test_what_waits_stays_where_it_is(line: Line, web: Peer) -> None:
    backend = listening(line)
    ask = line.ask(web, backend)
    nudged(line, backend)

    assert line.lease(backend) is None
    assert line.state(ask, backend) == "queued"
    assert [parcel.envelope.body for parcel in line.hand_out(backend)] == ["how far?"]


def test_all_that_is_unread_is_told_of_once(line: Line, web: Peer) -> None:
    backend = listening(line)
    line.notify(web, backend, "1")
    nudged(line, backend)
    line.passes(SECOND)
    line.notify(web, backend, "2")
    line.passes(2 * EVERY)

    assert nudged(line, backend) == Nudge()


def test_once_it_has_read_it_is_told_of_what_came_since_but_not_at_once(line: Line, web: Peer) -> None:
    backend = listening(line)
    line.notify(web, backend, "1")
    nudged(line, backend)
    line.passes(A_MINUTE)
    assert line.collect(backend) == ["1"]
    line.do(c.ConfirmCall(peer_id=backend.peer_id, call_id="call"))
    line.notify(web, backend, "2")

    soon = nudged(line, backend)
    line.passes(EVERY - A_MINUTE)

    assert soon == Nudge(due_at=line.now)
    assert nudged(line, backend).text == SAID


@pytest.mark.parametrize("turn", [Turn.WORKING, Turn.AWAITING_INPUT, Turn.UNKNOWN])
def test_an_agent_that_may_be_in_a_turn_is_told_nothing(line: Line, web: Peer, turn: Turn) -> None:
    backend = listening(line, turn=turn)
    line.notify(web, backend)

    assert nudged(line, backend) == Nudge()


@pytest.mark.parametrize("other", [{"inbox": "/inbox/7"}, {"waits": True}])
def test_a_road_that_carries_the_message_itself_comes_first(
    line: Line, web: Peer, other: dict[str, Any]
) -> None:
    backend = listening(line, **{key: other[key] for key in other if key != "waits"})
    if "waits" in other:
        line.do(c.WakeWaits(session_id=line.session(backend).session_id, waits=True))
    line.notify(web, backend)

    assert nudged(line, backend) == Nudge()
    assert reach(line, backend).road in {Road.INBOX, Road.HOOK}


def test_what_is_for_information_wakes_nobody(line: Line, web: Peer) -> None:
    backend = listening(line)
    line.notify(web, backend, urgency=Urgency.FYI)

    assert nudged(line, backend) == Nudge()


def test_a_frozen_circle_is_told_nothing(line: Line, web: Peer) -> None:
    backend = listening(line)
    line.do(c.FreezeCircle(circle="dev", by="ada"))
    line.notify(web, backend)

    assert nudged(line, backend) == Nudge()


def test_without_a_channel_there_is_nothing_to_tell_it_by(line: Line, web: Peer) -> None:
    backend = listening(line)
    line.do(c.OpenChannel(session_id=line.session(backend).session_id, opened=False))
    line.notify(web, backend)

    assert nudged(line, backend) == Nudge()
    assert reach(line, backend).road is Road.HOOK


def test_reach_claims_no_proof_until_its_words_came_back_in_a_prompt(line: Line, web: Peer) -> None:
    backend = listening(line)
    line.notify(web, backend)
    before = reach(line, backend)
    nudged(line, backend)
    told = reach(line, backend)
    line.do(c.TurnBegan(session_id=line.session(backend).session_id, nudged=True, automatic=True))
    line.stop(backend)
    after = reach(line, backend)

    assert {each.road for each in (before, told, after)} == {Road.CHANNEL}
    assert before.proof == told.proof == "never seen to arrive"
    assert "something arrived by it at" in after.proof


def test_words_that_nobody_sent_prove_nothing(line: Line) -> None:
    backend = listening(line)
    line.do(c.TurnBegan(session_id=line.session(backend).session_id, nudged=True))
    line.stop(backend)

    assert reach(line, backend).proof == "never seen to arrive"


def test_the_step_of_a_clock_makes_no_pause_longer(line: Line, web: Peer) -> None:
    backend = listening(line)
    line.notify(web, backend)
    nudged(line, backend)
    before = line.session(backend).nudged_at
    line.do(c.StepClock(by=-EVERY))

    assert before
    assert line.session(backend).nudged_at == before - EVERY


def test_the_words_are_known_again_in_a_tag_and_no_message_can_say_them(line: Line, web: Peer) -> None:
    backend = line.agent("backend")
    line.notify(web, backend, words("telegram"))
    parcel = line.carry(backend)

    assert parcel
    assert is_nudge(f'<channel source="peerline" sender="web">\n{SAID}\n</channel>')
    assert not is_nudge(parcel.envelope.body)
    assert marks_in(SAID) == ()
