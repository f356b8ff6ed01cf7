"""Sizes, ages, spans and counts as people say them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core.rules.measures import ago, counted, lasting, size
from tests.core.line import NOON


@pytest.mark.parametrize(("number", "told"), [
    (0, "0 bytes"),
    (1023, "1023 bytes"),
    (1024, "1.0 kB"),
    (34_567, "34 kB"),
    (1024 * 1024 * 3 // 2, "1.5 MB"),
    (20 * 1024 * 1024, "20 MB"),
])  # fmt: skip
def test_a_size_has_two_or_three_digits(number: int, told: str) -> None:
    assert size(number) == told


@pytest.mark.parametrize(("seconds", "told"), [
    (-5, "0 s"),
    (3.9, "3 s"),
    (89, "89 s"),
    (90, "2 min"),
    (720, "12 min"),
    (5400, "2 h"),
    (129_600, "2 d"),
])  # fmt: skip
def test_an_age_is_told_in_the_largest_unit_that_says_enough(seconds: float, told: str) -> None:
    assert ago(NOON - timedelta(seconds=seconds), NOON) == told


@pytest.mark.parametrize(("seconds", "told"), [
    (-5, "0 s"),
    (59.9, "59 s"),
    (60, "1 min 0 s"),
    (3_725, "62 min 5 s"),
])  # fmt: skip
def test_a_span_is_told_to_the_second(seconds: float, told: str) -> None:
    assert lasting(timedelta(seconds=seconds)) == told


@pytest.mark.parametrize(("number", "told"), [(0, "0 calls"), (1, "1 call"), (2, "2 calls")])
def test_one_thing_is_told_of_as_one(number: int, told: str) -> None:
    assert counted(number, "call") == told
