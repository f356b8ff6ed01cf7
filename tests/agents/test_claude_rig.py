"""The rig itself, against the real program: what a test sees through it is what happened."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from daemon.agents.limits import heard
from daemon.core.rules.resets import How
from tests.agents.claude_code import ClaudeCode, HookTap, processes, tmux
from tests.emulators.model_api import Fails, ModelApi, Rule, Says, Script

RECORDED = Path(__file__).parent / "recorded/claude_code"
TAPPED = ("SessionStart", "UserPromptSubmit", "Stop", "StopFailure", "SessionEnd")


@pytest.fixture
async def model() -> AsyncIterator[ModelApi]:
    async with ModelApi() as model:
        yield model


@pytest.fixture
def tap(tmp_path: Path) -> HookTap:
    return HookTap(tmp_path / "home", tmp_path / "taps", TAPPED)


@pytest.fixture
async def agent(tmp_path: Path, model: ModelApi, tap: HookTap) -> AsyncIterator[ClaudeCode]:
    project = tmp_path / "project"
    project.mkdir()
    async with ClaudeCode(tmp_path / "home", project, model.url, _socket(), "rig") as agent:
        yield agent


async def test_a_typed_prompt_is_heard_once_though_every_call_repeats_the_history(
    agent: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("and now", Fails(529), times=1),))
    await agent.type("what is up")
    await agent.until_shown("stub: what is up")
    await agent.type("and now")
    await agent.until_shown("stub: and now")
    assert (model.times_heard("what is up"), model.times_heard("and now")) == (1, 1)
    assert sum("what is up" in json.dumps(call["messages"]) for call in model.requests) == 3


@pytest.mark.thorough
async def test_a_prompt_that_is_typed_twice_is_heard_twice(agent: ClaudeCode, model: ModelApi) -> None:
    for times in (1, 2):
        await agent.type("again please")
        await model.until(partial(_heard, model, "again please", times))
        await agent.until_status("idle")
    assert model.heard[-1].text == "again please"


async def test_text_by_the_socket_starts_a_turn_and_reaches_the_prompt_hook_bare(
    agent: ClaudeCode, model: ModelApi, tap: HookTap
) -> None:
    await agent.inject("[peerline notice #ABCDEFGH]\nlook\n[end #ABCDEFGH]")
    await agent.until_shown("stub: [end #ABCDEFGH]")
    [seen] = tap.seen("UserPromptSubmit")
    assert seen["payload"]["prompt"] == "[peerline notice #ABCDEFGH]\nlook\n[end #ABCDEFGH]"
    assert (seen["payload"]["session_id"], model.times_heard("#ABCDEFGH")) == (agent.session_id, 1)


@pytest.mark.thorough
async def test_an_agent_is_busy_exactly_while_its_answer_is_held_at_a_gate(
    agent: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("take your time", Says("at last"), gate="later"),))
    await agent.type("take your time")
    await model.reached("later")
    await agent.until_status("busy")
    assert "at last" not in await agent.capture()
    await model.open("later")
    await agent.until_shown("at last")
    await agent.until_status("idle")


async def test_hooks_send_the_fields_that_were_recorded(
    tmp_path: Path, model: ModelApi, tap: HookTap
) -> None:
    model.script = Script((Rule("fail", Fails(400)),))
    async with (
        ClaudeCode(tmp_path / "home", tmp_path, model.url, _socket(), "rig") as agent,
    ):
        await agent.type("hello")
        await agent.until_shown("stub: hello")
        await agent.until_status("idle")
        await agent.type("fail")
        await agent.until_shown("API Error: 400")
        async with asyncio.timeout(10):
            while not tap.seen("StopFailure"):
                await asyncio.sleep(0.05)
    fields = {each["event"]: set(each["payload"]) for each in tap.seen()}
    assert fields == {event: set(_recorded(event)["payload"]) for event in TAPPED}


async def test_nothing_is_left_running_or_on_the_tmux_server(tmp_path: Path, model: ModelApi) -> None:
    async with (
        ClaudeCode(tmp_path / "home", tmp_path, model.url, _socket(), "one") as first,
        ClaudeCode(tmp_path / "home", tmp_path, model.url, _socket(), "one") as second,
    ):
        assert await first.tmux("list-panes", "-s", "-F", "#{pane_id}") == f"{first.pane}\n{second.pane}"
    assert await _running(first.pid, second.pid) == []
    with pytest.raises(RuntimeError, match=r"no server running|error connecting"):
        await tmux(_socket(), "list-sessions")


async def test_a_dialog_in_the_way_is_shown_in_the_failure(tmp_path: Path, model: ModelApi) -> None:
    settings = tmp_path / "home/.claude.json"
    settings.parent.mkdir()
    untrusted = {"projects": {str(tmp_path): {"hasTrustDialogAccepted": False}}}
    settings.write_text(json.dumps(untrusted))
    rig = ClaudeCode(tmp_path / "home", tmp_path, model.url, _socket(), "rig")
    rig.patience = 4
    with pytest.raises(pytest.fail.Exception, match="trust this folder"):
        async with rig:
            pass
    assert await _running(rig.pid) == []


def test_what_an_installer_wrote_into_the_home_stays(tmp_path: Path) -> None:
    settings = tmp_path / ".claude/settings.json"
    settings.parent.mkdir()
    settings.write_text('{"permissions": {"allow": ["mcp__peerline"]}, "hooks": {"Stop": ["ours"]}}')
    HookTap(tmp_path, tmp_path / "taps", ("Stop",))
    written = json.loads(settings.read_text())
    assert written["permissions"]["allow"] == ["mcp__peerline"]
    assert written["hooks"]["Stop"][0] == "ours"
    assert len(written["hooks"]["Stop"]) == 2


def _heard(model: ModelApi, text: str, times: int) -> bool:
    return model.times_heard(text) == times


def _socket() -> str:
    return f"rig-{os.getpid()}"


def _recorded(event: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((RECORDED / f"{event}.json").read_text())
    return record


async def _running(*pids: int) -> list[int]:
    return [each.pid for each in await processes() if each.pid in pids]


@pytest.mark.thorough
async def test_a_usage_limit_is_told_by_the_hook_of_a_turn_that_failed(
    agent: ClaudeCode, model: ModelApi, tap: HookTap
) -> None:
    refused = Fails(429, "this would exceed the limit", headers={"x-should-retry": "false"})
    model.script = Script((Rule("go on", refused),))
    await agent.type("go on")
    await agent.until(lambda: bool(tap.seen("StopFailure")), "to fail", 30)
    [seen] = tap.seen("StopFailure")
    assert heard("claude-code", "StopFailure", seen["payload"]) == (How.NONE, "")
    assert "429" in seen["payload"]["last_assistant_message"]
