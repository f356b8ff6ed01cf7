"""Ending what was started from here, in a real tmux: by the mark of its pane, and nobody else whatever their number."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.callers import processes
from daemon.callers.inpane import seen
from daemon.core.errors import NotAllowed, NotFound
from daemon.core.model import Pane, Session, Spawn
from daemon.core.rules.spawns import State
from daemon.panes import MARK
from daemon.transports.ending import end, end_start, has_ended, prove
from tests.core.line import NOON
from tests.transports.test_ending import DEAF, Grounds, lives, needs_tmux, session_of, until

pytestmark = needs_tmux
NOW = 0.2  #: seconds in which one that hears SIGTERM has ended
WAITS = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Grounds]:
    found = Grounds(tmp_path)
    found.tmux("new-session", "-d", "-s", "stays", "cat")
    try:
        yield found
    finally:
        found.close()


async def started(yard: Grounds, program: str = WAITS, *, mark: str = "n-1") -> Spawn:
    """A start whose pane's own process is the agent."""
    pane_id = yard.tmux("new-window", "-d", "-P", "-F", "#{pane_id}", sys.executable, "-c", program)
    if mark:
        yard.tmux("set-option", "-p", "-t", pane_id, MARK, mark)
    await until(lambda: "up" in yard.tmux("capture-pane", "-p", "-t", pane_id))
    server, pid = (
        int(yard.tmux("display-message", "-p", "-t", pane_id, f"#{{{x}}}")) for x in ("pid", "pane_pid")
    )
    pane = Pane(
        tmux=yard.socket,
        server_pid=server,
        server_started=processes.started(server) or 0,
        pane_id=pane_id,
        pane_pid=pid,
        pane_started=processes.started(pid) or 0,
    )
    return Spawn(
        spawn_id="n-1",
        peer_id="p-1",
        by="p-2",
        backend="claude-code",
        path="/src",
        state=State.STARTING,
        pane=pane,
        wanted_at=NOON,
    )


def pane_of(spawn: Spawn) -> Pane:
    assert spawn.pane
    return spawn.pane


def session_in(yard: Grounds, spawn: Spawn) -> Session:
    return replace(yard.session(pane_of(spawn).pane_pid), pane=spawn.pane)


def panes(yard: Grounds) -> set[str]:
    return set(yard.tmux("list-panes", "-a", "-F", "#{pane_id}").split())


async def test_one_that_has_said_nothing_yet_ends_by_the_pane_that_was_made_for_it(yard: Grounds) -> None:
    one, other = await started(yard), await started(yard, mark="n-2")
    told = await end_start(one)
    assert told.ended
    assert "which was made for it" in told.evidence
    assert processes.process(pane_of(one).pane_pid) is None
    assert processes.process(pane_of(other).pane_pid)


@pytest.mark.parametrize("mark", ["", "n-2"])
async def test_a_pane_without_its_mark_is_left_alone(yard: Grounds, mark: str) -> None:
    one = await started(yard, mark=mark)
    with pytest.raises(NotAllowed, match="another one by now"):
        await end_start(one)
    assert processes.process(pane_of(one).pane_pid)


async def test_a_pane_that_was_given_to_another_program_is_left_alone(yard: Grounds) -> None:
    one = await started(yard)
    yard.tmux("respawn-pane", "-k", "-t", pane_of(one).pane_id, sys.executable, "-c", WAITS)
    with pytest.raises(NotAllowed):
        await end_start(one)
    now = int(yard.tmux("display-message", "-p", "-t", pane_of(one).pane_id, "#{pane_pid}"))
    assert processes.process(now)
    heir = replace(one, pane=replace(pane_of(one), pane_pid=now))
    with pytest.raises(NotAllowed):  # the same pane and mark, and a number that is given away
        await end_start(heir)
    assert processes.process(now)


async def test_one_of_ours_that_outlives_sigterm_has_its_pane_closed(yard: Grounds) -> None:
    one, other = await started(yard, DEAF), await started(yard, mark="n-2")
    told = await end(session_in(yard, one), own=one, within_s=NOW)
    assert told.ended
    assert "was closed" in told.evidence
    assert pane_of(one).pane_id not in panes(yard)
    assert pane_of(other).pane_id in panes(yard)


