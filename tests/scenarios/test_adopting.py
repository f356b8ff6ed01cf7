"""Real agents without hooks in a tmux pane: they are taken over by what is seen there, or refused with what to do."""

from __future__ import annotations

import os

import pytest

from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.scenarios.house import House
from tests.scenarios.test_spawned_agents import BINARIES, STARTS

pytestmark = pytest.mark.thorough


@pytest.mark.parametrize("kind", ["claude-code", "codex"])
async def test_an_agent_whose_hooks_never_spoke_is_adopted(house: House, model: ModelApi, kind: str) -> None:
    BINARIES[kind]()
    model.script = Script((Rule("hello", Says("hello yourself")),))
    for name in (".claude", ".codex"):
        (house.user / name).mkdir()
    await house.start()
    folder = house.place / "worker"
    folder.mkdir()
    rig: RealAgent = STARTS[kind](house.user, folder, model.url, f"adopt-{os.getpid()}", "dev")
    async with rig as agent:
        await agent.type("hello")
        await agent.until_shown("hello yourself")
        socket = await agent.tmux("display-message", "-p", "#{socket_path}")
        told = await house.at_terminal(
            "peer", "adopt", agent.pane, "--tmux", socket, "--name", "lead", "--json"
        )
        assert told.code == 0, told.out
        assert (told.json["name"], told.json["circle"], told.json["backend"]) == ("lead", "dev", kind)
        killed = await house.at_terminal("peer", "kill", "lead", "--json")
        assert killed.code == 0, killed.out
        await agent.until_gone()


async def test_of_an_agent_that_tells_nothing_the_way_out_is_said(house: House, model: ModelApi) -> None:
    BINARIES["gemini"]()
    await house.start()
    folder = house.place / "worker"
    folder.mkdir()
    rig: RealAgent = STARTS["gemini"](house.user, folder, model.url, f"adopt-{os.getpid()}", "dev")
    async with rig as agent:
        socket = await agent.tmux("display-message", "-p", "#{socket_path}")
        told = await house.at_terminal("peer", "adopt", agent.pane, "--tmux", socket)
        assert told.code == 2
        assert "type a prompt there" in told.out
