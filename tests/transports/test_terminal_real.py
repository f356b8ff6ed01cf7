"""The terminal road into the real Claude Code: what the model hears, and what is left alone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from daemon.callers import processes
from daemon.core.model import Pane, Session
from daemon.core.rules.frame import framed, marks_in
from daemon.engine.clock import SystemClock
from daemon.tmux import Tmux
from daemon.transports import prompt, terminal
from daemon.transports.eye import ClaudeEye
from daemon.transports.interface import Blocked, Outcome, Sighting
from daemon.transports.terminal import Terminal
from tests.agents.claude_code import ClaudeCode, HookTap
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.transports.parcels import MARK, parcel, session

RULES = (
    Rule("take your time", Says("at last"), gate="later"),
    Rule("run it", Calls("Bash", {"command": "touch notes.txt", "description": "Touch a file"})),
)


class Stopped(Exception):
    """The daemon ended here."""


@pytest.fixture
async def model() -> AsyncIterator[ModelApi]:
    async with ModelApi(Script(RULES)) as model:
        yield model


@pytest.fixture
def tap(tmp_path: Path) -> HookTap:
    return HookTap(tmp_path / "home", tmp_path / "taps", ("UserPromptSubmit",))


@pytest.fixture
async def agent(tmp_path: Path, model: ModelApi, tap: HookTap) -> AsyncIterator[ClaudeCode]:
    project = tmp_path / "project"
    project.mkdir()
    async with ClaudeCode(tmp_path / "home", project, model.url, f"road-{os.getpid()}", "dev") as agent:
        yield agent


@pytest.fixture
async def where(agent: ClaudeCode) -> Session:
    socket = await agent.tmux("display-message", "-p", "#{socket_path}")
    now = await Tmux(socket).describe(agent.pane)
    pane = Pane(
        tmux=socket,
        server_pid=now.server_pid,
        server_started=processes.started(now.server_pid),
        pane_id=agent.pane,
        pane_pid=now.pane_pid,
        pane_started=processes.started(now.pane_pid),
    )
    started = processes.started(agent.pid)
    return session(agent.pid, started, agent.session_id, config_dir=str(agent.home / ".claude"), pane=pane)


async def carry(where: Session, body: str = "hello", mark: str = MARK, *, again: bool = False) -> Outcome:
    return await Terminal(SystemClock().now).carry(parcel(body, mark), where, again=again)


async def drafted(where: Session) -> str | None:
    """What lies in the prompt; None when it is not to be seen."""
    tmux = Tmux(where.pane.tmux)
    look = await tmux.look(where.pane.pane_id)
    found = prompt.read(look.screen, look.now.cursor_y)
    return found.text if found else None


async def until(come: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(15):
        while not await come():
            await asyncio.sleep(0.05)


async def is_drafted(where: Session, text: str | None) -> None:
    async def come() -> bool:
        return await drafted(where) == text

    await until(come)


async def test_messages_of_all_sizes_arrive_once_and_whole(
    agent: ClaudeCode, model: ModelApi, tap: HookTap, where: Session
) -> None:
    bodies = {
        "0000000A": "hello",
        "0000000B": "grüße 👩‍💻 e\u0301 日本語 a\u200bb ✔️\ttab",
        "0000000C": "two\nlines",
        "0000000D": "a body that wraps, " * 40,
        "0000000E": "x" * 20_000,
    }
    for mark, body in bodies.items():
        assert await carry(where, body, mark) == terminal.SENT
        await model.hears(f"[end #{mark}]")
        await agent.until_status("idle")
        await is_drafted(where, "")

    prompts = [each["payload"]["prompt"] for each in tap.seen("UserPromptSubmit")]
    assert [marks_in(each) for each in prompts] == [(mark,) for mark in bodies]
    assert [model.times_heard(f"[end #{mark}]") for mark in bodies] == [1] * len(bodies)
    assert bodies["0000000E"] in prompts[-1]


async def test_what_a_person_is_doing_is_left_alone(
    agent: ClaudeCode, model: ModelApi, where: Session
) -> None:
    await agent.press("m", "i", "n", "e")
    await is_drafted(where, "mine")
    for again in (False, True):
        assert await carry(where, again=again) == Blocked(
            "there is a draft in the prompt", terminal.LOOK_AGAIN
        )
    assert await drafted(where) == "mine"

    await agent.tmux("copy-mode", "-t", agent.pane)
    assert await carry(where) == Blocked("the pane is in copy mode", terminal.LOOK_AGAIN)
    await agent.tmux("send-keys", "-t", agent.pane, "-X", "cancel")

    await agent.press("C-u")
    await is_drafted(where, "")
    await agent.press("C-r")
    await agent.until_shown("search prompts:")
    assert await carry(where) == Blocked("no prompt is to be seen", terminal.LOOK_AGAIN)
    await agent.press("Escape")
    await is_drafted(where, "")
    assert model.times_heard(MARK) == 0


async def test_an_agent_that_has_something_to_do_is_left_alone(
    agent: ClaudeCode, model: ModelApi, where: Session
) -> None:
    await agent.type("take your time")
    await model.reached("later")
    await agent.until_status("busy")
    assert await carry(where) == Blocked("the agent is busy", terminal.LOOK_AGAIN)
    await model.open("later")
    await agent.until_status("idle")

    await agent.type("run it")
    await agent.until_status("waiting")
    assert await carry(where) == Blocked("the agent is waiting", terminal.LOOK_AGAIN)
    assert not (agent.cwd / "notes.txt").exists()
    assert model.times_heard(MARK) == 0


@pytest.mark.parametrize("body", ["hello", "two\nlines"])
async def test_a_paste_without_its_enter_becomes_one_prompt(
    agent: ClaudeCode, model: ModelApi, tap: HookTap, where: Session, body: str
) -> None:
    def stop(step: str) -> None:
        if step == "terminal.pasted":
            raise Stopped

    with pytest.raises(Stopped):
        await Terminal(SystemClock().now, passed=stop).carry(parcel(body), where, again=False)

    async def is_there() -> bool:
        return bool(await drafted(where))

    await until(is_there)
    assert await carry(where, body) == Blocked("there is a draft in the prompt", terminal.LOOK_AGAIN)
    assert await carry(where, body, again=True) == terminal.SENT
    await model.hears(f"[end #{MARK}]")
    await agent.until_status("idle")

    (seen,) = tap.seen("UserPromptSubmit")
    assert framed(parcel(body)) in seen["payload"]["prompt"]
    assert model.times_heard(MARK) == 1
    transcript = seen["payload"]["transcript_path"]
    known = session(
        where.pid, where.started, where.session_id, config_dir=where.config_dir, transcript=transcript
    )
    eye = ClaudeEye()
    async with asyncio.timeout(10):
        while (looked := await eye.look(parcel(body), known)) is Sighting.UNKNOWN:
            await asyncio.sleep(0.01)
    assert looked is Sighting.SEEN  # never absent, though the transcript is written after the turn's end