async def test_one_from_outside_that_outlives_sigterm_keeps_its_pane(yard: Grounds) -> None:
    one = await started(yard, DEAF, mark="")
    session = session_in(yard, one)
    assert not (await end(session, within_s=NOW)).ended
    assert not (await end(session, own=one, within_s=NOW)).ended  # a row alone is no proof either
    assert lives(session)
    assert pane_of(one).pane_id in panes(yard)


async def test_looking_whether_it_may_end_ends_nothing(yard: Grounds) -> None:
    session = session_in(yard, await started(yard))
    assert "as they said" in await prove(session)
    assert lives(session)
    assert not has_ended(session)


@pytest.mark.skipif(os.getuid() != 0, reason="only root begins processes of others")
async def test_another_users_process_is_left_alone() -> None:
    child = subprocess.Popen(["/bin/sleep", "600"], user=65534, cwd="/")
    try:
        found = processes.process(child.pid)
        assert found
        with pytest.raises(NotAllowed, match="another user's"):
            await end(session_of(found))
        assert child.poll() is None
    finally:
        child.kill()
        child.wait()


def program(
    folder: Path, name: str, body: str = "import time; print('up', flush=True); time.sleep(600)"
) -> str:
    """Something that is called as an agent is."""
    path = folder / name
    path.write_text(f"#!{sys.executable} -I\n{body}\n")
    path.chmod(0o700)
    return str(path)


async def pane_with(yard: Grounds, *argv: str) -> str:
    pane_id = yard.tmux("new-window", "-d", "-P", "-F", "#{pane_id}", *argv)
    await until(lambda: "up" in yard.tmux("capture-pane", "-p", "-t", pane_id))
    return pane_id


async def test_an_agent_in_a_pane_is_seen_with_the_session_of_its_registry(
    yard: Grounds, tmp_path: Path
) -> None:
    tell = (
        "import json, os, pathlib, time\n"
        "home = pathlib.Path(os.environ['CLAUDE_CONFIG_DIR'], 'sessions')\n"
        "home.mkdir(parents=True)\n"
        "told = {'pid': os.getpid(), 'sessionId': 's-9', 'cwd': '/src/api', 'status': 'idle'}\n"
        "pathlib.Path(home, f'{os.getpid()}.json').write_text(json.dumps(told))\n"
        "print('up', flush=True); time.sleep(600)"
    )
    agent = program(tmp_path, "claude", tell)
    pane_id = await pane_with(yard, "env", f"CLAUDE_CONFIG_DIR={tmp_path}/config", agent)
    found = await seen(yard.socket, pane_id)
    assert (found.backend, found.session_id, found.path) == ("claude-code", "s-9", "/src/api")
    assert (found.pane.pane_id, found.pane.tmux_session) == (pane_id, "stays")
    assert processes.started(found.pid) == found.started


async def test_of_an_agent_that_tells_nothing_no_session_is_guessed(yard: Grounds, tmp_path: Path) -> None:
    for name, backend in (("gemini", "gemini"), ("codex", "codex"), ("claude", "claude-code")):
        found = await seen(yard.socket, await pane_with(yard, program(tmp_path, name)))
        assert (found.backend, found.session_id) == (backend, "")


async def test_a_pane_without_an_agent_is_refused(yard: Grounds) -> None:
    pane_id = await pane_with(yard, sys.executable, "-c", WAITS)
    with pytest.raises(NotAllowed, match="no agent runs"):
        await seen(yard.socket, pane_id)


async def test_a_pane_or_server_that_is_not_there_is_refused(yard: Grounds, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no pane"):
        await seen(yard.socket, "%99")
    with pytest.raises(NotFound, match="no tmux server"):
        await seen(str(tmp_path / "none"), "%0")
    plain = tmp_path / "file"
    plain.touch()
    with pytest.raises(NotAllowed, match="no tmux server of yours"):
        await seen(str(plain), "%0")
