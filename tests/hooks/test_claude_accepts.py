"""The real Claude Code takes what we install for its own settings, and runs our pipe on its events."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import pytest

from hooks.agents import CLAUDE_CODE
from hooks.entries import HomePaths
from hooks.install import install, status, uninstall
from tests.agents.claude_code import KEY, claude_binary, write_settings
from tests.emulators.model_api import Calls, Fails, ModelApi, Rule, Script

CONTEXT = {
    "hookSpecificOutput": {"hookEventName": "UserPromptSubmit", "additionalContext": "the mesh says hi"}
}


@asynccontextmanager
async def listening(path: Path) -> AsyncIterator[list[tuple[str, dict[str, object], str]]]:
    """A daemon that takes every event and adds words to a prompt."""
    heard: list[tuple[str, dict[str, object], str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = re.search(r"Content-Length: (\d+)", head)
        payload = await reader.readexactly(int(size[1]) if size else 0)
        event = head.split()[1].rpartition("/")[2]
        heard.append((event, json.loads(payload), unquote(head)))
        answer = json.dumps(CONTEXT).encode() if event == "UserPromptSubmit" else b""
        writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        await writer.drain()
        writer.close()

    path.parent.mkdir(parents=True)
    async with await asyncio.start_unix_server(serve, path):
        yield heard


async def claude(home: Path, model: ModelApi, prompt: str) -> str:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "ANTHROPIC_API_KEY": KEY,
        "IS_SANDBOX": "1",
        "ANTHROPIC_BASE_URL": model.url,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
        "CLAUDE_CODE_MAX_RETRIES": "0",
        "PEERLINE_NAME": "ada's own",
    }
    child = await asyncio.create_subprocess_exec(
        *(claude_binary(), "-p", prompt),
        cwd=home,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await child.communicate()
    return out.decode()


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> HomePaths:
    claude_binary()
    user = tmp_path_factory.mktemp("h")
    write_settings(user, user)
    there = HomePaths.of({"HOME": str(user)})
    install([CLAUDE_CODE], there)
    return there


async def test_a_turn_with_a_tool_fires_our_events_and_hears_our_answer(home: HomePaths) -> None:
    note = home.home / "note.txt"
    note.write_text("a note\n")
    look = Rule("please look", Calls("Read", {"file_path": str(note)}), times=1)
    async with asyncio.timeout(60), ModelApi(Script((look,))) as model, listening(home.socket) as heard:
        said = await claude(home.home, model, "please look")

    heard = [each for each in heard if each[0] not in {"mcp", "Wake"}]  # the shim knocks as well
    names = [event for event, _, _ in heard]
    turn = ["UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolBatch", "Stop"]
    assert names == ["SessionStart", *turn, "SessionEnd"], said
    assert len({payload["session_id"] for _, payload, _ in heard}) == 1
    assert all(event == payload["hook_event_name"] for event, payload, _ in heard)
    assert "Peerline-Env-PEERLINE-NAME: ada's own" in heard[0][2]
    assert model.times_heard("the mesh says hi")
    assert status([CLAUDE_CODE], home)[0].installed


@pytest.mark.thorough
async def test_without_a_daemon_the_events_are_kept_in_order(home: HomePaths) -> None:
    expected = ["SessionStart", "UserPromptSubmit", "SessionEnd"]
    async with asyncio.timeout(60), ModelApi(Script((Rule(".*", Fails(400)),))) as model:
        said = await claude(home.home, model, "hello")

    records = sorted((home.peerline_home / "spool").iterdir())
    events = [record.read_bytes().split()[1].decode().rpartition("/")[2] for record in records]
    # A headless run does not wait for its StopFailure hook: at times it is gone before the hook was run.
    # What only waits to wake the agent has nothing to tell; that it is kept, too, does no harm.
    assert [event for event in events if event not in {"StopFailure", "Wake"}] == expected, said


@pytest.mark.thorough
async def test_a_run_for_one_prompt_does_not_wait_for_what_might_wake_it(home: HomePaths) -> None:
    async with asyncio.timeout(30), ModelApi() as model:
        await claude(home.home, model, "hello")

    async with asyncio.timeout(30), ModelApi() as model, listening(home.socket) as heard:
        await claude(home.home, model, "hello")
    assert [event for event, _, _ in heard if event == "SessionStart"]


async def test_uninstalling_after_claude_rewrote_its_files_takes_out_ours_alone(home: HomePaths) -> None:
    mcp_file = home.mcp_file(CLAUDE_CODE)
    installed = mcp_file.read_bytes()
    async with asyncio.timeout(60), ModelApi() as model:
        await claude(home.home, model, "hello")

    rewritten = json.loads(mcp_file.read_bytes())
    assert mcp_file.read_bytes() != installed
    assert rewritten.pop("mcpServers").keys() == {"peerline"}
    uninstall([CLAUDE_CODE], home)
    assert json.loads(mcp_file.read_bytes()) == rewritten
    assert "peerline" not in home.settings(CLAUDE_CODE).read_text()
