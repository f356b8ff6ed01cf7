"""Practice mode: a daemon if there is none, two scripted agents, and the chat; what was started here ends here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from cli.output import client, is_up, note
from cli.talking import talked
from daemon.client.peer import Client
from daemon.core.errors import DaemonUnreachable, PeerlineError
from daemon.paths import found
from daemon.settings import load

ACTORS: Final = ("echo", "clerk")
CIRCLE: Final = "practice"
START_S: Final = 20.0
END_S: Final = 5.0
ENDINGS: Final = (signal.SIGTERM, signal.SIGHUP)
SIGNALLED: Final = 128  #: and the signal's number: what a shell says of who was ended by it


async def practise(*, to: str | None, linger_s: float) -> int:
    """Return the chat's exit code; told by a signal to end, first end what was started."""
    told: list[int] = []
    here = asyncio.current_task()

    def end(number: int) -> None:
        if not told and here:  # once: a second signal must not interrupt the ending
            told.append(number)
            here.cancel()

    for number in ENDINGS:
        asyncio.get_running_loop().add_signal_handler(number, end, number)
    try:
        return await _played(to, linger_s)
    except asyncio.CancelledError:
        if not told:
            raise
        return SIGNALLED + told[0]


async def _played(to: str | None, linger_s: float) -> int:
    async with contextlib.AsyncExitStack() as started:
        line = client()
        started.push_async_callback(line.close)
        if not await is_up(line):
            load(found().config, os.environ)  # what the daemon would say of it, nobody would hear
            note("starting a daemon…")
            await started.enter_async_context(_daemon(line))
        note(f"starting the practice agents {' and '.join(ACTORS)}…")
        for name in ACTORS:
            await started.enter_async_context(_actor(name))
        await _here(line)
        note("type to talk; @clerk or /to clerk chooses the other one; /help lists everything")
        return await talked(to=to or ACTORS[0], circle=CIRCLE, linger_s=linger_s)


@contextlib.asynccontextmanager
async def _daemon(line: Client) -> AsyncIterator[None]:
    paths = found()
    paths.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
    argv = (sys.executable, "-I", str(Path(__file__).parent / "entry.py"), "up")
    async with _process(*argv) as process:
        async with asyncio.timeout(START_S):
            while not await is_up(line):
                if process.returncode is not None:
                    raise DaemonUnreachable("the daemon did not start", f"see {paths.log}")
                await asyncio.sleep(0.05)
        try:
            yield
        finally:
            with contextlib.suppress(PeerlineError):  # agents that were started meanwhile end with it
                await line.down()


@contextlib.asynccontextmanager
async def _actor(name: str) -> AsyncIterator[None]:
    actor = Path(__file__).parent / "actors.py"
    async with _process(sys.executable, "-I", str(actor), name, str(found().socket)):
        yield


@contextlib.asynccontextmanager
async def _process(*argv: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process of ours, in a session of its own, ended in order."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(END_S):
                await process.wait()
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _here(line: Client) -> None:
    """Wait until both agents are on the line."""
    async with asyncio.timeout(START_S):
        while True:
            told = await line.peers(circle=CIRCLE)
            if set(ACTORS) <= {each["name"] for each in told["peers"]}:
                return
            await asyncio.sleep(0.05)
