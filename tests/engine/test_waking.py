"""The machine is kept awake while jobs run in a night, by a real program, and no longer than that."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.core import commands as c
from daemon.core.model import Job, Night, Rota
from daemon.core.vigil import program
from daemon.engine.engine import Engine
from daemon.engine.waking import Waking
from tests.engine.mesh import agent
from tests.fakes.clock import FakeClock

SECONDS = 10.0
#: It leaves its number, and waits for the process that it was told, as the real ones do.
PROGRAM = """#!/bin/sh
trap 'rm -f "{folder}/held"; exit 0' TERM
echo $$ > "{folder}/held.new"; mv "{folder}/held.new" "{folder}/held"
while kill -0 {pid} 2>/dev/null; do sleep 0.05; done
rm -f "{folder}/held"
"""


def written(folder: Path, pid: int) -> Path:
    path = folder / "caffeinate"
    path.write_text(PROGRAM.format(folder=folder, pid=pid))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while not holds():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def kept(engine: Engine, *command: str) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(Waking(engine, command).run())
        try:
            yield
        finally:
            task.cancel()


async def a_job(engine: Engine, window: str) -> Job:
    await engine.handle(c.ConfigureWork(rota=Rota(nights=(Night(window=window),))))
    owner, peer = await agent(engine, "lead"), await agent(engine, "backend")
    job: Job = await engine.handle(c.AddJob(owner=owner.peer_id, title="x", to=peer.peer_id))
    return job


def around(clock: FakeClock, since: int, until_: int) -> str:
    return "-".join(f"{clock.now() + timedelta(hours=hours):%H:%M}" for hours in (since, until_))


async def test_it_is_held_while_a_job_runs_and_let_go_when_that_is_over(
    engine: Engine, clock: FakeClock, tmp_path: Path
) -> None:
    held = tmp_path / "held"
    async with kept(engine, str(written(tmp_path, os.getpid()))):
        job = await a_job(engine, around(clock, -1, 1))
        await until(held.exists)
        await engine.handle(c.CancelJob(job_id=job.job_id, by=job.owner, named="lead"))
        await until(lambda: not held.exists())


async def test_it_is_let_go_when_the_daemon_is_told_to_stop(
    engine: Engine, clock: FakeClock, tmp_path: Path
) -> None:
    async with kept(engine, str(written(tmp_path, os.getpid()))):
        await a_job(engine, around(clock, -1, 1))
        await until((tmp_path / "held").exists)
    assert not (tmp_path / "held").exists()


async def test_outside_of_the_window_nothing_is_held(
    engine: Engine, clock: FakeClock, tmp_path: Path
) -> None:
    async with kept(engine, str(written(tmp_path, os.getpid()))):
        await a_job(engine, around(clock, 1, 2))
        await engine.handle(c.ConfigureWork(rota=Rota(nights=())))
    assert not (tmp_path / "held").exists()


async def test_a_program_that_is_not_there_breaks_nothing(
    engine: Engine, clock: FakeClock, tmp_path: Path
) -> None:
    async with kept(engine, str(tmp_path / "none")):
        job = await a_job(engine, around(clock, -1, 1))
        done = await engine.handle(c.UpdateJob(job_id=job.job_id, by=job.to, state="done"))
        assert done.state == "done"
    async with kept(engine):
        pass


@pytest.mark.skipif(sys.platform == "darwin", reason="tail of that system cannot wait for a process")
async def test_what_it_holds_ends_with_a_daemon_that_is_killed(tmp_path: Path) -> None:
    inhibit = tmp_path / "systemd-inhibit"
    inhibit.write_text('#!/bin/sh\nwhile [ "${1#--}" != "$1" ]; do shift; done\nexec "$@"\n')
    inhibit.chmod(0o755)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as daemon:
        known = {"systemd-inhibit": str(inhibit), "tail": "/usr/bin/tail"}
        words = [word if word != "5" else "0.1" for word in program(daemon.pid, known.get)]
        child = await asyncio.create_subprocess_exec(*words, start_new_session=True)
        assert child.returncode is None
        daemon.send_signal(signal.SIGKILL)
        daemon.wait()
        async with asyncio.timeout(SECONDS):
            assert await child.wait() == 0


def test_each_system_has_its_own_program_or_none() -> None:
    mac = {"caffeinate": "/usr/bin/caffeinate"}
    assert program(7, mac.get) == ("/usr/bin/caffeinate", "-i", "-s", "-w", "7")
    linux = {"systemd-inhibit": "/usr/bin/systemd-inhibit", "tail": "/usr/bin/tail"}
    assert "--pid=7" in program(7, linux.get)
    assert program(7, {}.get) == ()
