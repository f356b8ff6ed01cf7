"""The daemon dies at every named step of every road. Started again, it goes on: heard once, answered once.

The steps are those that ``engine.passed`` names; ``:2`` is the second time after the message was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from daemon.client.interface import Question
from daemon.core.errors import Unavailable
from tests.agents.claude_code import ClaudeCode
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import PATIENCE_S, House, Json, answers, called, telegram_of

HOW_FAR = "how far are you?"
ANSWER = f"answer to: {HOW_FAR}"
BEFORE = [f"store.committing:{n}" for n in range(1, 6)]
AFTER = [f"store.committed:{n}" for n in range(1, 6)]
PUMP = ["pump.leased", "pump.carried", "pump.told"]
HOOKS = ["hook.answering:1", "hook.answering:2"]


async def surely(deed: Callable[[], Coroutine[Any, Any, Json]]) -> Json:
    """Again and again while there is no daemon, as every client of ours does with its key."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            with suppress(Unavailable):
                return await deed()
            await asyncio.sleep(0.05)


async def asked(house: House, text: str, *, to: str = "backend") -> Json:
    """Ask, and wait for the end of it, whatever the daemon does meanwhile."""
    question = Question(to=[to], text=text)
    told = await surely(lambda: house.daemon.client().ask(question, key=f"key of {text}"))
    while told["pending"]:
        told = await surely(partial(ended, house, told["ask_id"]))
    return told


async def ended(house: House, ask_id: str) -> Json:
    return await house.daemon.client().asked(ask_id, wait_s=10)


async def is_settled(house: House, ask_id: str) -> None:
    def settled(story: Json) -> bool:
        return all(each["level"] == "settled" for each in story["deliveries"])

    await house.until("settled", settled, ask_id)
    assert (await house.daemon.client().asks("all"))["asks"] == []


def some(*steps: str) -> list[Any]:
    """The first in every run; the others, which another way in has passed, are for the thorough one."""
    return [steps[0], *(pytest.param(step, marks=pytest.mark.thorough) for step in steps[1:])]


@pytest.mark.parametrize("step", [*some(*PUMP, *BEFORE, *AFTER), *some(*HOOKS, "api.answering")])
async def test_by_the_inbox(house: House, step: str) -> None:
    await house.start(crash_at=step)
    async with house.agent("backend") as agent, asyncio.TaskGroup() as both:
        house.arm()
        asking = both.create_task(asked(house, HOW_FAR))
        await house.crashed()
        told = await asking
        assert (told["state"], answers(told)) == ("answered", [ANSWER])
        await is_settled(house, told["ask_id"])
    assert agent.times_heard(HOW_FAR) == 1


@pytest.mark.parametrize("step", some(BEFORE[0], *AFTER[:3], *HOOKS))
async def test_by_a_hand_out_at_the_end_of_a_turn(house: House, step: str) -> None:
    await house.start(crash_at=step)
    async with house.agent("backend") as agent, asyncio.TaskGroup() as both:
        first = both.create_task(asked(house, "hold on"))
        await agent.hears("hold on")
        second = both.create_task(asked(house, HOW_FAR))
        await is_there(house, 2)
        house.arm()
        await agent.let_go()
        await house.crashed()
        assert (answers(await first), answers(await second)) == (["answer to: hold on"], [ANSWER])
        await is_settled(house, (await second)["ask_id"])
    assert (agent.times_heard("hold on"), agent.times_heard(HOW_FAR)) == (1, 1)


@pytest.mark.parametrize("step", some(BEFORE[0], *AFTER[:2], "api.answering"))
async def test_by_the_tool_that_answers(house: House, step: str) -> None:
    await house.start(crash_at=step)
    async with house.agent("backend") as agent, asyncio.TaskGroup() as both:
        asking = both.create_task(asked(house, "hold this and use the tool"))
        await agent.hears("use the tool")
        house.arm()
        await agent.let_go()
        await house.crashed()
        assert answers(await asking) == ["answer to: hold this and use the tool"]
        await is_settled(house, (await asking)["ask_id"])
    assert agent.times_heard("use the tool") == 1


@pytest.mark.parametrize("step", some(*AFTER, "pump.told", *HOOKS, "api.leased", "api.answering"))
async def test_from_a_piped_chat(house: House, step: str) -> None:
    await house.start(crash_at=step)
    async with (
        house.agent("backend") as agent,
        house.piped("chat", "--to", "backend", "--linger", "25") as chat,
    ):
        house.arm()
        chat.type(HOW_FAR)
        await house.crashed()
        assert await chat.rest() == [f"backend: {ANSWER}"]
    assert agent.times_heard(HOW_FAR) == 1


async def test_from_a_piped_chat_that_was_joining(house: House) -> None:
    """It has met a daemon, so it waits for the next, as for any answer that broke off."""
    await house.start(crash_at="api.answering")
    async with house.agent("backend"), asyncio.TaskGroup() as both:
        house.arm()
        chat = both.create_task(house.cli("chat", "--to", "backend", "--linger", "25", typed=HOW_FAR))
        await house.crashed()
        assert (await chat).out == f"backend: {ANSWER}\n"


@pytest.mark.parametrize("step", some(*AFTER, "pump.carried", *HOOKS, "api.collected", "mcp.receipt"))
async def test_from_an_mcp_client(house: House, step: str) -> None:
    await house.start(crash_at=step)
    async with house.agent("backend") as agent, house.mcp("front") as front:
        await called(front, "whoami")
        house.arm()
        told = await asyncio.gather(
            called(front, "ask_peer", peer="backend", question=HOW_FAR), house.crashed()
        )
        assert answers(told[0]) == [ANSWER]
        assert (await called(front, "check_messages"))["messages"] == []
    assert agent.times_heard(HOW_FAR) == 1


