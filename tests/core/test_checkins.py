"""Check-ins ask everybody meant, gather until the deadline, and tell what changed; nothing changed, nothing said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound, UnknownPeer
from daemon.core.model import Ask, Checkin, Follow, Kind, Outcome, Peer, Situation
from daemon.core.posting import LINE
from daemon.core.rules import situations
from daemon.core.rules.timetable import Every
from tests.core.line import Chat, Line

HOUR = timedelta(hours=1)
WITHIN = timedelta(minutes=5)


def add(line: Line, owner: Peer, *of: str, report_to: str = "telegram", name: str = "standup") -> Checkin:
    command = c.AddCheckin(
        owner=owner.peer_id,
        name=name,
        question="how far?",
        of=of or ("circle:dev",),
        rule=Every(HOUR, line.now + HOUR),
        zone="Europe/London",
        report_to=report_to,
        within=WITHIN,
    )
    made: Checkin = line.do(command).checkin
    return made


def asked(line: Line) -> Ask:
    """A round begins."""
    line.now += HOUR
    line.do(c.FireSchedules())
    checkin = line.view.get(Checkin, "standup")
    return line.asked(checkin.ask_id)


def round_of(line: Line, said: dict[Peer, str]) -> None:
    """All of one round: who is not in ``said`` says nothing until its deadline."""
    ask = asked(line)
    for peer, words in said.items():
        line.answer(ask, peer, words)
    line.passes(WITHIN)


def reports(line: Line, chat: Chat) -> list[str]:
    return [x.envelope.body for x in line.shown(chat) if x.envelope.sender.name == "scheduler"]


def test_one_report_tells_what_everybody_said(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    add(line, ada.peer)
    round_of(line, {api: "half way", web: "blocked: no database"})
    [told] = reports(line, ada)
    assert told.splitlines() == [
        "check-in standup: 2 changed, 2 of 2 answered",
        "blocked · web: blocked: no database",
        "new · api: half way",
    ]


def test_only_what_changed_is_told_and_nothing_when_nothing_did(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    add(line, ada.peer)
    round_of(line, {api: "half way", web: "tests"})
    reports(line, ada)
    round_of(line, {api: "Half way.", web: "no change"})
    assert reports(line, ada) == []
    round_of(line, {api: "done", web: "no change"})
    assert reports(line, ada) == ["check-in standup: 1 changed, 2 of 2 answered\nnew · api: done"]


def test_silence_is_told_once_and_so_is_its_end(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    add(line, ada.peer)
    round_of(line, {api: "half way", web: "tests"})
    reports(line, ada)
    round_of(line, {api: "no change"})
    assert reports(line, ada)[0].splitlines()[1:] == ["silent · web: no answer; last it said: tests"]
    round_of(line, {api: "no change"})
    assert reports(line, ada) == []
    round_of(line, {api: "no change", web: "no change"})
    assert reports(line, ada)[0].splitlines()[1:] == ["back · web: tests"]


def test_a_late_answer_is_told_when_it_comes(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    add(line, ada.peer)
    ask = asked(line)
    line.answer(ask, api, "half way")
    line.passes(WITHIN)
    reports(line, ada)
    line.answer(ask, web, "blocked by api")
    assert reports(line, ada)[0].splitlines()[1:] == ["blocked · web: blocked by api"]


def test_the_orchestrator_of_the_circle_gets_all_that_was_said(line: Line, ada: Chat, api: Peer) -> None:
    lead = line.orchestrator("lead")
    add(line, ada.peer, "api")
    round_of(line, {api: "half way"})
    [(kind, text)] = line.inbox(lead)
    assert kind is Kind.NOTICE
    assert "everybody's state:\n- api: half way" in text
    assert "everybody" not in reports(line, ada)[0]


def test_who_is_told_is_not_asked(line: Line, api: Peer) -> None:
    lead = line.orchestrator("lead")
    add(line, lead, report_to="me")
    assert asked(line).to == (api.peer_id,)


def test_nothing_new_changes_the_board_and_rings_nobody(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "/status")
    add(line, ada.peer, "api", report_to="me")
    round_of(line, {api: "half way"})
    line.passes(HOUR / 6)
    line.shown(ada)
    round_of(line, {api: "no change"})
    line.passes(timedelta(minutes=1))
    board = line.view.get(Follow, ada.peer.peer_id, LINE.peer_id, "status")
    assert "check-in standup, Mon 14:15: 1 of 1 answered, nothing new" in board.shown
    assert reports(line, ada) == []


def test_a_round_that_still_runs_is_not_begun_again(line: Line, ada: Chat, api: Peer) -> None:
    made = add(line, ada.peer, "api")
    first = asked(line)
    again = line.do(c.RunCheckin(name="standup", by=ada.peer.peer_id))
    assert again.outcome is Outcome.OVERLAPPED
    assert line.view.get(Checkin, made.name).ask_id == first.ask_id


def test_a_round_can_be_begun_at_any_time(line: Line, ada: Chat, api: Peer) -> None:
    add(line, ada.peer, "api")
    ran = line.do(c.RunCheckin(name="standup", by=""))
    assert line.asked(ran.envelope_id).to == (api.peer_id,)


def test_what_an_agent_is_asked_names_the_schedule(line: Line, ada: Chat, api: Peer) -> None:
    made = add(line, ada.peer, "api")
    asked(line)
    parcel = line.carry(api)
    assert parcel is not None
    assert parcel.envelope.schedule == made.schedule_id
    assert parcel.envelope.sender.name == "scheduler"


def test_one_that_is_removed_asks_no_more_and_its_name_is_free(line: Line, ada: Chat, api: Peer) -> None:
    add(line, ada.peer, "api")
    ask = asked(line)
    line.do(c.RemoveCheckin(name="standup", by=ada.peer.peer_id))
    line.answer(ask, api, "half way")
    assert reports(line, ada) == []
    assert line.view.checkins() == []
    assert add(line, ada.peer, "api").states == ()


def test_only_whoever_made_it_and_the_owner_remove_it(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    add(line, web, "api", report_to="me")
    with pytest.raises(NotAllowed):
        line.do(c.RemoveCheckin(name="standup", by=api.peer_id))
    line.do(c.RemoveCheckin(name="standup", by=ada.peer.peer_id))
    with pytest.raises(NotFound):
        line.do(c.RunCheckin(name="standup", by=""))


def test_who_left_is_told_as_gone(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    add(line, ada.peer)
    round_of(line, {api: "half way", web: "tests"})
    reports(line, ada)
    line.do(c.EndSession(session_id=str(web.session_id), why="ended"))
    line.do(c.ForgetPeer(peer_id=web.peer_id))
    round_of(line, {api: "no change"})
    assert reports(line, ada)[0].splitlines()[1:] == ["gone · web"]


def test_a_report_for_nobody_comes_to_whoever_made_it(line: Line, api: Peer, web: Peer) -> None:
    desk = line.agent("desk")
    add(line, web, "api", report_to="desk")
    line.do(c.EndSession(session_id=str(desk.session_id), why="ended"))
    ask = asked(line)
    line.do(c.ForgetPeer(peer_id=desk.peer_id))
    line.answer(ask, api, "half way")
    assert '"desk" is not there to be told' in line.inbox(web)[-1][1]


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"name": "Stand Up"}, Malformed),
        ({"name": ""}, Malformed),
        ({"report_to": "nobody"}, UnknownPeer),
        ({"of": ("nobody",)}, UnknownPeer),
        ({"within": timedelta(seconds=1)}, Malformed),
        ({"within": timedelta(days=2)}, Malformed),
        ({"rule": Every(timedelta(seconds=1), None)}, Malformed),
        ({"zone": "Mars/Base"}, Malformed),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_made(
    line: Line, ada: Chat, api: Peer, how, error
) -> None:
    rule = Every(HOUR, line.now + HOUR)
    good = {"name": "standup", "of": ("api",), "rule": rule, "zone": "UTC", "report_to": "me"}
    with pytest.raises(error) as refused:
        line.do(c.AddCheckin(owner=ada.peer.peer_id, question="how far?", **good | how))
    assert refused.value.hint
    assert (list(line.view.checkins()), list(line.view.schedules())) == ([], [])


def test_a_name_is_taken_once(line: Line, ada: Chat, api: Peer) -> None:
    add(line, ada.peer, "api")
    with pytest.raises(Conflict, match="already"):
        add(line, ada.peer, "api")


@pytest.mark.parametrize(
    ("text", "blocked"),
    [("Blocked: x", True), ("I'm stuck on x", True), ("**blocked** by x", True), ("unblocked now", False)],
)
def test_who_is_held_up_says_so_first(text: str, blocked: bool) -> None:
    assert (situations.BLOCKED.match(text) is not None) is blocked


@pytest.mark.parametrize("text", ["no change", "No changes.", "nothing new", "same as before", "Unchanged"])
def test_no_change_is_said_in_several_ways(text: str) -> None:
    assert situations.AS_BEFORE.fullmatch(text)


def test_the_same_words_are_no_news(line: Line) -> None:
    was = Situation(peer_id="p-1", name="api", text="half way", at=line.now)
    assert situations.news([was], [replace(was, text="  Half  way!")]) == []
    assert situations.news([was], [replace(was, blocked=True)]) == ["blocked · api: half way"]


# --- by talking -------------------------------------------------------------------------------------------------------


def test_a_person_makes_a_check_in_by_talking_sees_it_runs_a_round_and_removes_it(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    line.say(ada, "/checkin standup @api @web weekdays 9:00 how far are you?", zone="Europe/London")
    assert "Fri 09:00 Europe/London, next Tue 03 Mar 2026 09:00" in line.told(ada)[-1]
    [made] = line.view.schedules()
    assert (made.to, made.text, made.checkin) == (("dev/api", "dev/web"), "how far are you?", "standup")
    for choice in ("run now", "remove"):
        line.say(ada, "/checkins")
        line.say(ada, "1. standup")
        line.say(ada, choice)
    assert "how far are you?" in line.inbox(api)[0][1]
    assert line.view.checkins() == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("/checkin", "nobody is meant"),
        ("/checkin standup every 2h how far?", "nobody is meant"),
        ("/checkin standup circle:dev soon how far?", "no time"),
        ("/checkin standup circle:dev every 2h", "nothing is asked"),
        ("/checkin St/and circle:dev every 2h how far?", "no name"),
    ],
)
def test_what_makes_no_check_in_is_told_with_how_to_say_it(
    line: Line, ada: Chat, words: str, says: str
) -> None:
    line.say(ada, words)
    assert says in line.told(ada)[-1]
    assert list(line.view.checkins()) == []
