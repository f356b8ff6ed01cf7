"""An agent that asks nobody for permission keeps what comes to its inbox behind a dialog: other roads reach it."""

from __future__ import annotations

import os

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.scenarios.house import House, answers

UNGUARDED = ("--dangerously-skip-permissions",)


@pytest.mark.thorough
async def test_what_others_ask_wakes_it_and_what_the_owner_asks_is_typed(
    line: House, model: ModelApi
) -> None:
    model.script = Script((Rule("how far", Says("half way")), Rule("and now", Says("nearly there"))))
    (line.place / "backend").mkdir()
    name = f"scene-{os.getpid()}"
    async with ClaudeCode(line.user, line.place / "backend", model.url, name, "dev", args=UNGUARDED):
        asked = await line.cli("ask", "backend", "how far?", "--wait", "20", "--json")
        typed = await line.at_terminal("ask", "backend", "and now?", "--wait", "20", "--json")
        again = await line.cli("ask", "backend", "how far by now?", "--wait", "20", "--json")
    assert [answers(each.json) for each in (asked, typed, again)] == [
        ["half way"],
        ["nearly there"],
        ["half way"],
    ]
    roads = [(await line.why(each.json["ask_id"]))["deliveries"][0]["road"] for each in (asked, typed, again)]
    assert roads == ["hook", "terminal", "hook"]
    assert (model.times_heard("how far?"), model.times_heard("and now?")) == (1, 1)
