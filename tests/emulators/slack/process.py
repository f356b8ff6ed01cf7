"""The emulator in a process of its own, for what must outlive or be outlived by the test's own loop."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]


@asynccontextmanager
async def emulator_process(*options: str) -> AsyncIterator[str]:
    """Run `python -m tests.emulators.slack` and yield its root address (`…/api/`); it is ended afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.emulators.slack", *options),
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
