"""An inbox is given no more than it takes."""

from __future__ import annotations

import pytest

from daemon.transports.allowance import AT_ONCE, REFILL_S, Allowance

ROUNDED = pytest.approx(REFILL_S)


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def spent(allowance: Allowance, session: str, times: int) -> None:
    for _ in range(times):
        assert allowance.wait_s(session) == pytest.approx(0)
        allowance.spend(session)


def test_so_many_at_once_and_then_one_every_so_often() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    spent(allowance, "a", AT_ONCE)

    assert allowance.wait_s("a") == ROUNDED
    clock.now += REFILL_S / 2
    assert allowance.wait_s("a") == pytest.approx(REFILL_S / 2)
    clock.now += REFILL_S / 2
    spent(allowance, "a", 1)
    assert allowance.wait_s("a") == ROUNDED


def test_a_rest_fills_the_bucket_and_no_more_than_that() -> None:
    clock = Clock()
    allowance = Allowance(clock)
    spent(allowance, "a", AT_ONCE)
    clock.now += 1000 * REFILL_S
    spent(allowance, "a", AT_ONCE)

    assert allowance.wait_s("a") == ROUNDED


def test_each_session_has_its_own() -> None:
    allowance = Allowance(Clock())
    spent(allowance, "a", AT_ONCE)
    spent(allowance, "b", AT_ONCE)

    assert (allowance.wait_s("a"), allowance.wait_s("b")) == (ROUNDED, ROUNDED)
