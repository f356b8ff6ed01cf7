"""Resumed, forked, in a pane whose number somebody else had, or with hooks that nobody trusts: each is who it is."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.agents.codex import MODEL, REVIEW, Codex, codex_binary
from tests.agents.gemini import GeminiCli, gemini_binary
from tests.agents.opencode import OpenCode, opencode_binary
from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.scenarios.askers import answered, by_cli, by_owner, peer, until_peer
from tests.scenarios.house import House

pytestmark = pytest.mark.thorough
PATIENCE_S = 60
ROLLOUT = re.compile(r"rollout-.*?-([0-9a-f]{8}-[0-9a-f-]{27})\.jsonl$")


@asynccontextmanager
async def line(program: Path, agent: str, *how: str) -> AsyncIterator[House]:
    """A running daemon, and our hooks in the settings of one kind of agent."""
    async with House(PATH=f"{program.parent}:{os.environ['PATH']}", STUB_KEY="sk-dummy") as house:
        (house.user / ".codex").mkdir()
        await house.start()
        installed = await house.cli("hooks", "install", "--agent", agent, *how)
        assert (installed.code, "trusts our" in installed.out) == (0, "--trust" in how), installed
        yield house


def place(house: House, model: ModelApi, server: str) -> tuple[Path, Path, str, str, str]:
    folder = house.place / "backend"
    folder.mkdir(exist_ok=True)
    return house.user, folder, model.url, f"{server}-{os.getpid()}", "dev"


async def greeted(house: House, agent: RealAgent, name: str) -> dict[str, Any]:
    await agent.type(f"hello {name}")
    return await until_peer(house, name, turn_state="idle", status="online")


async def test_codex_resumed_is_the_same_peer_and_forked_another(model: ModelApi) -> None:
    model.script = Script((Rule("who are you", Says("the fork")), Rule("still there", Says("still here"))))
    async with line(codex_binary(), "codex", "--trust") as house:
        where = place(house, model, "lives")
        async with Codex(*where) as first:
            before = await greeted(house, first, "backend")
        await until_peer(house, "backend", status="offline")
        (session_id,) = [
            found[1] for each in house.user.rglob("rollout-*.jsonl") if (found := ROLLOUT.search(each.name))
        ]
        asked = await by_cli(house, "are you still there?")
        async with Codex(*where, args=("fork", session_id)) as fork:
            forked = await greeted(house, fork, "backend-2")
            assert await answered(house, await by_cli(house, "who are you?", "backend-2")) == ["the fork"]
            assert model.times_heard("still there?") == 0
            async with Codex(*where, args=("resume", session_id)) as again:
                resumed = await greeted(house, again, "backend")
                assert await answered(house, asked) == ["still here"]
        assert resumed["peer_id"] == before["peer_id"] != forked["peer_id"]


class Unreviewed(Codex):
    """Somebody who goes on without trusting what was put there."""

    async def until_ready(self) -> None:
        await self.until_screen(lambda shown: REVIEW in shown, "to ask for a review", self.patience)
        await self.press("Down", "Down", "Enter")
        await self.until_screen(
            lambda shown: MODEL in shown and REVIEW not in shown, "to start", self.patience
        )
        await self.until_idle()


async def test_of_codex_with_hooks_that_nobody_trusts_reach_and_the_doctor_say_so(model: ModelApi) -> None:
    model.script = Script((Rule("who am I", Calls("mcp__peerline__whoami", {}), times=1),))
    async with line(codex_binary(), "codex") as house, Unreviewed(*place(house, model, "lives")) as agent:
        await agent.type("who am I")
        found = await until_peer(house, "backend", status="online")
        assert found["reach"]["road"] == "poll"
        assert "none of its hooks was heard: see `peerline doctor`" in found["reach"]["reason"]
        told = json.loads((await house.cli("doctor", "--json")).out)["findings"]
        (finding,) = [each for each in told if each["code"] == "codex_hooks_untrusted"]
        assert finding["fix"]


async def test_what_runs_in_geminis_pane_after_its_server_was_restarted_is_somebody_else(
    model: ModelApi,
) -> None:
    async with line(gemini_binary(), "gemini") as house:
        typed = house.place / "typed"
        async with GeminiCli(*place(house, model, "gone")) as agent:
            await until_peer(house, "backend", status="online")
            await agent.kill_server()
            await agent.tmux("new-session", "-d", "-s", "dev", "-x", "160", "-y", "50", f"cat > {typed}")
            assert await agent.tmux("list-panes", "-a", "-F", "#{pane_id}") == agent.pane
            asked = await by_owner(house, "a question from the owner")
            await until_peer(house, "backend", status="offline")
            (delivery,) = (await house.why(asked))["deliveries"]
            assert delivery["level"] in {"stored", "held"}
            await agent.press("e", "n", "d", "Enter")
            async with asyncio.timeout(PATIENCE_S):
                while not (typed.exists() and "end" in typed.read_text()):
                    await asyncio.sleep(0.05)
            assert typed.read_text() == "end\n"


async def test_opencode_forked_is_another_peer(model: ModelApi) -> None:
    model.script = Script((Rule("who are you", Says("the fork")), Rule("still there", Says("still here"))))
    async with line(opencode_binary(), "opencode") as house:
        where = place(house, model, "lives")
        async with OpenCode(*where) as first:
            await first.type("hello backend")
            await first.until_shown("stub: hello backend")
            session_id = (await model.hears("hello backend")).session_id
            before = await until_peer(house, "backend", turn_state="idle", status="online")
            async with OpenCode(*where, args=("--session", session_id, "--fork")) as fork:
                # Its first screen takes a prompt, too, and loses it to the fork's.
                await fork.until_shown("(fork #1)")
                await fork.until_idle()
                await fork.type("hello fork")
                await fork.until_shown("stub: hello fork")
                forked = await until_peer(house, "backend-2", turn_state="idle", status="online")
                one = await by_cli(house, "who are you?", "backend-2")
                two = await by_cli(house, "are you still there?")
                assert (await answered(house, one), await answered(house, two)) == (
                    ["the fork"],
                    ["still here"],
                )
        assert forked["peer_id"] != before["peer_id"] == (await peer(house, "backend"))["peer_id"]
