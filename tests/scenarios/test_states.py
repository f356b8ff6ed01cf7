"""Whatever the real agent is in the middle of: each ask reaches its model once, and each asker gets its own answer."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping

import pytest

from tests.agents.claude_code import PROMPT, ClaudeCode
from tests.emulators.model_api import Calls, Fails, ModelApi, Rule, Says, Script
from tests.scenarios.askers import answered, by_cli, by_owner, names, peer, until_peer, waits
from tests.scenarios.house import House, answers, called, until

BIG = "\n".join(
    f"line {n} of ten thousand characters, which is more than a hook hands over" for n in range(140)
)
MAKES = Calls("Bash", {"command": "touch made", "description": "make a file"})
COLOURS = [{"label": "Red", "description": "like fire"}, {"label": "Blue", "description": "like sky"}]
WONDERS = Calls(
    "AskUserQuestion",
    {"questions": [{"question": "Which?", "header": "Colour", "multiSelect": False, "options": COLOURS}]},
)
CLI, OWNER = (
    Rule("question from cli", Says("for the cli")),
    Rule("question from the owner", Says("for the owner")),
)
BOTH = (CLI, OWNER)
REMINDED = Rule("still waits for your answer", Says("here it is"))


def another(
    line: House,
    model: ModelApi,
    *args: str,
    folder: str = "backend",
    server: str = "",
    env: Mapping[str, str] | None = None,
) -> ClaudeCode:
    """One more Claude Code in the same circle, by default in the same folder."""
    (line.place / folder).mkdir(exist_ok=True)
    socket = server or f"scene-{os.getpid()}"
    return ClaudeCode(line.user, line.place / folder, model.url, socket, "dev", args=args, env=env)


async def ask_both(line: House) -> tuple[str, str]:
    return await asyncio.gather(
        by_cli(line, "a question from cli"), by_owner(line, "a question from the owner")
    )


async def each_has_its_own(line: House, model: ModelApi, asked: tuple[str, str]) -> None:
    """The answers are where the questions were asked, and nothing was heard twice."""
    assert [await answered(line, each) for each in asked] == [["for the cli"], ["for the owner"]]
    assert (model.times_heard("question from cli"), model.times_heard("question from the owner")) == (1, 1)


# --- in the middle of a turn ----------------------------------------------------------------------------------------


async def test_all_who_ask_during_a_turn_get_their_own_answer_and_ten_kilobytes_arrive_whole(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    work, long = Rule("long work", Says("done"), gate="work"), Rule("big one", Says("for the long one"))
    tool = Rule("question from a tool", Says("for the tool"))
    model.script = Script((work, REMINDED, long, tool, *BOTH))
    await backend.type("long work")
    await model.reached("work")
    await line.working("backend")
    async with line.mcp("front") as front, asyncio.TaskGroup() as group:
        asking = group.create_task(
            called(front, "ask_peer", peer="backend", question="a question from a tool")
        )
        asked = await ask_both(line)
        big = await by_owner(line, f"the big one\n{BIG}")
        await model.open("work")
    await each_has_its_own(line, model, asked)
    assert (answers(asking.result()), await answered(line, big)) == (["for the tool"], ["for the long one"])
    assert (model.times_heard("a question from a tool"), model.times_heard(BIG)) == (1, 1)
    assert model.times_heard("still waits") == 0


@pytest.mark.parametrize(
    ("call", "shows"), [(MAKES, "1. Yes"), (WONDERS, "1. Red")], ids=["permission", "question"]
)
@pytest.mark.thorough
async def test_nothing_is_typed_into_a_dialog_and_what_was_asked_meanwhile_follows_it(
    line: House, backend: ClaudeCode, model: ModelApi, call: Calls, shows: str
) -> None:
    model.script = Script((*BOTH, Rule("go on", call, times=1)))
    await backend.type("go on")
    await backend.until_shown(shows)
    asked = await ask_both(line)
    await until_peer(line, "backend", turn_state="awaiting_input", status="busy")
    assert backend.registry()["status"] == "waiting"
    assert shows in await backend.capture()
    assert model.times_heard("question from") == 0
    assert not (backend.cwd / "made").exists()
    await backend.press("1")
    await each_has_its_own(line, model, asked)


@pytest.mark.thorough
async def test_a_dialog_that_no_hook_tells_of_is_not_typed_into(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script(BOTH)
    await backend.type("/model")
    await backend.until_status("waiting")
    asked = await by_owner(line, "a question from the owner")
    await waits(line, asked, "the agent is waiting")
    await backend.press("Escape")
    assert await answered(line, asked) == ["for the owner"]
    assert model.times_heard("question from the owner") == 1


# --- what a person does at the agent --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["C-u", pytest.param("Enter", marks=pytest.mark.thorough)])
async def test_a_draft_is_never_fused_with_what_is_asked(
    line: House, backend: ClaudeCode, model: ModelApi, key: str
) -> None:
    model.script = Script(BOTH)
    await backend.press("m", "i", "n", "e")
    await backend.until_shown(f"{PROMPT}mine")
    asked = await by_owner(line, "a question from the owner")
    await waits(line, asked, "there is a draft in the prompt")
    other = await by_cli(line, "a question from cli")
    await backend.press(key)
    await each_has_its_own(line, model, (other, asked))
    heard = [each.text for turn in model.heard for each in turn.words if "mine" in each.text]
    assert heard == (["mine"] if key == "Enter" else [])


@pytest.mark.thorough
async def test_a_pane_in_copy_mode_is_left_alone_until_it_is_over(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script(BOTH)
    await backend.tmux("copy-mode", "-t", backend.pane)
    asked = await by_owner(line, "a question from the owner")
    await waits(line, asked, "the pane is in copy mode")
    await backend.tmux("send-keys", "-t", backend.pane, "-X", "cancel")
    assert await answered(line, asked) == ["for the owner"]
    assert model.times_heard("question from the owner") == 1


@pytest.mark.parametrize("ask", [pytest.param(by_cli, marks=pytest.mark.thorough), by_owner])
async def test_escape_in_the_middle_answers_nothing_and_the_ask_is_reminded_of(
    line: House, backend: ClaudeCode, model: ModelApi, ask: Callable[[House, str], Awaitable[str]]
) -> None:
    model.script = Script((REMINDED, Rule("first question", Says("too late"), gate="never"), *BOTH))
    asked = await ask(line, "the first question")
    await model.reached("never")
    await backend.press("Escape")
    assert await answered(line, asked) == ["here it is"]
    assert model.times_heard("still waits") == 1


# --- sessions that change -------------------------------------------------------------------------------------------


@pytest.mark.thorough
async def test_asks_right_after_a_clear_are_answered_by_the_same_peer(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script(BOTH)
    before = (await peer(line, "backend"))["peer_id"]
    await backend.type("/clear")
    await each_has_its_own(line, model, await ask_both(line))
    assert (await peer(line, "backend"))["peer_id"] == before
    assert await names(line) == {"backend"}


@pytest.mark.thorough
async def test_asks_during_and_after_a_compaction_are_answered(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script(BOTH)
    await backend.type("something to be summed up")
    await backend.until_shown("stub: something")
    await backend.until_status("idle")
    await backend.type("/compact")
    await each_has_its_own(line, model, await ask_both(line))
    assert await names(line) == {"backend"}


@pytest.mark.thorough
async def test_a_resumed_session_gets_what_was_asked_while_it_was_away_and_a_fork_gets_none_of_it(
    line: House, model: ModelApi
) -> None:
    model.script = Script((*BOTH, Rule("who are you", Says("the fork"))))
    async with another(line, model) as first:
        await first.type("hello there")
        await first.until_shown("stub: hello there")
        await first.until_status("idle")
        session_id, peer_id = (
            first.session_id,
            (await until_peer(line, "backend", status="online"))["peer_id"],
        )
    await until_peer(line, "backend", status="offline")
    asked = await ask_both(line)
    async with another(line, model, "--resume", session_id, "--fork-session") as fork:
        assert (await until_peer(line, "backend-2", status="online"))["peer_id"] != peer_id
        assert await answered(line, await by_cli(line, "who are you?", "backend-2")) == ["the fork"]
        assert (await peer(line, "backend"))["status"] == "offline"
        assert model.times_heard("question from") == 0
        async with another(line, model, "--resume", session_id):
            await each_has_its_own(line, model, asked)
            assert (await peer(line, "backend"))["peer_id"] == peer_id
            assert model.times_heard("question from", fork.session_id) == 0
    assert await names(line) == {"backend", "backend-2"}


async def test_two_sessions_in_one_folder_answer_each_for_itself(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    whoami = Rule("say your name", Calls("mcp__peerline__whoami", {}), times=2)
    named = (
        Rule(r'"name": ?"backend-2"', Says("the second")),
        Rule(r'"name": ?"backend"', Says("the first")),
    )
    async with another(line, model) as second:
        model.script = Script((*named, whoami))
        asked = await asyncio.gather(
            by_owner(line, "say your name, first"), by_owner(line, "say your name, second", "backend-2")
        )
        assert [await answered(line, each) for each in asked] == [["the first"], ["the second"]]
        for text, one in (("say your name, first", backend), ("say your name, second", second)):
            assert (model.times_heard(text), model.times_heard(text, one.session_id)) == (1, 1)


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.thorough
async def test_a_turn_that_fails_answers_nothing_and_the_ask_is_reminded_of(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((REMINDED, Rule("first question", Fails(400)), *BOTH))
    asked = await by_owner(line, "the first question")
    assert await answered(line, asked) == ["here it is"]
    assert (model.times_heard("still waits"), model.times_heard("the first question")) == (1, 1)


@pytest.mark.thorough
async def test_a_killed_agent_that_is_started_again_is_the_same_peer_and_reminded_of_what_it_was_at(
    line: House, model: ModelApi
) -> None:
    model.script = Script((REMINDED, Rule("first question", Says("lost"), gate="never"), *BOTH))
    async with another(line, model) as first:
        asked = await by_cli(line, "the first question")
        await model.reached("never")
        more = await by_owner(line, "a question from the owner")
        before = (await peer(line, "backend"))["peer_id"]
        os.kill(first.pid, signal.SIGKILL)
        await until_peer(line, "backend", status="offline")
    async with another(line, model):
        assert await answered(line, asked) == ["here it is"]
        assert await answered(line, more) == ["for the owner"]
        assert (await peer(line, "backend"))["peer_id"] == before
    assert (model.times_heard("still waits"), model.times_heard("question from the owner")) == (1, 1)


async def test_a_pane_of_the_same_number_in_a_new_server_is_somebody_elses(
    line: House, model: ModelApi
) -> None:
    server = f"gone-{os.getpid()}"
    typed = line.place / "typed"
    async with another(line, model, server=server) as agent:
        await agent.kill_server()
        await agent.tmux("new-session", "-d", "-s", "dev", "-x", "160", "-y", "50", f"cat > {typed}")
        assert await agent.tmux("list-panes", "-a", "-F", "#{pane_id}") == agent.pane
        asked = await by_owner(line, "a question from the owner")
        await until_peer(line, "backend", status="offline")
        (delivery,) = (await line.why(asked))["deliveries"]
        assert delivery["level"] in {"stored", "held"}
        await agent.press("e", "n", "d", "Enter")
        await until(lambda: typed.exists() and "end" in typed.read_text(), "for the other program")
        assert typed.read_text() == "end\n"
