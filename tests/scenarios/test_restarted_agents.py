"""Each real agent, restarted from here, alive and dead: the same peer, its mail, and it knows what was said before."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from daemon.callers import processes
from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.scenarios.house import until
from tests.scenarios.test_spawned_agents import BINARIES, STARTS
from tests.scenarios.yard import Yard, yard

pytestmark = pytest.mark.thorough
Json = dict[str, Any]
PLUM = "remember the word plum"


@asynccontextmanager
async def ground_of(kind: str, model: ModelApi) -> AsyncIterator[Yard]:
    """A daemon that may start agents of that kind, whose hooks are installed."""
    path = BINARIES[kind]().parent
    async with yard() as ground:
        house, folder = ground.house, ground.make("worker")
        for name in (".claude", ".codex"):
            (house.user / name).mkdir()
        rig: RealAgent = STARTS[kind](house.user, folder, model.url, "unused", "unused")
        rig.write_settings()
        house._given.update(rig.env | {"PATH": f"{path}:{os.environ['PATH']}"})
        command = rig.command[:1] if kind == "gemini" else rig.command  # which else names the session itself
        ground.allow(commands={kind: command})
        await house.start()
        trust = ("--trust",) if kind == "codex" else ()
        assert (await house.cli("hooks", "install", "--agent", kind, *trust)).code == 0
        yield ground


async def answer(ground: Yard, question: str) -> str:
    told = await ground.house.cli("ask", "worker", question, "--wait", "60", "--json")
    assert told.code == 0, (told, await ground.screens(), ground.house.daemon.log)
    [one] = told.json["answers"]
    return str(one["text"])


async def restarted(ground: Yard) -> Json:
    told = await ground.house.at_terminal("peer", "restart", "worker", "--wait", "60", "--json")
    assert told.code == 0, told.out
    return told.json


async def pid_of(ground: Yard) -> int:
    """The pane's own process."""
    [pid] = (await ground.tell_tmux("list-panes", "-a", "-F", "#{pane_pid}")).split()
    return int(pid)


def knows(model: ModelApi, question: str) -> bool:
    """Whether the model was sent what was said before along with the question."""
    return any(PLUM in str(each) for each in model.requests if question in str(each))


@pytest.mark.parametrize("kind", STARTS)
async def test_it_is_the_same_peer_and_knows_what_was_said(model: ModelApi, kind: str) -> None:
    model.script = Script((Rule("after the", Says("it was plum")), Rule("plum", Says("I shall"))))
    async with ground_of(kind, model) as ground:
        first = await ground.new(str(ground.folder / "worker"), "--wait", "60")
        assert first.code == 0, (first, await ground.screens(), ground.house.daemon.log)
        assert await answer(ground, PLUM) == "I shall"

        old = await pid_of(ground)
        again = await restarted(ground)
        assert (again["peer_id"], again["state"]) == (first.json["peer_id"], "running")
        assert processes.process(old) is None
        assert await answer(ground, "after the restart?") == "it was plum"
        assert knows(model, "after the restart?")

        os.kill(await pid_of(ground), signal.SIGKILL)
        await until_status(ground, "offline")
        waiting = await ground.house.cli("ask", "worker", "after the end?", "--json")
        assert (await restarted(ground))["peer_id"] == first.json["peer_id"]
        await answered(ground, waiting.json["ask_id"])
        assert knows(model, "after the end?")

        last = await pid_of(ground)
        killed = await ground.house.at_terminal("peer", "kill", "worker", "--json")
        assert killed.code == 0, killed
        await until(lambda: processes.process(last) is None, "for its process to end")


async def answered(ground: Yard, ask_id: str) -> None:
    """Some take long to be themselves again on a busy machine."""
    for left in (2, 1, 0):
        try:
            await ground.house.until("answered", lambda told: told["state"] == "answered", ask_id)
        except AssertionError:
            if not left:
                raise AssertionError(await ground.screens()) from None
        else:
            return


async def until_status(ground: Yard, status: str) -> None:
    async def now() -> str:
        told = await ground.house.cli("peer", "show", "worker", "--json")
        return str(told.json["status"])

    for _ in range(200):
        if await now() == status:
            return
    raise AssertionError(f"not {status}: {await ground.screens()}")
