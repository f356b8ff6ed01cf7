"""Told to end while everybody is at it, the daemon ends soon, in order, and whoever was cut off is told or goes on."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from itertools import count

import pytest

from daemon.core.errors import DaemonUnreachable, Unavailable
from tests.scenarios.house import House, answers, called, until

UNLIMITED = {"PEERLINE_LIMITS__PEER_PER_MINUTE": "0", "PEERLINE_LIMITS__PAIR_PER_MINUTE": "0"}
SOON_S = 5.0


async def test_shims_hooks_chats_and_senders_survive_an_orderly_end(house: House) -> None:
    await house.start(**UNLIMITED)
    accepted: list[str] = []
    cut: list[Unavailable] = []

    async def send(sender: int) -> None:
        for n in count():
            text = f"from {sender}: {n}"
            try:
                await house.daemon.client().notify("front", text, circle="dev", key=text)
            except Unavailable as error:
                cut.append(error)
                return
            accepted.append(text)

    async with (
        house.agent("backend") as agent,
        house.mcp("front") as front,
        house.piped("chat", "--to", "backend", "--circle", "dev", "--linger", "25") as chat,
        asyncio.TaskGroup() as tasks,
    ):
        asking = tasks.create_task(called(front, "ask_peer", peer="backend", question="hold on"))
        await agent.hears("hold on")
        chat.type("and this?")
        senders = [tasks.create_task(send(n)) for n in range(4)]
        await until(lambda: len(accepted) > 40, "for load")
        began = time.monotonic()
        assert await house.daemon.stop() == 0
        assert time.monotonic() - began < SOON_S
        await asyncio.wait(senders)
        # Refused before the end, or cut by it: either way they know that the daemon is what is missing.
        assert len(cut) == 4
        assert {type(each) for each in cut} <= {DaemonUnreachable, Unavailable}
        assert not asking.done()  # its shim waits for the next daemon

        await agent.let_go()
        spool = house.daemon.paths.spool
        await until(lambda: any(not each.name.startswith(".") for each in spool.iterdir()), "for a hook")
        with pytest.raises(DaemonUnreachable, match="no daemon"):
            await house.daemon.client().whoami()

        await house.start(**UNLIMITED)
        assert answers(await asking) == ["answer to: hold on"]
        assert "backend: answer to: and this?" in await chat.rest()
        read: list[str] = []
        while messages := (await called(front, "check_messages", limit=50))["messages"]:
            read += [each["text"] for each in messages]
    assert set(accepted) <= set(read)
    assert len(read) == len(set(read))
    assert (agent.times_heard("hold on"), agent.times_heard("and this?")) == (1, 1)
    with suppress(FileNotFoundError):
        assert " ERROR " not in house.daemon.paths.log.read_text()
