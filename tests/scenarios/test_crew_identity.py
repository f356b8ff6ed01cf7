"""Who Codex, Gemini CLI and OpenCode are: two of a kind in one folder, runs for one prompt, and one outside of tmux."""

from __future__ import annotations

import asyncio
import os
import pty
import signal
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest

from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.scenarios.askers import answered, by_cli, peer
from tests.scenarios.crew import HELLO, NEWCOMERS, PATIENCE_S, Crew, Kind, crew, greeted, installed, made
from tests.scenarios.house import until
from tests.scenarios.test_identity import _AT_TERMINAL

WHOAMI = Rule("say your name", Calls("mcp__peerline__whoami", {}), gate="asked")
RUN = {"codex": ("exec", "--skip-git-repo-check"), "gemini": ("-p",), "opencode": ("run",)}
NAMES = [f"{kind.name}{more}" for kind in NEWCOMERS for more in ("", "-2")]


@pytest.fixture
async def together() -> AsyncIterator[Crew]:
    """Two of each in one folder: `codex` and `codex-2`, and so on."""
    async with crew(NEWCOMERS) as first, AsyncExitStack() as stack:
        both = Crew(first.house, first.model, first.telegram, first.ada, dict(first.agents))

        async def second(kind: Kind) -> None:
            name = f"{kind.name}-2"
            both.agents[name] = await stack.enter_async_context(
                made(first.house, first.model, kind, kind.name)
            )
            await greeted(both, name, both.agents[name])

        await asyncio.gather(*map(second, NEWCOMERS))
        yield both


@pytest.mark.thorough
async def test_each_is_itself_whoever_is_beside_it_and_whatever_becomes_of_the_daemon(together: Crew) -> None:
    before = {name: (await peer(together.house, name))["peer_id"] for name in NAMES}
    await asks_stay_with_whom_they_were_asked_of(together)
    assert {name: (await peer(together.house, name))["peer_id"] for name in NAMES} == before


@pytest.mark.rig
async def test_a_run_for_one_prompt_asks_its_neighbour_and_takes_nobodys_place(together: Crew) -> None:
    before = {name: (await peer(together.house, name))["peer_id"] for name in NAMES}
    await the_killed_ones_are_gone_alone(together)
    for kind in NEWCOMERS:
        await a_run_for_one_prompt_asks_and_takes_nobodys_place(together, kind)
    assert {name: (await peer(together.house, name))["peer_id"] for name in NAMES} == before


async def asks_stay_with_whom_they_were_asked_of(together: Crew) -> None:
    """Their turns are in the middle of it when the daemon begins anew, and their tools are called after that."""
    named = [Rule(rf'"name": ?"{name}"|you are {name}@', Says(f"I am {name}")) for name in NAMES]
    together.model.script = Script((*named, WHOAMI, HELLO))
    asked, model = {}, together.model
    for name in NAMES:
        asked[name] = await by_cli(together.house, f"say your name, {name}!", name)
        await model.until(lambda name=name: model.times_heard(f"say your name, {name}!") == 1, PATIENCE_S)
    await together.house.daemon.restart()
    await model.open("asked")
    for name, ask_id in asked.items():
        await until_answered(together, ask_id)
        assert (name, await answered(together.house, ask_id)) == (name, [f"I am {name}"])
        assert model.times_heard(f"say your name, {name}!") == 1


async def until_answered(together: Crew, ask_id: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await together.house.daemon.client().asked(ask_id, wait_s=20))["state"] != "answered":
            pass


async def the_killed_ones_are_gone_alone(together: Crew) -> None:
    for kind in NEWCOMERS:
        for process in await together.agents[f"{kind.name}-2"].family():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    for kind in NEWCOMERS:
        await together.until(f"{kind.name}-2", status="offline")
        await together.until(kind.name, status="online")


