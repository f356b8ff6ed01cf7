"""A job by the command line, done by a real agent; and by a daemon that dies at any step of it, once."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.scenarios.house import PATIENCE_S, House, Json

STEPS = [*(f"store.committed:{n}" for n in range(1, 8)), "pump.leased", "pump.carried", "hook.answering:1"]


async def job(house: House, *words: str) -> Json:
    told: Json = (await house.cli("job", *words, "--json")).json
    return told


async def over(house: House, job_id: str) -> Json:
    async with asyncio.timeout(PATIENCE_S):
        while (found := await looked(house, job_id))["ended_at"] is None or any(
            each["verified"] is None and not each["why"] for each in found["claims"]
        ):
            await asyncio.sleep(0.05)
        return found


async def looked(house: House, job_id: str) -> Json:
    from daemon.core.errors import Unavailable

    while True:
        try:
            return await house.daemon.client().job(job_id)
        except Unavailable:
            await asyncio.sleep(0.05)


async def test_what_comes_after_a_job_is_done_when_that_is_and_what_is_claimed_is_looked_at(
    house: House,
) -> None:
    await house.start()
    async with house.agent("backend") as agent:
        first = await job(house, "add", "say hello", "--prompt", "hello there", "--to", "backend")
        then = await job(house, "add", "say more", "--to", "backend", "--after", first["job_id"])
        assert (first["state"], then["state"]) == ("running", "queued")
        done = [await over(house, each["job_id"]) for each in (first, then)]
        assert [each["state"] for each in done] == ["done", "done"]
        assert done[0]["result"].startswith("answer to: hello there")
        assert agent.times_heard("hello there") == 1
    listed = (await job(house, "list"))["jobs"]
    assert [each["state"] for each in listed] == ["done", "done"]
    assert (await house.cli("job", "result", first["job_id"])).out.startswith("answer to: hello there")
    assert (await house.cli("job", "cancel", first["job_id"])).code == 2


def each_step() -> list[Any]:
    return [STEPS[0], *(pytest.param(step, marks=pytest.mark.thorough) for step in STEPS[1:])]


@pytest.mark.parametrize("step", each_step())
async def test_a_daemon_that_dies_at_any_step_has_the_job_done_once(house: House, step: str) -> None:
    await house.start(crash_at=step)
    async with house.agent("backend") as agent, asyncio.TaskGroup() as both:
        house.arm()
        adding = both.create_task(house.cli("job", "add", "hello there", "--to", "backend", "--key", "k"))
        await house.crashed()
        await adding
        told = await job(house, "add", "hello there", "--to", "backend", "--key", "k")
        assert (await over(house, told["job_id"]))["state"] == "done"
    assert agent.times_heard("hello there") == 1
    assert len((await house.daemon.client().jobs("all"))["jobs"]) == 1
