"""The power goes at any moment: what was accepted is there when it comes back, and the file is whole.

The program is watched by strace and its log replayed to random moments (``powerlog``). PEERLINE_SEED repeats a run.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest

from daemon.core.errors import PeerlineError
from daemon.core.model import Envelope
from daemon.store import checking, opening
from daemon.store.words import Words
from tests.api.conftest import NO_LIMITS
from tests.daemon_process import COMMAND, DaemonProcess
from tests.store import powerlog

SEED = int(os.environ.get("PEERLINE_SEED") or random.SystemRandom().randrange(10**9))
WRITER = Path(__file__).with_name("power_writer.py")
SENDERS, EACH = 4, 12


@pytest.fixture
def place() -> Iterator[Path]:
    if not powerlog.can_watch():
        message = "needs strace, and the right to trace"
        if os.environ.get("PEERLINE_REQUIRE_AGENTS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    # In memory where that can be: what a disk would have kept is what the log says, not what this one does.
    shared = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(
        prefix="pl-", dir=shared if os.access(shared, os.W_OK) else None
    ) as made:
        (Path(made) / "h").mkdir()
        (Path(made) / "image").mkdir()
        yield Path(made)


def test_whatever_moment_the_power_goes_all_that_was_accepted_is_there(place: Path) -> None:
    done = written(place, messages=240)
    assert {"write", "cut", "sync", "make", "say"} <= {step.what for step in done}
    assert {step.name for step in done} >= {"peerline.db", "peerline.db-wal", "."}
    assert powerlog.too_early(done, said) == []
    assert replayed(place, done, 400, said) == {"whole": 400}


@pytest.mark.rig
def test_two_thousand_moments(place: Path) -> None:
    done = written(place, messages=400)
    told = replayed(place, done, 2000, said)
    print(f"seed {SEED}: {len(done)} steps, {told}")
    assert told == {"whole": 2000}


def test_a_store_that_does_not_sync_its_commits_is_found_out(place: Path) -> None:
    done = written(place, "NORMAL", messages=240)
    assert len(powerlog.too_early(done, said)) > 200
    told = replayed(place, done, 60, said)
    assert told["lost"] > 20
    assert told["damaged"] == 0


async def test_what_the_daemon_answers_is_synced_before(place: Path) -> None:
    home = place / "h"
    log = place / "log"
    daemon = DaemonProcess(home, env=NO_LIMITS, tcp=False)
    async with watched_daemon(daemon, log):
        await daemon.client().whoami()
        async with asyncio.timeout(60), asyncio.TaskGroup() as senders:
            for _ in range(SENDERS):
                senders.create_task(notified(daemon))
        os.kill((await daemon.client().status())["pid"], signal.SIGKILL)
    done = powerlog.steps(log, home)

    accepted = {each for step in done if step.what == "say" for each in answered(step.content)}
    assert len(accepted) == SENDERS * EACH
    assert powerlog.too_early(done, answered) == []
    assert replayed(place, done, 100, answered) == {"whole": 100}


@contextlib.asynccontextmanager
async def watched_daemon(daemon: DaemonProcess, log: Path) -> AsyncIterator[None]:
    words = powerlog.watched([*COMMAND, "up"], log)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, env=daemon.env, stderr=pipe)
    assert process.stderr
    try:
        async with asyncio.timeout(60):
            while b"listens on" not in await process.stderr.readline():
                assert process.returncode is None
        yield
        async with asyncio.timeout(60):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def notified(daemon: DaemonProcess) -> None:
    line = daemon.client()
    for n in range(EACH):
        await line.notify("cli", f"the {n}. message")
    await line.close()


def written(place: Path, *mutant: str, messages: int) -> list[powerlog.Step]:
    log, home = place / "log", place / "h"
    words = [sys.executable, str(WRITER), str(home), str(messages), *mutant]
    subprocess.run(powerlog.watched(words, log), check=True, stdout=subprocess.DEVNULL, timeout=120)
    return powerlog.steps(log, home)


def said(content: bytes) -> list[str]:
    """What the writer was told is kept."""
    return re.findall(r"^<(m-\w+)>$", content.decode("utf-8", "replace"), re.MULTILINE)


def answered(content: bytes) -> list[str]:
    """What the daemon told a client is accepted."""
    if not content.startswith(b"HTTP/1.1 200"):
        return []
    return re.findall(r'"message_id": "(m-\w+)"', content.decode("utf-8", "replace"))


def replayed(
    place: Path, done: Sequence[powerlog.Step], count: int, promised: powerlog.Promised
) -> Counter[str]:
    """How often what was promised was whole, lost or damaged, over as many cuts."""
    print(f"PEERLINE_SEED={SEED}")
    chance = random.Random(SEED)  # noqa: S311
    told = Counter[str]()
    for disk, owed in powerlog.cuts(done, count, chance, promised):
        path = powerlog.laid_out(disk.image(chance), place / "image")
        told[found(path, owed)] += 1
    return told


def found(path: Path, owed: set[str]) -> str:
    """Open it as the store does, and look for everything."""
    try:
        with contextlib.closing(opening.writing(path)) as conn:
            checking.look(conn)
            if conn.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                return "damaged"
            words = Words(conn)
            return "whole" if all(words.get(Envelope, each) for each in owed) else "lost"
    except (PeerlineError, sqlite3.Error):
        return "damaged"
