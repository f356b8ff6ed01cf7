"""The brakes hold where a call is about to be made, and are let go by the right things only."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.braking import CANNOT_WAIT, READ_FIRST
from daemon.core.errors import Conflict, NotFound
from daemon.core.model import Denial, Kind, Peer, Turn, Urgency
from daemon.core.rules import asking
from daemon.core.rules.frame import framed
from daemon.core.settling import BETWEEN
from tests.core.line import A_MINUTE, Chat, Line

LIMIT = 19_000


@pytest.fixture
def api(line: Line) -> Peer:
    return line.agent("api", turn=Turn.WORKING)


def called(line: Line, peer: Peer, limit: int = LIMIT) -> Denial | None:
    """The peer is about to make a call: as its hook tells it."""
    session_id = line.session(peer).session_id
    line.do(c.TurnWent(session_id=session_id, doing="Bash: make"))
    denial: Denial | None = line.do(c.BeginCall(session_id=session_id, limit=limit))
    return denial


def read(line: Line, denial: Denial | None) -> list[str]:
    assert denial is not None
    return [parcel.envelope.body for parcel in denial.parcels]


def batch_over(line: Line, peer: Peer) -> None:
    line.do(c.TurnWent(session_id=line.session(peer).session_id, batch_over=True))


def stop(line: Line, peer: Peer) -> None:
    line.do(c.StopTurn(peer_id=peer.peer_id, by="ada"))


def prompted(line: Line, peer: Peer, **more: Any) -> None:
    line.do(c.TurnBegan(session_id=line.session(peer).session_id, **more))


# --- stop -----------------------------------------------------------------------------------------------------------


def test_without_a_brake_calls_are_made(line: Line, api: Peer) -> None:
    assert called(line, api) is None


def test_after_a_stop_no_call_of_the_turn_is_made(line: Line, api: Peer) -> None:
    stop(line, api)

    for limit in (LIMIT, 0, LIMIT):  # also of a subagent
        denial = called(line, api, limit)
        assert denial is not None
        assert denial.reason.startswith("stopped by ada: ")
        assert denial.parcels == ()


def test_a_stopped_agent_is_handed_nothing(line: Line, api: Peer, web: Peer) -> None:
    line.notify(web, api, "by the way")
    line.notify(web, api, "read this now", urgency=Urgency.URGENT)
    stop(line, api)

    assert read(line, called(line, api)) == []
    assert line.hand_out(api, between=True) == line.hand_out(api) == ()


def test_only_a_turn_can_be_stopped(line: Line, api: Peer, web: Peer, ada: Chat) -> None:
    with pytest.raises(Conflict):
        stop(line, web)
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    for nobody in (api.peer_id, "p-none", ada.peer.peer_id):
        with pytest.raises(NotFound):
            line.do(c.StopTurn(peer_id=nobody, by="ada"))


def test_the_stop_outlives_the_turn_until_somebody_says_something_new(line: Line, api: Peer) -> None:
    stop(line, api)
    line.stop(api, "so far")
    assert called(line, api) is not None, "something in the background of the turn"
    line.stop(api)
    prompted(line, api, automatic=True)
    assert called(line, api) is not None, "a turn that nobody wanted"
    line.stop(api)

    prompted(line, api)
    assert called(line, api) is None


def test_a_prompt_in_the_middle_of_a_stopped_turn_lets_it_go(line: Line, api: Peer) -> None:
    stop(line, api)
    prompted(line, api, automatic=True)
    assert called(line, api) is not None
    prompted(line, api)

    assert called(line, api) is None


def test_an_ask_that_begins_a_turn_lets_a_stopped_agent_go(line: Line, api: Peer, web: Peer) -> None:
    stop(line, api)
    line.stop(api)
    line.ask(web, api)
    line.work(api)

    assert called(line, api) is None


@pytest.mark.parametrize("turn", [Turn.IDLE, Turn.WORKING, Turn.AWAITING_INPUT])
def test_what_is_merely_seen_lets_nothing_go(line: Line, api: Peer, turn: Turn) -> None:
    stop(line, api)
    line.do(c.TurnObserved(session_id=line.session(api).session_id, turn=turn, source="registry"))
    batch_over(line, api)

    assert called(line, api) is not None


def test_a_new_session_is_not_stopped(line: Line) -> None:
    api = line.agent("api", session_id="s", pid=1, turn=Turn.WORKING)
    stop(line, api)
    line.do(c.EndSession(session_id="s", why="clear"))
    line.agent("api", session_id="t", pid=1, turn=Turn.WORKING)
    assert called(line, api) is None

    stop(line, api)
    line.agent("api", session_id="t", pid=2, turn=Turn.WORKING)
    assert called(line, api) is None


# --- freeze ---------------------------------------------------------------------------------------------------------


def freeze(line: Line, circle: str = "dev") -> list[str]:
    return [peer.name for peer in line.do(c.FreezeCircle(circle=circle, by="ada"))]


def thaw(line: Line, circle: str = "dev") -> list[str]:
    return [peer.name for peer in line.do(c.ThawCircle(circle=circle, by="ada"))]


def test_in_a_frozen_circle_no_call_is_made_and_nothing_arrives(line: Line, api: Peer, web: Peer) -> None:
    shop = line.agent("shop", "shop", turn=Turn.WORKING)
    line.notify(api, web, "before")
    assert freeze(line) == ["api", "web"]

    denial = called(line, api)
    assert denial is not None
    assert "frozen by ada since 12:00 UTC" in denial.reason
    assert line.lease(web) is None
    assert line.hand_out(api, between=True) == line.hand_out(web) == line.hand_out(web, passing=True) == ()
    assert called(line, shop) is None


def test_what_comes_into_a_frozen_circle_waits_and_goes_on_after_the_thaw(
    line: Line, api: Peer, web: Peer
) -> None:
    freeze(line)
    line.notify(api, web, "one")
    line.notify(api, web, "two")
    assert thaw(line) == ["api", "web"]

    assert called(line, api) is None
    parcel = line.carry(web)
    assert parcel is not None
    assert parcel.envelope.body == "one"


def test_people_hear_of_a_frozen_circle_all_the_same(line: Line, ada: Chat, api: Peer) -> None:
    freeze(line)
    line.notify(api, ada.peer, "I was stopped")

    assert [p.envelope.body for p in line.shown(ada)] == ["I was stopped"]


def test_who_comes_into_a_frozen_circle_is_frozen(line: Line) -> None:
    freeze(line)
    late = line.agent("late", turn=Turn.WORKING)
    moved = line.agent("moved", "shop", turn=Turn.WORKING)
    assert called(line, moved) is None
    line.do(c.MovePeer(peer_id=moved.peer_id, circle="dev"))

    assert called(line, late) is not None
    assert called(line, moved) is not None


def test_only_what_is_frozen_can_be_thawed_and_freezing_twice_is_freezing(line: Line, api: Peer) -> None:
    with pytest.raises(Conflict):
        thaw(line)
    freeze(line)
    freeze(line)
    thaw(line)
    with pytest.raises(Conflict):
        thaw(line)
    assert called(line, api) is None


# --- what cannot wait -----------------------------------------------------------------------------------------------


def urgent(line: Line, sender: Peer, to: Peer, text: str = "stop that") -> str:
    return line.notify(sender, to, text, urgency=Urgency.URGENT)


def test_what_cannot_wait_comes_instead_of_the_next_call(line: Line, api: Peer, web: Peer) -> None:
    notice = urgent(line, web, api)
    denial = called(line, api)

    assert denial is not None
    assert (denial.reason, read(line, denial)) == (CANNOT_WAIT, ["stop that"])
    assert line.state(notice, api) == "handed"


def test_until_it_is_read_no_other_call_of_the_same_answer_is_made(line: Line, api: Peer, web: Peer) -> None:
    urgent(line, web, api)
    called(line, api)
    denial = called(line, api)
    assert denial is not None
    assert (denial.reason, denial.parcels) == (READ_FIRST, ())
    batch_over(line, api)

    assert called(line, api) is None


def test_a_subagent_is_neither_given_it_nor_held_up_by_it(line: Line, api: Peer, web: Peer) -> None:
    notice = urgent(line, web, api)
    assert called(line, api, 0) is None
    assert line.state(notice, api) == "queued"
    called(line, api)
    assert called(line, api, 0) is None


def test_if_nothing_tells_that_it_was_read_calls_go_on_after_a_while(
    line: Line, api: Peer, web: Peer
) -> None:
    urgent(line, web, api)
    called(line, api)
    line.now += timedelta(seconds=5)

    assert called(line, api) is None


def test_another_call_of_the_same_answer_is_no_evidence_that_it_arrived(
    line: Line, api: Peer, web: Peer
) -> None:
    notice = urgent(line, web, api)
    called(line, api)
    called(line, api)
    assert line.state(notice, api) == "handed"
    batch_over(line, api)

    assert line.state(notice, api) == "settled"


def test_a_denial_that_was_lost_is_said_again_and_nothing_is_to_be_read_first(
    line: Line, api: Peer, web: Peer
) -> None:
    ask = line.ask(web, api, "stop?", urgency=Urgency.URGENT)
    called(line, api)
    lost = line.delivery(ask, api)
    line.do(c.MissDelivery(delivery_id=lost.delivery_id, reason="the hook did not get our answer"))

    assert read(line, called(line, api)) == ["stop?"]


def test_one_urgent_ask_at_a_time_with_the_notices_before_it(line: Line, api: Peer, web: Peer) -> None:
    urgent(line, web, api, "first this")
    line.ask(web, api, "and now?", urgency=Urgency.URGENT)
    line.ask(web, api, "and then?", urgency=Urgency.URGENT)

    assert read(line, called(line, api)) == ["first this", "and now?"]
    batch_over(line, api)
    assert read(line, called(line, api)) == ["and then?"]


def test_no_more_is_said_than_there_is_room_for(line: Line, api: Peer, web: Peer) -> None:
    for n in range(3):
        urgent(line, web, api, f"{n}" * 9_000)
    denial = called(line, api)

    assert len(read(line, denial)) == 2
    assert denial is not None
    assert len(denial.reason) + sum(len(framed(each)) + 2 for each in denial.parcels) <= LIMIT


def test_what_does_not_fit_at_all_waits_for_the_end_of_the_turn_and_holds_up_nothing(
    line: Line, api: Peer, web: Peer
) -> None:
    urgent(line, web, api, "x" * 60_000)

    assert called(line, api) is None


def test_what_can_wait_waits(line: Line, api: Peer, web: Peer) -> None:
    line.notify(web, api)
    line.ask(web, api)

    assert called(line, api) is None


def test_an_urgent_ask_that_is_left_open_is_reminded_of_once(line: Line, api: Peer, web: Peer) -> None:
    ask = line.ask(web, api, "stop?", urgency=Urgency.URGENT)
    called(line, api)
    batch_over(line, api)
    line.stop(api, "done")
    line.stop(api, "done")

    assert line.asked(ask).state == asking.State.SEEN
    assert [text for _, text in line.inbox(api)] == [
        f"ask {ask.ask_id} still waits for your answer; reply now, or close it with ack"
    ]


# --- between two calls ----------------------------------------------------------------------------------------------


def between(line: Line, peer: Peer, limit: int = 9_500) -> list[str]:
    return [parcel.envelope.body for parcel in line.hand_out(peer, limit, between=True)]


def test_notices_and_answers_come_between_two_calls_and_asks_do_not(line: Line, api: Peer, web: Peer) -> None:
    other = line.agent("other")
    ask = line.ask(api, web, "how far?")
    line.ask(other, api, "and you?")
    line.notify(web, api, "by the way")
    line.work(web)
    line.stop(web, "half way")

    assert between(line, api) == ["by the way", "half way"]
    assert line.asked(ask).state == asking.State.ANSWERED


def test_nobody_overtakes_their_own_question(line: Line, api: Peer, web: Peer) -> None:
    other = line.agent("other")
    line.ask(web, api, "how far?")
    line.notify(web, api, "after the question")
    line.notify(other, api, "from somebody else")

    assert between(line, api) == ["from somebody else"]


def test_nothing_more_comes_before_the_last_of_it_is_known_to_have_arrived(
    line: Line, api: Peer, web: Peer
) -> None:
    notice = line.notify(web, api, "one")
    assert between(line, api) == ["one"]
    line.notify(web, api, "two")
    line.tool(api)  # another call of the same answer
    assert between(line, api) == []
    assert line.state(notice, api) == "handed"
    batch_over(line, api)

    assert line.state(notice, api) == "settled"
    assert between(line, api) == ["two"]


def test_what_was_handed_between_calls_has_arrived_when_the_turn_ends(
    line: Line, api: Peer, web: Peer
) -> None:
    notice = line.notify(web, api, "one")
    between(line, api)
    line.stop(api, "done")

    assert line.state(notice, api) == "settled"


def test_the_receipt_of_what_was_handed_between_calls_names_no_message_of_a_person(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    line.notify(web, api, "one")
    between(line, api)
    line.say(ada, "@api what?", reply_to=BETWEEN)

    assert [kind for kind, _ in line.inbox(api)] == [Kind.ASK]
    assert line.do(c.ConfirmCall(peer_id=api.peer_id, call_id=BETWEEN)) == 0


def test_reminders_are_left_for_the_end_of_the_turn(line: Line, api: Peer, web: Peer) -> None:
    line.ask(web, api, "how far?")
    line.stop(api)
    line.work(api)
    line.stop(api)
    assert "still waits" in line.inbox(api)[0][1]
    line.prompt(api)

    assert between(line, api) == []


def test_what_was_handed_and_never_seen_to_arrive_waits_again_after_the_session(
    line: Line, api: Peer, web: Peer
) -> None:
    notice = line.notify(web, api, "one")
    between(line, api)
    line.passes(A_MINUTE)
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))

    assert line.state(notice, api) == "queued"