@pytest.mark.parametrize("step", some(BEFORE[0], *AFTER[:2], "api.collected", "mcp.receipt"))
async def test_to_an_mcp_client_that_checks_its_messages(house: House, step: str) -> None:
    await house.start(crash_at=step)
    async with house.mcp("front") as front, asyncio.TaskGroup() as both:
        await called(front, "whoami")
        asking = both.create_task(asked(house, HOW_FAR, to="front"))
        await is_there(house, 1)
        house.arm()
        taken = both.create_task(called(front, "check_messages"))
        await house.crashed()
        [message] = (await taken)["messages"]
        assert (await called(front, "check_messages"))["messages"] == []
        await called(front, "ack", ask_id=message["ask_id"], message="all done")
        assert answers(await asking) == ["all done"]


@pytest.mark.parametrize("step", some("pump.leased", "pump.carried", *HOOKS))
async def test_to_a_practice_agent(house: House, step: str) -> None:
    await house.start(crash_at=step)
    async with house.piped("practice", "--linger", "25") as practice:
        house.arm()
        practice.type(HOW_FAR)
        await house.crashed()
        assert await practice.rest() == [f"echo: you said: {HOW_FAR}"]


BRIDGE = [f"bridge.{moment}:{n}" for n in (1, 2) for moment in ("begun", "shown")]
CHAT = [
    *some("pump.leased", "hook.answering:2", *BEFORE, *AFTER),
    *some(*reversed(BRIDGE)),
    *some("bridge.heard", "api.leased:1", "api.leased:2"),
]


@pytest.mark.parametrize("step", CHAT)
async def test_from_telegram(house: House, telegram: TelegramEmulator, step: str) -> None:
    ada, settings = telegram.person(7, "Ada"), telegram_of(telegram, "{id: 7, name: Ada}")
    await house.start(crash_at=step, **settings)
    async with house.agent("backend") as agent:
        house.arm()
        ada.says(f"@backend {HOW_FAR}")
        await house.crashed(**settings)
        left = await at_rest(house)
        seen = [message for message in ada.heard() if ANSWER in message.text]
        # What may have left comes again, and says so; nothing else does.
        plain = [message for message in seen if "↻" not in message.text]
        assert seen, (left, ada.screen())
        assert len(plain) <= 1, ada.screen()
        assert len(seen) == len(plain) or step in BRIDGE, ada.screen()
    assert agent.times_heard(HOW_FAR) == 1
    assert left.keys() <= {"settled", "handed", "cancelled"}  # of two signs the newer one is shown


async def at_rest(house: House) -> dict[str, int]:
    """Until nothing is under way any more; how many deliveries there are in each state."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            asks = await surely(lambda: house.daemon.client().asks("all"))
            told = await surely(lambda: house.daemon.client().status())
            waiting = {"queued", "leased", "held", "uncertain"} & told["deliveries"].keys()
            if told["deliveries"] and not waiting and not asks["asks"]:
                return dict(told["deliveries"])
            await asyncio.sleep(0.05)


async def is_there(house: House, number: int) -> None:
    """Until so many asks are open."""
    async with asyncio.timeout(PATIENCE_S):
        while len((await surely(lambda: house.daemon.client().asks("all")))["asks"]) < number:
            await asyncio.sleep(0.02)


REAL = ["store.committed:1", "pump.leased", "pump.carried", *HOOKS]


@pytest.mark.parametrize("step", some(*REAL))
async def test_with_the_real_agent_by_its_inbox(
    line: House, backend: ClaudeCode, model: ModelApi, step: str
) -> None:
    await armed(line, step)
    line.arm()
    told, _ = await asyncio.gather(asked(line, HOW_FAR), line.crashed())
    assert [text.startswith("stub: ") for text in answers(told)] == [True]
    assert model.times_heard(HOW_FAR) == 1


@pytest.mark.parametrize("step", some("terminal.pasted", "terminal.entered", *REAL))
@pytest.mark.thorough
async def test_with_the_real_agent_by_its_terminal(
    line: House, backend: ClaudeCode, model: ModelApi, step: str
) -> None:
    await armed(line, step)
    async with line.terminal("chat", "--to", "backend") as owner:
        await line.joined("console")
        line.arm()
        owner.type(HOW_FAR)
        await line.crashed()
        await owner.shows("stub: ")
        await at_rest(line)
        owner.type("/quit")
        await owner.ended()
    assert owner.text.count("stub: ") == 1
    assert model.times_heard(HOW_FAR) == 1


@pytest.mark.parametrize("step", some(*HOOKS))
@pytest.mark.thorough
async def test_with_the_real_agent_by_a_hand_out(
    line: House, backend: ClaudeCode, model: ModelApi, step: str
) -> None:
    model.script = Script((Rule("long work", Says("done"), gate="work"),))
    await armed(line, step)
    await backend.type("long work")
    await model.reached("work")
    await line.working("backend")
    async with asyncio.TaskGroup() as both:
        asking = both.create_task(asked(line, HOW_FAR))
        await is_there(line, 1)
        line.arm()
        await model.open("work")
        await line.crashed()
        assert [text.startswith("stub: ") for text in answers(await asking)] == [True]
    assert model.times_heard(HOW_FAR) == 1


async def armed(line: House, step: str) -> None:
    """The daemon goes on as one that will crash; the agent, which is idle, does not notice."""
    await line.daemon.stop()
    await line.start(crash_at=step)
