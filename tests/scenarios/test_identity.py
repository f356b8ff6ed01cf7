"""Who an agent is: runs for one prompt, subagents, agents without a pane or an inbox, and a daemon that was away."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agents.claude_code import ClaudeCode, claude_binary, write_settings
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.scenarios.askers import answered, by_cli, by_owner, names, peer, until_peer
from tests.scenarios.house import House, until
from tests.scenarios.test_states import BOTH, MAKES, another, ask_both, each_has_its_own


@asynccontextmanager
async def headless(like: ClaudeCode, prompt: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """``claude -p`` in the folder of an agent of the rig; it ends by itself, or with the test."""
    child = await asyncio.create_subprocess_exec(
        *(str(claude_binary()), "-p", prompt),
        cwd=like.cwd,
        env={"PATH": os.environ["PATH"], "PEERLINE_CIRCLE": "dev", **like.env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def ran(like: ClaudeCode, prompt: str) -> str:
    """What it printed."""
    async with headless(like, prompt) as child, asyncio.timeout(30):
        out, _ = await child.communicate()
    return out.decode().strip()


# --- runs for one prompt --------------------------------------------------------------------------------------------


@pytest.mark.thorough
async def test_runs_for_one_prompt_share_one_numbered_name_and_take_nobodys_place(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    asks = Calls("mcp__peerline__ask_peer", {"peer": "backend", "question": "a question from cli"})
    model.script = Script((Rule("quick work", asks, times=1), *BOTH, Rule("make it", MAKES, times=1)))
    lasting = await until_peer(line, "backend", status="online", turn_state="idle")
    assert "for the cli" in await ran(backend, "quick work")  # its own tool asks the agent beside it
    first = await until_peer(line, "backend-2", status="offline")
    assert "stub" in await ran(backend, "make it")
    second = await until_peer(line, "backend-2", status="offline")
    assert first["peer_id"] == second["peer_id"]
    assert not (backend.cwd / "made").exists()  # there is nobody to allow it
    assert (await line.daemon.client().asks("all"))["asks"] == []
    assert await names(line) == {"backend", "backend-2"}
    assert (await peer(line, "backend"))["peer_id"] == lasting["peer_id"]
    assert await answered(line, await by_owner(line, "a question from the owner")) == ["for the owner"]


@pytest.mark.thorough
async def test_a_run_for_one_prompt_gets_nothing_of_the_mail_of_an_agent_that_is_away(
    line: House, model: ModelApi
) -> None:
    model.script = Script(BOTH)
    async with another(line, model) as away:
        lasting = await until_peer(line, "backend", status="online")
    await until_peer(line, "backend", status="offline")
    asked = await ask_both(line)
    assert "stub: quick work" in await ran(away, "quick work")
    assert (await peer(line, "backend"))["status"] == "offline"
    assert model.times_heard("question from") == 0
    async with another(line, model):
        await each_has_its_own(line, model, asked)
    assert (await peer(line, "backend"))["peer_id"] == lasting["peer_id"]
    assert await names(line) == {"backend", "backend-2"}


# --- subagents ------------------------------------------------------------------------------------------------------


async def test_a_subagent_is_no_peer_and_its_calls_are_not_its_parents_turn(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    inner = {"description": "inner", "prompt": "inner work", "subagent_type": "general-purpose"}
    model.script = Script(
        (
            Rule("outer work", Calls("Agent", inner), times=1),
            Rule(
                "^inner work",
                Calls("Bash", {"command": "echo one", "description": "say"}),
                gate="one",
                times=1,
            ),
            Rule("^one$", Calls("Bash", {"command": "echo two", "description": "say"}), times=1),
            Rule("^two$", Says("inner is done"), gate="two"),
            *BOTH,
        )
    )
    await backend.type("outer work")
    await model.reached("one")
    await until_peer(line, "backend", turn_state="idle")
    await model.open("one")
    await model.reached("two")  # two calls of the subagent were announced by hooks meanwhile
    assert (await peer(line, "backend"))["turn_state"] == "idle"
    asked = await by_cli(line, "a question from cli")
    assert await answered(line, asked) == ["for the cli"]
    await model.open("two")
    await backend.until_status("idle")
    assert model.times_heard("question from cli") == 1
    assert await names(line) == {"backend"}


# --- other ways in --------------------------------------------------------------------------------------------------


@asynccontextmanager
async def outside_tmux(like: ClaudeCode, **env: str) -> AsyncIterator[ClaudeCode]:
    """The agent of a rig, at a terminal that tmux knows nothing of."""
    near, far = pty.openpty()
    write_settings(like.home, like.cwd)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _AT_TERMINAL, *like.command),
        cwd=like.cwd,
        env={
            "PATH": os.environ["PATH"],
            "TERM": "xterm-256color",
            "PEERLINE_CIRCLE": "dev",
            **like.env,
            **env,
        },
        stdin=far,
        stdout=far,
        stderr=far,
        start_new_session=True,
    )
    os.close(far)
    asyncio.get_running_loop().add_reader(near, lambda: os.read(near, 65536))
    like.pid = child.pid
    try:
        await like.until_status("idle", seconds=like.patience)
        yield like
    finally:
        asyncio.get_running_loop().remove_reader(near)
        with suppress(ProcessLookupError):
            child.terminate()
        await child.wait()
        os.close(near)


#: The program takes the terminal as its own before it becomes the agent.
_AT_TERMINAL = (
    "import fcntl, os, sys, termios; "
    "fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


async def test_an_agent_outside_tmux_is_reached_by_its_inbox(line: House, model: ModelApi) -> None:
    model.script = Script(BOTH)
    async with outside_tmux(another(line, model)):
        asked = await ask_both(line)
        await each_has_its_own(line, model, asked)
    roads = [(await line.why(each))["deliveries"][0]["road"] for each in asked]
    assert set(roads) <= {"inbox", "hook"}


@pytest.mark.thorough
async def test_an_agent_that_never_had_an_inbox_is_woken_by_the_hook_in_its_background(
    line: House, model: ModelApi
) -> None:
    model.script = Script(BOTH)
    sockets = line.place / "cc-socks"
    async with asyncio.TaskGroup() as group:
        unlinking = group.create_task(unlinked(sockets))
        async with outside_tmux(another(line, model), XDG_RUNTIME_DIR=str(line.place)):
            await unlinking
            asked = await by_cli(line, "a question from cli")  # idle since its start
            assert await answered(line, asked) == ["for the cli"]
            more = await ask_both(line)  # and again after a turn
            assert [await answered(line, each) for each in more] == [["for the cli"], ["for the owner"]]
    assert {(await line.why(each))["deliveries"][0]["road"] for each in (asked, *more)} == {"hook"}
    assert model.times_heard("question from") == 3


async def unlinked(folder: Path) -> None:
    """Wait for a socket, and take its name away before its agent has told anybody of it."""
    async with asyncio.timeout(30):
        while not (found := list(folder.glob("*.sock"))):
            await asyncio.sleep(0.001)
    found[0].unlink()


@pytest.mark.thorough
async def test_an_agent_whose_inbox_vanished_is_reached_all_the_same(line: House, model: ModelApi) -> None:
    model.script = Script(BOTH)
    async with another(line, model, env={"XDG_RUNTIME_DIR": str(line.place)}) as agent:
        Path(agent.registry()["messagingSocketPath"]).unlink()
        asked = await by_cli(line, "a question from cli")  # idle since its start
        assert await answered(line, asked) == ["for the cli"]
        await until_peer(line, "backend", road="hook")
        again = await by_cli(line, "a question from cli, again")
        assert await answered(line, again) == ["for the cli"]
        assert (await line.why(again))["deliveries"][0]["road"] == "hook"
    assert model.times_heard("question from cli") == 2


# --- a daemon that was away -----------------------------------------------------------------------------------------


@pytest.mark.thorough
async def test_a_daemon_that_starts_anew_knows_an_idle_agent_and_the_turn_of_another(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("first question", Says("for the first"), gate="work"), *BOTH))
    await line.daemon.restart()
    first = await by_cli(line, "the first question")
    await model.reached("work")
    await line.daemon.restart()
    asked = await ask_both(line)
    await model.open("work")
    assert await answered(line, first) == ["for the first"]
    await each_has_its_own(line, model, asked)
    assert model.times_heard("the first question") == 1


@pytest.mark.thorough
async def test_what_happened_while_the_daemon_was_away_for_ten_minutes_is_made_up_for(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("first question", Says("for the first"), gate="work"), *BOTH))
    first = await by_cli(line, "the first question")
    await model.reached("work")
    before = await peer(line, "backend")
    await line.daemon.stop()
    await model.open("work")
    await backend.until_shown("for the first")
    await backend.until_status("idle")
    await has_a_turn(backend, "my own words")
    old = backend.session_id
    await backend.type("/clear")
    await until(lambda: backend.registry().get("sessionId") not in {None, old}, "for another session")
    async with another(line, model) as second:
        await has_a_turn(second, "who am I")
        line.grow_older(timedelta(minutes=10))
        await line.start()
        assert await answered(line, first) == ["for the first"]
        await each_has_its_own(line, model, await ask_both(line))
        assert model.times_heard("question from", backend.session_id) == 2
        assert (await peer(line, "backend"))["peer_id"] == before["peer_id"]
        assert await answered(line, await by_cli(line, "are you the second?", "backend-2"))
        assert model.times_heard("are you the second?", second.session_id) == 1
    assert await names(line) == {"backend", "backend-2"}


async def has_a_turn(agent: ClaudeCode, text: str) -> None:
    await agent.type(text)
    await agent.until_shown(f"stub: {text}")
    await agent.until_status("idle")
