"""How soon a daemon that was killed is there again, for who sends and for who waits; and that agents do not notice."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from daemon.core.errors import Unavailable
from daemon.core.model import Peer
from daemon.engine.clock import SystemClock
from daemon.engine.engine import Engine
from daemon.paths import Paths
from daemon.store.sqlite import SqliteStore
from tests.daemon_process import REPOSITORY
from tests.engine.mesh import agent, notice
from tests.scenarios.crash_load import AgentProcess, Ledger, Pane
from tests.scenarios.crash_rig import Victim
from tests.scenarios.house import House, until

QUEUED = 10_000
READY_S = 1.0
REACHED_S = 5.0  #: on a busy machine; alone it takes a tenth of a second
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
async def sending(house: House) -> AsyncIterator[Callable[[], float]]:
    """Two send all the time; what is yielded tells when the last one succeeded."""
    succeeded = 0.0

    async def send() -> None:
        nonlocal succeeded
        while True:
            with suppress(Unavailable):
                await house.daemon.client().notify("away-1", "more")
                succeeded = time.monotonic()
            await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as tasks:
        both = [tasks.create_task(send()) for _ in range(2)]
        yield lambda: succeeded
        for each in both:
            each.cancel()


@asynccontextmanager
async def running(house: House) -> AsyncIterator[Victim]:
    victim = Victim(house.home, UNLIMITED, REPOSITORY)
    try:
        victim.begin()
        assert await victim.ready(), victim.said
        yield victim
    finally:
        victim.close()


async def there_again(victim: Victim) -> float:
    """Seconds from a kill to an answer of the next run."""
    victim.kill()
    at = time.monotonic()
    victim.begin()
    assert await victim.ready(), victim.said
    return time.monotonic() - at


@pytest.mark.rig
async def test_with_ten_thousand_messages_queued_it_is_there_again_within_a_second(house: House) -> None:
    begun = time.monotonic()
    await queue(house.home, QUEUED)
    print(f"queued {QUEUED} in {time.monotonic() - begun:.1f} s")
    ready, busy, accepted = [], [], []
    async with running(house) as victim:
        assert (await house.daemon.client().status())["deliveries"]["queued"] == QUEUED
        async with sending(house) as succeeded:
            for _ in range(TIMES):
                at = time.monotonic()
                await until(lambda: succeeded() > at, "for a send")  # noqa: B023
                at = time.monotonic()
                ready.append(await there_again(victim))
                busy.append(victim.busy_s)
                await until(lambda: succeeded() > at, "for a send")  # noqa: B023
                accepted.append(succeeded() - at)
    print(f"ready {told(ready)}, of that at work {told(busy)}; first send accepted {told(accepted)}")
    # Of a wall clock nothing is asked where other tests run beside this one.
    assert max(busy) <= READY_S


def told(seconds: list[float]) -> str:
    return f"median {statistics.median(seconds):.3f} s, most {max(seconds):.3f} s"


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.rig)])
async def test_agents_keep_their_processes_and_are_reached_again_at_once(house: House, times: int) -> None:
    """By their inbox and in their pane, at each killed daemon's return; keys take the time that keys take."""
    ledger = Ledger()
    boxed, pane = AgentProcess(ledger, "boxed", house, "0", quiet=True), Pane(ledger, house)
    reached: dict[str, list[float]] = {"boxed": [], "pane": []}
    async with running(house) as victim, boxed.joined(), pane.joined():
        for name in reached:
            await house.joined(name)
        pids = (boxed.pid, pane.pid)
        for n in range(times):
            await there_again(victim)
            for each, name in ((boxed, "boxed"), (pane, "pane")):
                at = time.monotonic()
                await read_by(house, each, name, f"test-{name}-{n};")
                reached[name].append(time.monotonic() - at)
        assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    assert ledger.wrong == []
    print("; ".join(f"{name} {told(seconds)}" for name, seconds in reached.items()))
    assert statistics.median(reached["boxed"]) <= REACHED_S


async def read_by(house: House, who: AgentProcess | Pane, name: str, text: str) -> None:
    """Send it, and wait until it is read."""
    await house.daemon.client().notify(name, text, circle="dev")

    def seen() -> bool:
        who.look()
        return text in who.ledger.shown[name]

    await until(seen, f"for {name} to read {text}")
