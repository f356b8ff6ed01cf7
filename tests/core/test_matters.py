"""Everything that could make a phone ring is of one class; none of it rings only because nobody thought of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bots.cards import card_of
from daemon.core import attending
from daemon.core import commands as c
from daemon.core.model import Kind, Parcel, Peer
from daemon.core.rules.attention import Matter
from daemon.core.rules.timetable import Every, Once
from tests.core.line import A_MINUTE, NOON, Chat, Line

HOUR = timedelta(hours=1)


def matter(line: Line, parcel: Parcel) -> Matter:
    envelope = parcel.envelope
    return attending.matter_of(envelope, line.plan().ask(envelope.correlation_id or envelope.envelope_id))


def classes(line: Line, chat: Chat) -> list[Matter]:
    """Of what rings there now."""
    return [matter(line, each) for each in line.shown(chat) if not card_of(each).silent]


@pytest.mark.parametrize(
    ("state", "wanted"), [("done", Matter.DONE), ("failed", Matter.FAILURE), ("blocked", Matter.FAILURE)]
)
def test_how_a_job_ended_is_a_job_that_is_done_or_a_failure(
    line: Line, ada: Chat, api: Peer, state: str, wanted: Matter
) -> None:
    made = line.do(c.AddJob(owner=ada.peer.peer_id, title="tidy up", to="dev/api"))
    line.do(c.UpdateJob(job_id=made.job_id, by=api.peer_id, state=state, note="so"))
    assert classes(line, ada) == [wanted]


def test_a_schedule_that_could_not_speak_is_a_failure(line: Line, ada: Chat) -> None:
    line.do(_schedule(ada.peer, "role:orchestrator"))
    line.now += HOUR
    line.do(c.FireSchedules())
    assert classes(line, ada) == [Matter.FAILURE]


def test_what_an_agent_scheduled_for_a_person_is_what_it_says_at_any_time(
    line: Line, ada: Chat, api: Peer
) -> None:
    line.do(_schedule(api, "telegram"))
    line.now += HOUR
    line.do(c.FireSchedules())
    assert classes(line, ada) == [Matter.CHATTER]


@pytest.mark.parametrize("to", ["me", "telegram"])
def test_a_person_who_has_themselves_reminded_at_night_is_reminded_then(
    line: Line, ada: Chat, to: str
) -> None:
    line.say(ada, "/quiet 12:30-20:00 but nothing")
    line.say(ada, "/pushes 1")
    line.shown(ada)
    line.do(_schedule(ada.peer, to))
    line.now += HOUR
    line.do(c.FireSchedules())
    [reminder] = line.shown(ada)
    assert reminder.envelope.body == "look at the build"
    assert not card_of(reminder).silent


@pytest.mark.parametrize(
    ("said", "rings"), [("blocked: no database", [Matter.FAILURE]), ("half way", []), ("", [Matter.FAILURE])]
)
def test_a_check_in_rings_for_who_is_held_up_or_silent_and_is_shown_for_what_is_merely_new(
    line: Line, ada: Chat, api: Peer, said: str, rings: list[Matter]
) -> None:
    _checked_in(line, ada, api, said)
    assert classes(line, ada) == rings


@pytest.mark.parametrize("said", ["blocked: no database", ""])
def test_at_night_a_check_in_is_held_like_the_rest(line: Line, ada: Chat, api: Peer, said: str) -> None:
    line.say(ada, "/quiet 11:00-20:00")
    line.shown(ada)
    _checked_in(line, ada, api, said)
    assert classes(line, ada) == []
    line.passes(NOON + 8 * HOUR - line.now)
    [digest] = line.shown(ada)
    assert "failure · scheduler: check-in standup" in digest.envelope.body


def test_at_night_a_job_is_held_and_told_of_once(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "/quiet 11:00-20:00")
    line.shown(ada)
    made = line.do(c.AddJob(owner=ada.peer.peer_id, title="tidy up", to="dev/api"))
    line.do(c.UpdateJob(job_id=made.job_id, by=api.peer_id, state="done", note="tidied"))
    assert line.shown(ada) == []
    line.passes(NOON + 8 * HOUR - line.now)
    [digest] = line.shown(ada)
    assert digest.envelope.body.count("tidied") == 1
    assert f'done · job {made.job_id} "tidy up" is done: tidied' in digest.envelope.body


def test_what_is_of_no_sounding_kind_makes_no_sound(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "/status")
    line.say(ada, "/follow api")
    line.prompt(api)
    line.tool(api)
    line.passes(A_MINUTE)
    line.stop(api)
    line.passes(A_MINUTE)
    quiet = [x for x in line.shown(ada) if x.envelope.kind not in attending.SOUNDING]
    assert {each.envelope.kind for each in quiet} >= {Kind.BOARD}
    assert all(card_of(each).silent for each in quiet)


def _schedule(owner: Peer, to: str) -> c.AddSchedule:
    return c.AddSchedule(
        owner=owner.peer_id, to=(to,), text="look at the build", rule=Once(NOON + HOUR), zone="UTC"
    )


def _checked_in(line: Line, ada: Chat, api: Peer, said: str) -> None:
    """The first round of one, in which the only agent says that, or nothing."""
    command = c.AddCheckin(
        owner=ada.peer.peer_id,
        name="standup",
        question="how far?",
        of=("circle:dev",),
        rule=Every(HOUR, NOON + HOUR),
        zone="UTC",
        report_to="telegram",
        within=5 * A_MINUTE,
    )
    line.do(command)
    line.now += HOUR
    line.do(c.FireSchedules())
    [ask] = line.view.open_asks_to(api.peer_id)
    if said:
        line.answer(ask, api, said)
    line.passes(5 * A_MINUTE)
