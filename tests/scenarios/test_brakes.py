"""A running agent is stopped, told what cannot wait, frozen and followed: what runs may end, and nothing after it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.emulators.telegram import Person
from tests.scenarios.house import PATIENCE_S, House, answers

ALLOWED = ("--settings", '{"permissions": {"allow": ["Bash"]}}')
BUSY = "touch on; while [ ! -e go ]; do sleep 0.05; done; touch first"


@pytest.fixture
async def agent(phone: House, model: ModelApi) -> AsyncIterator[ClaudeCode]:
    """It may run what it wants."""
    folder = phone.place / "backend"
    folder.mkdir()
    name = f"scene-{os.getpid()}"
    async with ClaudeCode(phone.user, folder, model.url, name, "dev", args=ALLOWED) as agent:
        await phone.joined("backend")
        yield agent


def bash(command: str) -> Calls:
    return Calls("Bash", {"command": command, "description": "a step"})


def loop(*, then: str = "I am done") -> Script:
    """The first call lasts until the file ``go`` is there; then one call after the other, until one is denied."""
    steps = [Rule("start the loop", bash(BUSY), times=1)]
    steps += [Rule("stopped by|frozen by|cannot wait|still waits", Says(then))]
    return Script(
        (*steps, *(Rule(".", bash(f"touch later-{n}"), times=1) for n in range(1, 4)), Rule(".", Says(then)))
    )


async def in_the_loop(agent: ClaudeCode) -> None:
    await agent.type("start the loop")
    async with asyncio.timeout(PATIENCE_S):
        while not (agent.cwd / "on").exists():
            await asyncio.sleep(0.05)


async def test_after_a_stop_no_tool_call_follows_the_one_that_runs(
    agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = loop()
    await in_the_loop(agent)
    ada.says("/stop backend")
    await ada.sees("stopping backend", within=PATIENCE_S)
    (agent.cwd / "go").touch()
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert sorted(path.name for path in agent.cwd.iterdir()) == ["first", "go", "on"]
    assert model.times_heard("stopped by ada") == 1
    await ada.sees("I am done", within=PATIENCE_S)


@pytest.mark.thorough
async def test_what_is_said_after_a_stop_starts_anew(agent: ClaudeCode, ada: Person, model: ModelApi) -> None:
    model.script = loop()
    await in_the_loop(agent)
    ada.says("/stop backend")
    await ada.sees("stopping backend", within=PATIENCE_S)
    (agent.cwd / "go").touch()
    await agent.until_status("idle", seconds=PATIENCE_S)
    model.script = Script((Rule("go on", bash("touch again"), times=1), Rule(".", Says("made it"))))
    ada.says("@backend go on")
    await ada.sees("made it", within=PATIENCE_S)
    assert (agent.cwd / "again").exists()


async def test_an_urgent_ask_stands_in_for_the_next_tool_call(
    phone: House, agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = loop(then="leave it")
    await in_the_loop(agent)
    async with phone.mcp("front", "dev") as front, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(urgent(front, "the branch is wrong, what now?"))
        await waits(phone, 1)
        (agent.cwd / "go").touch()
        await agent.until_status("idle", seconds=PATIENCE_S)
        told = await asking
    assert sorted(path.name for path in agent.cwd.iterdir()) == ["first", "go", "on"]
    assert model.times_heard("the branch is wrong, what now?") >= 1
    assert answers(told) == ["leave it"]


@pytest.mark.thorough
async def test_a_notice_is_handed_over_between_two_tool_calls(
    phone: House, agent: ClaudeCode, model: ModelApi
) -> None:
    model.script = loop()
    await in_the_loop(agent)
    sent = await phone.cli("notify", "backend", "the tests are red on main", "--json")
    (agent.cwd / "go").touch()
    await model.hears("the tests are red on main")
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert (agent.cwd / "later-3").exists()
    assert model.times_heard("the tests are red on main") == 1
    story = await phone.until("settled", lambda told: told["state"] == "settled", sent.json["message_id"])
    assert any("between" in each["evidence"] for each in story["events"])


@pytest.mark.thorough
async def test_a_frozen_circle_makes_no_call_and_gets_nothing_until_it_is_thawed(
    phone: House, agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = loop()
    await in_the_loop(agent)
    ada.says("/freeze dev")
    await ada.sees("circle dev is frozen", within=PATIENCE_S)
    (agent.cwd / "go").touch()
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert sorted(path.name for path in agent.cwd.iterdir()) == ["first", "go", "on"]
    ada.says("@backend are you there?")
    await ada.sees("to backend", within=PATIENCE_S)
    ada.says("/peers")
    await ada.sees("dev/backend", within=PATIENCE_S)
    assert model.times_heard("are you there?") == 0
    ada.says("/thaw dev")
    await model.hears("are you there?")


@pytest.mark.thorough
async def test_one_message_shows_how_the_agent_gets_on(
    phone: House, agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = loop()
    ada.says("/follow backend")
    await ada.sees("following backend", within=PATIENCE_S)
    await in_the_loop(agent)
    progress = await ada.sees("dev/backend works", within=PATIENCE_S)
    (agent.cwd / "go").touch()
    await agent.until_status("idle", seconds=PATIENCE_S)
    await ada.sees_screen(
        lambda screen: any(m.message_id == progress.message_id and "is done" in m.text for m in screen),
        within=PATIENCE_S,
    )
    assert all(m.silent for m in ada.heard())


@pytest.mark.thorough
async def test_who_watches_is_told_of_the_end(
    phone: House, agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = loop()
    ada.says("/watch backend")
    await ada.sees("watching backend", within=PATIENCE_S)
    (agent.cwd / "go").touch()
    await in_the_loop(agent)
    told = await ada.sees("backend is done", within=PATIENCE_S)
    assert "I am done" in told.text
    assert not told.silent


async def urgent(front: object, question: str) -> dict[str, object]:
    from tests.scenarios.house import called

    asked = await called(front, "ask", to="backend", question=question, urgency="urgent")  # type: ignore[arg-type]
    return await called(front, "wait_for", ask_id=asked["ask_id"], timeout_s=30)  # type: ignore[arg-type]


async def waits(house: House, number: int) -> None:
    """Until so many asks are open."""
    async with asyncio.timeout(PATIENCE_S):
        while len((await house.daemon.client().asks("all"))["asks"]) < number:
            await asyncio.sleep(0.05)
