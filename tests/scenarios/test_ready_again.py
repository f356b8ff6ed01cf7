"""How soon a daemon that was killed is there again, for who sends and for who waits; and that agents do not notice."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from daemon.core import commands as c
from daemon.core.errors import Unavailable
from daemon.core.model import Peer
from daemon.engine.clock import SystemClock
from daemon.engine.engine import Engine
from daemon.paths import Paths
from daemon.store.sqlite import SqliteStore
from tests.engine.mesh import agent, notice
from tests.scenarios.crash_load import AgentProcess, Ledger, Pane
from tests.scenarios.crash_rig import Victim
from tests.scenarios.house import House, until
from tests.daemon_process import REPOSITORY

QUEUED = 10_000
READY_S, REACHED_S = 1.0, 1.0
#: of a wall clock on a machine that does other things as well, a test can ask less than of one by itself
PATIENCE = float(os.environ.get("PEERLINE_READY_FACTOR", "4"))
TIMES = 5
UNLIMITED = {"PEERLINE_LIMITS__PEER_PER_MINUTE": "0", "PEERLINE_LIMITS__PAIR_PER_MINUTE": "0"}
AT_ONCE = 250


async def queue(home: Path, count: int) -> None:
    """So many messages to 20 agents, none of which is there, as an earlier daemon left them."""
    paths = Paths(home)
    home.mkdir()
    store = SqliteStore(paths.database)
    try:
        engine = Engine(store, SystemClock())
        sender = await agent(engine, "sender")
        away: list[Peer] = [await agent(engine, f"away-{n}", pid=4_000_000 + n) for n in range(20)]
        for begun in range(0, count, AT_ONCE):
            await engine.handle_all(
                [notice(sender, away[n % 20], f"number {n}") for n in range(begun, begun + AT_ONCE)]
            )
    finally:
        await store.close()


@asynccontextmanager
async def killed_under_load(house: House, victim: Victim) -> AsyncIterator[Callable[[], float]]:
    """Somebody sends all the time; what is yielded tells how old the last success is that was begun since."""
    began, succeeded = time.monotonic(), 0.0

    async def send() -> None:
        nonlocal succeeded
        n = 0
        while True:
            with suppress(Unavailable):
                asked = time.monotonic()
                n += 1
                await house.daemon.client().notify("away-1", "more", key=f"{asked}-{n}")
                succeeded = time.monotonic()
            await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as tasks:
        sending = [tasks.create_task(send()) for _ in range(2)]
        yield lambda: succeeded
        for each in sending:
            each.cancel()


async def test_with_ten_thousand_messages_queued_it_is_there_again_within_a_second(house: House) -> None:
    begun = time.monotonic()
    await queue(house.home, QUEUED)
    print(f"queued {QUEUED} in {time.monotonic() - begun:.1f} s")
    victim = Victim(house.home, UNLIMITED, REPOSITORY)
    ready, accepted = [], []
    try:
        victim.begin()
        assert await victim.ready(), victim.said
        assert (await house.daemon.client().status())["deliveries"]["queued"] == QUEUED
        async with killed_under_load(house, victim) as succeeded:
            for _ in range(TIMES):
                before = succeeded()
                await until(lambda: succeeded() > before, "for a send")  # noqa: B023
                victim.kill()
                at = time.monotonic()
                victim.begin()
                assert await victim.ready(), victim.said
                ready.append(time.monotonic() - at)
                await until(lambda: succeeded() > at, "for a send")  # noqa: B023
                accepted.append(succeeded() - at)
    finally:
        victim.close()
    print(f"ready {told(ready)}; first send accepted {told(accepted)}")
    assert statistics.median(ready) <= READY_S * PATIENCE
    assert statistics.median(accepted) <= READY_S * PATIENCE


def told(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.3f} s, most {max(seconds):.3f} s"


async def test_agents_keep_their_processes_and_are_reached_again_within_a_second(house: House) -> None:
    """By their inbox and in their pane, each killed daemon's return; the pane's keys take the time that keys take."""
    ledger = Ledger()
    boxed, pane = AgentProcess(ledger, "boxed", house, "quiet"), Pane(ledger, house)
    victim = Victim(house.home, UNLIMITED, REPOSITORY)
    reached: dict[str, list[float]] = {"boxed": [], "pane": []}
    try:
        victim.begin()
        assert await victim.ready(), victim.said
        async with boxed.joined(), pane.joined():
            for name in reached:
                await house.joined(name)
            pids = (boxed.pid, pane.pid)
            for n in range(TIMES):
                victim.kill()
                victim.begin()
                assert await victim.ready(), victim.said
                for name, each in (("boxed", boxed), ("pane", pane)):
                    at, text = time.monotonic(), f"test-{name}-{n};"
                    await house.daemon.client().notify(name, text, circle="dev")

                    def seen(each=each, name=name, text=text) -> bool:
                        each.look()
                        return text in ledger.shown[name]

                    await until(seen, f"that {name} reads {text}")
                    reached[name].append(time.monotonic() - at)
            assert all(Path(f"/proc/{pid}").exists() for pid in pids)
            assert (boxed.pid, pane.pid) == pids
    finally:
        victim.close()
    assert ledger.wrong == []
    print("; ".join(f"{name} {told(seconds)}" for name, seconds in reached.items()))
    assert statistics.median(reached["boxed"]) <= REACHED_S * PATIENCE
