"""What the chosen library costs alone: aiohttp answers a POST with its own JSON, and nothing else happens."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web


@contextmanager
def echo() -> Iterator[Path]:
    """A process that serves it; yields its socket."""
    with tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp") as folder:
        socket = Path(folder) / "s"
        process = subprocess.Popen([sys.executable, __file__, str(socket)], stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        try:
            yield socket
        finally:
            process.kill()
            process.communicate()


async def _answer(request: web.Request) -> web.Response:
    return web.json_response(await request.json())


async def _serve(socket: str) -> None:
    app = web.Application()
    app.router.add_post("/v1/messages", _answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.UnixSite(runner, socket).start()
    print("up", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
