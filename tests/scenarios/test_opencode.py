"""The real OpenCode on the line: asked, asking, interrupted, stopped and asked for leave, heard once each time."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.opencode import OpenCode, opencode_binary
from tests.agents.settings_files import merge_json
from tests.emulators.model_api import Calls, ModelApi, Rule, Runs, Says, Script
from tests.emulators.telegram import Message, Person
from tests.scenarios.house import House, answers

pytestmark = pytest.mark.thorough
PATIENCE_S = 120.0  # it needs seconds of a whole core for a start
SETTINGS = ".config/opencode/opencode.json"
LONG = "\n".join(f"line {n} of a long question, which goes on for a while" for n in range(1, 201))


async def installed(house: House) -> None:
    opencode_binary()
    assert (await house.cli("hooks", "install", "--agent", "opencode")).code == 0


def started(house: House, model: ModelApi, folder: str = "backend", **more: Any) -> OpenCode:
    place = house.place / folder
    place.mkdir(exist_ok=True)
    return OpenCode(house.user, place, model.url, f"scene-{os.getpid()}", "dev", **more)


@pytest.fixture
async def line(house: House) -> House:
    await house.start()
    await installed(house)
    return house


@pytest.fixture
async def agent(line: House, model: ModelApi) -> AsyncIterator[OpenCode]:
    async with started(line, model) as agent:
        await peers(line, lambda all_of: "backend" in all_of)
        yield agent


async def peers(house: House, holds: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """Wait until the agents that are not offline, by name, are as they should be."""
    told: dict[str, Any] = {}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                rows = (await house.daemon.client().peers(circle="*", include_self=True))["peers"]
                told = {each["name"]: each for each in rows if each["backend"] == "opencode"}
                if holds(told):
                    return told
                await asyncio.sleep(0.1)
    except TimeoutError:
        pytest.fail(f"not so: {told}")


async def asked(house: House, name: str, text: str) -> Any:
    told = await house.cli("ask", name, text, "--wait", str(int(PATIENCE_S)), "--json")
    assert told.code == 0, told
    return told.json


async def test_an_ask_is_heard_once_before_the_first_prompt_after_it_and_at_the_end_of_a_turn(
    line: House, agent: OpenCode, model: ModelApi
) -> None:
    rules = (
        Rule("how far", Says("half way")),
        Rule("and now", Says("nearly")),
        Rule("long work", Says("done at last"), gate="work"),
        Rule("line 200", Says("that was long")),
    )
    model.script = Script(rules)
    fresh = (await peers(line, lambda all_of: all_of))["backend"]
    assert (fresh["circle"], fresh["path"], fresh["turn_state"]) == (
        "dev",
        str(agent.cwd),
        "pending_first_turn",
    )
    assert answers(await asked(line, "backend", "how far?")) == ["half way"]
    assert answers(await asked(line, "backend", "and now?")) == ["nearly"]
    await agent.until_shown("nearly")
    await agent.until_idle()

    await agent.type("long work")
    await model.reached("work")
    await peers(line, lambda all_of: all_of["backend"]["turn_state"] == "working")
    async with asyncio.TaskGroup() as both:
        asking = both.create_task(asked(line, "backend", LONG))
        await peers(line, lambda _: True)
        while not (await line.daemon.client().asks("all"))["asks"]:
            await asyncio.sleep(0.05)
        assert model.times_heard("line 200") == 0
        await model.open("work")
    assert answers(asking.result()) == ["that was long"]
    assert [model.times_heard(x) for x in ("how far?", "and now?", LONG)] == [1, 1, 1]
    found = (await peers(line, lambda all_of: all_of))["backend"]
    assert found["peer_id"] == fresh["peer_id"]


async def test_two_in_one_folder_ask_each_other_and_one_is_known_again(
    line: House, agent: OpenCode, model: ModelApi
) -> None:
    ask = Calls("mcp__peerline__ask_peer", {"peer": "backend-2", "question": "hello other?"})
    model.script = Script((Rule("ask the other", ask, times=1), Rule("hello other", Says("hello yourself"))))
    async with started(line, model) as other:
        both = await peers(line, lambda all_of: "backend-2" in all_of)
        await agent.type("ask the other")
        turn = await model.hears("hello other?")
        await agent.until_shown("is answered")
        assert "from backend@dev · agent" in turn.text
        assert model.times_heard("hello other?") == 1
        os.kill(other.pid, signal.SIGKILL)
        await peers(line, lambda all_of: "backend-2" not in all_of)
    async with started(line, model, args=("--session", turn.session_id)):
        again = await peers(line, lambda all_of: "backend-2" in all_of)
        assert again["backend-2"]["peer_id"] == both["backend-2"]["peer_id"]
        assert again["backend"]["status"] == "online"
        assert (await asked(line, "backend-2", "and again?"))["state"] == "answered"
    later = await model.hears("and again?")
    assert later.session_id == turn.session_id


async def test_what_is_broken_off_is_reminded_of_once_and_another_session_is_the_same_peer(
    line: House, agent: OpenCode, model: ModelApi
) -> None:
    rules = (
        Rule("long work", Says("never said"), gate="work"),
        Rule("still waits for your answer", Says("here it is")),
        Rule("how far", Says("half way")),
    )
    model.script = Script(rules)
    before = await peers(line, lambda all_of: all_of)
    told = (await line.cli("ask", "backend", "long work", "--json")).json
    await model.reached("work")
    await agent.interrupt()
    await model.hears("still waits for your answer")
    await model.open("work")
    await line.until("answered", lambda story: story["state"] == "answered", told["ask_id"])
    story = await line.daemon.client().asked(told["ask_id"])
    assert answers(story) == ["here it is"]

    await agent.until_idle()
    await agent.type("/new")
    await agent.until_shown("Ask anything")
    await agent.type("how far in this one")
    await agent.until_shown("half way")
    await agent.until_idle()
    after = await peers(line, lambda all_of: all_of["backend"]["turn_state"] == "idle")
    assert [each["peer_id"] for each in after.values()] == [before["backend"]["peer_id"]]
    assert model.times_heard("still waits for your answer") == 1


async def test_while_the_daemon_is_away_nothing_is_lost(
    line: House, agent: OpenCode, model: ModelApi
) -> None:
    model.script = Script((Rule("how far", Says("half way")), Rule("while away", Says("said to nobody"))))
    await agent.type("how far at first")
    await agent.until_shown("half way")
    await agent.until_idle()
    before = await peers(line, lambda all_of: all_of["backend"]["turn_state"] == "idle")
    await line.daemon.stop()
    await agent.type("while away")
    await agent.until_shown("said to nobody")
    await agent.until_idle()
    await line.start()
    after = await peers(line, lambda all_of: all_of["backend"]["turn_state"] == "idle")
    assert after["backend"]["peer_id"] == before["backend"]["peer_id"]
    assert answers(await asked(line, "backend", "how far by now?")) == ["half way"]
    assert model.times_heard("how far by now?") == 1


@pytest.fixture
async def cared_for(hosted: House, model: ModelApi) -> AsyncIterator[OpenCode]:
    """Its owner has a phone."""
    await installed(hosted)
    async with started(hosted, model) as agent:
        await peers(hosted, lambda all_of: "backend" in all_of)
        yield agent


async def card_of(ada: Person, text: str, *, after: Message | None = None) -> Message:
    """A card that can be tapped."""
    least = after.message_id if after else 0
    return await ada.sees(
        lambda m: text in m.text and bool(m.labels) and m.message_id > least, within=PATIENCE_S
    )


async def test_what_it_asks_its_person_is_decided_from_the_phone(
    cared_for: OpenCode, ada: Person, model: ModelApi
) -> None:
    agent = cared_for
    colour = {"question": "Which colour?", "header": "Colour"}
    choices = [{"label": "red", "description": "warm"}, {"label": "blue", "description": "cold"}]
    rules = (
        Rule("leave a trace", Runs("echo been here | tee trace.txt", asking=True), times=1),
        Rule("been here", Says("the trace is there")),
        Rule("leave another", Runs("echo once more | tee other.txt", asking=True), times=1),
        Rule("ask me", Calls("question", {"questions": [{**colour, "options": choices}]}), times=1),
        Rule("blue", Says("so be it, blue")),
    )
    model.script = Script(rules)
    ada.says("@backend leave a trace")
    first = await card_of(ada, "echo been here")
    assert not (agent.cwd / "trace.txt").exists()
    await ada.taps(first, "Allow").answered(within=PATIENCE_S)
    await ada.sees("the trace is there", within=PATIENCE_S)
    assert (agent.cwd / "trace.txt").exists()

    ada.says("leave another")
    second = await card_of(ada, "echo once more")
    ada.says("not before noon", reply_to=second)
    assert "not before noon" in (await model.hears("not before noon")).text
    await agent.until_idle()
    assert not (agent.cwd / "other.txt").exists()

    ada.says("ask me")
    third = await card_of(ada, "Which colour?")
    await ada.taps(third, "blue").answered(within=PATIENCE_S)
    await ada.sees("so be it, blue", within=PATIENCE_S)


async def test_after_a_stop_no_tool_call_follows_the_one_that_runs(
    hosted: House, ada: Person, model: ModelApi
) -> None:
    await installed(hosted)
    merge_json(hosted.user / SETTINGS, {"permission": {"bash": "allow"}})
    wait = "touch on; while [ ! -e go ]; do sleep 0.05; done; touch first"
    steps = [Rule(".", Runs(f"touch later-{n}"), times=1) for n in range(1, 4)]
    stopped = Rule("stopped by", Says("I end here"))
    model.script = Script((Rule("start the loop", Runs(wait), times=1), stopped, *steps))
    async with started(hosted, model) as agent:
        await peers(hosted, lambda all_of: "backend" in all_of)
        ada.says("@backend start the loop")
        await agent.until((agent.cwd / "on").exists, "to be in its loop", PATIENCE_S)
        ada.says("/stop backend")
        await ada.sees("stopping backend", within=PATIENCE_S)
        (agent.cwd / "go").touch()
        await ada.sees("I end here", within=PATIENCE_S)
        assert names_in(agent.cwd) == ["first", "go", "on"]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
