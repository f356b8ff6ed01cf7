"""What would ring is held back when its person wants quiet, told of once, and comes with its buttons afterwards."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.model import Attention, Kind, Parcel, Peer, Urgency
from daemon.core.rules.delivery import MAX_DOUBTS
from tests.core.line import BOT, NOON, Chat, Line

HOUR = timedelta(hours=1)
NIGHT = "/quiet 23:00-07:00"


@pytest.fixture
def quiet(line: Line, ada: Chat) -> Chat:
    """It is 23:30, and she wants quiet until seven."""
    line.say(ada, NIGHT)
    line.shown(ada)
    line.now = NOON + 11.5 * HOUR
    return ada


def bodies(parcels: list[Parcel]) -> list[str]:
    return [each.envelope.body for each in parcels]


def digests(parcels: list[Parcel]) -> list[str]:
    return [body for body in bodies(parcels) if body.startswith("**Held back**")]


def seven(line: Line) -> None:
    line.passes(NOON + 19 * HOUR - line.now)


def test_what_comes_at_night_is_held_and_its_sender_learns_until_when(
    line: Line, quiet: Chat, api: Peer
) -> None:
    sent = line.do(c.SendNotice(sender=api.peer_id, to=(quiet.peer.peer_id,), text="built"))
    [carriage] = sent.carriages
    assert carriage.delivery.state == "held"
    assert carriage.reach.reason == "held: quiet hours until 07:00"
    assert line.shown(quiet) == []
    assert [each.event.what for each in line.story(sent.envelope.envelope_id)] == ["stored", "held"]


def test_it_is_told_of_in_one_digest_that_makes_no_sound_and_counts_as_shown_with_it(
    line: Line, quiet: Chat, api: Peer
) -> None:
    message = line.notify(api, quiet.peer, "built")
    seven(line)
    [digest] = line.shown(quiet)
    assert digest.envelope.silent
    assert digest.envelope.body == "**Held back**: 1 thing\n\n**dev**\n- api: built"
    held = line.delivery(message, quiet.peer)
    assert (held.state, held.receipt) == ("handed", f"in {digest.delivery.receipt}")
    line.passes(24 * HOUR)
    assert line.shown(quiet) == []


def test_a_question_comes_after_the_digest_with_its_buttons_and_without_a_sound(
    line: Line, quiet: Chat, api: Peer
) -> None:
    ask = line.ask(api, quiet.peer, "ship it?", options=("yes", "no"))
    approval = line.request(api)
    assert [each.envelope.envelope_id for each in line.shown(quiet)] == [approval.ask_id]
    line.say(quiet, "/quiet 23:00-07:00 but nothing")
    second = line.request(line.agent("web"))
    line.shown(quiet)
    seven(line)
    digest, *cards = line.shown(quiet)
    assert digest.envelope.body.count("\n- ") == 2
    assert {each.envelope.envelope_id for each in cards} == {ask.ask_id, second.ask_id}
    assert all(each.delivery.hushed for each in cards)
    line.tap(quiet, ask.ask_id, 0)
    line.tap(quiet, second.ask_id, 0)
    assert line.asked(ask).state == line.asked(second.ask_id).state == "answered"
    assert line.asked(approval.ask_id).state == "open"


def test_what_was_answered_meanwhile_is_in_no_digest(line: Line, quiet: Chat, api: Peer) -> None:
    ask = line.ask(api, quiet.peer)
    line.do(c.CancelAsk(ask_id=ask.ask_id, by=api.peer_id))
    seven(line)
    assert line.shown(quiet) == []


def test_what_is_urgent_rings_and_what_an_agent_broadcasts_is_shown_as_ever(
    line: Line, quiet: Chat, api: Peer
) -> None:
    line.notify(api, quiet.peer, "fire", urgency=Urgency.URGENT)
    line.do(c.Beat(surface="telegram", host="telegram-bot"))
    line.do(c.SendBroadcast(sender=api.peer_id, text="to all"))
    line.do(c.Beat(surface="telegram", host="telegram-bot"))
    shown = line.shown(quiet)
    assert bodies(shown)[0] == "fire"
    assert not shown[0].delivery.hushed


def test_who_speaks_at_night_gets_the_answer_without_a_sound(line: Line, quiet: Chat, api: Peer) -> None:
    line.say(quiet, "@api how far?")
    [ask] = line.view.open_asks_to(api.peer_id)
    line.answer(ask, api, "done")
    answers = [each for each in line.shown(quiet) if each.envelope.kind is Kind.ANSWER]
    assert [each.delivery.hushed for each in answers] == [True]


def test_what_waited_for_its_surface_until_the_night_is_held_then(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, NIGHT)
    line.shown(ada)
    line.now = NOON + 10 * HOUR
    message = line.notify(api, ada.peer, "late")
    line.now += 2 * HOUR
    assert line.shown(ada) == []
    assert line.state(message, ada.peer) == "held"
    seven(line)
    assert len(digests(line.shown(ada))) == 1


def test_a_digest_nobody_could_be_shown_leaves_all_to_the_next(line: Line, quiet: Chat, api: Peer) -> None:
    line.notify(api, quiet.peer, "built")
    seven(line)
    parcel = line.lease(quiet.peer, holder=BOT, shows=True)
    assert parcel is not None
    line.do(c.RejectDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, reason="too long"))
    assert line.shown(quiet) == []
    line.passes(HOUR)
    assert len(digests(line.shown(quiet))) == 1


def test_a_digest_in_doubt_for_ever_keeps_no_question_back(line: Line, quiet: Chat, api: Peer) -> None:
    ask = line.ask(api, quiet.peer, "ship it?")
    seven(line)
    for _ in range(MAX_DOUBTS):
        parcel = line.lease(quiet.peer, holder=BOT, shows=True)
        assert parcel is not None
        assert parcel.envelope.envelope_id != ask.ask_id
        line.do(c.DoubtDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, reason="?"))
        line.passes(timedelta(minutes=1))
    assert [each.envelope.envelope_id for each in line.shown(quiet)] == [ask.ask_id]


def test_one_person_has_one_quiet_one_limit_and_one_digest_on_all_surfaces(line: Line, api: Peer) -> None:
    ada, slack = line.telegram(), line.slack("ada")
    line.say(ada, NIGHT)
    line.say(slack, "/clear")
    line.shown(ada)
    line.shown(slack)
    line.now = NOON + 12 * HOUR
    first, second = line.notify(api, ada.peer, "one"), line.notify(api, slack.peer, "two")
    both = line.ask_all(api, (ada.peer, slack.peer))
    seven(line)
    assert line.shown(ada) == []
    digest, *cards = line.shown(slack)  # where she spoke last
    assert digest.envelope.body.count("\n- ") == 3
    assert [each.envelope.envelope_id for each in [*cards, *line.shown(ada)]] == [both.ask_id] * 2
    assert line.state(first, ada.peer) == line.state(second, slack.peer) == "handed"


def test_the_limit_counts_what_rang_and_once_for_all_surfaces(line: Line, api: Peer) -> None:
    ada, slack = line.telegram(), line.slack("ada")
    line.say(ada, "/pushes 2")
    line.shown(ada)
    line.ask_all(api, (ada.peer, slack.peer))
    rings = line.notify(api, ada.peer)
    held = line.notify(api, slack.peer)
    assert (line.state(rings, ada.peer), line.state(held, slack.peer)) == ("queued", "held")
    line.notify(api, ada.peer, "psst", urgency=Urgency.FYI)
    line.passes(HOUR)
    assert len(digests(line.shown(ada))) == 1
    assert line.state(line.notify(api, ada.peer), ada.peer) == "queued"


def test_a_muted_peer_is_in_a_digest_within_the_hour_and_heard_again_when_asked_for(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    line.say(ada, "/mute api")
    line.shown(ada)
    assert line.state(line.notify(web, ada.peer), ada.peer) == "queued"
    line.shown(ada)
    line.notify(api, ada.peer, "blah")
    line.passes(HOUR)
    assert len(digests(line.shown(ada))) == 1
    line.say(ada, "/mute api")
    assert line.state(line.notify(api, ada.peer), ada.peer) == "queued"


def test_a_digest_comes_at_once_when_it_is_asked_for_or_the_quiet_is_over(
    line: Line, quiet: Chat, api: Peer
) -> None:
    line.notify(api, quiet.peer, "one")
    line.say(quiet, "/digest")
    assert len(digests(line.shown(quiet))) == 1
    line.notify(api, quiet.peer, "two")
    line.say(quiet, "/quiet off")
    line.passes(timedelta())
    assert len(digests(line.shown(quiet))) == 1


def test_a_colleague_has_hours_of_their_own(line: Line, quiet: Chat, api: Peer) -> None:
    ben = line.telegram("ben", "8", owner=False)
    message = line.notify(line.agent("cook", "default"), ben.peer)
    assert line.state(message, ben.peer) == "queued"


def test_agents_see_until_when_it_is_quiet_and_what_is_answered_all_the_same(
    line: Line, quiet: Chat, api: Peer
) -> None:
    from daemon.core import listing

    [row] = [x for x in listing.peers(line.plan(), api) if x.peer.peer_id == quiet.peer.peer_id]
    assert row.availability == "available from 07:00, answers approvals"
    line.now = NOON
    [row] = [x for x in listing.peers(line.plan(), api) if x.peer.peer_id == quiet.peer.peer_id]
    assert row.availability == ""


def test_a_schedule_by_talking_is_meant_by_the_persons_own_wall(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "/tz Asia/Tokyo")
    line.say(ada, "/schedule @api weekdays 9:00 how far?")
    assert [each.zone for each in line.view.schedules()] == ["Asia/Tokyo"]


@pytest.mark.parametrize(
    "words", ["/quiet soon", "/quiet 23-7 but fun", "/tz Mars", "/pushes many", "/pushes 9999"]
)
def test_what_cannot_be_meant_is_refused(line: Line, ada: Chat, words: str) -> None:
    line.say(ada, words)
    before = line.view.get(Attention, "@owner")
    assert before is None or before == replace(before, quiet="", zone="", per_hour=0)


def test_nothing_is_looked_at_by_time_while_nothing_is_held(line: Line, quiet: Chat) -> None:
    assert line.view.get(Attention, "@owner").wakes_at is None
    assert line.view.attentions_due(line.now + 1000 * HOUR) == []


def test_what_rang_on_one_surface_and_came_late_on_the_other_is_shown_there_and_in_no_digest(
    line: Line, api: Peer
) -> None:
    ada, slack = line.telegram(), line.slack("ada")
    line.say(ada, "/quiet 13:00-15:00 but nothing")
    line.shown(ada)
    approval = line.request(api)
    assert [each.delivery.hushed for each in line.shown(slack)] == [False]
    line.now += HOUR
    [late] = line.shown(ada)
    assert (late.envelope.envelope_id, late.delivery.hushed) == (approval.ask_id, True)
    line.passes(3 * HOUR)
    assert digests([*line.shown(ada), *line.shown(slack)]) == []


def test_an_answer_that_waited_for_its_surface_into_the_night_makes_no_sound_there(
    line: Line, ada: Chat, api: Peer
) -> None:
    line.say(ada, "/quiet 12:30-15:00")
    line.shown(ada)
    line.now += HOUR
    line.say(ada, "@api how far?")
    [ask] = line.view.open_asks_to(api.peer_id)
    line.now -= HOUR
    line.answer(ask, api, "done")
    line.now += HOUR
    answers = [each for each in line.shown(ada) if each.envelope.kind is Kind.ANSWER]
    assert [each.delivery.hushed for each in answers] == [True]
