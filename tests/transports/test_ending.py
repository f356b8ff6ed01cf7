"""Ending an agent, with real processes and a real tmux: the right one ends, and nothing else ever does."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.callers import processes
from daemon.callers.orphans import orphaned
from daemon.core.errors import NotAllowed, PeerlineError
from daemon.core.model import Pane, Session
from daemon.transports.ending import end
from tests.core.line import NOON

needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")
PATIENCE_S = 10.0
STAYS = "import signal, time; signal.signal(signal.SIGHUP, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
DEAF = STAYS.replace("SIGHUP", "SIGTERM")


class Grounds:
    """A tmux server of its own, and processes that end with the test."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "tmux")
        self._begun: list[subprocess.Popen[bytes]] = []
        self._seen: set[processes.Process] = set()

    def plain(self, program: str = STAYS) -> Session:
        """An agent in no pane."""
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
        self._begun.append(child)
        assert child.stdout
        assert child.stdout.readline() == b"up\n"
        return self.session(child.pid)

    async def in_pane(self, *where: str) -> Session:
        """An agent below the shell of a pane."""
        made = where or ("new-session", "-d", "-s", "work")
        pane_id = self.tmux(
            *made, "-P", "-F", "#{pane_id}", "sh", "-c", f'"{sys.executable}" -c "{STAYS}"; cat'
        )
        shell = int(self.tmux("display-message", "-p", "-t", pane_id, "#{pane_pid}"))
        server = int(self.tmux("display-message", "-p", "#{pid}"))
        await until(
            lambda: children_of(shell) != [] and "up" in self.tmux("capture-pane", "-p", "-t", pane_id)
        )
        pane = Pane(
            tmux=self.socket,
            server_pid=server,
            server_started=processes.started(server) or 0,
            pane_id=pane_id,
            pane_pid=shell,
            pane_started=processes.started(shell) or 0,
        )
        return replace(self.session(children_of(shell)[0]), pane=pane)

    def session(self, pid: int) -> Session:
        found = processes.process(pid)
        assert found
        self._seen.add(found)
        return Session(
            session_id="s", peer_id="p-1", pid=pid, started=found.started, began_at=NOON, turn_at=NOON
        )

    def tmux(self, *words: str) -> str:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm", "SHELL": "/bin/sh"}
        argv = ["tmux", "-u", "-f", "/dev/null", "-S", self.socket, *words]
        return subprocess.run(
            argv, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    def close(self) -> None:
        if Path(self.socket).exists():
            with suppress(subprocess.CalledProcessError):
                self.tmux("kill-server")
        for child in self._begun:
            child.kill()
            child.communicate()
        for each in self._seen:
            if processes.alive(each):
                os.kill(each.pid, signal.SIGKILL)


@pytest.fixture
async def grounds() -> AsyncIterator[Grounds]:
    with tempfile.TemporaryDirectory(prefix="pl") as folder:
        found = Grounds(Path(folder))
        try:
            yield found
        finally:
            found.close()


def children_of(pid: int) -> list[int]:
    told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in told.split()]


def lives(session: Session) -> bool:
    return processes.started(session.pid) == session.started


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.02)


async def refused(session: Session) -> PeerlineError:
    with pytest.raises(NotAllowed) as told:
        await end(session)
    return told.value


async def test_the_process_that_the_hooks_came_from_ends(grounds: Grounds) -> None:
    agent, other = grounds.plain(), grounds.plain()
    told = await end(agent)
    assert told.ended
    assert f"process {agent.pid}" in told.evidence
    assert (lives(agent), lives(other)) == (False, True)


async def test_a_process_of_that_number_but_another_start_is_left_alone(grounds: Grounds) -> None:
    agent = grounds.plain()
    told = await refused(replace(agent, started=agent.started - 1))
    assert "another one by now" in str(told)
    assert "peer forget" in told.hint
    assert lives(agent)


async def test_a_number_that_is_given_away_while_it_is_held_is_left_alone(grounds: Grounds) -> None:
    """The handle is of whoever has the number then, and whose start is looked at after that."""
    gone, heir = grounds.plain(), grounds.plain()
    await end(gone)
    told = await refused(replace(gone, pid=heir.pid))
    assert "another one by now" in str(told)
    assert lives(heir)


