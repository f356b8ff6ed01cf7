"""A turn that says nothing answers nothing, though its hook repeats what an earlier turn said."""

from __future__ import annotations

import asyncio

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.scenarios.house import House, answers


async def test_an_empty_turn_is_reminded_of_its_ask_instead_of_answering_with_old_words(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script(
        (
            Rule("still waits for your answer", Says("here it is")),
            Rule("first", Says("old words")),
            Rule(".", Says("")),
        )
    )
    first = await line.cli("ask", "backend", "first question", "--wait", "20", "--json")
    assert answers(first.json) == ["old words"]
    second = await line.cli("ask", "backend", "second question", "--wait", "20", "--json")
    assert answers(second.json) == ["here it is"]


@pytest.mark.thorough
async def test_the_same_words_twice_are_two_answers(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("question", Says("done")),))
    for number in ("one", "two"):
        told = await line.cli("ask", "backend", f"question {number}", "--wait", "20", "--json")
        assert answers(told.json) == ["done"]
    assert not [heard for heard in model.heard if "still waits" in heard.text]


@pytest.mark.thorough
async def test_asks_handed_out_at_a_turns_end_are_answered_by_what_follows_even_in_the_same_words(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("slow", Says("done"), gate="later"), Rule("quick", Says("done"))))
    asks = [
        line.cli("ask", "backend", f"{word} question", "--wait", "30", "--json") for word in ("slow", "quick")
    ]
    async with asyncio.TaskGroup() as tasks:
        slow = tasks.create_task(asks[0])
        await model.reached("later")
        quick = tasks.create_task(asks[1])
        async with asyncio.timeout(20):
            while len((await line.daemon.client().asks("all"))["asks"]) < 2:
                await asyncio.sleep(0.05)
        await model.open("later")
    assert [answers(each.result().json) for each in (slow, quick)] == [["done"], ["done"]]
    assert not [heard for heard in model.heard if "still waits" in heard.text]
