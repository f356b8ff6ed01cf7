"""A daemon whose chats are judged: people with phones, agents behind real shims, a platform with limits.

``async with line(people=3, scale=20) as line``: ``scale`` is how many times as fast the platform's clock runs. The
daemon is told of it by ``PEERLINE_CHAT_PACE``; where it does not listen to that, everything merely takes longer.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.chatrig.grounds import TELEGRAM, Ground, OnSlack, OnTelegram
from tests.daemon_process import COMMAND
from tests.emulators import slack, telegram
from tests.emulators.slack import SlackEmulator
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import House, Json

CIRCLE = "default"
FAST, BURST = 20, 6
UNLIMITED = {"PEERLINE_LIMITS__PEER_PER_MINUTE": "0", "PEERLINE_LIMITS__PAIR_PER_MINUTE": "0"}
AGAIN_S = (0.5, 2.0, 5.0)  #: after which Slack tells again what nobody acknowledged


@dataclass(slots=True)
class Line:
    """``settings`` are those of every daemon that is started here."""

    house: House
    ground: Ground
    settings: dict[str, str]

    @property
    def people(self) -> list[Any]:
        return self.ground.people

    async def killed(self) -> None:
        """The daemon dies at once, and another one starts."""
        await self.house.daemon.kill9()
        await self._again()

    async def restarted(self) -> None:
        await self.house.daemon.stop()
        await self._again()

    async def _again(self) -> None:
        self.ground.emulator.client_ended()
        await self.house.start(**self.settings)


@asynccontextmanager
async def line(
    *, surface: str = TELEGRAM, people: int = 1, scale: float = 1.0, forums: int = 0, topics: int = 4
) -> AsyncIterator[Line]:
    """``forums`` are channels where there are no forums."""
    async with AsyncExitStack() as stack:
        ground = await stack.enter_async_context(platform(surface, scale))
        house = await stack.enter_async_context(House())
        ground.furnish(people, forums, topics)
        pace = {"PEERLINE_CHAT_PACE": f"{scale:g}"} if scale != 1 else {}
        made = Line(house, ground, {**ground.settings(), **UNLIMITED, **pace})
        await house.start(**made.settings)
        await ground.there()
        yield made


@asynccontextmanager
async def platform(surface: str, scale: float) -> AsyncIterator[OnTelegram | OnSlack]:
    if surface == TELEGRAM:
        async with TelegramEmulator(allowance=telegram.Allowance().times(scale)) as emulated:
            yield OnTelegram(emulated)
        return
    patience, allowed = slack.Patience().retrying(*AGAIN_S), slack.Allowance().times(scale)
    if scale > FAST:  # what a busy machine holds up on its way arrives together
        allowed = replace(allowed, burst=BURST)
    async with SlackEmulator(allowance=allowed, patience=patience) as emulator:
        yield OnSlack(emulator)


class ShimFailed(Exception):
    """The shim gave up, so what was sent may be there or not."""


class Shim:
    """An agent of the cheapest kind: a program that speaks MCP with the real shim."""

    def __init__(self, house: House, name: str, circle: str = CIRCLE) -> None:
        self.name = name
        self._house, self._circle = house, circle
        self._calls = 0
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[Shim]:
        argv = (*COMMAND, "mcp", "--name", self.name, "--circle", self._circle)
        child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**22,
            env={"PATH": os.defpath, "PEERLINE_HOME": str(self._house.home), "HOME": str(self._house.home)},
        )
        assert child.stdin
        assert child.stdout
        self._in, self._out = child.stdin, child.stdout
        us = {"name": self.name, "version": "1"}
        asked = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": us}
        await self._asked("initialize", asked)
        self._write({"method": "notifications/initialized"})
        await self.call("whoami")
        try:
            yield self
        finally:
            child.stdin.close()
            await child.wait()

    async def notify(self, peer: str, text: str, **more: Any) -> str:
        """Return the id of the message."""
        told = await self.call("notify_peer", peer=peer, message=text, **more)
        return str(told["message_id"])

    async def call(self, tool: str, **arguments: Any) -> Json:
        """Return the structured result.

        Raises:
            ShimFailed: with the words that the model would read.
        """
        async with self._turn:
            told = await self._asked("tools/call", {"name": tool, "arguments": arguments})
        if "error" in told or told["result"].get("isError"):
            raise ShimFailed(str(told.get("error") or told["result"]["content"]))
        structured: Json = told["result"]["structuredContent"]
        return structured

    async def _asked(self, method: str, params: Json) -> Json:
        self._calls += 1
        self._write({"id": self._calls, "method": method, "params": params})
        while line_ := await self._out.readline():
            told: Json = json.loads(line_)
            if told.get("id") == self._calls:
                return told
        raise AssertionError(f"the shim of {self.name} has ended")

    def _write(self, message: Json) -> None:
        self._in.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


@asynccontextmanager
async def shims(house: House, *names: str) -> AsyncIterator[list[Shim]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Shim(house, name).joined()) for name in names]


def p95(times: list[float]) -> float:
    return sorted(times)[int(len(times) * 0.95) - (len(times) * 0.95 == int(len(times) * 0.95))]


def lines_heard(home: Path) -> list[tuple[str, str]]:
    path = home / "heard"
    return [tuple(json.loads(told)) for told in path.read_text().splitlines()] if path.exists() else []