async def test_what_has_ended_already_is_said(grounds: Grounds) -> None:
    agent = grounds.plain()
    await end(agent)
    await until(lambda: not Path(f"/proc/{agent.pid}").exists() or processes.process(agent.pid) is None)
    assert "ended already" in str(await refused(agent)) or "another one" in str(await refused(agent))


async def test_the_daemon_never_ends_itself_nor_what_it_runs_in(grounds: Grounds) -> None:
    for each in processes.ancestors(os.getpid()):
        assert "runs inside it" in str(await refused(session_of(each)))


def session_of(found: processes.Process) -> Session:
    return Session(
        session_id="s", peer_id="p-1", pid=found.pid, started=found.started, began_at=NOON, turn_at=NOON
    )


async def test_one_that_does_not_end_is_told_of(grounds: Grounds) -> None:
    agent = grounds.plain(DEAF)
    assert not (await end(agent, within_s=0.2)).ended
    assert lives(agent)


@needs_tmux
async def test_an_agent_in_its_pane_ends_and_the_pane_stays(grounds: Grounds) -> None:
    agent = await grounds.in_pane()
    assert agent.pane
    told = await end(agent)
    assert told.ended
    assert f"in pane {agent.pane.pane_id}, as they said" in told.evidence
    assert grounds.tmux("display-message", "-p", "-t", agent.pane.pane_id, "#{pane_pid}") == str(
        agent.pane.pane_pid
    )


@needs_tmux
async def test_a_pane_of_that_number_with_another_program_is_left_alone(grounds: Grounds) -> None:
    """The server was begun anew: the numbers of its panes are used again."""
    agent = await grounds.in_pane()
    assert agent.pane
    grounds.tmux("kill-server")
    await until(lambda: bool(orphaned(agent)) and processes.started(agent.pane.server_pid) is None)
    new = await grounds.in_pane()
    assert new.pane
    assert new.pane.pane_id == agent.pane.pane_id
    told = await end(agent)
    assert "is another one by now, and so is the terminal that it had" in told.evidence
    assert (lives(agent), lives(new)) == (False, True)
    assert processes.started(new.pane.pane_pid) == new.pane.pane_started


@needs_tmux
async def test_a_process_that_is_not_in_the_pane_of_its_hooks_is_left_alone(grounds: Grounds) -> None:
    first, second = await grounds.in_pane(), await grounds.in_pane("new-window")
    told = await refused(replace(first, pane=second.pane))
    assert "not in pane" in str(told)
    assert lives(first)
    assert lives(second)


@needs_tmux
async def test_a_pane_that_cannot_be_looked_at_proves_nothing_while_the_process_has_a_terminal(
    grounds: Grounds,
) -> None:
    agent = await grounds.in_pane()
    assert agent.pane
    told = await refused(replace(agent, pane=replace(agent.pane, tmux=f"{grounds.socket}-gone")))
    assert "has a terminal" in str(told)
    assert lives(agent)


@needs_tmux
async def test_an_agent_whose_terminal_is_gone_is_an_orphan_and_ends(grounds: Grounds) -> None:
    agent = await grounds.in_pane()
    assert agent.pane
    assert orphaned(agent) == ""
    grounds.tmux("new-session", "-d", "-s", "stays", "cat")
    grounds.tmux("kill-pane", "-t", agent.pane.pane_id)
    await until(lambda: bool(orphaned(agent)))
    assert orphaned(agent) == f"its terminal is gone, and process {agent.pid} runs on"
    assert (await end(agent)).ended
    assert orphaned(agent) == "its process has ended"


@pytest.fixture
def detached() -> Iterator[int]:
    """A process whose parent ended: another took it over, 1 in a container."""
    begun = f"subprocess.Popen([sys.executable, '-c', {STAYS!r}], stdout=subprocess.DEVNULL)"
    program = f"import subprocess, sys; print({begun}.pid, flush=True)"
    told = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    pid = int(told.stdout.split()[0])
    yield pid
    os.kill(pid, signal.SIGKILL)


def test_who_its_parent_is_makes_no_orphan(detached: int) -> None:
    found = processes.process(detached)
    assert found
    assert orphaned(session_of(found)) == ""
