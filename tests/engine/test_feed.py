"""A watch says that something changed, never misses it, and costs nothing when it is over."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from daemon.core.model import Delivery, Kind
from daemon.core.view import Decision
from daemon.engine.feed import EVENTS, EVERYTHING, TIME, Feed
from tests.fakes.clock import NOON


def due(at_s: float) -> Decision:
    at = NOON + timedelta(seconds=at_s)
    delivery = Delivery(
        delivery_id="d",
        envelope_id="m",
        peer_id="p-b",
        kind=Kind.NOTICE,
        state="queued",
        due_at=at,
        expires_at=at + timedelta(days=7),
    )
    return Decision(None, (delivery,), (), NOON)


async def test_a_change_between_looking_and_waiting_is_not_missed() -> None:
    feed = Feed()
    with feed.watching("p-b") as watch:
        watch.take()
        feed.touch(["p-b"])
        async with asyncio.timeout(1):
            assert await watch.wait()
        assert watch.take() == {"p-b"}


async def test_what_others_watch_wakes_nobody_else() -> None:
    feed = Feed()
    with feed.watching("p-b") as watch, feed.watching(EVERYTHING) as everything:
        feed.touch(["p-c", "p-d"])
        assert watch.take() == set()
        assert everything.take() == {"p-c", "p-d"}
        assert not await watch.wait(0)


async def test_a_taken_change_does_not_wake_again() -> None:
    feed = Feed()
    with feed.watching("p-b") as watch:
        feed.touch(["p-b"])
        watch.take()
        assert not await watch.wait(0)


async def test_one_watch_of_several_keys_hears_each() -> None:
    feed = Feed()
    with feed.watching("a", "b") as watch:
        feed.touch(["a"])
        feed.touch(["b"])
        assert watch.take() == {"a", "b"}


async def test_nothing_is_left_of_a_watch_that_is_over() -> None:
    feed = Feed()
    with feed.watching("a", "b"), feed.watching("a"):
        pass
    assert feed._watches == {}


async def test_time_is_told_only_of_what_comes_before_the_alarm() -> None:
    feed = Feed()
    with feed.watching(TIME) as watch:
        feed.committed([due(60)])
        assert watch.take() == {TIME}  # no alarm was set
        feed.alarm = NOON + timedelta(seconds=30)
        feed.committed([due(60)])
        assert watch.take() == set()
        feed.committed([due(10)])
        assert watch.take() == {TIME}


async def test_events_are_told_only_when_there_are_some() -> None:
    feed = Feed()
    with feed.watching(EVENTS) as watch:
        feed.committed([due(1)])
        assert watch.take() == set()
