"""Clients behind real shims talk while the daemon dies again and again: nothing is lost, nothing comes twice."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.house import House

SHIM = Path(__file__).parents[2] / "mcp_server" / "shim.py"
UNLIMITED = {"PEERLINE_LIMITS__PEER_PER_MINUTE": "0", "PEERLINE_LIMITS__PAIR_PER_MINUTE": "0"}


class RawClient:
    """JSON-RPC by hand: one call at a time, no library between the test and the shim."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._ids = count(1)

    async def begin(self) -> None:
        about = {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "raw", "version": "1"},
        }
        await self._ask("initialize", about)
        self._write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        told = await self._ask("tools/call", {"name": tool, "arguments": arguments})
        assert not told.get("isError"), told
        structured: dict[str, Any] = told["structuredContent"]
        return structured

    async def _ask(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        self._write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        assert self._child.stdout
        while line := await self._child.stdout.readline():
            told = json.loads(line)
            if told.get("id") == number:
                result: dict[str, Any] = told["result"]
                return result
        raise AssertionError("the shim has ended")

    def _write(self, message: dict[str, Any]) -> None:
        assert self._child.stdin
        self._child.stdin.write(json.dumps(message).encode() + b"\n")


@asynccontextmanager
async def shim(house: House, name: str) -> AsyncIterator[RawClient]:
    argv = (sys.executable, "-I", "-S", "-E", str(SHIM), str(house.socket), "--name", name, "--circle", "dev")
    child = await asyncio.create_subprocess_exec(
        *argv, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=2**22
    )
    client = RawClient(child)
    await client.begin()
    try:
        yield client
    finally:
        assert child.stdin
        child.stdin.close()
        await child.wait()


async def test_notices_survive_kills_in_order_and_once_each(house: House) -> None:
    await _exchanged(house, each=100, kills=2)


@pytest.mark.thorough
async def test_a_thousand_notices_survive_twelve_kills_in_order_and_once_each(house: House) -> None:
    await _exchanged(house, each=500, kills=12)


async def _exchanged(house: House, *, each: int, kills: int) -> None:
    """Two tell and two read: whoever did both would soon be at the end of a chain of messages."""
    await house.start(**UNLIMITED)
    got: dict[str, list[str]] = {"ann": [], "ben": []}
    async with AsyncExitStack() as stack, asyncio.timeout(120):
        clients = {
            name: await stack.enter_async_context(shim(house, name)) for name in ("ann", "ben", "cat", "dan")
        }
        for client in clients.values():
            await client.call("whoami")
        async with asyncio.TaskGroup() as tasks:
            for sender, reader in (("cat", "ann"), ("dan", "ben")):
                tasks.create_task(_tell(clients[sender], reader, each))
                tasks.create_task(_read(clients[reader], got[reader], each))
            tasks.create_task(_kill(house, got, each, kills))
    expected = [f"notice {n}" for n in range(each)]
    assert got == {"ann": expected, "ben": expected}


async def _tell(client: RawClient, other: str, each: int) -> None:
    for n in range(each):
        await client.call("notify_peer", peer=other, message=f"notice {n}")


async def _read(client: RawClient, got: list[str], each: int) -> None:
    while len(got) < each:
        told = await client.call("check_messages", limit=20)
        got += [one["text"] for one in told["messages"]]
        await asyncio.sleep(0 if told["messages"] else 0.01)


async def _kill(house: House, got: dict[str, list[str]], each: int, kills: int) -> None:
    """Kills spread over all that is to come, at whatever it is doing then."""
    for n in range(kills):
        while sum(map(len, got.values())) < n * 2 * each // (kills + 1):
            await asyncio.sleep(0.01)
        await house.daemon.kill9()
        await house.start(**UNLIMITED)
