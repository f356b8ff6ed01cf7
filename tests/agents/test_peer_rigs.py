"""The rigs of Codex, Gemini CLI and OpenCode, against the real programs: what a test sees through them happened."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.agents.hook_tap import Tap
from tests.agents.kinds import KINDS, Kind
from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import ModelApi, Rule, Runs, Says, Script

SCRIPT = Script(
    (
        Rule("take your time", Says("at last"), gate="later"),
        Rule("leave a trace", Runs("echo been here | tee trace.txt", asking=True), times=1),
        Rule("been here", Says("the trace is there")),
    )
)


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> Kind:
    kind: Kind = request.param
    kind.binary()
    return kind


@pytest.fixture
async def model() -> AsyncIterator[ModelApi]:
    async with ModelApi(SCRIPT) as model:
        yield model


@pytest.fixture
def tap(tmp_path: Path, kind: Kind) -> Tap:
    return kind.tap(tmp_path / "home", tmp_path / "taps")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    project.mkdir()
    return project


async def test_a_prompt_a_command_that_asks_first_and_an_interrupt_are_seen_as_they_happen(
    kind: Kind, model: ModelApi, tap: Tap, tmp_path: Path, project: Path
) -> None:
    async with _started(kind, model, tmp_path / "home", project) as agent:
        await agent.type("what is up")
        await agent.until_shown("stub: what is up", seconds=30)
        await agent.until_idle()

        await agent.type("leave a trace")
        await agent.until_shown(kind.dialog)
        assert not (project / "trace.txt").exists()
        await agent.press("Enter")
        await agent.until_shown("the trace is there")
        assert (project / "trace.txt").read_text() == "been here\n"
        await agent.until_idle()

        await agent.type("take your time")
        await model.reached("later")
        await agent.press(*["Escape"] * kind.escapes)
        await agent.until_shown(kind.interrupted)
        await agent.until_idle()
        assert "at last" not in await agent.capture()
    assert {model.times_heard(text) for text in ("what is up", "leave a trace", "take your time")} == {1}
    [session] = {turn.session_id for turn in model.heard}
    assert session
    assert len(tap.seen(kind.prompted)) == 3
    assert len(tap.seen(kind.finished)) >= 2
    assert {each["environment"].get("TMUX_PANE") for each in tap.seen()} == {agent.pane}


def _started(
    kind: Kind, model: ModelApi, home: Path, cwd: Path, **more: object
) -> AbstractAsyncContextManager[RealAgent]:
    return kind.start(home, cwd, model.url, f"peer-{os.getpid()}", "peers", **more)
