"""A night with real processes: two hundred things, twelve jobs, a death, a usage limit and a daemon that is killed."""

from __future__ import annotations

import json
import os
import re
import signal
from collections import Counter
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from mcp.client.client import Client

from daemon.client.times import Task
from daemon.engine.clock import SystemClock
from tests.emulators.telegram import Message, Person, TelegramEmulator
from tests.scenarios.house import ADA, PATIENCE_S, House, Json, called, telegram_of

EVENTS, URGENT, JOBS, WORKERS = 200, frozenset({20, 90, 170}), 12, 3
NIGHT_S = 240.0
DIES, LIMITED = 2, 1  #: by number, whose first job it is
FREE = {"PEERLINE_LIMITS__PAIR_PER_MINUTE": "0", "PEERLINE_LIMITS__PEER_PER_MINUTE": "0", "TZ": "UTC"}


def prompt(number: int) -> str:
    return {DIES: "hold on", LIMITED: "it runs out"}.get(number, "do it")


async def jobs_for(house: House) -> list[str]:
    """Each but the first of everybody comes after the last one of theirs."""
    line, made = house.daemon.client(), list[str]()
    for number in range(JOBS):
        after = (made[number - WORKERS],) if number >= WORKERS else ()
        title, to = f"work {number}!", f"worker{number % WORKERS}"
        told = await line.add_job(
            Task(title=title, prompt=prompt(number), to=to, circle="dev", after=after, tonight=True)
        )
        made.append(told["job_id"])
    await line.close()
    return made


async def standing(house: House) -> dict[str, Json]:
    line = house.daemon.client()
    try:
        return {each["title"]: each for each in (await line.jobs("all"))["jobs"]}
    finally:
        await line.close()


async def happen(client: Client, numbers: range) -> None:
    for number in numbers:
        urgency = "urgent" if number in URGENT else "normal"
        await called(client, "notify_peer", peer="telegram", message=f"event {number}!", urgency=urgency)


def killed(home: Path) -> None:
    """The agent of that home, at once."""
    [registry] = (home / ".claude/sessions").glob("*.json")
    os.kill(json.loads(registry.read_text())["pid"], signal.SIGKILL)


def evening() -> datetime:
    """When the night ends: a minute of the wall, in a little while."""
    return (SystemClock().now() + timedelta(seconds=150)).replace(second=0, microsecond=0)


@pytest.mark.thorough
async def test_three_ring_and_one_report_names_every_job_as_it_is(
    house: House, telegram: TelegramEmulator, ada: Person
) -> None:
    ends = evening()
    window = f"{ends - timedelta(hours=3):%H:%M}-{ends:%H:%M}"
    nights = {"PEERLINE_NIGHTS": f"[{{circle: '*', window: '{window}'}}]"}
    await house.start(**telegram_of(telegram, ADA), **FREE, **nights)
    for word in ("/tz UTC", f"/quiet {window} but nothing"):
        ada.says(word)
    await ada.sees(f"quiet {window}", within=PATIENCE_S)
    async with AsyncExitStack() as stack:
        agents = [await stack.enter_async_context(house.agent(f"worker{n}")) for n in range(WORKERS)]
        client = await stack.enter_async_context(house.mcp("talker"))
        await jobs_for(house)
        await agents[DIES].hears("hold on")
        killed(agents[DIES].home)
        await happen(client, range(100))
        await house.daemon.kill9()
        await house.daemon.start()
        await happen(client, range(100, EVENTS))
        report = await ada.sees("Morning report", within=NIGHT_S)
        done = await standing(house)
        asked = Counter({n: agents[n].times_heard("[peerline ask") for n in range(WORKERS)})
    names_every_job(report, done)
    assert asked == {0: 4, 1: 5, DIES: 1}
    nothing_comes_twice(ada, report)


def names_every_job(report: Message, done: dict[str, Json]) -> None:
    for title, job in done.items():
        assert re.findall(rf"(\w+) · {title}", report.text) == [job["state"]]
    states = Counter(job["state"] for job in done.values())
    assert states == {"done": 8, "failed": 1, "blocked": 1, "queued": 2}


def nothing_comes_twice(ada: Person, report: Message) -> None:
    told = Counter(re.findall(r"event \d+!", whole(ada, report)))
    assert (len(told), set(told.values())) == (EVENTS - len(URGENT), {1})
    rang = [each.text for each in ada.heard() if not each.silent and each.message_id > begun(ada)]
    assert sorted(re.findall(r"event (\d+)!", " ".join(rang))) == sorted(map(str, URGENT))
    assert len(rang) == len(URGENT)
    assert [each.text for each in ada.heard() if "Morning report" in each.text] == [report.text]


def whole(ada: Person, report: Message) -> str:
    """What is too long for one message comes as several, or as a file."""
    parts = [each for each in ada.heard() if each.message_id >= report.message_id]
    files = [each.document.content.decode() for each in parts if each.document]
    return files[0] if files else "".join(each.text for each in parts)


def begun(ada: Person) -> int:
    """The message by which the quiet hours were agreed on."""
    return max(
        each.message_id for each in ada.heard() if each.text.startswith("quiet") or "quiet" in each.text[:40]
    )
