"""What waits is given in its order, to one at a time; what was taken and not confirmed is given again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core import commands as c
from daemon.core.errors import StaleLease
from daemon.core.model import Kind, Parcel, Peer, Road, Urgency
from tests.core.line import A_MINUTE, BOT, PUMP, Chat, Line


def bodies(parcels: list[Parcel]) -> list[str]:
    return [parcel.envelope.body for parcel in parcels]


def leased(line: Line, peer: Peer) -> Parcel:
    parcel = line.lease(peer)
    assert parcel is not None
    return parcel


def to_show(line: Line, chat: Chat) -> Parcel:
    parcel = line.lease(chat.peer, holder=BOT, shows=True)
    assert parcel is not None
    return parcel


def extend(line: Line, parcel: Parcel, holder: str = BOT) -> None:
    line.do(c.ExtendDelivery(delivery_id=parcel.delivery.delivery_id, holder=holder, ttl=A_MINUTE))


# --- leases ---------------------------------------------------------------------------------------------------------


def test_one_is_given_at_a_time_in_the_order_of_sending(line: Line) -> None:
    web, ada = line.agent("web"), line.telegram()
    for n in range(4):
        line.notify(web, ada.peer, str(n))

    first = to_show(line, ada)
    assert line.lease(ada.peer, holder=BOT, shows=True) is None
    line.do(c.AckDelivery(delivery_id=first.delivery.delivery_id, holder=BOT, receipt="r"))

    assert [first.envelope.body, *bodies(line.shown(ada))] == ["0", "1", "2", "3"]


def test_nobody_overtakes_one_that_has_to_be_tried_again(line: Line) -> None:
    web, ada = line.agent("web"), line.telegram()
    for n in range(2):
        line.notify(web, ada.peer, str(n))
    first = to_show(line, ada)

    line.do(
        c.NakDelivery(
            delivery_id=first.delivery.delivery_id, holder=BOT, reason="429", after=timedelta(seconds=7)
        )
    )

    assert line.lease(ada.peer, holder=BOT, shows=True) is None
    line.passes(timedelta(seconds=7))
    assert bodies(line.shown(ada)) == ["0", "1"]


def test_one_recipients_trouble_is_not_anothers(line: Line) -> None:
    web, ada = line.agent("web", "default"), line.telegram()
    ben = line.telegram("ben", "8", owner=False)
    for chat in (ada, ben):
        line.notify(web, chat.peer)
    to_show(line, ada)

    both = c.LeaseNext(peer_ids=(ada.peer.peer_id, ben.peer.peer_id), holder=BOT, ttl=A_MINUTE, shows=True)

    assert line.do(both).delivery.peer_id == ben.peer.peer_id


@pytest.mark.parametrize("state", ["leased", "not due"])
def test_what_wakes_passes_what_is_for_information_but_nothing_else(line: Line, state: str) -> None:
    web, api = line.agent("web"), line.agent("api")
    line.notify(web, api, "fyi", urgency=Urgency.FYI)
    line.notify(web, api, "first")
    line.notify(web, api, "second")
    first = leased(line, api)
    assert first.envelope.body == "first"
    if state == "not due":
        line.do(c.NakDelivery(delivery_id=first.delivery.delivery_id, holder=PUMP, reason="busy"))

    assert line.lease(api) is None


def test_however_much_is_for_information_only_an_ask_gets_through(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    for n in range(70):
        line.notify(web, api, str(n), urgency=Urgency.FYI)
    line.ask(web, api, "how far?")

    assert leased(line, api).envelope.body == "how far?"
    line.prompt(api)
    assert len(line.hand_out(api, limit=10**6, passing=True)) >= 50


def test_to_people_what_is_for_information_comes_in_its_order(line: Line) -> None:
    web, ada = line.agent("web"), line.telegram()
    line.notify(web, ada.peer, "fyi", urgency=Urgency.FYI)
    line.notify(web, ada.peer, "now")

    assert bodies(line.shown(ada)) == ["fyi", "now"]


def test_a_surface_is_not_given_what_is_for_agents_nor_a_pump_what_is_for_people(line: Line) -> None:
    web, api, ada = line.agent("web"), line.agent("api"), line.telegram()
    for peer in (api, ada.peer):
        line.notify(web, peer)

    assert line.lease(api, holder=BOT, shows=True) is None
    assert line.lease(ada.peer) is None


def test_nothing_is_leased_to_carry_to_who_is_away_busy_or_polls(line: Line) -> None:
    web, away, busy, client = line.agent("web"), line.agent("away"), line.agent("busy"), line.poller()
    for peer in (away, busy, client):
        line.notify(web, peer)
    line.do(c.EndSession(session_id=line.session(away).session_id, why="exit"))
    line.prompt(busy)

    assert [line.lease(peer) for peer in (away, busy, client)] == [None, None, None]


def test_every_delivery_gets_a_mark_of_its_own(line: Line) -> None:
    web = line.agent("web")
    marks = set()
    for n in range(5):
        api = line.agent(f"api-{n}")
        line.notify(web, api)
        marks.add(leased(line, api).delivery.mark)

    assert len(marks) == 5
    assert {len(mark) for mark in marks} == {8}


def test_a_second_try_looks_for_the_mark_of_the_first(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    line.notify(web, api)
    first = leased(line, api)
    (lapsed,) = line.passes(A_MINUTE)
    line.do(c.MissDelivery(delivery_id=lapsed.delivery.delivery_id, reason="no sign of it"))

    assert leased(line, api).delivery.mark == first.delivery.mark


def test_a_lease_lapses_and_its_holders_late_word_is_refused(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    message = line.notify(web, api)
    parcel = leased(line, api)
    (lapsed,) = line.passes(A_MINUTE)
    line.do(c.MissDelivery(delivery_id=lapsed.delivery.delivery_id, reason="no sign of it"))

    assert line.state(message, api) == "queued"
    with pytest.raises(StaleLease):
        line.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=PUMP))


def test_what_was_being_carried_to_an_agent_when_its_lease_lapsed_is_looked_for_before_it_is_repeated(
    line: Line,
) -> None:
    web, api = line.agent("web"), line.agent("api")
    message = line.notify(web, api)
    parcel = leased(line, api)

    (looked_for,) = line.passes(timedelta(hours=8))  # the machine slept in the middle of it

    assert looked_for.delivery.delivery_id == parcel.delivery.delivery_id
    assert line.state(message, api) == "handed"
    assert line.hand_out(api) == ()
    line.prompt(api, parcel)
    assert line.state(message, api) == "settled"


def test_what_was_being_sent_to_a_chat_when_its_lease_lapsed_is_uncertain_and_comes_again(
    line: Line,
) -> None:
    web, ada = line.agent("web"), line.telegram()
    message = line.notify(web, ada.peer)
    parcel = to_show(line, ada)
    extend(line, parcel)

    line.passes(2 * A_MINUTE)

    assert line.state(message, ada.peer) == "uncertain"
    line.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, receipt="r-1"))
    assert line.state(message, ada.peer) == "handed", "its sender is found after all"
    assert line.shown(ada) == []


class Anything:
    """An agent, somebody who writes to it, and whatever comes between them."""

    def __init__(self) -> None:
        self.line = Line()
        self.web, self.api = self.line.agent("web"), self.line.agent("api")
        self.sent: list[str] = []
        self.seen: list[str] = []

    def notify(self) -> None:
        self.sent.append(self.line.notify(self.web, self.api, str(len(self.sent))))

    def ask(self) -> None:
        self.sent.append(self.line.ask(self.web, self.api, str(len(self.sent))).ask_id)

    def carry(self) -> None:
        if parcel := self.line.carry(self.api):
            self.seen.append(parcel.envelope.envelope_id)
            self.line.prompt(self.api, parcel)

    def refuse(self) -> None:
        if parcel := self.line.lease(self.api):
            ident = parcel.delivery.delivery_id
            self.line.do(c.NakDelivery(delivery_id=ident, holder=PUMP, reason="full", after=A_MINUTE))

    def tool(self) -> None:
        self.line.tool(self.api)

    def time(self) -> None:
        self.line.passes(A_MINUTE)

    def stop(self) -> None:
        self.line.stop(self.api, "done", continuing=True)
        handed = self.line.hand_out(self.api)
        assert len([x for x in handed if x.envelope.kind is Kind.ASK]) <= 1
        self.seen.extend(parcel.envelope.envelope_id for parcel in handed)


STEPS = [
    Anything.notify,
    Anything.ask,
    Anything.carry,
    Anything.refuse,
    Anything.tool,
    Anything.time,
    Anything.stop,
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(STEPS), max_size=25))
def test_whatever_happens_an_agent_sees_all_in_order_and_one_ask_at_a_time(
    steps: list[Callable[[Anything], None]],
) -> None:
    it = Anything()

    for step in (*steps, *[Anything.stop] * 30):
        step(it)

    assert it.seen == it.sent


def test_a_hand_out_does_not_overtake_what_is_on_another_road(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    line.ask(web, api, "first?")
    line.ask(web, api, "second?")
    leased(line, api)
    line.prompt(api)
    line.stop(api)

    assert line.hand_out(api) == ()


def test_nothing_is_handed_out_while_something_else_is_on_its_way_unproven(line: Line) -> None:
    """A person's prompt was quicker than the message in the inbox: that comes next, not the one after it."""
    web, api = line.agent("web"), line.agent("api")
    first, second = line.ask(web, api, "first?"), line.ask(web, api, "second?")
    pushed = line.carry(api)
    assert pushed is not None
    line.prompt(api, prompt_id="of a person")
    line.stop(api, "for my user", prompt_id="of a person")

    assert line.hand_out(api) == ()

    line.prompt(api, pushed)
    line.stop(api, "first!")
    assert [x.envelope.envelope_id for x in line.hand_out(api)] == [second.ask_id]
    assert line.asked(first).answers[0].text == "first!"


