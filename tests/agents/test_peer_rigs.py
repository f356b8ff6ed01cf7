"""The rigs of Codex, Gemini CLI and OpenCode, against the real programs: what a test sees through them happened."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agents.hook_tap import Tap
from tests.agents.kinds import KINDS, Kind
from tests.agents.real_agent import RealAgent, processes, tmux
from tests.agents.recording import RECORDED, name_of
from tests.emulators.model_api import ModelApi, Rule, Runs, Says, Script
from tests.store.powerlog import can_watch

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


@pytest.mark.thorough
async def test_a_prompt_a_command_that_asks_first_and_an_interrupt_are_seen_as_they_happen(
    kind: Kind, model: ModelApi, tap: Tap, tmp_path: Path, project: Path
) -> None:
    async with _started(kind, model, tmp_path / "home", project) as agent:
        await agent.type("what is up")
        await agent.until_shown("stub: what is up")
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
        await agent.interrupt()
        await agent.until_shown(kind.interrupted)
        await agent.until_idle()
        assert "at last" not in await agent.capture()
    assert {model.times_heard(text) for text in ("what is up", "leave a trace", "take your time")} == {1}
    [session] = {turn.session_id for turn in model.heard}
    assert session
    assert len(tap.seen(kind.prompted)) == 3
    assert len(tap.seen(kind.finished)) >= 2
    assert {each["environment"].get("TMUX_PANE") for each in tap.seen()} == {agent.pane}
    assert list(_unlike_the_records(kind, tap)) == []


@pytest.mark.thorough
async def test_two_in_one_folder_are_two_sessions_and_one_is_taken_up_again_by_its_id(
    kind: Kind, model: ModelApi, tap: Tap, tmp_path: Path, project: Path
) -> None:
    home = tmp_path / "home"
    async with _started(kind, model, home, project) as first:
        async with _started(kind, model, home, project) as second:
            for agent, words in ((first, "said by the first"), (second, "said by the second")):
                await agent.type(words)
                await agent.until_shown(f"stub: {words}")
                await agent.until_idle()
            panes = {first.pane, second.pane}
            assert {each["environment"]["TMUX_PANE"] for each in tap.seen(kind.prompted)} == panes
            assert "said by the second" not in await first.capture()
        one, two = [await model.hears(f"said by the {n}") for n in ("first", "second")]
        assert one.session_id != two.session_id
        async with _started(kind, model, home, project, **kind.resume(two.session_id)) as again:
            await again.type("said later")
            later = await model.hears("said later")
            await again.until_shown("stub: said later")
    assert later.session_id == two.session_id
    [*_, history] = (json.dumps(each) for each in model.requests if each not in model.asides)
    assert "said by the second" in history
    assert "said by the first" not in history
    assert model.times_heard("said by the second") == 1


@pytest.mark.thorough
async def test_nothing_but_loopback_is_asked_and_nothing_is_left_running(
    kind: Kind, model: ModelApi, tmp_path: Path, project: Path
) -> None:
    if not can_watch():
        message = "needs strace, and the right to trace"
        pytest.fail(message) if os.environ.get("PEERLINE_REQUIRE_AGENTS") == "1" else pytest.skip(message)
    log = tmp_path / "calls"
    rig = kind.start(tmp_path / "home", project, model.url, _socket(), "peers")
    calls = "trace=connect,sendto,sendmsg,sendmmsg"
    rig.command = ["strace", "-D", "-f", "--seccomp-bpf", "-e", calls, "-o", str(log), *rig.command]
    async with rig as agent:
        await agent.type("what is up")
        await agent.until_shown("stub: what is up")
        await agent.until_idle()
        family = await agent.family()
    assert not family & (await processes()).keys()
    with pytest.raises(RuntimeError, match=r"no server running|error connecting"):
        await tmux(_socket(), "list-sessions")
    asked = re.findall(r'sin6?_port=htons\((\d+)\).*?"([\d.a-f:]+)"', log.read_text(errors="replace"))
    assert asked
    assert [f"{host} {port}" for port, host in asked if not host.startswith("127.") and host != "::1"] == []


def _unlike_the_records(kind: Kind, tap: Tap) -> Iterator[str]:
    """Each event whose fields are others than those that were recorded."""
    for seen in tap.seen():
        name = name_of(seen["event"], seen["payload"])
        record = RECORDED / kind.name / f"{name}.json"
        if record.exists() and json.loads(record.read_text())["payload"].keys() != seen["payload"].keys():
            yield name


def _started(kind: Kind, model: ModelApi, home: Path, cwd: Path, **more: Any) -> RealAgent:
    return kind.start(home, cwd, model.url, _socket(), "peers", **more)


def _socket() -> str:
    return f"peer-{os.getpid()}"
