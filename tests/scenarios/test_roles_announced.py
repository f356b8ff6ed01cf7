"""Who becomes orchestrator has the tools of one from then on, without a new session."""

from __future__ import annotations

import asyncio
import os

import pytest
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters

from tests.agents.claude_code import ClaudeCode
from tests.daemon_process import COMMAND
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.scenarios.house import PATIENCE_S, House, called

MODERN = "2026-07-28"
OURS = "mcp__peerline__"


def client(house: House, name: str) -> Client:
    words = [*COMMAND[1:], "mcp", "--name", name, "--circle", "dev"]
    return Client(StdioServerParameters(command=COMMAND[0], args=words, env=house.env), mode=MODERN)


async def test_whoever_keeps_a_stream_open_hears_that_a_role_was_claimed(house: House) -> None:
    await house.start()
    async with client(house, "lead") as lead, client(house, "other") as other:
        for each in (lead, other):
            await called(each, "whoami")
        async with (
            lead.listen(tools_list_changed=True) as heard,
            other.listen(tools_list_changed=True) as beside,
        ):
            async with asyncio.timeout(PATIENCE_S):
                await anext(heard)  # at once: what was listed before may have been too little
                await anext(beside)
                await called(lead, "claim_orchestrator_role")
                await anext(heard)
                await anext(beside)
            names = [{tool.name for tool in (await each.list_tools()).tools} for each in (lead, other)]
    assert ["job_create" in each for each in names] == [True, False]


@pytest.mark.thorough
async def test_claude_code_uses_the_tools_of_the_role_in_the_turn_that_claimed_it(
    line: House, model: ModelApi
) -> None:
    looks = (Calls(f"{OURS}orchestrator_status", {}), Says("I have looked"))
    claims = Calls(f"{OURS}claim_orchestrator_role", {})
    model.script = Script((Rule("claim it", claims, times=1, then=looks),))
    unasked = ("--settings", '{"permissions": {"allow": ["mcp__peerline"]}}')
    places = (line.user, line.place, model.url, f"roles-{os.getpid()}", "dev")
    async with ClaudeCode(*places, args=unasked, env={"PEERLINE_NAME": "lead"}) as agent:
        await line.joined("lead")
        await agent.type("claim it")
        await agent.until_shown("I have looked")
    assert model.times_heard("No such tool") == 0
    assert model.times_heard('"role":"orchestrator"') == 2
