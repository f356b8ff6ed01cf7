"""A clock that is set, forward or back, makes no span of time longer or shorter."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.rules.delivery import NEVER
from tests.core.line import A_MINUTE, BOT, NOON, Line

A_DAY = timedelta(days=1)
STEPS = [A_DAY, -A_DAY, timedelta(minutes=10), -timedelta(minutes=10)]


@pytest.fixture
def line() -> Line:
    return Line()


def is_set(line: Line, by: timedelta) -> None:
    line.now += by
    line.do(c.StepClock(by=by))


@pytest.mark.parametrize("by", STEPS)
def test_a_lease_lapses_when_its_time_has_passed_and_not_before(line: Line, by: timedelta) -> None:
    web, ada = line.agent("web"), line.telegram()
    message = line.notify(web, ada.peer)
    line.lease(ada.peer, holder=BOT, shows=True)

    is_set(line, by)
    line.passes(A_MINUTE / 2)
    assert line.state(message, ada.peer) == "leased"
    line.passes(A_MINUTE / 2)
    assert line.state(message, ada.peer) == "queued"


@pytest.mark.parametrize("by", STEPS)
def test_an_ask_has_the_time_that_it_was_given(line: Line, by: timedelta) -> None:
    ask = line.ask(line.agent("web"), line.agent("api"), deadline=A_MINUTE)

    is_set(line, by)
    line.passes(A_MINUTE / 2)
    assert line.asked(ask).state == "open"
    line.passes(A_MINUTE / 2)
    assert line.asked(ask).state == "expired"


@pytest.mark.parametrize("by", STEPS)
def test_what_is_to_be_tried_again_is_tried_again_as_soon_as_before(line: Line, by: timedelta) -> None:
    web, ada = line.agent("web"), line.telegram()
    line.notify(web, ada.peer)
    parcel = line.lease(ada.peer, holder=BOT, shows=True)
    assert parcel is not None
    delivery_id = parcel.delivery.delivery_id
    line.do(c.NakDelivery(delivery_id=delivery_id, holder=BOT, reason="429", after=A_MINUTE))

    is_set(line, by)
    assert line.lease(ada.peer, holder=BOT, shows=True) is None
    line.passes(A_MINUTE)
    assert line.lease(ada.peer, holder=BOT, shows=True) is not None


def test_what_waits_for_evidence_without_an_end_goes_on_doing_so(line: Line) -> None:
    web, ada = line.agent("web"), line.telegram()
    message = line.notify(web, ada.peer)
    line.shown(ada)

    is_set(line, A_DAY)

    assert line.delivery(message, ada.peer).due_at == NEVER


def test_what_is_denied_at_an_hour_of_the_day_is_denied_at_that_hour(line: Line) -> None:
    line.telegram()
    asked = line.request(line.agent("api"), deny_at=NOON + timedelta(hours=10), reason="night")

    is_set(line, timedelta(hours=1))

    assert line.asked(asked.ask_id).deadline_at == NOON + timedelta(hours=10)
    assert line.approval(asked).shown_at == NOON + timedelta(hours=1)


def test_a_chat_and_a_turn_are_as_old_as_before(line: Line) -> None:
    api, ada = line.agent("api"), line.telegram()
    line.do(c.Beat(surface="telegram", host="telegram-bot"))

    is_set(line, -A_DAY)

    assert line.session(api).turn_at == line.now
    conversation = line.view.conversation_at("telegram", ada.address)
    assert conversation is not None
    assert conversation.beat_at == line.now


# Seen red with: due_at, leased_until, deadline_at left where they are, one at a time; NEVER moved, too; deadlines of
# approvals with a reason moved.
