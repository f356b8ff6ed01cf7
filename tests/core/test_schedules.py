"""Schedules say what they are to say, as whoever made them, each time once; and what they could not say is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound, Throttled, UnknownPeer
from daemon.core.firing import Ring
from daemon.core.model import Kind, Occurrence, Outcome, Overlap, Peer, Person, Schedule, Standing
from daemon.core.rules.frame import framed
from daemon.core.rules.timetable import Every, Missed, Once, Rule
from daemon.core.rules.when import moment
from daemon.core.schedules import ME, MOST_IN_A_DAY, MOST_OF_ONE, MOST_TO_ONESELF, told
from tests.core.line import Chat, Line
from tests.core.test_closing import flood

HOUR = timedelta(hours=1)


def add(line: Line, owner: Peer, to: str, rule: Rule | None = None, **how: Any) -> Schedule:
    command = c.AddSchedule(
        owner=owner.peer_id, to=(to,), text="how far?", rule=rule or hourly(line), zone="Europe/London", **how
    )
    made: Schedule = line.do(command)
    return made


def hourly(line: Line) -> Every:
    return Every(HOUR, line.now + HOUR)


def fire(line: Line, *, after: timedelta = HOUR) -> int:
    line.now += after
    rung: Ring = line.do(c.FireSchedules())
    return rung.decided


def outcomes(line: Line, schedule: Schedule) -> list[tuple[str, int]]:
    """The oldest first."""
    return [
        (each.outcome.value, each.count) for each in reversed(line.view.occurrences(schedule.schedule_id))
    ]


@pytest.fixture
def web(line: Line) -> Peer:
    return line.agent("web")


def test_a_notice_comes_at_each_of_its_times_as_from_whoever_made_it(
    line: Line, api: Peer, web: Peer
) -> None:
    made = add(line, web, "api")
    assert fire(line, after=HOUR / 2) == 0
    assert fire(line, after=HOUR / 2) == 1
    assert fire(line, after=timedelta()) == 0
    assert fire(line) == 1
    assert line.inbox(api) == [(Kind.NOTICE, "how far?")] * 2
    assert outcomes(line, made) == [("sent", 1)] * 2
    assert line.view.get(Schedule, made.schedule_id).next_at == line.now + HOUR


def test_an_asks_answer_comes_to_whoever_made_it(line: Line, ada: Chat, api: Peer) -> None:
    made = add(line, ada.peer, "api", kind=Kind.ASK, surface=ada.surface, account=ada.account, person="ada")
    fire(line)
    [occurrence] = line.view.occurrences(made.schedule_id)
    assert line.asked(occurrence.envelope_id).asker == ada.peer.peer_id


def test_one_that_is_over_says_so_and_is_not_begun_again(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api", Once(line.now + HOUR))
    fire(line)
    assert line.view.get(Schedule, made.schedule_id).state is Standing.OVER
    with pytest.raises(Conflict, match="is over"):
        line.do(c.ChangeSchedule(schedule_id=made.schedule_id, by=web.peer_id, state=Standing.ACTIVE))
    assert fire(line, after=100 * HOUR) == 0


def test_what_nobody_was_awake_for_is_written_down_and_made_up_for_once(
    line: Line, api: Peer, web: Peer
) -> None:
    made = add(line, web, "api")
    fire(line, after=9 * HOUR)
    assert outcomes(line, made) == [("folded", 8), ("sent", 1)]
    assert len(line.inbox(api)) == 1


def test_an_ask_whose_last_is_open_is_not_asked_again_unless_that_is_wished(
    line: Line, api: Peer, web: Peer
) -> None:
    made = [
        add(line, web, "api", kind=Kind.ASK, overlap=overlap) for overlap in (Overlap.SKIP, Overlap.ALLOW)
    ]
    fire(line)
    fire(line)
    assert [outcomes(line, each)[-1][0] for each in made] == ["overlapped", "sent"]


def test_one_that_rests_says_nothing_and_what_was_due_meanwhile_is_written_down(
    line: Line, api: Peer, web: Peer
) -> None:
    made = add(line, web, "api", missed=Missed.ALL)
    for state in (Standing.PAUSED, Standing.ACTIVE):
        line.do(c.ChangeSchedule(schedule_id=made.schedule_id, by=web.peer_id, state=state))
        if state is Standing.PAUSED:
            assert fire(line, after=5.5 * HOUR) == 0
    assert fire(line, after=HOUR / 2) == 1
    assert outcomes(line, made) == [("skipped", 5), ("sent", 1)]


def test_what_goes_on_already_loses_nothing_by_being_told_to(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    line.now += HOUR
    line.do(c.ChangeSchedule(schedule_id=made.schedule_id, by=web.peer_id, state=Standing.ACTIVE))
    assert fire(line, after=timedelta()) == 1
    assert outcomes(line, made) == [("sent", 1)]


def test_one_whose_only_time_passed_while_it_rested_is_over_and_says_so(
    line: Line, api: Peer, web: Peer
) -> None:
    made = add(line, web, "api", Once(line.now + HOUR))
    rest = c.ChangeSchedule(schedule_id=made.schedule_id, by=web.peer_id, state=Standing.PAUSED)
    line.do(rest)
    line.now += 2 * HOUR
    assert line.do(replace(rest, state=Standing.ACTIVE)).state is Standing.OVER
    assert outcomes(line, made) == [("skipped", 1)]


def test_one_that_is_removed_is_gone(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    line.do(c.ChangeSchedule(schedule_id=made.schedule_id, by=web.peer_id, state=Standing.REMOVED))
    assert fire(line) == 0
    with pytest.raises(NotFound):
        line.do(c.RunSchedule(schedule_id=made.schedule_id, by=web.peer_id))


def test_run_now_says_it_once_and_moves_no_time(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    ran: Occurrence = line.do(c.RunSchedule(schedule_id=made.schedule_id, by=web.peer_id))
    assert ran.outcome is Outcome.SENT
    assert line.view.get(Schedule, made.schedule_id).next_at == made.next_at
    assert len(line.inbox(api)) == 1


def test_only_whoever_made_it_and_the_owner_change_it(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    rest = c.ChangeSchedule(schedule_id=made.schedule_id, by=api.peer_id, state=Standing.PAUSED)
    with pytest.raises(NotAllowed, match="not yours"):
        line.do(rest)
    for by in (ada.peer.peer_id, ""):
        assert line.do(replace(rest, by=by)).state is Standing.PAUSED


def test_authority_is_looked_at_when_it_speaks(line: Line, ada: Chat) -> None:
    ben = line.telegram("ben", "8", owner=False)
    assert line.agent("desk", circle="default")
    made = add(line, ben.peer, "desk", surface=ben.surface, account=ben.account, person="ben")
    line.put(replace(line.view.get(Person, ben.surface, ben.account), removed_at=line.now))
    fire(line)
    [failed] = line.view.occurrences(made.schedule_id)
    assert (failed.outcome, failed.reason) == (Outcome.FAILED, "ben may not talk any more")


def test_what_could_not_be_said_is_told_to_whoever_wanted_it_said(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    line.do(c.EndSession(session_id=str(api.session_id), why="ended"))
    line.do(c.ForgetPeer(peer_id=api.peer_id))
    fire(line)
    assert outcomes(line, made) == [("failed", 1)]
    [(_, text)] = line.inbox(web)
    assert "could not speak" in text


def test_a_peer_may_tell_itself_something_later_but_not_for_ever(line: Line, web: Peer) -> None:
    for _ in range(MOST_TO_ONESELF):
        add(line, web, ME, Once(line.now + timedelta(minutes=2)))
        fire(line, after=timedelta(minutes=2))
    assert line.inbox(web)[0] == (Kind.NOTICE, "how far?")
    with pytest.raises(Throttled, match="48"):
        add(line, web, ME, Once(line.now + timedelta(minutes=2)))


def test_who_makes_the_next_one_each_time_it_is_told_something_comes_to_an_end(
    line: Line, api: Peer, web: Peer
) -> None:
    made = add(line, web, "api", Once(line.now + HOUR))
    over = replace(made, state=Standing.OVER, next_at=None, wakes_at=None)
    line.put(*(replace(over, schedule_id=f"s-{n}") for n in range(MOST_IN_A_DAY - 1)))
    with pytest.raises(Throttled, match="400 schedules within a day") as refused:
        add(line, web, "api")
    assert "every or cron" in refused.value.hint
    assert add(line, api, "web")
    line.now += timedelta(days=1, seconds=1)
    assert add(line, web, "api")


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"to": "nobody"}, UnknownPeer),
        ({"to": ME, "kind": Kind.ASK}, Malformed),
        ({"kind": Kind.BROADCAST}, Malformed),
        ({"jitter": timedelta(hours=2)}, Malformed),
        ({"jitter": timedelta(seconds=-1)}, Malformed),
        ({"most": 0}, Malformed),
        ({"most": 10**9}, Malformed),
        ({"until": timedelta(minutes=-1)}, Malformed),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_made(
    line: Line, api: Peer, web: Peer, how, error
) -> None:
    if "until" in how:
        how = {"until": line.now + how["until"]}
    with pytest.raises(error) as refused:
        add(line, web, **{"to": "api"} | how)
    assert refused.value.hint
    assert list(line.view.schedules()) == []


def test_nobody_has_more_than_so_many(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    line.put(*(replace(made, schedule_id=f"s-{n}") for n in range(MOST_OF_ONE - 1)))
    with pytest.raises(Throttled, match="200 schedules"):
        add(line, web, "api")


def test_a_role_is_met_when_it_speaks(line: Line, web: Peer) -> None:
    made = add(line, web, "role:orchestrator")
    fire(line)
    assert outcomes(line, made) == [("failed", 1)]


def test_what_it_says_names_it_and_why_names_the_time_it_was_due(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    due = line.now + HOUR
    fire(line, after=HOUR * 1.5)
    [occurrence] = line.view.occurrences(made.schedule_id)
    parcel = line.carry(api)
    assert parcel is not None
    assert f"from web@dev by schedule {made.schedule_id} · agent" in framed(parcel)
    [told] = [x.event for x in line.story(occurrence.envelope_id) if x.event.type == "scheduled"]
    assert told.evidence == f"{made.schedule_id}, due {moment(due, 'Europe/London')}"


@pytest.mark.parametrize("to", ["role:orchestrator", "circle:dev", "telegram"])
def test_a_role_a_circle_and_a_chat_are_said_it_as_well(line: Line, ada: Chat, web: Peer, to: str) -> None:
    lead = line.orchestrator("lead")
    add(line, web, to)
    fire(line)
    reached = [ada.peer] if to == "telegram" else [lead]
    assert [line.inbox(each) for each in reached] == [[(Kind.NOTICE, "how far?")]]


def test_who_makes_up_for_all_missed_ones_lets_asks_overlap(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api", kind=Kind.ASK, missed=Missed.ALL)
    fire(line, after=3 * HOUR)
    assert outcomes(line, made) == [("sent", 1)] * 3
    assert add(line, web, "api", missed=Missed.ALL, overlap=Overlap.SKIP).overlap is Overlap.SKIP


def test_ones_own_name_is_oneself(line: Line, web: Peer) -> None:
    assert add(line, web, "web").to == (ME,)
    with pytest.raises(Malformed, match="ask itself"):
        add(line, web, "web", kind=Kind.ASK)


def test_what_goes_on_after_a_clock_was_set_back_repeats_nothing(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    fire(line)
    line.now -= 24 * HOUR
    for state in (Standing.PAUSED, Standing.ACTIVE):
        line.do(c.ChangeSchedule(schedule_id=made.schedule_id, by=web.peer_id, state=state))
    assert fire(line, after=24 * HOUR) == 0
    assert fire(line) == 1


def test_an_ask_that_nobody_can_take_leaves_nothing_but_the_failure(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api", kind=Kind.ASK)
    flood(line, api)
    fire(line)
    assert outcomes(line, made) == [("failed", 1)]
    assert line.view.open_asks_by(web.peer_id) == []


def test_what_fails_each_time_for_the_same_reason_is_told_once(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "role:orchestrator")
    for _ in range(3):
        fire(line)
    assert outcomes(line, made) == [("failed", 1)] * 3
    assert len(line.inbox(web)) == 1


def test_what_is_over_and_old_is_forgotten_and_what_lies_ahead_is_not(
    line: Line, api: Peer, web: Peer
) -> None:
    over, ahead = add(line, web, "api", Once(line.now + HOUR)), add(line, web, "api")
    fire(line)
    line.now += 100 * HOUR
    while line.view.forget_times(line.now - HOUR):
        continue
    assert (outcomes(line, over), outcomes(line, ahead)) == ([], [])
    while line.view.forget_times(line.now - HOUR):
        continue
    assert [each.schedule_id for each in line.view.schedules()] == [ahead.schedule_id]


def test_it_is_told_in_words(line: Line, api: Peer, web: Peer) -> None:
    assert told(add(line, web, "api")).startswith("every 1 h, next ")


@pytest.mark.parametrize(
    ("nonsense", "says"),
    [
        ({"first_at": None, "cron": "nonsense"}, "is no cron line"),
        ({"first_at": None, "cron": "0 9 * * *", "zone": "Mars/Base"}, "no time zone"),
        ({"every_s": 0}, "ZeroDivisionError"),
    ],
)
def test_one_that_breaks_is_paused_with_the_reason_and_holds_up_no_other(
    line: Line, api: Peer, web: Peer, nonsense: dict[str, Any], says: str
) -> None:
    broken, sound = add(line, web, "api"), add(line, web, "api")
    line.put(replace(broken, **nonsense))
    line.now += HOUR
    rung: Ring = line.do(c.FireSchedules())
    assert (rung.decided, len(rung.stopped), outcomes(line, sound)) == (1, 1, [("sent", 1)])
    assert outcomes(line, broken) == [("failed", 1)]
    rests = line.view.get(Schedule, broken.schedule_id)
    assert (rests.state, rests.wakes_at) == (Standing.PAUSED, None)
    assert says in rests.reason
    assert line.view.next_alarm() == line.now + HOUR
    [(_, notice)] = line.inbox(web)
    assert says in notice
    assert told(rests)


def test_who_cannot_even_be_told_that_it_failed_holds_up_no_other(line: Line, api: Peer, web: Peer) -> None:
    full, sound = add(line, web, ME), add(line, web, "api")
    flood(line, web)
    fire(line)
    assert (outcomes(line, full), outcomes(line, sound)) == ([("failed", 1)], [("sent", 1)])


def no_right(line: Line, ben: Chat) -> None:
    line.put(replace(line.view.get(Person, ben.surface, ben.account), rights=()))


def removed(line: Line, ben: Chat) -> None:
    line.put(replace(line.view.get(Person, ben.surface, ben.account), removed_at=line.now))


def gone(line: Line, ben: Chat) -> None:
    [desk] = [each for each in line.view.peers() if each.name == "desk"]
    line.do(c.EndSession(session_id=str(desk.session_id), why="ended"))
    line.do(c.ForgetPeer(peer_id=desk.peer_id))


def moved(line: Line, ben: Chat) -> None:
    [desk] = [each for each in line.view.peers() if each.name == "desk"]
    line.do(c.MovePeer(peer_id=desk.peer_id, circle="elsewhere"))


@pytest.mark.parametrize(
    ("to", "what", "says"),
    [
        ("desk", no_right, "may not talk any more"),
        ("desk", removed, "may not talk any more"),
        ("desk", gone, 'no peer "desk"'),
        ("circle:default", moved, "nobody is meant"),
        ("role:orchestrator", gone, "orchestrator"),
    ],
)
def test_who_may_and_who_is_there_is_looked_at_when_it_speaks_and_told_once(
    line: Line, to: str, what: Callable[[Line, Chat], None], says: str
) -> None:
    line.telegram()
    ben = line.telegram("ben", "8", owner=False)
    line.agent("desk", circle="default")
    made = add(line, ben.peer, to, surface=ben.surface, account=ben.account, person="ben")
    what(line, ben)
    for _ in range(2):
        fire(line)
    rows = line.view.occurrences(made.schedule_id)
    assert [(each.outcome, says in each.reason) for each in rows] == [(Outcome.FAILED, True)] * 2
    assert [says in text for _, text in line.inbox(ben.peer)] == [True]


def test_what_somebody_made_who_is_gone_for_good_rests(line: Line, api: Peer, web: Peer) -> None:
    made = add(line, web, "api")
    line.do(c.EndSession(session_id=str(web.session_id), why="ended"))
    line.do(c.ForgetPeer(peer_id=web.peer_id))
    fire(line)
    rests = line.view.get(Schedule, made.schedule_id)
    assert (rests.state, rests.reason, outcomes(line, made)) == (
        Standing.PAUSED,
        "whoever made it is gone",
        [("failed", 1)],
    )
    assert fire(line) == 0
    assert line.inbox(api) == []


# --- by talking -------------------------------------------------------------------------------------------------------


def said(line: Line, chat: Chat) -> str:
    return line.told(chat)[-1]


def test_a_person_schedules_an_ask_by_talking_and_is_told_when(line: Line, ada: Chat) -> None:
    line.agent("desk", circle="default")
    heard = line.say(ada, "/schedule @desk weekdays 9:00 how far are you?", zone="Europe/London")
    assert heard.understood == "command"
    assert "Fri 09:00 Europe/London, next Tue 03 Mar 2026 09:00" in said(line, ada)
    [made] = line.view.schedules()
    assert (made.kind, made.text, made.to) == (Kind.ASK, "how far are you?", ("default/desk",))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("/schedule @desk soon hello", "no time"),
        ("/schedule @desk tomorrow 9:00", "nothing is to be said"),
        ("/schedule @nobody tomorrow 9:00 x", "no peer"),
        ("/schedule tomorrow 9:00 x", "nobody is meant"),
        ("/schedule", "nobody is meant"),
    ],
)
def test_what_cannot_be_scheduled_is_told_with_how_to_say_it(
    line: Line, ada: Chat, words: str, says: str
) -> None:
    line.agent("desk", circle="default")
    line.say(ada, words)
    assert says in said(line, ada)
    assert list(line.view.schedules()) == []


def test_schedules_are_listed_and_one_is_paused_run_and_removed_by_taps(line: Line, ada: Chat) -> None:
    line.agent("desk", circle="default")
    line.say(ada, "/schedule @desk every 2h how far?")
    for choice, state in (("pause", Standing.PAUSED), ("go on", Standing.ACTIVE), ("remove", None)):
        line.say(ada, "/schedules")
        line.say(ada, "1. how far?")
        line.say(ada, choice)
        assert [each.state for each in line.view.schedules()] == ([state] if state else [])
    line.say(ada, "/schedules")
    assert "nothing is scheduled" in said(line, ada)
