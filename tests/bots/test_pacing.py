"""A chat platform is never asked faster than it allows, and nobody waits longer than they must."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.pacing import MINUTE, Pace, Pacing, ended, flood, flooded, started, wait

GAP = Pace().gap
ROOMS = st.sampled_from(["7", "8", "-100", "-200"])


def asked(state: Pacing, room: str, now: float, took: float = 0.0) -> tuple[Pacing, float]:
    """Make a request as soon as it may be made; returns when that was."""
    at = now + wait(state, room, now, group=room.startswith("-"))
    return ended(started(state, room, at), room, at + took), at


def test_what_follows_at_once_may_go_and_then_it_is_paid_for_in_one_room_only() -> None:
    state, _ = asked(Pacing(), "7", 100.0, took=5.0)
    assert wait(state, "7", 105.0, group=False) == 0
    state, _ = asked(state, "7", 105.0)

    assert wait(state, "7", 105.0, group=False) == 2 * GAP
    assert wait(state, "8", 105.0, group=False) == 0


def test_a_group_has_twenty_in_a_minute_and_a_private_chat_more() -> None:
    took = {}
    for room in ("-100", "7"):
        state, now = Pacing(), 100.0
        for _ in range(21):
            state, now = asked(state, room, now)
        took[room] = now - 100.0

    assert (took["-100"], took["7"]) == (MINUTE, 20 * GAP)


def test_of_all_rooms_thirty_begin_in_a_second() -> None:
    state, times = Pacing(), []
    for n in range(31):
        state, at = asked(state, str(n), 100.0)
        times.append(at)

    assert times == [100.0] * 30 + [101.0]


def test_a_flooded_room_is_left_alone_in_full_and_a_shorter_wait_shortens_nothing() -> None:
    state = flooded(flooded(Pacing(), "7", 6875.0), "7", 110.0)

    assert flood(state, "7", 100.0) == wait(state, "7", 100.0, group=False) == 6775
    assert flood(state, "7", 6875.0) == 0
    assert flood(state, "8", 100.0) == 0


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(ROOMS, st.floats(0, 3), st.floats(0, 2)), max_size=80))
def test_whatever_is_asked_no_limit_is_ever_passed(wishes: list[tuple[str, float, float]]) -> None:
    state, now = Pacing(), 0.0
    made: dict[str, list[float]] = {}
    every: list[float] = []
    for room, pause, took in wishes:
        now += pause
        state, at = asked(state, room, now, took)
        now = max(now, at)
        made.setdefault(room, []).append(at)
        every.append(at)

    tiny = 1e-6
    for room, times in made.items():
        assert all(b - a >= 2 * GAP - tiny for a, b in zip(times, times[2:], strict=False))
        if room.startswith("-"):
            assert all(b - a >= MINUTE - tiny for a, b in zip(times, times[20:], strict=False))
    assert all(b - a >= 1 - tiny for a, b in zip(sorted(every), sorted(every)[30:], strict=False))


@pytest.mark.parametrize("later", [MINUTE + 1, 10 * MINUTE])
def test_rooms_about_which_nothing_is_left_to_remember_are_forgotten(later: float) -> None:
    state, _ = asked(flooded(Pacing(), "7", 101.0), "7", 100.0)

    state, _ = asked(state, "8", 101.0 + later)

    assert (set(state.last), dict(state.flooded)) == ({"8"}, {})
