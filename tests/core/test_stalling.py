"""What was typed and brought no sign of arrival is not typed again, and whoever sent it is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.model import Delivery, Kind, Pane, Parcel, Peer, Road, Urgency
from daemon.core.rules.delivery import ENTERED, MAX_ATTEMPTS
from tests.core.line import A_MINUTE, PUMP, Line

PROOF = timedelta(seconds=8)
PANE = Pane(tmux="/tmux", server_pid=1, pane_id="%1", pane_pid=2, pane_started=3)


@pytest.fixture
def api(line: Line) -> Peer:
    """It can be reached by its terminal only."""
    return line.agent("api", inbox="", pane=PANE)


def entered(line: Line, peer: Peer) -> Parcel:
    """Pasted, and Enter was pressed."""
    parcel = line.lease(peer)
    assert parcel is not None
    assert parcel.delivery.road is Road.TERMINAL
    ident = parcel.delivery.delivery_id
    line.do(c.AckDelivery(delivery_id=ident, holder=PUMP, receipt=ENTERED, proof_within=PROOF))
    return parcel


def missed(line: Line, parcel: Parcel) -> None:
    line.do(c.MissDelivery(delivery_id=parcel.delivery.delivery_id, reason="no sign of it"))


def test_what_was_typed_and_entered_stalls_at_the_first_miss(line: Line, web: Peer, api: Peer) -> None:
    message = line.notify(web, api)
    missed(line, entered(line, api))

    assert line.state(message, api) == "stalled"
    assert line.lease(api) is None
    assert [told.event.type for told in line.story(message)][-1] == "stalled"


def test_the_proof_of_it_is_overdue_after_eight_seconds(line: Line, web: Peer, api: Peer) -> None:
    line.notify(web, api)
    parcel = entered(line, api)

    assert line.passes(PROOF - timedelta(milliseconds=1)) == ()
    (overdue,) = line.passes(timedelta(milliseconds=1))
    assert overdue.delivery.delivery_id == parcel.delivery.delivery_id


def test_an_agent_reads_of_it_with_its_next_message(line: Line, web: Peer, api: Peer) -> None:
    message = line.notify(web, api)
    missed(line, entered(line, api))

    ((delivery, envelope),) = line.view.unread(web.peer_id, 10)
    assert envelope.body == (
        f"api did not show that it took your message ({message}): "
        "it was typed into its terminal and nothing followed"
    )
    assert (envelope.kind, envelope.correlation_id) == (Kind.NOTICE, None)
    assert delivery.urgency is Urgency.FYI


def test_a_person_hears_of_it_at_once(line: Line, api: Peer) -> None:
    ada = line.telegram()
    asked = line.say(ada, "@api how far?").ask_id
    line.shown(ada)
    missed(line, entered(line, api))

    (told,) = line.shown(ada)
    assert told.envelope.body.startswith(f"api did not show that it took your message ({asked}): ")
    assert (told.envelope.kind, told.envelope.silent) == (Kind.REPLY, False)


def test_evidence_that_comes_later_makes_it_seen_all_the_same(line: Line, web: Peer, api: Peer) -> None:
    message = line.notify(web, api)
    parcel = entered(line, api)
    missed(line, parcel)
    line.prompt(api, parcel)

    assert line.state(message, api) == "settled"
    assert len(line.inbox(web)) == 1


def test_what_a_crash_left_without_a_word_may_be_tried_again(line: Line, web: Peer, api: Peer) -> None:
    message = line.notify(web, api)
    line.lease(api)
    line.do(c.Recover(holder_prefix=PUMP))
    (overdue,) = line.passes(timedelta())
    missed(line, overdue)

    assert line.state(message, api) == "queued"
    assert line.inbox(web) == []


def test_what_its_session_took_to_the_grave_is_not_typed_into_the_next(
    line: Line, web: Peer, api: Peer
) -> None:
    message = line.notify(web, api)
    entered(line, api)
    line.do(c.EndSession(session_id=line.session(api).session_id, why="its process ended"))

    assert line.state(message, api) == "stalled"
    assert len(line.inbox(web)) == 1


def test_a_hook_that_is_heard_after_the_end_of_its_session_is_evidence(
    line: Line, web: Peer, api: Peer
) -> None:
    message = line.notify(web, api)
    parcel = entered(line, api)
    session_id = line.session(api).session_id
    line.do(c.EndSession(session_id=session_id, why="its process ended"))
    line.do(c.TurnBegan(session_id=session_id, marks=(parcel.delivery.mark,)))

    assert line.state(message, api) == "settled"
    assert line.session(api).ended_at is not None


def test_on_any_other_road_it_is_told_when_the_attempts_are_used_up(line: Line, web: Peer) -> None:
    app = line.agent("app")
    message = line.notify(web, app)
    for _ in range(MAX_ATTEMPTS):
        assert line.inbox(web) == []
        parcel = line.carry(app)
        assert parcel is not None
        missed(line, parcel)

    ((_, told),) = line.inbox(web)
    assert told == (
        f"app did not show that it took your message ({message}): "
        "it was given to its inbox again and again and nothing followed"
    )


def test_nobody_is_told_of_an_ask_that_is_over(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    parcel = entered(line, api)
    line.do(c.CancelAsk(ask_id=ask.ask_id, by=web.peer_id))
    before = line.inbox(web)
    missed(line, parcel)

    assert line.state(ask, api) == "cancelled"
    assert line.inbox(web) == before


def test_a_notice_of_the_line_itself_that_stalls_is_told_to_nobody(line: Line, web: Peer, api: Peer) -> None:
    """Or the line would talk to itself."""
    ask = line.ask(web, api)
    line.prompt(api, entered(line, api))
    line.stop(api)  # without a word: it is reminded
    assert line.inbox(web) == []
    missed(line, entered(line, api))

    assert line.inbox(web) == []
    assert line.asked(ask).state == "seen"


def test_who_watches_is_told_once_but_not_who_sent_it(line: Line, web: Peer, api: Peer) -> None:
    ada, ben = line.telegram(), line.group(("*",))
    for chat in (ada, ben):
        line.say(chat, "/watch api")
    asked = line.say(ada, "@api how far?").ask_id
    line.shown(ada), line.shown(ben)
    missed(line, entered(line, api))

    assert [p.envelope.body for p in line.shown(ben)] == [
        f"api stalls: what telegram sent ({asked}) was typed into its terminal and nothing followed"
    ]
    (told,) = line.shown(ada)
    assert told.envelope.body.startswith("api did not show that it took your message")


def test_who_watches_somebody_else_is_told_nothing(line: Line, web: Peer, api: Peer) -> None:
    ada = line.telegram()
    line.say(ada, "/watch web")
    line.shown(ada)
    line.notify(web, api)
    missed(line, entered(line, api))

    assert line.shown(ada) == []


# --- half typed -----------------------------------------------------------------------------------------------------


def half_typed(line: Line, peer: Peer) -> Delivery:
    parcel = line.lease(peer)
    assert parcel is not None
    ident = parcel.delivery.delivery_id
    nak = c.NakDelivery(delivery_id=ident, holder=PUMP, reason="pasted, but not sent: the agent is waiting")
    failed: Delivery = line.do(nak)
    return failed


def test_what_lies_in_the_prompt_unsent_is_not_handed_over_by_a_hook_as_well(
    line: Line, web: Peer, api: Peer
) -> None:
    """The paste would stay in the prompt, and arrive a second time with whoever presses Enter."""
    message = line.notify(web, api)
    half_typed(line, api)
    line.prompt(api)
    line.stop(api)

    assert line.hand_out(api) == ()
    line.passes(A_MINUTE)
    again = entered(line, api)
    assert (again.envelope.envelope_id, again.delivery.attempts) == (message, 2)


def test_nor_while_it_is_held_again(line: Line, web: Peer, api: Peer) -> None:
    line.notify(web, api)
    half_typed(line, api)
    line.passes(A_MINUTE)
    parcel = line.lease(api)
    assert parcel is not None
    line.do(c.HoldDelivery(delivery_id=parcel.delivery.delivery_id, holder=PUMP, reason="a dialog"))
    line.prompt(api)
    line.stop(api)

    assert line.hand_out(api) == ()


def test_what_was_held_before_anything_was_typed_is_handed_over(line: Line, web: Peer, api: Peer) -> None:
    line.notify(web, api)
    parcel = line.lease(api)
    assert parcel is not None
    line.do(c.HoldDelivery(delivery_id=parcel.delivery.delivery_id, holder=PUMP, reason="a dialog"))
    line.prompt(api)
    line.stop(api)

    assert len(line.hand_out(api)) == 1


def test_what_lies_in_the_prompt_of_a_session_that_ended_is_handed_over_in_the_next(
    line: Line, web: Peer, api: Peer
) -> None:
    line.notify(web, api)
    half_typed(line, api)
    line.do(c.EndSession(session_id=line.session(api).session_id, why="its process ended"))
    following = line.agent("api", inbox="")
    assert following.peer_id == api.peer_id
    line.prompt(api)
    line.stop(api)

    assert len(line.hand_out(api)) == 1