# --- clients that poll ----------------------------------------------------------------------------------------------


def test_a_poller_takes_in_order_and_what_it_confirms_is_seen(line: Line) -> None:
    web, client = line.agent("web"), line.poller()
    messages = [line.notify(web, client, str(n)) for n in range(3)]

    assert line.collect(client, "call-1", limit=2) == ["0", "1"]
    assert {line.state(x, client) for x in messages[:2]} == {"handed"}
    assert line.do(c.ConfirmCall(peer_id=client.peer_id, call_id="call-1")) == 2

    assert [line.state(x, client) for x in messages] == ["settled", "settled", "queued"]
    assert line.delivery(messages[0], client).road is Road.POLL


def test_what_was_taken_and_never_confirmed_comes_again_first(line: Line) -> None:
    web, client = line.agent("web"), line.poller()
    message = line.notify(web, client, "0")
    line.collect(client, "call-1")
    line.notify(web, client, "1")

    for n in range(2, 12):
        assert line.collect(client, f"call-{n}") == ["0", "1"]

    assert line.delivery(message, client).attempts <= 1


def test_a_confirmation_of_another_call_proves_nothing(line: Line) -> None:
    web, client = line.agent("web"), line.poller()
    message = line.notify(web, client)
    line.collect(client, "call-1")

    assert line.do(c.ConfirmCall(peer_id=client.peer_id, call_id="call-0")) == 0
    assert line.state(message, client) == "handed"
    assert line.do(c.ConfirmCall(peer_id=client.peer_id, call_id="call-2", others=True)) == 1
    assert line.state(message, client) == "settled"


