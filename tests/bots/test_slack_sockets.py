"""Where no socket can be had for long, that is told again and again, and Slack is left alone all the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from bots.health import resting
from bots.interface import NotNow
from bots.slack.doorway import Doorway
from bots.slack.sockets import Rhythm, Sockets

RHYTHM = Rhythm(said=0.02)


async def test_while_slack_wants_to_be_left_alone_it_is_and_that_is_told_again_and_again() -> None:
    asked, told = list[float](), list[str]()
    four = asyncio.Event()

    async def where() -> str:
        asked.append(time.monotonic())
        raise NotNow("Slack asks to wait 3600 s", 3600.0, quiet=True)

    def note(trouble: str) -> None:
        told.append(trouble)
        if len(told) == 4:
            four.set()

    sockets = Sockets(where, _takes, note, _opened, time.monotonic, RHYTHM)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(sockets.run())
        await four.wait()
        running.cancel()
    assert len(asked) == 1
    assert set(told) == {"Slack asks to wait 3600 s"}


async def test_a_rest_is_as_long_as_was_wished() -> None:
    told, begun = list[str](), time.monotonic()
    await resting(told.append, "why", 0.1, 0.03)
    assert 0.1 <= time.monotonic() - begun < 1
    assert told == ["why"] * 3


async def test_what_could_not_be_kept_for_whatever_reason_is_to_come_again() -> None:
    async def fails(kind: str, payload: object) -> None:
        raise RuntimeError("the disk is on fire")

    with pytest.raises(NotNow):
        await Doorway(fails).over_socket({"type": "event_callback", "event": {"type": "message"}})


async def _takes(_: object) -> None:
    """Nothing comes."""


async def _opened() -> Callable[[], None]:
    return lambda: None
