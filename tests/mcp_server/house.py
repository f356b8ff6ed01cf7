"""What stands around the MCP server in these tests: a daemon that is only its door, and a shim at hand.

``House`` serves ``/mcp`` on a Unix socket and on loopback; it can be stopped and started again while the mesh
behind it stays, as a store does. Who calls is what the header ``Peerline-Name`` says.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from daemon.core.errors import NotAuthenticated, PeerlineError
from daemon.wire import problems, routes
from mcp_server.http import McpDoor
from tests.fakes.client import Mesh

SHIM = Path(__file__).parents[2] / "mcp_server" / "shim.py"
Json = dict[str, Any]
MODERN = "2026-07-28"


class House:
    def __init__(self, mesh: Mesh, socket: Path, *, every_s: float = 10.0) -> None:
        self.mesh = mesh
        self.socket = socket
        self.url = ""
        self.headers: list[Json] = []  #: of every request to /mcp, with the JSON-RPC method beside
        self.doing: list[str] = []  #: what was posted, in order: a method, or ``receipts`` with its calls
        self.status: list[int] = []  #: answer the next requests with these instead
        self.channels: list[web.StreamResponse] = []  #: the standing requests that are open
        self.refused = 0  #: how many were, of those to come
        self._every_s = every_s
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self.mesh.stopping.clear()
        self.door = McpDoor(version="0.0", every_s=self._every_s)
        await self._stack.enter_async_context(self.door)
        app = web.Application(middlewares=[_problems], client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", routes.MCP, self._mcp)
        app.router.add_post(routes.MCP_RECEIPTS, self._receipts)
        app.router.add_post(routes.MCP_CHANNEL, self._channel)
        runner = web.AppRunner(app, shutdown_timeout=0.2)
        await runner.setup()
        await web.UnixSite(runner, str(self.socket)).start()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[-1][1]}{routes.MCP}"
        self._runner = runner

    async def stop(self) -> None:
        """As the daemon does: no new connections, the door, and then the rest."""
        for site in list(self._runner.sites):
            await site.stop()
        self.socket.unlink(missing_ok=True)
        await self._stack.aclose()
        self.mesh.stopping.set()
        await self._runner.cleanup()

    async def _mcp(self, request: web.Request) -> web.StreamResponse:
        said = json.loads(await request.read() or b"{}")
        self.headers.append({**request.headers, "method": said.get("method")})
        self.doing.append(str(said.get("method")))
        if self.status:
            return web.Response(status=self.status.pop(0))
        return await self.door.handle(request, self._client(request), request.headers.get("Peerline-Run"))

    async def _receipts(self, request: web.Request) -> web.StreamResponse:
        ids = re.findall(r':([^:" ]+)"', (await request.read()).decode())
        self.doing.append(f"receipts {' '.join(ids)}")
        return await self.door.receipts(request, self._client(request))

    async def _channel(self, request: web.Request) -> web.StreamResponse:
        self.doing.append("channel")
        if self.refused:
            self.refused -= 1
            return web.Response(status=403)
        response = web.StreamResponse(headers={"Content-Type": routes.SSE})
        await response.prepare(request)
        self.channels.append(response)
        try:
            await self.mesh.stopping.wait()
        finally:
            self.channels.remove(response)
        return response

    async def says(self, message: Json) -> None:
        """To every agent that listens, once one does."""
        async with asyncio.timeout(10):
            while not self.channels:
                await asyncio.sleep(0.01)
        for response in self.channels:
            await response.write(f"data: {json.dumps(message)}\n\n".encode())

    def _client(self, request: web.Request) -> Any:
        name = request.headers.get("Peerline-Name", "ada")
        if name == "stranger":
            raise NotAuthenticated("nobody knows who you are", "start peerline setup")
        return self.mesh.client(name)


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except PeerlineError as error:
        return web.json_response(problems.to_problem(error), status=error.status, content_type=routes.PROBLEM)


class ShimProcess:
    """A real shim, spoken to in lines."""

    def __init__(self, socket: Path | str, *words: str, env: dict[str, str] | None = None) -> None:
        self._command = [sys.executable, "-I", "-S", "-E", str(SHIM), str(socket), *words]
        self._env = env
        self.lines: list[str] = []
        self._ids = 0

    async def __aenter__(self) -> Self:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            *self._command, stdin=pipe, stdout=pipe, stderr=pipe, env=self._env or {}, limit=1 << 22
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.communicate()

    def write(self, message: Json | str) -> None:
        line = message if isinstance(message, str) else json.dumps({"jsonrpc": "2.0", **message})
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")

    def ask(self, method: str, params: Json | None = None, *, asked: int | str | None = None) -> int | str:
        self._ids += 1
        asked = self._ids if asked is None else asked
        self.write({"id": asked, "method": method, "params": params or {}})
        return asked

    def call(self, tool: str, *, asked: int | str | None = None, **arguments: Any) -> int | str:
        return self.ask("tools/call", {"name": tool, "arguments": arguments}, asked=asked)

    async def read(self) -> Json:
        assert self.process.stdout
        async with asyncio.timeout(40):
            line = await self.process.stdout.readline()
        assert line, (await self.process.stderr.read()).decode() if self.process.stderr else ""
        self.lines.append(line.decode())
        said: Json = json.loads(line)
        return said

    async def answer(self, asked: int | str) -> Json:
        """The answer to one request; others must not come before it."""
        said = await self.read()
        assert said.get("id") == asked, said
        return said

    async def told(self, tool: str, **arguments: Any) -> Json:
        answered: Json = (await self.answer(self.call(tool, **arguments)))["result"]["structuredContent"]
        return answered

    async def initialize(self, version: str = "2025-11-25") -> Json:
        who = {"name": "test", "version": "0"}
        params = {"protocolVersion": version, "capabilities": {}, "clientInfo": who}
        return await self.answer(self.ask("initialize", params))

    async def end(self) -> tuple[int, str]:
        """End of input; what it still said is in ``lines``. Its exit code and standard error."""
        assert self.process.stdin
        self.process.stdin.close()
        out, err = await self.process.communicate()
        self.lines += out.decode().splitlines()
        return self.process.returncode or 0, err.decode()
