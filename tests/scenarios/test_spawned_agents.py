"""Each real agent, started from here: it is there by its own pane, under its name, and answers."""

from __future__ import annotations

import os

import pytest

from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.agents.kinds import KINDS
from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.scenarios.yard import yard

pytestmark = pytest.mark.thorough
STARTS = {"claude-code": ClaudeCode, **{kind.name: kind.start for kind in KINDS}}
BINARIES = {"claude-code": claude_binary, **{kind.name: kind.binary for kind in KINDS}}


@pytest.mark.parametrize("kind", STARTS)
async def test_an_agent_of_each_kind_is_started_arrives_and_answers(model: ModelApi, kind: str) -> None:
    path = BINARIES[kind]().parent
    model.script = Script((Rule("what is the word", Says("the word is plum")),))
    async with yard() as ground:
        house, folder = ground.house, ground.make("worker")
        for name in (".claude", ".codex"):
            (house.user / name).mkdir()
        rig: RealAgent = STARTS[kind](house.user, folder, model.url, "unused", "unused")
        rig.write_settings()
        house._given.update(rig.env | {"PATH": f"{path}:{os.environ['PATH']}"})
        ground.allow(commands={kind: rig.command})
        await house.start()
        trust = ("--trust",) if kind == "codex" else ()
        assert (await house.cli("hooks", "install", "--agent", kind, *trust)).code == 0

        told = await ground.new(str(folder), "--wait", "60")

        assert told.code == 0, (told, await ground.screens(), house.daemon.log)
        assert (told.json["name"], told.json["state"]) == ("worker", "running")
        asked = await house.cli("ask", "worker", "what is the word", "--wait", "60", "--json")
        assert [each["text"] for each in asked.json["answers"]] == ["the word is plum"], (
            await ground.screens()
        )
