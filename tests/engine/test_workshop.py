"""What jobs want done outside is done once, also what an earlier run left undone, and told as a command."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

from daemon.core import commands as c
from daemon.core.errors import NotAllowed, StoreBusy
from daemon.core.model import Claim, Job, Role, Rota
from daemon.engine.engine import Engine
from daemon.engine.workshop import Workshop
from daemon.errands.interface import Prove, Spawning
from tests.engine.mesh import agent
from tests.fakes.spawning import FakeSpawning


async def so(folder: str, claims: Sequence[Claim]) -> tuple[Claim, ...]:
    return tuple(replace(each, verified=True, why=folder) for each in claims)


async def never(folder: str, claims: Sequence[Claim]) -> tuple[Claim, ...]:
    await asyncio.Event().wait()
    return ()


@asynccontextmanager
async def open_shop(
    engine: Engine, prove: Prove = so, spawning: Spawning | None = None, *, within_s: float = 10
) -> AsyncIterator[None]:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        task = group.create_task(Workshop(engine, prove, spawning, within_s=within_s).run())
        try:
            yield
        finally:
            task.cancel()


async def until(engine: Engine, job: Job, holds: Callable[[Job], bool]) -> Job:
    while True:
        found: Job = await engine.read(lambda tx: tx.get(Job, job.job_id))
        if holds(found):
            return found


async def claimed(engine: Engine) -> Job:
    owner, peer = await agent(engine, "lead"), await agent(engine, "backend")
    job: Job = await engine.handle(c.AddJob(owner=owner.peer_id, title="x", to=peer.peer_id))
    done = c.UpdateJob(job_id=job.job_id, by=peer.peer_id, state="done", claims=("tests", "file a.py"))
    after: Job = await engine.handle(done)
    return after


async def for_a_folder(engine: Engine) -> Job:
    lead = await agent(engine, "lead")
    await engine.handle(c.ConfigureWork(rota=Rota(spawns=True)))
    command = c.AddJob(
        owner=lead.peer_id, title="x", path="/src/app", backend="codex", may_spawn=True, retries=1
    )
    job: Job = await engine.handle(command)
    assert lead.role is Role.AGENT
    return job


async def test_claims_are_looked_at_in_the_folder_of_whoever_makes_them(engine: Engine) -> None:
    job = await claimed(engine)
    async with open_shop(engine):
        judged = await until(engine, job, lambda each: not each.claimed)
    assert judged.claims == tuple(
        Claim(claim=x, verified=True, why="/backend") for x in ("tests", "file a.py")
    )


async def test_claims_that_take_too_long_to_look_at_stay_unverified(engine: Engine) -> None:
    job = await claimed(engine)
    async with open_shop(engine, never, within_s=0.01):
        judged = await until(engine, job, lambda each: not each.claimed)
    assert {(each.verified, each.why) for each in judged.claims} == {(None, "looking at it took too long")}


async def test_somebody_is_started_once_for_a_folder_and_asked(engine: Engine) -> None:
    job = await for_a_folder(engine)
    spawning = FakeSpawning(engine)
    for _ in range(2):
        async with open_shop(engine, spawning=spawning):
            given = await until(engine, job, lambda each: bool(each.to))
    assert spawning.started == {job.job_id: given.to}
    assert given.ask_id.startswith("a-")


async def test_a_start_that_may_go_better_later_is_tried_again_and_one_that_is_refused_is_not(
    engine: Engine,
) -> None:
    later, refused = await for_a_folder(engine), await for_a_folder(engine)
    spawning = FakeSpawning(engine, StoreBusy("no room"), NotAllowed("not there"))
    async with open_shop(engine, spawning=spawning):
        first = await until(engine, later, lambda each: each.state != "running")
        second = await until(engine, refused, lambda each: each.state != "running")
    assert {(each.state, each.reason) for each in (first, second)} == {
        ("queued", "no room"), ("failed", "not there"),
    }  # fmt: skip


async def test_where_nobody_can_be_started_a_job_that_was_meant_for_it_fails(engine: Engine) -> None:
    job = await for_a_folder(engine)
    async with open_shop(engine):
        failed = await until(engine, job, lambda each: each.state != "running")
    assert (failed.state, failed.reason) == ("failed", "nobody can be started in a folder here")
