"""What must hold for a job: it ends once, each try is begun once, and its table is what it does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import InvalidTransition
from daemon.core.model import Job
from daemon.core.rules import jobs as j

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENDED = [state for state in j.State if state not in j.ACTIVE]
ROW = re.compile(r"^    ([A-Z]+)  +([A-Z][a-z]+)  +(.+)$", re.MULTILINE)
DOCUMENTED = {
    (state, event): set(re.findall(r"[A-Z]{2,}", became))
    for state, event, became in ROW.findall(j.__doc__ or "")
}
EVENTS: dict[type, j.Happening] = {
    j.Start: j.Start("a-2"),
    j.Hold: j.Hold(),
    j.Give: j.Give("p-2", "a-2"),
    j.Block: j.Block("it needs a key"),
    j.Finish: j.Finish("done"),
    j.Fail: j.Fail("its worker ended"),
    j.Return: j.Return("its account is used up"),
    j.Expire: j.Expire(),
    j.Cancel: j.Cancel("ada"),
    j.Retry: j.Retry(),
}


def job(state: str = j.State.QUEUED, **how: object) -> Job:
    made = Job(
        job_id="j-1", title="x", prompt="do x", owner="p-0", circle="dev", state=state, created_at=NOON,
        ended_at=NOON if state in ENDED else None, tries=1 if state == j.State.RUNNING else 0,
    )  # fmt: skip
    return replace(made, **how)  # type: ignore[arg-type]


def test_every_event_is_tried() -> None:
    assert set(EVENTS) == set(get_args(j.Happening))


@pytest.mark.parametrize(("state", "event"), list(product(j.State, EVENTS)))
def test_what_is_documented_is_what_happens_and_nothing_else(state: j.State, event: type) -> None:
    became = DOCUMENTED.get((state.name, event.__name__))
    if became is None:
        assert not j.can(job(state), event)
        with pytest.raises(InvalidTransition):
            j.advance(job(state), EVENTS[event], now=NOON)
        return
    seen = {
        j.State(j.advance(job(state, retries=retries), EVENTS[event], now=NOON).state).name
        for retries in (0, 3)
    }
    assert seen == became
    after = j.advance(job(state), EVENTS[event], now=NOON)
    assert j.is_over(after) == (after.ended_at is not None)


def test_a_try_that_fails_comes_again_later_each_time_until_none_is_left() -> None:
    going, now, waits = job(retries=3), NOON, []
    for number in range(4):
        going = j.advance(going, j.Start(f"a-{number}"), now=now)
        going = j.advance(going, j.Fail("its worker ended"), now=now)
        waits.append(going.due_at and going.due_at - now)
        now = going.due_at or now
    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4), None]
    assert (going.state, going.tries) == (j.State.FAILED, 4)


def test_what_no_try_helps_fails_at_once() -> None:
    running = j.advance(job(retries=3), j.Start("a-1"), now=NOON)
    assert j.advance(running, j.Fail("declined", again=False), now=NOON).state == j.State.FAILED


def test_a_limit_of_its_account_costs_no_try() -> None:
    running = j.advance(job(), j.Start("a-1"), now=NOON)
    back = j.advance(running, j.Return("used up", NOON + timedelta(hours=2)), now=NOON)
    assert (back.state, back.tries, back.due_at) == (j.State.QUEUED, 0, NOON + timedelta(hours=2))


def test_a_worker_that_goes_on_goes_on_with_the_same_try() -> None:
    blocked = j.advance(job(j.State.RUNNING, ask_id="a-1"), j.Block("needs a key"), now=NOON)
    again = j.advance(blocked, j.Start(), now=NOON)
    assert (again.state, again.tries, again.ask_id) == (j.State.RUNNING, 1, "a-1")


@pytest.mark.parametrize(
    ("before", "held_up", "broken"),
    [
        ([], "", ""),
        ([job(j.State.DONE)], "", ""),
        ([job(j.State.RUNNING)], "it comes after j-1", ""),
        ([job(j.State.FAILED)], "", "it comes after j-1 failed"),
    ],
)
def test_it_waits_for_what_comes_before_it(before: list[Job], held_up: str, broken: str) -> None:
    assert (j.held_up(job(), before, NOON), j.broken(before)) == (held_up, broken)


@given(st.lists(st.sampled_from(list(EVENTS.values())), max_size=40), st.integers(0, 3))
def test_whatever_happens_it_is_over_exactly_when_it_has_ended(
    happened: list[j.Happening], retries: int
) -> None:
    going, begun = job(retries=retries), 0
    for number, event in enumerate(happened):
        real = j.Start(f"a-{number}") if isinstance(event, j.Start) else event
        if not j.can(going, type(real)):
            continue
        if isinstance(real, j.Retry):
            begun = 0
        elif isinstance(real, j.Start):
            begun += 1
        elif isinstance(real, j.Return) and going.state == j.State.RUNNING:
            begun -= 1
        going = j.advance(going, real, now=NOON)
        assert j.is_over(going) == (going.ended_at is not None)
        assert going.tries == begun
