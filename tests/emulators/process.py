"""An emulator in a process of its own, for what must outlive or be outlived by the test's own loop: both its ends."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Protocol

REPOSITORY = Path(__file__).parents[2]


class Rooted(Protocol):
    @property
    def root(self) -> str: ...


@asynccontextmanager
async def emulator_process(platform: str, *options: str) -> AsyncIterator[str]:
    """Run `python -m tests.emulators.<platform>` and yield its root address; it is ended afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", f"tests.emulators.{platform}", *options),
        cwd=REPOSITORY,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        yield (await process.stdout.readline()).decode().strip()
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def serve(emulator: AbstractAsyncContextManager[Rooted]) -> None:
    """Print its address, then serve until told to end."""
    ended = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    async with emulator as running:
        print(running.root, flush=True)
        await ended.wait()
