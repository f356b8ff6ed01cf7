"""Jobs are asked of whoever does them, end once, free what waits for them, and are told of once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.errors import Conflict, InvalidTransition, Malformed, NotAllowed, NotFound, UnknownPeer
from daemon.core.model import Claim, Job, Kind, Night, Peer, Person, Rota, Schedule
from daemon.core.rules import jobs as j
from daemon.core.shifts import STARTING
from tests.core.line import Chat, Line

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def add(line: Line, owner: Peer, to: Peer | str = "", title: str = "tidy up", **how: Any) -> Job:
    name = to.peer_id if isinstance(to, Peer) else to
    made: Job = line.do(c.AddJob(owner=owner.peer_id, title=title, to=name, **how))
    return made


def now(line: Line, job: Job) -> Job:
    found: Job = line.view.get(Job, job.job_id)
    return found


def state(line: Line, job: Job) -> str:
    return now(line, job).state


def begin(line: Line, *, after: timedelta = timedelta()) -> int:
    line.now += after
    decided: int = line.do(c.BeginJobs())
    return decided


def rota(line: Line, **how: Any) -> None:
    line.do(c.ConfigureWork(rota=Rota(**how)))


def do(line: Line, peer: Peer, text: str = "tidied") -> None:
    """The next thing that the peer is asked is done in a turn."""
    line.work(peer)
    line.stop(peer, text)


def update(line: Line, job: Job, state: str, note: str = "", **how: Any) -> Job:
    told = c.UpdateJob(job_id=job.job_id, by=now(line, job).to, state=state, note=note, **how)
    after: Job = line.do(told)
    return after


def heard(line: Line, peer: Peer) -> list[str]:
    return [text for kind, text in line.inbox(peer) if kind is Kind.NOTICE]


@pytest.fixture
def lead(line: Line) -> Peer:
    return line.orchestrator("lead")


@pytest.fixture
def web(line: Line) -> Peer:
    return line.agent("web")


# --- the life of one --------------------------------------------------------------------------------------------------


def test_a_job_is_asked_of_whoever_does_it_and_the_turns_last_words_are_its_result(
    line: Line, lead: Peer, api: Peer
) -> None:
    made = add(line, lead, api, prompt="tidy up the tests")
    assert (made.state, made.tries, made.circle) == (j.State.RUNNING, 1, "dev")
    [(kind, text)] = line.inbox(api)
    assert kind is Kind.ASK
    assert text.startswith("tidy up the tests")
    assert all(part in text for part in (made.job_id, "tidy up", "wanted by lead", "job_update", "blocked"))
    do(line, api)
    assert (state(line, made), now(line, made).result) == (j.State.DONE, "tidied")
    assert heard(line, lead) == [f'job {made.job_id} "tidy up" is done: tidied']


def test_one_that_is_declined_fails_for_good(line: Line, lead: Peer, api: Peer) -> None:
    made = add(line, lead, api, retries=3)
    line.answer(line.asked(made.ask_id), api, "not mine", decline=True)
    assert (state(line, made), now(line, made).reason) == (j.State.FAILED, "declined: not mine")


def test_one_that_is_held_open_does_not_end_with_the_turn_but_when_its_peer_says_so(
    line: Line, lead: Peer, api: Peer
) -> None:
    made = add(line, lead, api)
    line.work(api)
    update(line, made, "running", "the suite runs")
    line.stop(api, "I wait for the suite")
    assert (state(line, made), now(line, made).note) == (j.State.RUNNING, "I wait for the suite")
    assert heard(line, lead) == []
    line.answer(line.asked(made.ask_id), api, "all green")
    assert (state(line, made), now(line, made).result) == (j.State.DONE, "all green")
    assert len(heard(line, lead)) == 1


def test_one_that_is_blocked_is_told_of_and_goes_on_when_its_peer_says_so(
    line: Line, lead: Peer, api: Peer
) -> None:
    made = add(line, lead, api)
    line.work(api)
    update(line, made, "blocked", "it needs a key")
    line.stop(api, "I cannot go on")
    assert (state(line, made), now(line, made).reason) == (j.State.BLOCKED, "it needs a key")
    assert heard(line, lead) == [f'job {made.job_id} "tidy up" is blocked: it needs a key']
    update(line, made, "running")
    update(line, made, "done", "it is done")
    assert (state(line, made), now(line, made).result) == (j.State.DONE, "it is done")
    assert len(heard(line, lead)) == 2


def test_what_its_peer_ends_by_saying_so_is_not_asked_any_more(line: Line, lead: Peer, api: Peer) -> None:
    made = add(line, lead, api)
    line.work(api)
    update(line, made, "failed", "no such folder")
    assert line.asked(made.ask_id).state == "cancelled"
    line.stop(api, "so that is that")
    assert (state(line, made), now(line, made).reason) == (j.State.FAILED, "no such folder")


def test_only_whoever_does_it_says_how_far_it_is(line: Line, lead: Peer, api: Peer, web: Peer) -> None:
    made = add(line, lead, api)
    with pytest.raises(NotAllowed, match="not yours to do"):
        line.do(c.UpdateJob(job_id=made.job_id, by=web.peer_id, state="done"))
    with pytest.raises(Malformed):
        update(line, made, "finished")
    do(line, api)
    with pytest.raises(InvalidTransition):
        update(line, made, "running")


def test_a_session_that_ends_fails_its_job_which_is_tried_again_while_tries_are_left(
    line: Line, lead: Peer, api: Peer
) -> None:
    made = add(line, lead, api, retries=1)
    line.work(api)
    line.do(c.EndSession(session_id=str(api.session_id), why="its process ended"))
    failed = now(line, made)
    assert (failed.state, failed.reason, failed.tries) == (j.State.QUEUED, "its session ended", 1)
    assert line.asked(made.ask_id).state == "cancelled"
    assert begin(line, after=MINUTE) > 0
    assert (state(line, made), now(line, made).tries) == (j.State.RUNNING, 2)
    again = line.agent("api", session_id="s-next", path=api.path)
    assert again.peer_id == api.peer_id
    do(line, again)
    assert state(line, made) == j.State.DONE


def test_a_session_that_ends_before_it_saw_the_job_or_only_clears_leaves_it(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    unseen, seen = add(line, lead, api), add(line, lead, web)
    line.work(web)
    line.do(c.EndSession(session_id=str(api.session_id), why="its process ended"))
    line.do(c.EndSession(session_id=str(web.session_id), why="clear"))
    assert [state(line, each) for each in (unseen, seen)] == [j.State.RUNNING] * 2


def test_one_whose_peer_is_forgotten_fails(line: Line, lead: Peer, api: Peer) -> None:
    made = add(line, lead, api)
    line.do(c.EndSession(session_id=str(api.session_id), why="ended"))
    line.do(c.ForgetPeer(peer_id=api.peer_id))
    assert state(line, made) == j.State.FAILED


def test_its_deadline_is_enforced_whatever_it_is_at(line: Line, lead: Peer, api: Peer, web: Peer) -> None:
    working, waiting = add(line, lead, api, deadline=HOUR), add(line, lead, api, deadline=HOUR)
    line.work(api)
    assert line.view.next_alarm() == line.now + HOUR
    begin(line, after=HOUR)
    assert [state(line, each) for each in (working, waiting)] == [j.State.EXPIRED] * 2
    assert line.asked(working.ask_id).state == "cancelled"
    assert "stopped by its deadline" in line.session(api).stopped
    assert len(heard(line, lead)) == 2
    assert line.view.next_alarm() is None


def test_cancelling_withdraws_the_ask_and_stops_the_turn_and_is_said_once(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    made = add(line, lead, api)
    line.work(api)
    cancel = c.CancelJob(job_id=made.job_id, by=lead.peer_id, named="lead")
    with pytest.raises(NotAllowed, match="not yours"):
        line.do(replace(cancel, by=web.peer_id))
    line.do(cancel)
    assert (state(line, made), line.asked(made.ask_id).state) == (j.State.CANCELLED, "cancelled")
    assert "stopped by lead" in line.session(api).stopped
    line.stop(api, "I was nearly done")
    assert (state(line, made), now(line, made).result) == (j.State.CANCELLED, "")
    with pytest.raises(Conflict):
        line.do(cancel)


def test_a_turn_on_something_else_goes_on_when_a_job_is_cancelled(line: Line, lead: Peer, api: Peer) -> None:
    line.ask(lead, api)
    line.work(api)
    made = add(line, lead, api)
    line.do(c.CancelJob(job_id=made.job_id, by="", named="the owner"))
    assert line.session(api).stopped == ""


def test_one_that_ended_badly_is_tried_anew_with_as_much_time_as_it_had(
    line: Line, lead: Peer, api: Peer
) -> None:
    made = add(line, lead, api, deadline=HOUR)
    begin(line, after=HOUR)
    line.do(c.RetryJob(job_id=made.job_id, by=lead.peer_id))
    anew = now(line, made)
    assert (anew.state, anew.tries, anew.deadline_at) == (j.State.RUNNING, 1, line.now + HOUR)
    with pytest.raises(InvalidTransition):
        line.do(c.RetryJob(job_id=made.job_id, by=lead.peer_id))


# --- when it begins ---------------------------------------------------------------------------------------------------


def test_a_peer_does_one_job_at_a_time_the_oldest_first(line: Line, lead: Peer, api: Peer) -> None:
    jobs = [add(line, lead, api, str(n)) for n in range(3)]
    assert [each.state for each in jobs] == ["running", "queued", "queued"]
    for n in range(3):
        assert [state(line, each) for each in jobs].count("running") == 1
        do(line, api, f"did {n}")
    assert [now(line, each).result for each in jobs] == ["did 0", "did 1", "did 2"]


def test_no_more_than_so_many_run_in_a_circle_or_on_a_backend(line: Line, lead: Peer) -> None:
    places = [("dev", "codex")] * 3 + [("ops", "codex"), ("ops", "gemini")]
    agents = [line.agent(f"a{n}", *place[:1], backend=place[1]) for n, place in enumerate(places)]
    rota(line, per_circle=2, per_backend=3)
    jobs = [add(line, lead, each) for each in agents]
    assert [state(line, each) for each in jobs] == ["running", "running", "queued", "running", "running"]
    do(line, agents[0])
    assert state(line, jobs[2]) == "running"


def test_one_that_waits_for_somebody_who_is_away_takes_no_place_from_those_who_are_there(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    rota(line, per_circle=1)
    away = add(line, lead, api)
    waits = add(line, lead, web)
    assert [state(line, each) for each in (away, waits)] == ["running", "queued"]
    line.do(c.EndSession(session_id=str(api.session_id), why="ended"))
    assert [state(line, each) for each in (away, waits)] == ["running", "running"]
    again = add(line, lead, api)
    assert state(line, again) == "queued"  # whoever is away does one at a time as well


def test_what_comes_after_others_begins_when_they_are_done(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    first = add(line, lead, api)
    then = add(line, lead, web, after=(first.job_id,))
    last = add(line, lead, api, after=(then.job_id, first.job_id))
    assert [state(line, each) for each in (then, last)] == ["queued", "queued"]
    do(line, api)
    assert [state(line, each) for each in (then, last)] == ["running", "queued"]
    do(line, web)
    assert state(line, last) == "running"


def test_what_comes_after_a_failure_is_blocked_once_told_and_free_when_that_is_mended(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    first = add(line, lead, api)
    then = add(line, lead, web, after=(first.job_id,))
    line.answer(line.asked(first.ask_id), api, decline=True)
    assert (state(line, then), now(line, then).reason) == ("blocked", f"it comes after {first.job_id} failed")
    assert len(heard(line, lead)) == 2
    with pytest.raises(Conflict, match="never begin"):
        line.do(c.RetryJob(job_id=then.job_id, by=lead.peer_id))
    with pytest.raises(Conflict, match="never begin"):
        add(line, lead, web, after=(first.job_id,))
    line.do(c.RetryJob(job_id=first.job_id, by=lead.peer_id))
    assert [state(line, each) for each in (first, then)] == ["running", "queued"]
    do(line, api)
    assert state(line, then) == "running"


def test_nobody_goes_on_with_what_was_never_begun(line: Line, lead: Peer, api: Peer, web: Peer) -> None:
    first = add(line, lead, api)
    then = add(line, lead, web, after=(first.job_id,), retries=1)
    line.answer(line.asked(first.ask_id), api, decline=True)
    with pytest.raises(Conflict, match=f"was not begun: it comes after {first.job_id} failed"):
        update(line, then, "running")
    assert (state(line, then), now(line, then).tries) == ("blocked", 0)


def test_one_that_found_no_place_in_its_night_begins_in_the_next(line: Line, lead: Peer, api: Peer) -> None:
    rota(line, nights=(Night(circle="*", window="22:00-07:00"),))
    first = add(line, lead, api)
    then = add(line, lead, api, tonight=True)
    begin(line, after=11 * HOUR)
    assert state(line, then) == "queued"
    line.now += 9 * HOUR
    do(line, api)
    assert (state(line, first), state(line, then)) == ("done", "queued")
    alarm = line.view.next_alarm()
    assert alarm is not None
    begin(line, after=alarm - line.now)
    assert (state(line, then), line.now.hour) == ("running", 22)


def test_who_is_forgotten_is_given_nothing_more(line: Line, lead: Peer, api: Peer) -> None:
    first, then = add(line, lead, api), add(line, lead, api)
    line.do(c.EndProcess(pid=line.session(api).pid, started=1))
    line.do(c.ForgetPeer(peer_id=api.peer_id))
    assert [state(line, each) for each in (first, then)] == ["failed", "failed"]
    assert not line.view.open_asks_to(api.peer_id)


def test_one_for_a_time_begins_at_that_time(line: Line, lead: Peer, api: Peer) -> None:
    made = add(line, lead, api, due_at=line.now + HOUR)
    assert (made.state, line.view.next_alarm()) == ("queued", line.now + HOUR)
    begin(line, after=HOUR - MINUTE)
    assert state(line, made) == "queued"
    begin(line, after=MINUTE)
    assert (state(line, made), line.view.next_alarm()) == ("running", None)


def test_one_for_the_night_begins_in_the_window_of_its_circle_and_in_no_other(
    line: Line, lead: Peer, api: Peer
) -> None:
    nights = (Night(circle="dev", window="23:00-06:00"), Night())
    rota(line, zone="Europe/Lisbon", nights=nights)
    running = add(line, lead, api)
    made = add(line, lead, api, tonight=True)
    assert made.due_at == datetime(2026, 3, 2, 23, tzinfo=UTC)
    line.now = datetime(2026, 3, 3, 6, tzinfo=UTC)  # nobody was awake
    begin(line)
    do(line, api)
    assert (state(line, running), state(line, made)) == ("done", "queued")
    assert now(line, made).due_at == line.view.next_alarm() == datetime(2026, 3, 3, 23, tzinfo=UTC)
    line.now = datetime(2026, 3, 4, 5, tzinfo=UTC)
    begin(line)
    assert state(line, made) == "running"


def test_a_circle_without_a_night_has_none(line: Line, lead: Peer, api: Peer) -> None:
    rota(line, nights=(Night(circle="ops"),))
    with pytest.raises(Conflict, match="no night"):
        add(line, lead, api, tonight=True)


def test_a_try_that_takes_too_long_is_stopped_and_made_again(line: Line, lead: Peer, api: Peer) -> None:
    rota(line, minutes=30)
    made = add(line, lead, api, retries=1)
    line.work(api)
    begin(line, after=30 * MINUTE)
    assert (state(line, made), now(line, made).reason) == ("queued", "it took longer than 30 minutes")
    assert line.session(api).stopped


def test_authority_is_looked_at_when_it_begins(line: Line, ada: Chat, api: Peer) -> None:
    made = add(
        line, ada.peer, api, due_at=line.now + HOUR, surface=ada.surface, account=ada.account, person="ada"
    )
    person = line.view.get(Person, ada.surface, ada.account)
    line.put(replace(person, rights=("talk",)))
    begin(line, after=HOUR)
    assert (state(line, made), now(line, made).reason) == ("failed", "ada may not have jobs done any more")


# --- folders ----------------------------------------------------------------------------------------------------------


def test_a_folder_is_refused_until_somebody_can_be_started_there(line: Line, lead: Peer) -> None:
    with pytest.raises(NotAllowed, match="nobody can be started"):
        add(line, lead, path="/src/app", backend="codex")


def test_a_job_for_a_folder_is_given_to_whoever_is_started_there(line: Line, lead: Peer) -> None:
    rota(line, spawns=True)
    made = add(line, lead, path="/src/app", backend="codex", retries=1)
    assert (made.state, made.ask_id, made.to) == ("running", STARTING, "")
    assert [each.job_id for each in line.view.jobs_outside()] == [made.job_id]
    line.do(c.FailJob(job_id=made.job_id, why="no room"))
    assert (state(line, made), now(line, made).reason) == ("queued", "no room")
    begin(line, after=MINUTE)
    started = line.agent("app", path="/src/app", backend="codex")
    for _ in range(2):
        line.do(c.GiveJob(job_id=made.job_id, to=started.peer_id))
    assert len(line.inbox(started)) == 1
    assert list(line.view.jobs_outside()) == []
    do(line, started, "built")
    assert now(line, made).result == "built"


def test_a_folder_needs_the_right_to_have_somebody_started(line: Line, web: Peer) -> None:
    rota(line, spawns=True)
    with pytest.raises(NotAllowed, match="may not have anybody started"):
        add(line, web, path="/src/app", backend="codex")


# --- what is refused, and what is claimed -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ({"to": "nobody"}, UnknownPeer),
        ({"to": ""}, Malformed),
        ({"to": "web", "path": "/src"}, Malformed),
        ({"title": " "}, Malformed),
        ({"after": ("j-none",)}, NotFound),
        ({"retries": 11}, Malformed),
        ({"retries": -1}, Malformed),
        ({"deadline": timedelta()}, Malformed),
        ({"deadline": timedelta(days=400)}, Malformed),
        ({"deadline": MINUTE, "tonight": True}, Malformed),
        ({"due_at": datetime(2020, 1, 1, tzinfo=UTC)}, Malformed),
        ({"to": "circle:dev"}, Malformed),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_made(
    line: Line, lead: Peer, web: Peer, api: Peer, how: dict[str, Any], error: type[Exception]
) -> None:
    line.do(c.ConfigureWork(rota=Rota()))
    with pytest.raises(error):
        add(line, lead, **({"to": "web"} | how))
    assert list(line.view.jobs()) == []
    assert list(line.view.schedules()) == list[Schedule]()


def test_claims_are_kept_until_they_are_looked_at_and_then_with_what_was_found(
    line: Line, lead: Peer, api: Peer
) -> None:
    made = add(line, lead, api)
    line.work(api)
    update(line, made, "done", "built", claims=("commit abc1234", "tests"))
    assert [each.job_id for each in line.view.jobs_outside()] == [made.job_id]
    judged = (Claim(claim="commit abc1234", verified=True), Claim(claim="tests", why="not run"))
    line.do(c.JudgeClaims(job_id=made.job_id, claims=judged))
    assert (now(line, made).claims, state(line, made)) == (judged, "done")
    assert list(line.view.jobs_outside()) == []
