"""Told to end while everybody is at it, the daemon ends soon, in order, and whoever was cut off is told or goes on."""

from __future__ import annotations

import asyncio
import time
from itertools import count

import pytest
from mcp.client.client import Client as McpClient

from daemon.core.errors import DaemonUnreachable, Unavailable
from daemon.spool import waiting
from tests.scenarios.house import House, answers, called, until

UNLIMITED = {"PEERLINE_LIMITS__PEER_PER_MINUTE": "0", "PEERLINE_LIMITS__PAIR_PER_MINUTE": "0"}
SOON_S = 5.0


class Senders:
    """Four who send to ``front`` until they are cut off."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.accepted: list[str] = []
        self.cut: list[Unavailable] = []

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for n in range(4):
                tasks.create_task(self._send(n))

    async def _send(self, sender: int) -> None:
        for n in count():
            text = f"from {sender}: {n}"
            try:
                await self._house.daemon.client().notify("front", text, circle="dev", key=text)
            except Unavailable as error:
                return self.cut.append(error)
            self.accepted.append(text)
        return None


@pytest.mark.thorough
async def test_shims_hooks_chats_and_senders_survive_an_orderly_end(house: House) -> None:
    await house.start(**UNLIMITED)
    senders = Senders(house)
    async with (
        house.agent("backend") as agent,
        house.mcp("front") as front,
        house.piped("chat", "--to", "backend", "--circle", "dev", "--linger", "25") as chat,
        asyncio.TaskGroup() as tasks,
    ):
        asking = tasks.create_task(called(front, "ask_peer", peer="backend", question="hold on"))
        await agent.hears("hold on")
        chat.type("and this?")
        load = tasks.create_task(senders.run())
        await until(lambda: len(senders.accepted) > 40, "for load")
        began = time.monotonic()
        assert await house.daemon.stop() == 0
        assert time.monotonic() - began < SOON_S
        await load
        # Refused before the end, or cut by it: either way they know that the daemon is what is missing.
        assert {type(each) for each in senders.cut} <= {DaemonUnreachable, Unavailable}
        assert not asking.done()  # its shim waits for the next daemon
        await agent.let_go()
        await until(lambda: waiting(house.daemon.paths.spool), "for a hook that finds no daemon")

        await house.start(**UNLIMITED)
        assert answers(await asking) == ["answer to: hold on"]
        assert "backend: answer to: and this?" in await chat.rest()
        read = await all_read(front)
    assert set(senders.accepted) <= set(read)
    assert len(read) == len(set(read))
    assert (agent.times_heard("hold on"), agent.times_heard("and this?")) == (1, 1)
    assert " ERROR " not in house.daemon.log


async def all_read(client: McpClient) -> list[str]:
    read: list[str] = []
    while messages := (await called(client, "check_messages", limit=50))["messages"]:
        read += [each["text"] for each in messages]
    return read
