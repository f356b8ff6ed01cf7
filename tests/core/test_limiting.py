"""An account that is used up: its jobs wait, one tries when it may be free again, and the owner is told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core import listing, work
from daemon.core.errors import Malformed
from daemon.core.model import Job, Kind, Payer, Peer
from daemon.core.rules import jobs as j
from daemon.core.rules.usage import SKEW
from daemon.core.view import Plan
from tests.core.line import NOON, Chat, Line
from tests.core.test_work import MINUTE, add, begin, do, heard, now, rota, state

HOUR = timedelta(hours=1)
FOUR = "4pm"


@pytest.fixture
def lead(line: Line) -> Peer:
    return line.orchestrator("lead", backend="codex")


@pytest.fixture
def web(line: Line) -> Peer:
    return line.agent("web")


@pytest.fixture
def ada(line: Line) -> Chat:
    chat = line.telegram()
    line.shown(chat)
    return chat


def hit(line: Line, peer: Peer, said: str = FOUR) -> None:
    """Its turn ends for want of use."""
    session_id = line.session(peer).session_id
    line.do(c.HitLimit(session_id=session_id, how="wall" if said else "none", said=said))
    line.stop(peer, "limit", failed=True)


def paused_pair(line: Line, lead: Peer, *peers: Peer) -> list[Job]:
    """A job for each, and each comes to its limit, the first of them at work."""
    made = [add(line, lead, each) for each in peers]
    line.work(peers[0])
    for each in peers:
        hit(line, each)
    return made


def waits(line: Line, job: Job) -> str:
    return work.waits_for(Plan(line.view, line.now, ""), now(line, job))


def states(line: Line, *made: Job) -> list[str]:
    return [state(line, each) for each in made]


def test_a_job_is_paused_without_a_try_used_up_and_others_of_the_account_wait(
    line: Line, lead: Peer, api: Peer, web: Peer, ada: Chat
) -> None:
    first = add(line, lead, api)
    line.work(api)
    hit(line, api)
    assert (state(line, first), now(line, first).tries) == (j.State.QUEUED, 0)
    second = add(line, lead, web)
    assert waits(line, first) == waits(line, second) == "usage limit of claude-code until 16:00"
    assert line.carry(api) is None
    assert line.carry(web) is None
    assert line.view.next_alarm() == NOON + 4 * HOUR + SKEW
    assert [x.envelope.body for x in line.shown(ada)] == [
        "usage limit of claude-code until 16:00; 1 job paused. Its jobs go on by themselves."
    ]
    assert heard(line, lead) == []


def test_at_the_reset_one_tries_and_the_others_follow_when_it_went_well(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    made = paused_pair(line, lead, api, web)
    assert states(line, *made) == ["queued", "queued"]
    assert begin(line, after=4 * HOUR) == 0
    begin(line, after=2 * MINUTE)
    assert states(line, *made) == ["running", "queued"]
    assert "tries first" in waits(line, made[1])
    begin(line, after=HOUR)
    assert states(line, *made) == ["running", "queued"]
    do(line, api)
    assert states(line, *made) == ["done", "running"]
    assert now(line, made[0]).tries == 1


def test_one_that_is_limited_again_waits_anew_and_nobody_is_told_again(
    line: Line, lead: Peer, api: Peer, web: Peer, ada: Chat
) -> None:
    made = [add(line, lead, x) for x in (api, web)]
    line.work(api)
    hit(line, api, "")
    hit(line, web, "")
    line.shown(ada)
    begun = []
    for _ in range(3):
        begin(line, after=5 * HOUR)
        begun.append(states(line, *made).count("running"))
        line.work(api)
        line.now += MINUTE
        hit(line, api, "")
        assert states(line, *made) == ["queued", "queued"]
    assert begun == [1, 1, 1]
    assert line.shown(ada) == []


def test_when_the_one_that_tries_is_cancelled_another_tries(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    made = paused_pair(line, lead, api, web)
    begin(line, after=5 * HOUR)
    line.do(c.CancelJob(job_id=made[0].job_id, by=lead.peer_id, named="lead"))
    assert states(line, *made) == ["cancelled", "running"]


def test_a_turn_that_goes_well_meanwhile_frees_the_account(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    made = add(line, lead, api)
    line.work(api)
    line.prompt(web)
    line.now += MINUTE
    hit(line, api)
    line.stop(web, "begun before")
    assert state(line, made) == "queued"
    line.now += MINUTE
    line.prompt(web)
    line.stop(web, "fine")
    assert state(line, made) == "running"


def test_what_is_asked_of_a_limited_agent_is_held_until_the_reset_at_the_cost_of_no_attempt(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    hit(line, api)
    ask = line.ask(lead, web)
    assert line.carry(web) is None
    assert line.hand_out(web) == ()
    held = line.delivery(ask, web)
    assert (held.state, held.reason) == ("held", "usage limit of claude-code until 16:00")
    line.now += 4 * HOUR + SKEW
    line.do(c.FireSchedules())
    assert line.carry(web)
    assert line.delivery(ask, web).attempts == 1


def test_an_ask_that_the_limit_broke_off_is_reminded_of_after_the_reset(
    line: Line, lead: Peer, api: Peer
) -> None:
    ask = line.ask(lead, api)
    line.work(api)
    hit(line, api)
    assert line.asked(ask).state == "seen"
    assert line.carry(api) is None
    line.now += 4 * HOUR + SKEW
    line.do(c.FireSchedules())
    line.work(api)
    line.stop(api, "half way")
    assert line.asked(ask).state == "answered"


def test_what_waited_for_the_reset_goes_at_once_when_a_turn_goes_well_before(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    hit(line, api)
    line.ask(lead, web)
    assert line.carry(web) is None
    line.now += MINUTE
    line.prompt(api)
    line.stop(api, "somebody paid")
    assert line.carry(web)


def test_an_agent_of_another_account_is_reached_meanwhile(line: Line, lead: Peer, api: Peer) -> None:
    fix = line.agent("fix", backend="codex")
    hit(line, api)
    line.ask(lead, fix)
    assert line.carry(fix)


def test_another_account_goes_on_and_so_does_what_the_config_has_paid_by_another(
    line: Line, lead: Peer, api: Peer
) -> None:
    rota(line, accounts=(Payer(backend="claude-code", circle="home", account="mine"),))
    codex, cook = line.agent("fix", backend="codex"), line.agent("cook", "home")
    hit(line, api)
    made = [add(line, lead, x) for x in (codex, cook, api)]
    assert states(line, *made) == ["running", "running", "queued"]


def test_whoever_lists_peers_sees_until_when(line: Line, lead: Peer, api: Peer) -> None:
    hit(line, api)
    rows = {
        x.peer.name: x.availability for x in listing.peers(Plan(line.view, line.now, ""), lead, circle="*")
    }
    assert rows["api"] == "usage limit of claude-code until 16:00"


def test_a_clock_that_is_set_moves_a_pause_of_ours_but_no_hour_of_the_wall(line: Line, api: Peer) -> None:
    hit(line, api, "")
    [guessed] = line.view.accounts()
    line.now += HOUR
    line.do(c.StepClock(by=HOUR))
    [moved] = line.view.accounts()
    assert guessed.until_at
    assert moved.until_at == guessed.until_at + HOUR
    hit(line, api)
    [before] = line.view.accounts()
    line.do(c.StepClock(by=HOUR))
    assert line.view.accounts()[0].until_at == before.until_at


# --- budgets --------------------------------------------------------------------------------------------


def test_a_job_whose_doer_sends_too_much_fails_is_stopped_and_told_once(
    line: Line, lead: Peer, api: Peer, web: Peer
) -> None:
    made = add(line, lead, api, messages=2, retries=3)
    line.work(api)
    for _ in range(3):
        assert begin(line) == 0
        line.notify(api, web, "look")
    assert line.view.next_alarm() == line.now
    begin(line)
    assert (state(line, made), now(line, made).reason) == (
        "failed",
        "it sent more than 2 messages, its budget",
    )
    assert "its budget" in line.session(api).stopped
    assert begin(line) == 0
    assert len(heard(line, lead)) == 1


def test_a_job_whose_doer_begins_too_many_turns_fails(line: Line, lead: Peer, api: Peer) -> None:
    rota(line, wakes=1)
    made = add(line, lead, api)
    line.work(api)
    line.do(c.UpdateJob(job_id=made.job_id, by=api.peer_id, state="running"))
    line.stop(api, "so far")
    assert begin(line) == 0
    line.prompt(api)
    begin(line)
    assert (state(line, made), now(line, made).reason) == ("failed", "it took more than 1 turn, its budget")


def test_a_job_that_takes_longer_than_its_own_budget_fails_for_good(
    line: Line, lead: Peer, api: Peer
) -> None:
    made = add(line, lead, api, minutes=5, retries=3)
    line.work(api)
    begin(line, after=5 * MINUTE)
    assert (state(line, made), now(line, made).reason) == ("failed", "it took longer than 5 minutes")


@pytest.mark.parametrize("budget", [{"messages": 0}, {"wakes": -1}, {"minutes": 10**9}, {"messages": 10_001}])
def test_a_budget_that_can_be_none_is_refused(
    line: Line, lead: Peer, api: Peer, budget: dict[str, Any]
) -> None:
    with pytest.raises(Malformed):
        add(line, lead, api, **budget)


def test_what_is_done_beside_no_job_costs_none(line: Line, lead: Peer, api: Peer, web: Peer) -> None:
    made = add(line, lead, api, messages=1)
    line.notify(web, api, "look")
    line.notify(lead, api, "look")
    assert (now(line, made).sent, state(line, made)) == (0, "running")
    assert [kind for kind, _ in line.inbox(web)] == []
    assert Kind.NOTICE in {kind for kind, _ in line.inbox(api)}