async def a_run_for_one_prompt_asks_and_takes_nobodys_place(together: Crew, kind: Kind) -> None:
    """Also not that of one that is away."""
    asks = Calls("mcp__peerline__ask_peer", {"peer": kind.name, "question": "how far are you?"})
    rules = (
        Rule("quick work", asks, times=1),
        Rule(r"^\[peerline ask [^\n]*\nhow far are you\?", Says("half way")),
        Rule("half way", Says("it is half way")),
    )
    together.model.script = Script((*rules, HELLO))
    alike = made(together.house, together.model, kind, kind.name)
    out = await printed(alike, *RUN[kind.name], "quick work")
    assert "it is half way" in out, out
    await together.until(f"{kind.name}-3", status="offline")
    assert (await peer(together.house, f"{kind.name}-2"))["status"] == "offline"


async def printed(alike: RealAgent, *words: str) -> str:
    child = await asyncio.create_subprocess_exec(
        *(alike.command[0], *words),
        cwd=alike.cwd,
        env={"PATH": os.environ["PATH"], "PEERLINE_CIRCLE": "dev", **alike.env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            out, _ = await child.communicate()
        return out.decode()
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()


# --- outside of tmux --------------------------------------------------------------------------------------------------


class Window:
    """A terminal that tmux knows nothing of, and a person at it."""

    def __init__(self, near: int) -> None:
        self._near = near
        self.shown = b""
        asyncio.get_running_loop().add_reader(near, self._read)

    async def says(self, model: ModelApi, text: str) -> None:
        """Enter may get lost among keys that come faster than a person types; in an empty prompt it does nothing."""
        os.write(self._near, text.encode())
        async with asyncio.timeout(PATIENCE_S):
            while not model.times_heard(text):
                await asyncio.sleep(1)
                os.write(self._near, b"\r")

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._near)
        os.close(self._near)

    def _read(self) -> None:
        with suppress(OSError):
            more = os.read(self._near, 65536)
            self.shown += more
            if b"\x1b[6n" in more:  # where the cursor is: a program may wait for that
                os.write(self._near, b"\x1b[1;1R")


@asynccontextmanager
async def outside(like: RealAgent, ready: Callable[[bytes], bool]) -> AsyncIterator[Window]:
    near, far = pty.openpty()
    termios.tcsetwinsize(far, (50, 160))
    like.write_settings()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _AT_TERMINAL, *like.command),
        cwd=like.cwd,
        env={"PATH": os.environ["PATH"], "TERM": "xterm-256color", "PEERLINE_CIRCLE": "dev", **like.env},
        stdin=far,
        stdout=far,
        stderr=far,
        start_new_session=True,
    )
    os.close(far)
    window = Window(near)
    like.pid = child.pid
    try:
        await until(lambda: ready(window.shown), "for it to be ready")
        yield window
    finally:
        for process in await like.family():
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        await child.wait()
        window.close()


READY = {
    "codex": lambda shown: b"stub-model" in shown,
    "gemini": lambda shown: b"Type your message" in shown,
    "opencode": lambda shown: b"ctrl+p" in shown,
}


@pytest.mark.thorough
@pytest.mark.parametrize("kind", NEWCOMERS, ids=lambda kind: kind.name)
async def test_one_outside_of_tmux_is_asked_all_the_same_and_gemini_at_the_end_of_its_next_turn(
    kind: Kind,
) -> None:
    async with crew(()) as alone:
        await installed(alone.house, (kind,))
        alone.model.script = Script((Rule("how far", Says("half way")), HELLO))
        like = made(alone.house, alone.model, kind, "backend")
        async with outside(like, READY[kind.name]) as window:
            await window.says(alone.model, "hello outside")
            found = await alone.until("backend", status="online", turn_state="idle")
            assert found["backend"] == kind.name
            asked = await by_cli(alone.house, "how far?")
            if kind.name == "gemini":
                assert found["reach"]["road"] == "hook"
                await window.says(alone.model, "hello again")
            await until_answered(alone, asked)
            assert await answered(alone.house, asked) == ["half way"]
