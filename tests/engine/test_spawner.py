"""Whoever is wanted is started once and in order, also by the next run; what comes of it is told as a command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Delivery, Pane, Peer, Spawn, Spawned
from daemon.engine.engine import Engine
from daemon.engine.newcomers import Newcomers
from daemon.engine.spawner import ARRIVES, Spawner
from daemon.errands.interface import Sight
from daemon.starting.interface import Wish, want
from tests.engine.mesh import agent
from tests.fakes.starting import FakeStarting

PANE = Pane(tmux="/t", server_pid=1, server_started=1, pane_id="%1", pane_pid=2, pane_started=3)


@asynccontextmanager
async def running(
    engine: Engine, starting: FakeStarting, arrives: timedelta = ARRIVES
) -> AsyncIterator[None]:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(Spawner(engine, starting, arrives=arrives).run())
        try:
            yield
        finally:
            task.cancel()


async def wanted(engine: Engine, starting: FakeStarting) -> Spawned:
    lead = await agent(engine, "lead")
    place = await starting.looked(Wish(path="/src/app"))
    told: Spawned = await engine.handle(want(place, by=lead.peer_id))
    starting.done.clear()
    return told


async def until(engine: Engine, spawned: Spawned, holds: Callable[[Spawn], bool]) -> Spawn:
    while True:
        found: Spawn = await engine.read(lambda tx: tx.get(Spawn, spawned.spawn.spawn_id))
        if holds(found):
            return found


async def arrives(engine: Engine) -> Peer:
    there: Peer = await engine.handle(
        c.RegisterSession(
            session_id="s-new",
            backend="codex",
            pid=2,
            started=3,
            wish="x",
            circle="y",
            path="/src/app",
            pane=PANE,
        )
    )
    return there


async def test_its_pane_is_written_down_before_it_is_told_to_begin(engine: Engine) -> None:
    starting = FakeStarting()
    started = await wanted(engine, starting)
    async with running(engine, starting):
        await until(engine, started, lambda each: each.state == "starting")
        there = await arrives(engine)
        while "arrived" not in starting.done:
            await asyncio.sleep(0)
        starting.over[started.spawn.spawn_id].set()
        over = await until(engine, started, lambda each: each.state == "over")
    assert there.peer_id == started.peer.peer_id
    assert over.reason == "its program ended"
    assert starting.done == ["made app", "ordered app starting", "arrived"]


async def test_the_next_run_makes_no_second_pane(engine: Engine) -> None:
    starting = FakeStarting()
    started = await wanted(engine, starting)
    for _ in range(2):
        async with running(engine, starting):
            await until(engine, started, lambda each: each.state == "starting")
            while not starting.done or not starting.done[-1].startswith("ordered"):
                await asyncio.sleep(0)
        starting.done.append("a crash")
    assert starting.done == ["made app", "ordered app starting", "a crash", "ordered app starting", "a crash"]


async def test_what_cannot_be_made_has_failed_with_the_reason(engine: Engine) -> None:
    starting = FakeStarting()
    starting.refuses = NotAllowed("its folder is another one by now", "start it again")
    started = await wanted(engine, starting)
    async with running(engine, starting):
        failed = await until(engine, started, lambda each: each.state == "failed")
    assert failed.reason == "its folder is another one by now; start it again"


async def test_one_that_is_silent_is_given_a_prompt_once(engine: Engine) -> None:
    starting = FakeStarting()
    starting.silent = True
    started = await wanted(engine, starting)
    async with running(engine, starting):
        while starting.takes_seed:
            await asyncio.sleep(0)
        await arrives(engine)
        await until(engine, started, lambda each: each.state == "running")
    assert starting.done.count("looked for a prompt") == 2


async def test_one_that_does_not_come_is_told_of_once(engine: Engine) -> None:
    starting = FakeStarting()
    started = await wanted(engine, starting)
    async with running(engine, starting, arrives=timedelta(0)):
        waits = await until(engine, started, lambda each: each.told_at is not None)
    assert (waits.state, waits.reason) == ("starting", "Trust this folder?")
    notices: list[Delivery] = await engine.read(lambda tx: list(tx.waiting(started.spawn.by)))
    assert len(notices) == 1


async def test_what_is_wished_for_in_a_chat_is_started_once_for_each_errand(engine: Engine) -> None:
    starting = FakeStarting()
    lead = await agent(engine, "lead")
    wish = json.dumps({"surface": "", "account": "", "person": "ada", "wish": '"my app" codex look at it'})
    sight = Sight(
        peer=lead, argument=wish, now=engine.clock.now(), errand_id="e-1", conversation=lead.peer_id
    )
    newcomers = Newcomers(engine, starting)
    first, again = await newcomers.start(sight), await newcomers.start(sight)
    other = await newcomers.start(replace(sight, errand_id="e-2"))
    live = await engine.read(lambda tx: list(tx.spawns_live()))
    assert first == again != other
    assert [(each.path, each.backend, each.person) for each in live] == [("my app", "codex", "ada")] * 2
