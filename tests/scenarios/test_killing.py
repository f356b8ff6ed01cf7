"""The owner ends a real agent of each kind in its pane: that one ends and no other, and who asked it is told."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.agents.codex import codex_binary
from tests.agents.kinds import KINDS
from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.scenarios.askers import until_peer
from tests.scenarios.house import House

pytestmark = pytest.mark.thorough
STARTS = {"claude-code": ClaudeCode, **{kind.name: kind.start for kind in KINDS}}
BINARIES = {"claude-code": claude_binary, **{kind.name: kind.binary for kind in KINDS}}


@pytest.fixture
async def line() -> AsyncIterator[House]:
    async with House(PATH=f"{codex_binary().parent}:{os.environ['PATH']}", STUB_KEY="sk-dummy") as house:
        for folder in (".claude", ".codex"):
            (house.user / folder).mkdir()
        await house.start()
        yield house


def started(line: House, kind: str, model: ModelApi, name: str) -> RealAgent:
    folder: Path = line.place / name
    folder.mkdir()
    return STARTS[kind](line.user, folder, model.url, f"ended-{os.getpid()}", "dev")


@pytest.mark.parametrize("kind", STARTS)
async def test_an_agent_of_each_kind_ends_and_the_one_beside_it_goes_on(
    line: House, model: ModelApi, kind: str
) -> None:
    BINARIES[kind]()
    model.script = Script((Rule("long work", Says("done"), gate="work"),))
    trust = ("--trust",) if kind == "codex" else ()
    assert (await line.cli("hooks", "install", "--agent", kind, *trust)).code == 0
    names = ("one",) if kind == "opencode" else ("one", "two")  # a start of it takes seconds of a whole core
    async with AsyncExitStack() as stack:
        rigs = [started(line, kind, model, name) for name in names]
        for each in rigs:  # before any of them runs, since it writes the same file
            each.write_settings()
        agents = [await stack.enter_async_context(each) for each in rigs]
        for agent, name in zip(agents, names, strict=True):
            await agent.type(f"hello {name}")
            await until_peer(line, name, turn_state="idle", status="online")
        asked = await line.cli("ask", "one", "long work", "--json")
        await model.reached("work")
        told = await line.at_terminal("peer", "kill", "one", "--json")
        assert told.code == 0, told
        [ended] = told.json["killed"]
        assert ended["ended"]
        assert "as they said" in ended["evidence"]
        await agents[0].until_gone()
        assert (await line.why(asked.json["ask_id"]))["state"] == "orphaned"
        await until_peer(line, "one", status="offline")
        for other in agents[1:]:
            await until_peer(line, "two", status="online")
            assert "stub: hello two" in await other.capture()