def test_an_ask_that_was_collected_is_seen_and_answered_by_ack(line: Line) -> None:
    web, client = line.agent("web"), line.poller()
    ask = line.ask(web, client)
    line.collect(client, "call-1")
    line.do(c.ConfirmCall(peer_id=client.peer_id, call_id="call-1"))
    assert line.asked(ask).state == "seen"

    line.answer(ask, client, "here")

    assert (line.asked(ask).state, line.state(ask, client)) == ("answered", "settled")


def test_who_waits_for_one_answer_takes_only_that(line: Line) -> None:
    web, client = line.agent("web"), line.poller()
    line.notify(web, client, "something else")
    asks = [line.ask(client, web, question) for question in ("one?", "two?")]
    for ask in asks:
        line.answer(ask, web, ask.question.upper())

    assert line.collect(client, "call-1", ask_id=asks[1].ask_id) == ["TWO?"]
    assert line.collect(client, "call-2") == ["TWO?", "something else", "ONE?"]


# --- after a crash --------------------------------------------------------------------------------------------------


def test_a_new_run_looks_for_what_the_last_one_was_carrying(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    message = line.notify(web, api)
    parcel = leased(line, api)

    assert line.do(c.Recover(holder_prefix=PUMP)) == 1

    assert line.state(message, api) == "handed"
    overdue = line.passes(timedelta(0))
    assert [x.delivery.mark for x in overdue] == [parcel.delivery.mark]


def test_what_a_chat_was_being_sent_is_uncertain_and_what_was_not_begun_is_free(line: Line) -> None:
    web, ada = line.agent("web", "default"), line.telegram()
    ben = line.telegram("ben", "8", owner=False)
    begun, waiting = line.notify(web, ada.peer), line.notify(web, ben.peer)
    extend(line, to_show(line, ada))
    to_show(line, ben)

    line.do(c.Recover(holder_prefix=BOT))

    assert line.state(begun, ada.peer) == "uncertain"
    freed = line.delivery(waiting, ben.peer)
    assert (freed.state, freed.attempts) == ("queued", 0)


def test_a_second_stream_of_a_living_holder_leaves_alone_what_was_begun(line: Line) -> None:
    web, ada = line.agent("web", "default"), line.telegram()
    ben = line.telegram("ben", "8", owner=False)
    begun, waiting = line.notify(web, ada.peer), line.notify(web, ben.peer)
    extend(line, to_show(line, ada))
    to_show(line, ben)

    line.do(c.Recover(holder_prefix=BOT, gone=False))

    assert [line.state(begun, ada.peer), line.state(waiting, ben.peer)] == ["leased", "queued"]


def test_a_new_run_leaves_the_leases_of_others_alone(line: Line) -> None:
    web, api, ada = line.agent("web"), line.agent("api"), line.telegram()
    message, shown = line.notify(web, api), line.notify(web, ada.peer)
    leased(line, api)
    to_show(line, ada)

    line.do(c.Recover(holder_prefix=PUMP))

    assert [line.state(message, api), line.state(shown, ada.peer)] == ["handed", "leased"]


# --- proof, time, replay --------------------------------------------------------------------------------------------


def test_what_is_missed_again_and_again_stalls_and_can_be_replayed(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    message = line.notify(web, api)
    for _ in range(5):
        parcel = line.carry(api)
        assert parcel is not None
        line.do(c.MissDelivery(delivery_id=parcel.delivery.delivery_id, reason="no sign of it"))

    assert line.state(message, api) == "stalled"
    line.do(c.ReplayDelivery(delivery_id=parcel.delivery.delivery_id))
    again = leased(line, api)
    assert again.delivery.mark != parcel.delivery.mark
    assert again.delivery.attempts == 1


def test_what_nobody_takes_in_time_expires(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    line.prompt(api)
    message = line.notify(web, api)

    line.passes(timedelta(days=6))
    assert line.state(message, api) == "queued"
    line.passes(timedelta(days=1))

    assert line.state(message, api) == "expired"


def test_a_held_message_costs_no_attempt_and_goes_when_its_time_comes(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    message = line.notify(web, api)
    parcel = leased(line, api)
    until = line.now + A_MINUTE

    line.do(
        c.HoldDelivery(
            delivery_id=parcel.delivery.delivery_id, holder=PUMP, reason="a draft is half typed", until=until
        )
    )

    assert (line.state(message, api), line.delivery(message, api).attempts) == ("held", 0)
    assert line.lease(api) is None
    line.passes(A_MINUTE)
    assert leased(line, api).envelope.envelope_id == message


def test_what_was_rejected_is_dead_and_says_why(line: Line) -> None:
    web, ada = line.agent("web"), line.telegram()
    message = line.notify(web, ada.peer)
    parcel = to_show(line, ada)

    line.do(c.RejectDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, reason="chat not found"))

    assert line.state(message, ada.peer) == "dead"
    assert line.story(message)[-1].event.evidence == "chat not found"


# --- what is too long to be handed out ------------------------------------------------------------------------------

TOO_LONG = "x" * 10_000


def without_a_road(line: Line) -> Peer:
    """An agent that only its hooks reach."""
    return line.agent("api", backend="gemini", inbox="")


def test_what_no_hook_can_carry_is_told_of_at_the_boundary_and_taken_by_the_tool(line: Line) -> None:
    web, api = line.agent("web"), without_a_road(line)
    long = line.notify(web, api, TOO_LONG)
    line.notify(web, api, "short")
    line.prompt(api)
    line.stop(api)

    (hint,) = line.hand_out(api)
    assert hint.envelope.body == (
        "2 messages wait, the first too long to come by itself: call check_messages"
    )
    assert "told to call check_messages" in line.delivery(long, api).reason
    assert line.collect(api) == [TOO_LONG, "short"]


def test_it_is_told_of_once_in_ten_minutes(line: Line) -> None:
    web, api = line.agent("web"), without_a_road(line)
    line.notify(web, api, TOO_LONG)
    told = 0
    for _ in range(3):
        line.prompt(api)
        line.stop(api)
        told += len(line.hand_out(api))
    assert told == 1
    line.passes(11 * A_MINUTE)
    line.prompt(api)
    line.stop(api)
    assert "1 message waits" in line.hand_out(api)[0].envelope.body


def test_what_another_road_carries_is_not_told_of(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    line.notify(web, api, TOO_LONG)
    line.prompt(api)
    line.stop(api)
    assert line.hand_out(api) == ()


def test_what_would_arrive_changed_waits_for_another_way_and_nothing_overtakes_it(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    line.prompt(api)
    said = [line.notify(web, api, text) for text in ("plain", "a < b", "plain again")]
    line.stop(api)

    handed = line.hand_out(api, changes="<>&")
    pushed = line.carry(api)

    assert [each.envelope.envelope_id for each in handed] == [said[0]]
    assert pushed is None  # until the hand-out is seen to have arrived


def test_where_there_is_no_other_way_it_arrives_as_it_can(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api", inbox="")
    line.prompt(api)
    said = line.notify(web, api, "a < b")
    line.stop(api)

    assert [each.envelope.envelope_id for each in line.hand_out(api, changes="<>&")] == [said]
