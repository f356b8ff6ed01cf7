"""Twenty agents finish at once, and Telegram takes no more than it takes: who reads it all has every word once."""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from collections import Counter
from pathlib import Path

import pytest
from aiohttp import web

from bots.bridge import run
from bots.pacing import Pace
from bots.telegram.surface import TelegramSurface
from daemon.core import commands as c
from daemon.core.model import Peer
from tests.contracts.rig import ADA as OWNER
from tests.contracts.rig import Rig, rigged, ticking
from tests.emulators.telegram import Fault, Message, TelegramEmulator
from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.journal import Record
from tests.emulators.telegram.limits import flood
from tests.emulators.telegram.server import _refused
from tests.scenarios.house import ADA, PATIENCE_S, House, Json, called, telegram_of

AGENTS, NOTICES = 20, 3
GAP_S = 0.05  #: what stands here for Telegram's second
SEED = int(os.environ.get("PEERLINE_OUTBOX_SEED", "5"))
WRITES = ("sendMessage", "sendDocument", "editMessageText")


class Strict(TelegramEmulator):
    """Takes no two requests of a chat within ``GAP_S``."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[int, float] = {}
        self.too_fast = 0

    async def _performed(self, request: web.Request, call: Call, record: Record) -> web.Response:
        if call.method in WRITES and call.chat_id is not None:
            sooner = record.at - self.last.get(call.chat_id, 0)
            self.last[call.chat_id] = record.at
            if sooner < GAP_S:
                self.too_fast += 1
                record.retry_after = 1
                return _refused(flood(1))
        return await super()._performed(request, call, record)


async def finishes(rig: Rig, name: str, number: int, chance: random.Random) -> None:
    client = rig.client(name, "local")
    for n in range(NOTICES):
        words = f"[{number}.{n}.{{}}] " + "word " * 18
        text, size = "", chance.randrange(100, 9_000)
        while len(text) < size:
            text += words.format(len(text)) + "\n\n"
        await client.notify("telegram", text)


async def approval(rig: Rig, peer: Peer) -> None:
    command = c.RequestApproval(
        session_id=peer.session_id or "",
        what="permission",
        tool="Bash",
        shown="wants to use **Bash**",
        digest="d" * 64,
        request="{}",
        options=("Allow", "Deny"),
    )
    await rig.engine.handle(command)


@pytest.mark.thorough
async def test_of_twenty_agents_that_finish_at_once_every_word_comes_once_and_in_order(
    tmp_path: Path,
) -> None:
    print(f"PEERLINE_OUTBOX_SEED={SEED}")
    chance = random.Random(SEED)  # noqa: S311  the same again
    async with asyncio.timeout(60), rigged(tmp_path) as rig, Strict() as telegram, ticking(rig):
        ada = telegram.person(int(OWNER), "Ada")
        names = [f"agent-{n}" for n in range(AGENTS)]
        peers = [await rig.agent(name) for name in names]
        pace = Pace(gap=GAP_S, burst=1)
        async with (
            TelegramSurface(telegram.token, telegram.root, pace=pace) as surface,
            asyncio.TaskGroup() as tasks,
        ):
            bridge = tasks.create_task(run(rig.client("bot", "http"), surface))
            async with asyncio.TaskGroup() as all_at_once:
                for number, name in enumerate(names):
                    all_at_once.create_task(finishes(rig, name, number, chance))
            await telegram.journal.reaches("sendMessage", 20, within=30)
            telegram.faults.add(
                Fault("drop", "sendMessage"), Fault("flood", "sendMessage", after=9, retry_after=1)
            )

            began = time.monotonic()
            await approval(rig, peers[7])
            await ada.sees("wants to use", within=10)
            assert time.monotonic() - began < 2

            await until_all_is_shown(rig)
            bridge.cancel()
        assert telegram.too_fast == 0
        assert not telegram.journal.impatient()
        every_word_came_once_and_in_order([message.text for message in ada.heard()])


def every_word_came_once_and_in_order(texts: list[str]) -> None:
    plain = [text for text in texts if "↻" not in text]
    marked = [text for text in texts if "↻" in text]
    for text in marked:  # what may have come, and did
        assert texts.count(text.partition("\n\n")[2]) <= 1
    once = Counter(re.findall(r"\[(\d+)\.(\d+)\.(\d+)\]", "\n".join(plain)))
    assert max(once.values()) == 1
    for number in range(AGENTS):
        told = [
            (int(n), int(at))
            for who, n, at in re.findall(r"\[(\d+)\.(\d+)\.(\d+)\]", "\n".join(texts))
            if int(who) == number
        ]
        assert list(dict.fromkeys(told)) == sorted(set(told))
        assert {n for n, _ in told} == set(range(NOTICES))


async def until_all_is_shown(rig: Rig) -> None:
    while True:
        counts = await rig.engine.read(lambda tx: tx.counts())
        if not counts.keys() & {"queued", "leased", "held", "uncertain"}:
            return
        await asyncio.sleep(0.05)


async def test_killed_in_the_middle_of_five_messages_the_rest_is_shown_and_nothing_twice(
    hosted: House, telegram: TelegramEmulator
) -> None:
    ada = telegram.person(7, "Ada")
    text = "\n\n".join(f"[{n}] " + "word " * 60 for n in range(58))
    async with hosted.mcp("front") as front:
        sent = await called(front, "notify_peer", peer="telegram", message=text)
        await telegram.journal.reaches("sendMessage", 3, within=PATIENCE_S)
        await hosted.daemon.kill9()
        before = len(ada.heard())
        await hosted.start(**telegram_of(telegram, ADA))
        await hosted.until("all of it was shown", _is_shown, sent["message_id"])
    messages = ada.heard()
    assert len(_marked(messages)) <= 1  # the one that was being sent, whether it had arrived or not
    assert 5 <= len(messages) <= 7
    assert before < len(messages)
    seen = re.findall(r"\[(\d+)\]", "\n".join(each.text for each in messages if "↻" not in each.text))
    assert len(set(seen)) == len(seen)
    everything = re.findall(r"\[(\d+)\]", "\n".join(each.text for each in messages))
    assert set(everything) == {str(n) for n in range(58)}


def _marked(messages: tuple[Message, ...]) -> list[Message]:
    return [each for each in messages if "↻" in each.text]


def _is_shown(story: Json) -> bool:
    return bool(story["deliveries"][0]["level"] == "handed")
