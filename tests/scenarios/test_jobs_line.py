"""A job by the command line, done by a real agent; and by a daemon that dies at any step of it, once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from daemon.core.errors import Unavailable
from tests.scenarios.house import LOOK_S, PATIENCE_S, House, Json

STEPS = [*(f"store.committed:{n}" for n in range(1, 8)), "pump.leased", "pump.carried", "hook.answering:1"]


async def job(house: House, *words: str) -> Json:
    told: Json = (await house.cli("job", *words, "--json")).json
    return told


async def over(house: House, job_id: str) -> Json:
    """The job when it has ended, whatever the daemon does meanwhile."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(Unavailable):
                told = await house.daemon.client().job(job_id)
                if told["ended_at"]:
                    return told
            await asyncio.sleep(LOOK_S)


@pytest.mark.thorough
async def test_what_comes_after_a_job_is_done_when_that_is(house: House) -> None:
    await house.start()
    async with house.agent("backend") as agent:
        first = await job(house, "add", "say hello", "--prompt", "hold on: hello there", "--to", "backend")
        then = await job(house, "add", "say more", "--to", "backend", "--after", first["job_id"])
        assert (first["state"], then["state"]) == ("running", "queued")
        await agent.hears("hello there")
        await agent.let_go()
        done = [await over(house, each["job_id"]) for each in (first, then)]
        assert [each["state"] for each in done] == ["done", "done"]
        assert done[0]["result"].startswith("answer to: hold on")
        assert agent.times_heard("hello there") == 1
    listed = (await job(house, "list"))["jobs"]
    assert [each["state"] for each in listed] == ["done", "done"]
    assert (await house.cli("job", "result", first["job_id"])).out.startswith("answer to: hold on")
    assert (await house.cli("job", "cancel", first["job_id"])).code == 2


def each_step() -> list[Any]:
    return [STEPS[0], *(pytest.param(step, marks=pytest.mark.thorough) for step in STEPS[1:])]


@pytest.mark.parametrize("step", each_step())
async def test_a_daemon_that_dies_at_any_step_has_the_job_done_once(house: House, step: str) -> None:
    words = ("add", "greet", "--prompt", "hello there", "--to", "backend", "--key", "k")
    await house.start(crash_at=step)
    async with house.agent("backend") as agent, asyncio.TaskGroup() as both:
        house.arm()
        adding = both.create_task(house.cli("job", *words))
        await house.crashed()
        await adding
        told = await job(house, *words)
        assert (await over(house, told["job_id"]))["state"] == "done"
    assert agent.times_heard("hello there") == 1
    assert len((await house.daemon.client().jobs("all"))["jobs"]) == 1
