"""The real Claude Code claims the role, has its tools at once, and is told how to work at each start of a session."""

from __future__ import annotations

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.scenarios.askers import until_peer
from tests.scenarios.house import House

CLAIM, STATUS = "mcp__peerline__claim_orchestrator_role", "mcp__peerline__orchestrator_status"
pytestmark = pytest.mark.thorough


async def test_what_the_claim_brings_can_be_called_in_the_same_turn(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("take the lead", Calls(CLAIM, {}), then=(Calls(STATUS, {}), Says("done"))),))
    await backend.type("take the lead")
    await model.hears("orchestrator dev/backend: working, last sign ")
    assert (await until_peer(line, "backend", role="orchestrator"))["circle"] == "dev"
    await backend.until_idle()


async def test_a_role_that_the_owner_gives_brings_its_tools_with_the_next_call(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    whoami = Calls("mcp__peerline__whoami", {})
    model.script = Script(
        (
            Rule("who are you", whoami, then=(Says("I am backend"),)),
            Rule("look", whoami, then=(Calls(STATUS, {}), Says("done"))),
        )
    )
    await backend.type("who are you")
    await model.hears('"role":"agent"')
    await backend.until_idle()
    assert (await line.at_terminal("peer", "claim-role", "orchestrator", "--peer", "backend")).code == 0
    await backend.type("look")
    await model.hears("orchestrator dev/backend: working, last sign ")


async def test_a_start_is_told_of_the_persona_before_its_first_prompt_and_once(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    used = await line.at_terminal("orchestrator", "persona", "use", "reviewer", "--peer", "backend")
    assert (used.code, "dev/backend works as reviewer" in used.out) == (0, True)
    await model.hears('your persona is "reviewer"')  # at once, as a message
    await backend.until_idle()
    before = (await until_peer(line, "backend", status="online"))["peer_id"]
    heard = model.times_heard("You review. You change nothing")
    await backend.type("/clear")
    await backend.type("a first prompt")
    turn = await model.hears("a first prompt")
    assert "You review. You change nothing" in turn.text
    assert model.times_heard("You review. You change nothing") == heard + 1
    assert (await until_peer(line, "backend", status="online"))["peer_id"] == before
