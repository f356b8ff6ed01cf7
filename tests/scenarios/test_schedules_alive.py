"""A real daemon that is killed or stopped around times that are due says each thing once, late rather than never."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.client.times import Wish
from daemon.engine.clock import SystemClock
from tests.daemon_process import DaemonProcess, short_home

SEED = int(os.environ.get("PEERLINE_SEED", "1"))
PATIENCE_S = 60.0


@pytest.fixture
def home() -> Iterator[Path]:
    with short_home() as folder:
        yield folder


async def planned(daemon: DaemonProcess, count: int, *, first: float, apart: float) -> list[str]:
    """So many things to be said one after the other; the ids of their schedules."""
    begin = SystemClock().now() + timedelta(seconds=first)
    line = daemon.client()
    ids = []
    for number in range(count):
        at = (begin + timedelta(seconds=number * apart)).isoformat()
        made = await line.add_schedule(Wish(to=("me",), text=f"number {number}", at=at))
        ids.append(made["schedule_id"])
    await line.close()
    return ids


async def stories(daemon: DaemonProcess, ids: list[str]) -> list[dict[str, Any]]:
    """All of them, once each is over."""
    line = daemon.client()
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                await _passes(0.1)
                told = [await line.schedule(each) for each in ids]
                if all(each["state"] == "over" for each in told):
                    return told
    finally:
        await line.close()


async def heard(daemon: DaemonProcess) -> list[str]:
    line = daemon.client()
    try:
        return [each["text"] for each in (await line.collect("at the end", limit=100))["messages"]]
    finally:
        await line.close()


@pytest.mark.thorough
async def test_a_daemon_that_is_killed_around_times_that_are_due_says_each_once(home: Path) -> None:
    luck = random.Random(SEED)  # noqa: S311  chance that can be had again
    print(f"PEERLINE_SEED={SEED}")
    async with DaemonProcess(home, tcp=False) as daemon:
        ids = await planned(daemon, 20, first=1.0, apart=0.35)
        for _ in range(4):
            await _passes(luck.uniform(0.1, 1.5))
            await daemon.kill9()
            await daemon.start()
        told = await stories(daemon, ids)
        assert [[row["outcome"] for row in each["occurrences"]] for each in told] == [["sent"]] * len(ids)
        assert sorted(await heard(daemon)) == sorted(f"number {n}" for n in range(len(ids)))


@pytest.mark.thorough
async def test_a_daemon_that_was_asleep_says_what_was_due_when_it_wakes(home: Path) -> None:
    async with DaemonProcess(home, tcp=False) as daemon:
        ids = await planned(daemon, 3, first=1.0, apart=0.5)
        os.kill(daemon.pid, signal.SIGSTOP)
        await _passes(3.0)
        os.kill(daemon.pid, signal.SIGCONT)
        woke = SystemClock().now()
        told = await stories(daemon, ids)
        said = [datetime.fromisoformat(each["occurrences"][0]["decided_at"]) for each in told]
        assert all(at - woke < timedelta(seconds=2) for at in said)
        assert sorted(await heard(daemon)) == [f"number {n}" for n in range(3)]


async def _passes(seconds: float) -> None:
    """Real time: it is what is tried here."""
    until = asyncio.get_running_loop().time() + seconds
    loop, passed = asyncio.get_running_loop(), asyncio.Event()
    loop.call_at(until, passed.set)
    await passed.wait()
