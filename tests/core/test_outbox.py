"""What is shown to people: in which order, one part at a time, in doubt and marked, and not before a flood is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from daemon.core import commands as c
from daemon.core.model import Delivery, Kind, Parcel, Peer, Urgency
from daemon.core.outbox import lane
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules.delivery import AFTER_DOUBT, MAX_DOUBTS, State
from daemon.core.view import Plan
from daemon.store.showing import LANE, NEXT
from tests.core.line import A_MINUTE, BOT, Chat, Line

A_SECOND = timedelta(seconds=1)


def leased(line: Line, chat: Chat) -> Parcel:
    parcel = line.lease(chat.peer, holder=BOT, shows=True)
    assert parcel is not None
    return parcel


def nothing_is_shown(line: Line, chat: Chat) -> bool:
    return line.lease(chat.peer, holder=BOT, shows=True) is None


def begun(line: Line, parcel: Parcel) -> None:
    line.do(c.ExtendDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, ttl=A_MINUTE))


def shown_part(line: Line, parcel: Parcel, receipt: str) -> Delivery:
    done: Delivery = line.do(
        c.PartDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, receipt=receipt)
    )
    return done


def doubted(line: Line, parcel: Parcel) -> Delivery:
    done: Delivery = line.do(
        c.DoubtDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, reason="no answer")
    )
    return done


def flooded(line: Line, parcel: Parcel, after: timedelta) -> None:
    ident = parcel.delivery.delivery_id
    line.do(c.NakDelivery(delivery_id=ident, holder=BOT, reason="flood", after=after, quiet=True))


def posted(line: Line, chat: Chat, text: str, **letter: object) -> str:
    plan = Plan(line.view, line.now, f"{text}{letter}")
    envelope, _ = post(plan, LINE, [chat.peer], Letter(**({"text": text} | letter)))
    decision = plan.decision()
    line.put(*decision.puts)
    return envelope.envelope_id


# --- lanes ----------------------------------------------------------------------------------------------------------


def test_an_approval_comes_before_everything_and_progress_after_everything(line: Line, api: Peer) -> None:
    ada = line.telegram()
    posted(line, ada, "progress", kind=Kind.CHANGE, urgency=Urgency.FYI, correlation_id="m-1", reply_to="r-0")
    line.notify(api, ada.peer, "notice")
    line.ask(api, ada.peer, "question?")
    posted(line, ada, "reply", kind=Kind.REPLY)
    posted(line, ada, "decided", kind=Kind.CHANGE, correlation_id="m-2", reply_to="r-0")
    line.request(api)

    told = [parcel.envelope.body for parcel in line.shown(ada)]

    assert told[0].startswith("wants to use")
    assert told[1:] == ["reply", "decided", "notice", "question?", "progress"]


def test_only_one_is_out_at_a_time_whatever_is_urgent(line: Line, api: Peer) -> None:
    ada = line.telegram()
    line.notify(api, ada.peer)
    leased(line, ada)
    line.request(api)

    assert nothing_is_shown(line, ada)


def test_an_agent_gets_all_in_the_order_of_sending(line: Line, web: Peer, api: Peer) -> None:
    sent = [
        line.notify(web, api, str(n), urgency=urgency)
        for n, urgency in enumerate([Urgency.NORMAL, Urgency.URGENT])
    ]

    carried = line.carry(api)

    assert carried is not None
    assert carried.envelope.envelope_id == sent[0]


def test_the_stores_lanes_are_those_of_the_core(line: Line) -> None:
    sql = f"SELECT {LANE} FROM (SELECT ? AS state, ? AS kind, ? AS urgency)"  # noqa: S608  a constant
    known = line.delivery(line.notify(line.agent("web"), line.telegram().peer), line.telegram().peer)
    for state, kind, urgency in product(State, Kind, Urgency):
        told = line.conn.execute(sql, (state.value, kind.value, urgency.value)).fetchone()[0]
        assert told == lane(replace(known, state=state, kind=kind, urgency=urgency)), (state, kind, urgency)


def test_what_is_next_is_found_by_an_index_however_many_wait(line: Line) -> None:
    plan = line.conn.execute(f"EXPLAIN QUERY PLAN {NEXT} LIMIT 1", ("p-1",)).fetchall()

    told = " ".join(str(row["detail"]) for row in plan)
    assert "delivery_lanes" in told
    assert "TEMP B-TREE" not in told


# --- parts ----------------------------------------------------------------------------------------------------------


def test_between_two_parts_an_approval_overtakes_and_no_part_comes_again(line: Line, api: Peer) -> None:
    ada = line.telegram()
    long = line.notify(api, ada.peer, "long")
    shown_part(line, leased(line, ada), "r-1")
    line.request(api)

    approval = leased(line, ada)
    assert approval.envelope.kind is Kind.ASK
    line.do(c.AckDelivery(delivery_id=approval.delivery.delivery_id, holder=BOT, receipt="r-2"))

    rest = leased(line, ada)
    assert (rest.envelope.envelope_id, rest.delivery.parts, rest.delivery.attempts) == (long, ("r-1",), 1)


def test_a_reply_to_any_part_finds_its_author(line: Line, api: Peer) -> None:
    ada = line.telegram()
    line.notify(api, ada.peer, "long")
    for receipt in ("r-1", "r-2"):
        shown_part(line, leased(line, ada), receipt)
    line.shown(ada)

    for receipt in ("r-1", "r-2"):
        heard = line.say(ada, f"about {receipt}", reply_to=receipt)
        assert heard.understood == "ask"


def test_a_part_that_is_told_twice_is_one_part(line: Line, api: Peer) -> None:
    ada = line.telegram()
    line.notify(api, ada.peer, "long")
    first = leased(line, ada)
    shown_part(line, first, "r-1")
    leased(line, ada)  # the next part is out already

    assert shown_part(line, first, "r-1").parts == ("r-1",)


def test_after_a_crash_only_the_part_that_was_being_sent_is_in_doubt(line: Line, api: Peer) -> None:
    ada = line.telegram()
    message = line.notify(api, ada.peer, "long")
    shown_part(line, leased(line, ada), "r-1")
    begun(line, leased(line, ada))

    line.do(c.Recover(holder_prefix=BOT))

    left = line.delivery(message, ada.peer)
    assert (left.state, left.parts, left.doubts) == (State.UNCERTAIN, ("r-1",), 1)
    line.now += A_SECOND
    assert shown_part(line, leased(line, ada), "r-2").doubts == 0


# --- doubts ---------------------------------------------------------------------------------------------------------


def test_what_may_have_arrived_comes_again_by_itself_in_its_place_and_says_so(line: Line, api: Peer) -> None:
    ada = line.telegram()
    first = line.notify(api, ada.peer, "first")
    line.notify(api, ada.peer, "second")
    doubted(line, leased(line, ada))
    assert line.state(first, ada.peer) == "uncertain"
    assert "uncertain" in [told.event.type for told in line.view.told_of(first)]
    assert nothing_is_shown(line, ada), "the second one waits for the first"

    line.now += AFTER_DOUBT[0]

    again, after = line.shown(ada)
    assert (again.envelope.envelope_id, again.delivery.doubts, after.delivery.doubts) == (first, 1, 0)


def test_after_five_doubts_it_stays_uncertain_and_holds_up_nobody(line: Line, api: Peer) -> None:
    ada = line.telegram()
    message = line.notify(api, ada.peer, "lost")
    for _ in range(MAX_DOUBTS):
        doubted(line, leased(line, ada))
        line.passes(max(AFTER_DOUBT))
    line.notify(api, ada.peer, "next")

    assert [parcel.envelope.body for parcel in line.shown(ada)] == ["next"]
    assert line.state(message, ada.peer) == "uncertain"
    line.do(c.ReplayDelivery(delivery_id=line.delivery(message, ada.peer).delivery_id))
    assert [parcel.delivery.doubts for parcel in line.shown(ada)] == [MAX_DOUBTS], "and is marked still"


def test_a_doubt_is_no_failed_attempt(line: Line, api: Peer) -> None:
    ada = line.telegram()
    line.notify(api, ada.peer)

    assert doubted(line, leased(line, ada)).attempts == 0


def test_a_change_that_may_have_been_made_is_made_again_without_a_word(line: Line, api: Peer) -> None:
    ada = line.telegram()
    change = posted(line, ada, "x", kind=Kind.CHANGE, correlation_id="m-1", reply_to="r-0")
    begun(line, leased(line, ada))

    line.do(c.Recover(holder_prefix=BOT))

    left = line.delivery(change, ada.peer)
    assert (left.state, left.doubts) == (State.QUEUED, 0)


# --- rooms that are left alone --------------------------------------------------------------------------------------


def test_nothing_goes_to_a_room_or_its_topics_before_its_flood_wait_is_over(line: Line, api: Peer) -> None:
    line.telegram()
    topics = [line.group(("dev",), f"-100/{n}") for n in (1, 2)]
    other = line.group(("dev",), "-200")
    for chat in (*topics, other):
        line.notify(api, chat.peer)
    wait = timedelta(seconds=6775)
    flooded(line, leased(line, topics[0]), wait)

    assert nothing_is_shown(line, topics[1])
    assert len(line.shown(other)) == 1
    line.notify(api, topics[0].peer, "later", urgency=Urgency.URGENT)
    line.now += wait - A_SECOND
    assert all(nothing_is_shown(line, chat) for chat in topics)
    line.now += A_SECOND
    assert [len(line.shown(chat)) for chat in topics] == [2, 1]


def test_what_waits_for_a_flood_to_end_is_looked_at_again_when_it_has(line: Line, api: Peer) -> None:
    line.telegram()
    topics = [line.group(("dev",), f"-100/{n}") for n in (1, 2)]
    for chat in topics:
        line.notify(api, chat.peer)
    flooded(line, leased(line, topics[0]), A_MINUTE)
    assert nothing_is_shown(line, topics[1])

    due = line.view.carriable(line.now, line.now + A_MINUTE)

    assert set(due) == {chat.peer.peer_id for chat in topics}


def test_a_flood_wait_holds_though_what_was_being_sent_is_over_by_then(line: Line, api: Peer) -> None:
    ada = line.telegram()
    line.notify(api, ada.peer)
    parcel = leased(line, ada)
    line.passes(2 * A_MINUTE)  # its lease has lapsed

    flooded(line, parcel, A_MINUTE)

    assert nothing_is_shown(line, ada)


def test_a_shorter_flood_wait_shortens_nothing(line: Line, api: Peer) -> None:
    ada = line.telegram()
    line.notify(api, ada.peer)
    first = leased(line, ada)
    flooded(line, first, A_MINUTE)
    line.now += A_MINUTE / 2
    plan = line.plan()
    quiet = plan.quiet("telegram", ada.address)
    assert quiet is not None
    assert quiet.until == line.now + A_MINUTE / 2


@pytest.mark.parametrize("by", [timedelta(days=1), -timedelta(days=1)])
def test_a_clock_that_is_set_makes_no_flood_wait_longer_or_shorter(
    line: Line, api: Peer, by: timedelta
) -> None:
    ada = line.telegram()
    line.notify(api, ada.peer)
    flooded(line, leased(line, ada), A_MINUTE)
    line.now += by
    line.do(c.StepClock(by=by))

    line.now += A_MINUTE - A_SECOND
    assert nothing_is_shown(line, ada)
    line.now += A_SECOND
    assert len(line.shown(ada)) == 1


def test_a_flood_wait_that_is_over_does_not_begin_again_when_the_clock_is_set_back(
    line: Line, api: Peer
) -> None:
    ada = line.telegram()
    line.notify(api, ada.peer)
    flooded(line, leased(line, ada), A_MINUTE)
    line.passes(2 * A_MINUTE)
    line.shown(ada)
    line.now -= timedelta(days=1)
    line.do(c.StepClock(by=-timedelta(days=1)))
    line.notify(api, ada.peer, "now")

    assert len(line.shown(ada)) == 1


# --- changes --------------------------------------------------------------------------------------------------------


def test_a_newer_change_of_the_same_card_takes_the_place_of_one_that_waits(line: Line) -> None:
    ada = line.telegram()
    for n in range(3):
        posted(line, ada, str(n), kind=Kind.CHANGE, correlation_id="m-1", reply_to="r-1")
    posted(line, ada, "other card", kind=Kind.CHANGE, correlation_id="m-1", reply_to="r-2")

    assert [parcel.envelope.body for parcel in line.shown(ada)] == ["2", "other card"]
