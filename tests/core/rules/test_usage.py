"""What must hold for an account: its table is what it does, and it is tried neither too soon nor never again."""

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
from daemon.core.model import Account, Payer, Rota
from daemon.core.rules import usage as u
from daemon.core.rules.resets import How, moment

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROW = re.compile(r"^    ([A-Z]+)  +([A-Z][a-z]+)  +([A-Z]+)$", re.MULTILINE)
DOCUMENTED = {(state, event): became for state, event, became in ROW.findall(u.__doc__ or "")}
EVENTS: dict[type, u.Happening] = {
    u.Hit: u.Hit(NOON + HOUR),
    u.Reset: u.Reset(),
    u.Try: u.Try("j-1"),
    u.Pass: u.Pass(),
}
FREE = Account(name="claude-code")


def test_every_event_is_tried() -> None:
    assert set(EVENTS) == set(get_args(u.Happening))


@pytest.mark.parametrize(("state", "event"), list(product(u.State, EVENTS)))
def test_what_is_documented_is_what_happens_and_nothing_else(state: u.State, event: type) -> None:
    account, became = replace(FREE, state=state), DOCUMENTED.get((state.name, event.__name__))
    if became is None:
        assert not u.can(account, event)
        with pytest.raises(InvalidTransition):
            u.advance(account, EVENTS[event], now=NOON)
        return
    assert u.State(u.advance(account, EVENTS[event], now=NOON).state).name == became


def test_it_is_limited_until_shortly_after_the_moment_that_was_told() -> None:
    after = u.advance(FREE, u.Hit(NOON + HOUR), now=NOON)
    assert (after.until_at, after.told) == (NOON + HOUR + u.SKEW, True)


def test_of_two_moments_the_later_counts_and_a_guess_takes_the_place_of_none() -> None:
    after = u.advance(FREE, u.Hit(NOON + 2 * HOUR), now=NOON)
    for until in (NOON + HOUR, None):
        after = u.advance(after, u.Hit(until), now=NOON)
        assert (after.until_at, after.told) == (NOON + 2 * HOUR + u.SKEW, True)


@pytest.mark.parametrize("until", [None, NOON, NOON - HOUR, NOON + timedelta(days=400)])
def test_where_no_moment_is_told_that_can_be_the_pause_doubles_up_to_a_bound(until: datetime | None) -> None:
    account, now, pauses = FREE, NOON, []
    for _ in range(8):
        account = u.advance(account, u.Hit(until if until != NOON else now), now=now)
        assert account.until_at
        pauses.append(account.until_at - now)
        now = account.until_at
        account = u.advance(account, u.Reset(), now=now)
    assert [pause.total_seconds() / 60 for pause in pauses] == [15, 30, 60, 120, 240, 300, 300, 300]


def test_the_first_row_that_fits_pays_else_all_of_a_kind_are_paid_by_one() -> None:
    rota = Rota(accounts=(Payer(backend="codex", circle="work", account="team"),))
    assert [u.name_of(rota, "codex", x) for x in ("work", "home")] == ["team", "codex"]


# --- when it ends ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "said", "wanted"),
    [
        (How.WALL, "4am", datetime(2026, 3, 3, 4, tzinfo=UTC)),
        (How.WALL, "3:45 PM", datetime(2026, 3, 2, 15, 45, tzinfo=UTC)),
        (How.WALL, "12pm (America/New_York)", datetime(2026, 3, 2, 17, tzinfo=UTC)),
        (How.WALL, "12am", datetime(2026, 3, 3, 0, tzinfo=UTC)),
        (How.WALL, "16:30", datetime(2026, 3, 2, 16, 30, tzinfo=UTC)),
        (How.WALL, "Mar 5, 4am (Europe/Berlin)", datetime(2026, 3, 5, 3, tzinfo=UTC)),
        (How.WALL, "Jan 2nd, 2027 1:05 AM", datetime(2027, 1, 2, 1, 5, tzinfo=UTC)),
        (How.WALL, "Jan 2 at 9am", datetime(2027, 1, 2, 9, tzinfo=UTC)),
        (How.WALL, "Apr 1", datetime(2026, 4, 1, tzinfo=UTC)),
        (How.SPAN, "2h15m", NOON + timedelta(hours=2, minutes=15)),
        (How.SPAN, "23h59m12s", NOON + timedelta(hours=23, minutes=59, seconds=12)),
        (How.SPAN, "3 hours 2 minutes", NOON + timedelta(hours=3, minutes=2)),
        (How.EPOCH, "1772460000", datetime(2026, 3, 2, 14, tzinfo=UTC)),
    ],
)
def test_each_way_of_saying_it_is_understood(how: How, said: str, wanted: datetime) -> None:
    assert moment(how, said, NOON, "UTC") == wanted


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (How.NONE, "4am"),
        (How.WALL, ""),
        (How.WALL, "soon"),
        (How.WALL, "25:00"),
        (How.WALL, "13pm"),
        (How.WALL, "9:75"),
        (How.WALL, "4am (Atlantis/Nowhere)"),
        (How.WALL, "Feb 31, 4am"),
        (How.SPAN, "a while"),
        (How.EPOCH, "99999999999"),
        (How.EPOCH, "²"),
    ],
)
def test_what_cannot_be_read_is_no_moment(how: How, said: str) -> None:
    assert moment(how, said, NOON, "UTC") is None


@given(st.sampled_from(How), st.text(max_size=60))
def test_nothing_that_is_said_breaks_it(how: How, said: str) -> None:
    found = moment(how, said, NOON, "Europe/London")
    assert found is None or found.tzinfo is not None
