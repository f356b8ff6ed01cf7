"""A question from every place reaches the real agent's model once, and its answer is where the question was asked."""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import House, answers, called, telegram_of

LONG = "\n".join(f"line {n} of a long question" for n in range(1, 41))
ASKED = r"\[peerline ask (?P<ask>a-\w+) from"


async def test_a_piped_chat_gets_its_answer(line: House, backend: ClaudeCode, model: ModelApi) -> None:
    told = await line.cli("chat", "--to", "backend", typed="how far are you?\n")
    assert told.code == 0
    assert "backend: stub: " in told.out
    assert model.times_heard("how far are you?") == 1


@pytest.mark.thorough
async def test_two_lines_of_a_piped_chat_get_two_answers(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("first thing", Says("one")), Rule("second thing", Says("two"))))
    told = await line.cli("chat", "--to", "backend", "--linger", "20", typed="first thing\nsecond thing\n")
    assert told.out.splitlines() == ["backend: one", "backend: two"]
    assert (model.times_heard("first thing"), model.times_heard("second thing")) == (1, 1)


async def test_ask_waits_for_the_answer(line: House, backend: ClaudeCode, model: ModelApi) -> None:
    model.script = Script((Rule("how far", Says("half way")),))
    told = await line.cli("ask", "backend", "how far?", "--wait", "20", "--json")
    assert (told.code, answers(told.json), told.json["state"]) == (0, ["half way"], "answered")
    assert model.times_heard("how far?") == 1


async def test_the_owner_at_a_terminal_is_answered_and_his_words_are_typed(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("how far", Says("half way")),))
    told = await line.at_terminal("ask", "backend", "how far?", "--wait", "20", "--json")
    assert (told.code, answers(told.json)) == (0, ["half way"])
    assert model.times_heard("how far?") == 1
    story = await line.why(told.json["ask_id"])
    assert story["deliveries"][0]["road"] == "terminal"


@pytest.mark.thorough
async def test_an_mcp_client_asks_and_gets_the_answer_as_the_result(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("how far", Says("half way")),))
    async with line.mcp("front") as front:
        told = await called(front, "ask_peer", peer="backend", question="how far?")
        assert answers(told) == ["half way"]
        assert (await called(front, "check_messages"))["messages"] == []
    assert model.times_heard("how far?") == 1


@pytest.mark.thorough
async def test_an_agent_answers_by_its_own_tool_call(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    ack = Calls("mcp__peerline__ack", {"ask_id": "{ask}", "message": "by tool"})
    model.script = Script((Rule(ASKED, ack, times=1), Rule(".", Says("these are other words"))))
    told = await line.cli("ask", "backend", "how far?", "--wait", "20", "--json")
    assert answers(told.json) == ["by tool"]
    await backend.until_status("idle")
    assert answers((await line.cli("ask", "backend", "and now?", "--wait", "20", "--json")).json) == [
        "these are other words"
    ]
    assert answers(await line.daemon.client().asked(told.json["ask_id"])) == ["by tool"]


@pytest.mark.thorough
async def test_forty_lines_arrive_whole_from_every_place(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    by_cli = await line.cli("ask", "backend", f"cli\n{LONG}", "--wait", "20", "--json")
    by_terminal = await line.at_terminal("ask", "backend", f"owner\n{LONG}", "--wait", "20", "--json")
    async with line.mcp("front") as front:
        by_tool = await called(front, "ask_peer", peer="backend", question=f"tool\n{LONG}")
    assert [each["state"] for each in (by_cli.json, by_terminal.json, by_tool)] == ["answered"] * 3
    assert [model.times_heard(f"{who}\n{LONG}") for who in ("cli", "owner", "tool")] == [1, 1, 1]


async def test_two_at_once_get_each_their_own_answer(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("left side", Says("left")), Rule("right side", Says("right"))))
    async with line.mcp("front") as front:
        by_cli, by_terminal, by_tool = await asyncio.gather(
            line.cli("ask", "backend", "left side", "--wait", "30", "--json"),
            line.at_terminal("ask", "backend", "right side", "--wait", "30", "--json"),
            called(front, "ask_peer", peer="backend", question="and the middle?"),
        )
    assert (answers(by_cli.json), answers(by_terminal.json)) == (["left"], ["right"])
    assert by_tool["state"] == "answered"
    assert [model.times_heard(x) for x in ("left side", "right side", "and the middle?")] == [1, 1, 1]


async def test_what_comes_while_the_agent_works_is_handed_over_at_the_end_of_the_turn(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    again = Rule("still waits for your answer", Says("yes?"))  # both may be handed over at once
    rules = (Rule("long work", Says("done at last"), gate="work"), again, Rule("meanwhile", Says("yes?")))
    model.script = Script(rules)
    await backend.type("long work")
    await model.reached("work")
    await line.working("backend")
    async with asyncio.TaskGroup() as both:
        asking = both.create_task(line.cli("ask", "backend", "meanwhile", "--wait", "30", "--json"))
        owner = both.create_task(
            line.at_terminal("ask", "backend", f"meanwhile\n{LONG}", "--wait", "30", "--json")
        )
        await _waiting(line, 2)
        assert model.times_heard("meanwhile") == 0
        await model.open("work")
    assert (answers(asking.result().json), answers(owner.result().json)) == (["yes?"], ["yes?"])
    assert model.times_heard("meanwhile") == 2
    roads = [(await line.why(x.result().json["ask_id"]))["deliveries"][0]["road"] for x in (asking, owner)]
    assert roads == ["hook", "hook"]


async def _waiting(line: House, number: int) -> None:
    """Until so many messages wait for the agent."""
    client = line.daemon.client()
    async with asyncio.timeout(20):
        while len((await client.asks("all"))["asks"]) < number:
            await asyncio.sleep(0.05)


async def test_a_telegram_message_of_the_owner_is_typed_and_its_answer_comes_to_the_chat(
    house: House, telegram: TelegramEmulator, model: ModelApi
) -> None:
    claude_binary()
    (house.user / ".claude").mkdir()
    await house.start(**telegram_of(telegram, "{id: 7, name: Ada}"))
    await house.cli("hooks", "install", "--agent", "claude-code")
    (house.place / "backend").mkdir()
    ada = telegram.person(7, "Ada")
    model.script = Script((Rule("how far", Says("half way")), Rule("line 40", Says("that was long"))))
    async with ClaudeCode(house.user, house.place / "backend", model.url, f"scene-{os.getpid()}", "dev"):
        ada.says("@backend how far?")
        ada.says(f"and this?\n{LONG}")
        await ada.sees("half way", within=30)
        await ada.sees("that was long", within=30)
    assert (model.times_heard("how far?"), model.times_heard(LONG)) == (1, 1)
    assert [m.text.splitlines()[-1] for m in ada.heard() if not m.silent] == ["half way", "that was long"]
