"""Whatever the real Codex is in the middle of: what is told of it is true, and no ask is lost or heard twice."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import AsyncIterator

import pytest

from tests.agents.codex import Codex
from tests.agents.codex_server import end_daemon
from tests.daemon_process import COMMAND
from tests.emulators.model_api import Calls, ModelApi, Rule, Runs, Says, Script
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.askers import answered, by_cli, by_owner, peer, until_peer
from tests.scenarios.house import ADA, House, answers, telegram_of
from tests.scenarios.test_codex_line import backend, codex, greeted, line

__all__ = ["backend", "line"]
pytestmark = pytest.mark.thorough
REMINDED = Rule("still waits for your answer", Says("here it is"))


async def test_an_interrupted_turn_answers_nothing_and_its_ask_is_reminded_of(
    line: House, backend: Codex, model: ModelApi
) -> None:
    model.script = Script((REMINDED, Rule("slow question", Says("never said"), gate="slow")))
    asked = await by_cli(line, "slow question")
    await model.reached("slow")
    await line.working("backend")
    await backend.interrupt()
    await model.open("slow")
    found = await until_peer(line, "backend", turn_state="idle")
    assert (
        "it was interrupted, and takes nothing until its person has said something"
        in found["reach"]["reason"]
    )
    await backend.type("go on")
    assert await answered(line, asked) == ["here it is"]
    assert model.times_heard("slow question") == 1


async def test_a_cleared_session_is_the_same_peer(line: House, backend: Codex, model: ModelApi) -> None:
    before = await peer(line, "backend")
    await backend.type("/clear")
    await backend.until_idle()
    await backend.type("hello again")
    await backend.until_shown("stub: hello again")
    after = await until_peer(line, "backend", turn_state="idle", status="online")
    assert after["peer_id"] == before["peer_id"]
    model.script = Script((Rule("question", Says("yes")),))
    told = await line.cli("ask", "backend", "a question", "--wait", "40", "--json")
    assert answers(told.json) == ["yes"]
    assert {each["name"] for each in (await line.daemon.client().peers(circle="dev"))["peers"]} == {"backend"}


async def test_two_in_one_folder_are_two_peers_and_each_hears_its_own(
    line: House, backend: Codex, model: ModelApi
) -> None:
    model.script = Script((Rule("for the first", Says("one")), Rule("for the second", Says("two"))))
    async with codex(line, model) as second:
        await greeted(line, second, "backend-2")
        one, two = await by_cli(line, "for the first"), await by_cli(line, "for the second", "backend-2")
        assert (await answered(line, one), await answered(line, two)) == (["one"], ["two"])
        assert "for the first" not in await second.capture()
    await until_peer(line, "backend-2", status="offline")


async def test_a_killed_agent_is_offline_and_what_was_asked_waits_for_its_next_run(
    line: House, model: ModelApi
) -> None:
    async with codex(line, model) as agent:
        await greeted(line, agent, "backend")
        for process in await agent.family():
            if process.pid != agent.pid:
                os.kill(process.pid, signal.SIGKILL)
        await until_peer(line, "backend", status="offline")
    asked = await by_cli(line, "are you back?")
    model.script = Script((Rule("are you back", Says("I am")),))
    async with codex(line, model) as agent:
        await greeted(line, agent, "backend")
        assert await answered(line, asked) == ["I am"]
    assert model.times_heard("are you back?") == 1


async def test_a_person_far_away_allows_a_command_before_codex_asks_for_it(
    line: House, model: ModelApi, telegram: TelegramEmulator
) -> None:
    await line.daemon.stop()
    await line.start(**telegram_of(telegram, ADA))
    ada = telegram.person(7, "Ada")
    runs = {
        "cmd": "echo done > made.txt",
        "sandbox_permissions": "require_escalated",
        "justification": "may I?",
    }
    model.script = Script((Rule("make it", Calls("exec_command", runs), times=1),))
    async with codex(line, model) as agent:
        await greeted(line, agent, "backend")
        await agent.type("make it")
        card = await ada.sees("echo done", within=30)
        assert not (agent.cwd / "made.txt").exists()
        ada.taps(card, "Allow")
        await until_peer(line, "backend", turn_state="idle")
        assert (agent.cwd / "made.txt").exists()


async def test_in_the_sandbox_the_command_is_forbidden_and_names_the_tools_which_work(
    line: House, model: ModelApi
) -> None:
    peers = shlex.join(str(word) for word in (*COMMAND, "peer", "list"))
    whoami = Calls("mcp__peerline__whoami", {})
    model.script = Script((Rule("look around", Runs(peers), then=(whoami, Says("looked"))),))
    kept = ("--sandbox", "workspace-write", "--ask-for-approval", "on-request")
    async with codex(line, model, *kept, env={"PEERLINE_HOME": str(line.home)}) as agent:
        await greeted(line, agent, "backend")
        await agent.type("look around")
        await agent.until_shown("looked")
    said = "\n".join(words.text for turn in model.heard for words in turn.words if words.role == "tool")
    assert "this process may not open" in said
    assert "use the MCP tools of peerline instead" in said
    assert '"name":"backend"' in said


async def test_nothing_follows_the_running_call_once_it_is_stopped(
    line: House, model: ModelApi, telegram: TelegramEmulator
) -> None:
    await line.daemon.stop()
    await line.start(**telegram_of(telegram, ADA))
    ada = telegram.person(7, "Ada")
    first = Calls("exec_command", {"cmd": "echo one > one.txt; ls"})
    next_one = Calls("exec_command", {"cmd": "echo two > two.txt"})
    rules = (
        Rule("stopped by", Says("all right")),
        Rule("one.txt", next_one, times=1, gate="next"),
        Rule("work on", first, times=1),
    )
    model.script = Script(rules)
    async with codex(line, model, "-s", "danger-full-access", "-a", "never") as agent:
        await greeted(line, agent, "backend")
        await agent.type("work on")
        await model.reached("next")
        ada.says("/stop backend")
        await ada.sees("stopping backend", within=30)
        await model.open("next")
        await agent.until_shown("all right")
        assert (agent.cwd / "one.txt").exists()
        assert not (agent.cwd / "two.txt").exists()


@pytest.fixture
async def shared(line: House, model: ModelApi) -> AsyncIterator[tuple[Codex, Codex]]:
    """Two terminals of one folder with the shared daemon in between; the second's hooks wear the first one's pane."""
    async with codex(line, model, shared_daemon=True) as first:
        await greeted(line, first, "backend")
        async with codex(line, model, shared_daemon=True) as second:
            await greeted(line, second, "backend-2")
            yield first, second
    await end_daemon(line.user)


async def test_with_the_shared_daemon_the_second_terminal_is_not_taken_for_the_first(
    line: House, shared: tuple[Codex, Codex], model: ModelApi
) -> None:
    first, second = shared
    asks = Calls("mcp__peerline__ask_peer", {"peer": "backend", "question": "who are you?"})
    rules = (
        Rule("for the first", Says("one")),
        Rule("for the second", Says("two")),
        Rule("go and ask", asks, times=1),
        Rule("who are you", Says("the first one")),
    )
    model.script = Script(rules)
    one, two = await by_cli(line, "for the first"), await by_owner(line, "for the second", "backend-2")
    assert (await answered(line, one), await answered(line, two)) == (["one"], ["two"])
    await second.type("go and ask")
    await second.until_shown("the first one")
    assert "from backend-2@" in await first.capture()
