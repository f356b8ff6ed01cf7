"""Gemini CLI is a peer like any other: asked while idle and in the middle of a turn, asking, stopped, and gone."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents.gemini import GeminiCli, gemini_binary
from tests.emulators.model_api import Calls, Fails, ModelApi, Rule, Runs, Says, Script
from tests.emulators.telegram import Person, TelegramEmulator
from tests.scenarios.house import House, answers

pytestmark = pytest.mark.thorough
LONG = "\n".join(f"{n}: <b>tags</b> & signs of a long question, {n * 7919 % 10007}" for n in range(1, 190))


@pytest.fixture
async def line(house: House) -> House:
    """A running daemon, and hooks installed where the real agent will look for them."""
    gemini_binary()
    await house.start()
    installed = await house.cli("hooks", "install", "--agent", "gemini")
    assert installed.code == 0, installed
    return house


@pytest.fixture
async def agent(line: House, model: ModelApi) -> AsyncIterator[GeminiCli]:
    """The real Gemini CLI as the peer ``backend`` of circle ``dev``, idle."""
    folder = line.place / "backend"
    folder.mkdir()
    async with GeminiCli(line.user, folder, model.url, f"gemini-{os.getpid()}", "dev") as agent:
        await line.joined("backend")
        yield agent


async def the(line: House, name: str = "backend") -> dict[str, Any]:
    told = (await line.daemon.client().peers(circle="*", include_self=True, show_offline=True))["peers"]
    return next(each for each in told if each["name"] == name)


async def until_it_is(line: House, name: str = "backend", **wanted: str) -> None:
    """Until ``peer list`` says so."""
    there: dict[str, Any] = {}
    try:
        async with asyncio.timeout(30):
            while not wanted.items() <= (there := await the(line, name)).items():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"not {wanted} but {there}\n{line.daemon.log}") from None


async def asked(line: House, text: str) -> Any:
    told = await line.cli("ask", "backend", text, "--wait", "40", "--json")
    assert told.code == 0, f"{told}\n{line.daemon.log}"
    return told.json


async def waiting(line: House, number: int) -> None:
    """Until so many asks are there."""
    async with asyncio.timeout(20):
        while len((await line.daemon.client().asks("all"))["asks"]) < number:
            await asyncio.sleep(0.05)


async def test_it_registers_with_its_pane_folder_and_circle(line: House, agent: GeminiCli) -> None:
    there = await the(line)
    assert (there["backend"], there["circle"], there["turn_state"]) == ("gemini", "dev", "idle")
    assert there["path"] == str(agent.cwd)
    assert there["reach"]["road"] == "terminal"
    tried = {each["road"]: each["works"] for each in (await line.daemon.client().roads())["roads"]}
    assert tried["terminal"]
    agents = (await line.daemon.client().peers(circle="*", show_offline=True))["peers"]
    assert [each["name"] for each in agents if each["role"] == "agent"] == ["backend"]  # its shim is no other


async def test_an_idle_one_hears_an_ask_once_and_its_answer_comes_back(
    line: House, agent: GeminiCli, model: ModelApi
) -> None:
    model.script = Script((Rule("how far", Says("half way")), Rule("long question", Says("that was long"))))
    told = await asked(line, "how far?")
    assert answers(told) == ["half way"]
    assert model.times_heard("how far?") == 1
    assert answers(await asked(line, LONG)) == ["that was long"]
    assert model.times_heard(LONG) == 1
    story = await line.why(told["ask_id"])
    assert story["deliveries"][0]["road"] == "terminal"


async def test_what_comes_in_the_middle_of_a_turn_is_handed_over_at_its_end_in_order(
    line: House, agent: GeminiCli, model: ModelApi
) -> None:
    model.script = Script(
        (
            Rule("long work", Says("done at last"), gate="work"),
            Rule("long question", Says("that was long")),
            Rule("and then", Says("then this")),
        )
    )
    await agent.type("long work")
    await model.reached("work")
    await line.working("backend")
    async with asyncio.TaskGroup() as both:
        one = both.create_task(asked(line, LONG))
        await waiting(line, 1)
        two = both.create_task(asked(line, "and then?"))
        await waiting(line, 2)
        assert model.times_heard("long question") == 0
        await model.open("work")
    assert (answers(one.result()), answers(two.result())) == (["that was long"], ["then this"])
    assert (model.times_heard(LONG), model.times_heard("and then?")) == (1, 1)
    roads = [(await line.why(x.result()["ask_id"]))["deliveries"][0]["road"] for x in (one, two)]
    assert roads == ["hook", "hook"]


async def test_it_asks_another_by_its_tool_and_no_dialog_stands_in_between(
    line: House, agent: GeminiCli, model: ModelApi
) -> None:
    folder = line.place / "other"
    folder.mkdir()
    call = Calls("mcp_peerline_ask_peer", {"peer": "other", "question": "what is the port?"})
    model.script = Script(
        (
            Rule("go and ask", call, times=1),
            Rule("what is the port", Says("it is 8377")),
            Rule("8377", Says("other says 8377")),
        )
    )
    async with GeminiCli(line.user, folder, model.url, agent.socket, "dev"):
        await line.joined("other")
        assert answers(await asked(line, "go and ask")) == ["other says 8377"]
    assert model.times_heard("from backend@dev · agent") == 1
    assert model.times_heard("what is the port?") == 1


async def test_what_was_broken_off_by_hand_is_idle_and_its_ask_is_reminded_of(
    line: House, agent: GeminiCli, model: ModelApi
) -> None:
    rules = (
        Rule("long work", Says("never said"), gate="never", times=1),
        Rule("still waits", Says("here it is")),
    )
    model.script = Script(rules)
    async with asyncio.TaskGroup() as both:
        asking = both.create_task(asked(line, "long work"))
        await model.reached("never")
        await until_it_is(line, turn_state="working")
        await agent.interrupt()
        assert answers(await asking) == ["here it is"]
    await until_it_is(line, turn_state="idle")


async def test_a_dialog_is_told_and_a_no_in_it_ends_the_turn_though_no_hook_says_so(
    line: House, agent: GeminiCli, model: ModelApi
) -> None:
    model.script = Script((Rule("leave a trace", Runs("echo been here | tee trace.txt"), times=1),))
    await agent.type("leave a trace")
    await agent.until_shown("Allow execution of")
    await until_it_is(line, turn_state="awaiting_input")
    proven = {each["road"]: each["works"] for each in (await line.daemon.client().roads())["roads"]}
    assert not proven["terminal"]
    await agent.press("Escape")
    await until_it_is(line, turn_state="idle")
    assert answers(await asked(line, "and now?")) == ["stub: and now?"] or model.times_heard("and now?") == 1


async def test_a_call_that_failed_answers_nothing_and_the_next_turn_is_told_of_it(
    line: House, agent: GeminiCli, model: ModelApi
) -> None:
    rules = (
        Rule("how far", Fails(400, "no such model"), times=1),
        Rule("how far|still waits", Says("half way")),
    )
    model.script = Script(rules)
    told = await asked(line, "how far?")
    assert answers(told) == ["half way"]


async def test_clear_quit_resume_and_kill_leave_one_peer_that_is_told_of_truly(
    line: House, agent: GeminiCli, model: ModelApi
) -> None:
    before = await the(line)
    assert answers(await asked(line, "before the clear")) != []  # else there is nothing to resume
    await agent.type("/clear")
    await agent.until_idle()
    await until_it_is(line, turn_state="idle", status="online")
    assert answers(await asked(line, "after the clear")) != []
    assert (await the(line))["peer_id"] == before["peer_id"]
    await agent.type("/quit")
    await agent.until_gone()
    await until_it_is(line, status="offline")
    async with GeminiCli(
        line.user, agent.cwd, model.url, agent.socket, "dev", resume=agent.session_id
    ) as again:
        await until_it_is(line, status="online", turn_state="idle")
        assert (await the(line))["peer_id"] == before["peer_id"]
        assert answers(await asked(line, "after the resume")) != []
        os.kill(again.pid, signal.SIGKILL)
        await until_it_is(line, status="offline")
    assert model.times_heard("after the clear") == model.times_heard("after the resume") == 1


async def test_nothing_follows_the_call_that_runs_once_it_is_stopped(
    hosted: House, telegram: TelegramEmulator, ada: Person, model: ModelApi
) -> None:
    gemini_binary()
    assert (await hosted.cli("hooks", "install", "--agent", "gemini")).code == 0
    folder = hosted.place / "backend"
    folder.mkdir()
    count = f"echo one >> {folder}/count.txt"
    model.script = Script(
        (Rule("go round", Runs(count)), Rule("PGID|one", Runs(count)), Rule("stop", Says("stopped")))
    )
    loops = ("--approval-mode", "yolo")
    async with GeminiCli(hosted.user, folder, model.url, f"gemini-{os.getpid()}", "dev", args=loops) as agent:
        await hosted.joined("backend")
        await agent.type("go round")
        await agent.until(lambda: len(lines(folder)) >= 2, "to go round")
        ada.says("/stop backend")
        await ada.sees("stop", within=30)
        done = len(lines(folder))
        await agent.until_idle()
        assert len(lines(folder)) <= done + 1


def lines(folder: Path) -> list[str]:
    path = folder / "count.txt"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("choice", ["Allow", "Deny"])
async def test_what_it_waits_for_is_decided_on_a_phone_by_a_key_into_its_dialog(
    hosted: House, ada: Person, model: ModelApi, choice: str
) -> None:
    gemini_binary()
    assert (await hosted.cli("hooks", "install", "--agent", "gemini")).code == 0
    folder = hosted.place / "backend"
    folder.mkdir()
    model.script = Script((Rule("leave a trace", Runs("echo been here | tee trace.txt"), times=1),))
    async with GeminiCli(hosted.user, folder, model.url, f"gemini-{os.getpid()}", "dev") as agent:
        await hosted.joined("backend")
        await agent.type("leave a trace")
        await ada.sees("tee trace.txt", within=30)
        card = next(each for each in reversed(ada.heard()) if "tee trace.txt" in each.text)
        await ada.taps(card, choice).answered(within=30)
        await until_it_is(hosted, turn_state="idle")
        assert (folder / "trace.txt").exists() == (choice == "Allow")
