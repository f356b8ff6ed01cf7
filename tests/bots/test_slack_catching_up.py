"""Whoever speaks while a silence is read back is heard after what they said in it, and before long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bots.slack import backfill
from bots.slack.backfill import Unread
from bots.slack.ids import Tokens
from bots.slack.surface import SlackSurface
from tests.emulators.slack import Channel, Fault, Kind, Message, Person, SlackEmulator
from tests.fakes.phone_line import UNPACED, PhoneLine, carried
from tests.fakes.slack_line import SARA, WORK, Shelf


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with asyncio.timeout(30), SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
def sara(slack: SlackEmulator) -> Person:
    return slack.person(SARA, "Sara")


@pytest.fixture
def work(slack: SlackEmulator, sara: Person) -> Channel:
    return slack.channel(WORK, "work", sara)


@pytest.fixture
def line() -> PhoneLine:
    return PhoneLine()


def surface_at(slack: SlackEmulator, last: Message) -> SlackSurface:
    """Ours, which heard everything up to a message."""
    shelf = Shelf(WORK)
    shelf.newest[WORK] = f"{WORK}/{last.ts}"
    tokens = Tokens(bot=slack.tokens.bot, app=slack.tokens.app)
    return SlackSurface(tokens, slack.root, sight=shelf, pace=UNPACED)


def words(line: PhoneLine) -> list[str]:
    return [said.text for said in line.heard.values()]


@pytest.mark.parametrize("threaded", [False, True])
async def test_a_live_word_waits_for_those_before_it(slack, sara, work, line, threaded) -> None:
    root = sara.mentions("zero", channel=work)
    place = {"channel": work, "thread": root} if threaded else {"channel": work}
    sara.mentions("one", **place)
    sara.mentions("two", **place)
    slack.faults.add(Fault(Kind.SLOW, "conversations.history", seconds=0.5))
    async with surface_at(slack, root) as surface, carried(line, surface):
        await slack.sockets.there()
        sara.mentions("three", **place)
        await line.until(lambda: "three" in words(line))
    assert words(line) == ["zero", "one", "two", "three"]


async def test_other_lanes_and_brakes_wait_for_nothing(slack, sara, work, line) -> None:
    root = sara.mentions("zero", channel=work)
    slack.faults.add(Fault(Kind.HANG, "conversations.history", times=None))
    async with surface_at(slack, root) as surface, carried(line, surface):
        await slack.sockets.there()
        sara.mentions("waits", channel=work)
        sara.mentions("/stop", channel=work)
        sara.says("elsewhere")
        await line.until(lambda: set(words(line)) == {"/stop", "elsewhere"})


async def test_a_place_that_cannot_be_read_holds_up_nothing_for_long(
    slack, sara, work, line, monkeypatch
) -> None:
    monkeypatch.setattr(backfill, "HELD_S", 0.3)
    root = sara.mentions("zero", channel=work)
    slack.faults.add(Fault(Kind.HANG, "conversations.history", times=None))
    async with surface_at(slack, root) as surface, carried(line, surface):
        await slack.sockets.there()
        sara.mentions("live", channel=work)
        await line.until(lambda: "live" in words(line))


async def test_where_somebody_waits_is_read_first() -> None:
    unread, read = Unread(["C1", "C2"], ["C1/10.0"]), list[str]()

    async def waits() -> None:
        await unread.read("C2/30.0")
        read.append("and heard")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(waits())
        await asyncio.sleep(0)
        for found in (["C2/20.0", "C2/30.0"], [], [], []):
            place = unread.next() or ""
            read.append(place)
            await unread.done(place, found)
            await asyncio.sleep(0)

    assert read == ["C2", "C1", "C2/30.0", "and heard", "C1/10.0"]
