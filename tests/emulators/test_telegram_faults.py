"""Each fault and what it looks like from the library's side; and the emulator as a process."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import aiohttp
import httpx
import pytest
import telegram as ptb
from telegram.error import (
    Conflict,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from tests.emulators.process import emulator_process
from tests.emulators.telegram import Fault, Kind
from tests.emulators.telegram.library import KEYS, bot_at, polled, refusal_of


@pytest.mark.parametrize(
    ("fault", "raised", "shown"),
    [
        (Fault(Kind.SERVER_ERROR, status=500), NetworkError, 0),
        (Fault(Kind.SERVER_ERROR, status=502), NetworkError, 0),
        (Fault(Kind.SERVER_ERROR, status=504, handled=True), NetworkError, 1),
        (Fault(Kind.FLOOD, retry_after=30), RetryAfter, 0),
        (Fault(Kind.RESET), NetworkError, 0),
        (Fault(Kind.DROP), NetworkError, 1),
        (Fault(Kind.HANG), TimedOut, 0),
        (Fault(Kind.HANG, handled=True), TimedOut, 1),
        (Fault(Kind.GARBAGE), TelegramError, 1),
        (Fault(Kind.UNAUTHORIZED), InvalidToken, 0),
        (Fault(Kind.CONFLICT), Conflict, 0),
    ],
    ids=lambda value: (
        f"{value.kind}-{value.status}-{value.takes_effect}" if isinstance(value, Fault) else None
    ),
)
async def test_each_fault_raises_its_error_and_shows_the_message_only_if_handled(
    telegram, ada, fault, raised, shown
) -> None:
    patience = 0.3 if fault.kind is Kind.HANG else 5
    async with bot_at(telegram) as bot:
        telegram.faults.add(fault)

        error = await refusal_of(bot.send_message(7, "once", read_timeout=patience))

        assert type(error) is raised
        assert len(ada.screen()) == shown
        await bot.send_message(7, "the fault is gone")


@pytest.mark.parametrize(
    ("polite", "ambiguous"), [(False, httpx.ReadError), (True, httpx.RemoteProtocolError)]
)
async def test_a_cut_before_and_a_cut_after_look_alike_but_a_refused_connection_does_not(
    telegram, ada, polite, ambiguous
) -> None:
    async with bot_at(telegram) as bot:
        causes = []
        for kind in (Kind.RESET, Kind.DROP):
            telegram.faults.add(Fault(kind, polite=polite))
            causes.append(type((await refusal_of(bot.send_message(7, kind))).__cause__))
        await telegram.unplug()
        never_left = (await refusal_of(bot.send_message(7, "nobody there"))).__cause__
        await telegram.plug()

        assert causes == [ambiguous, ambiguous]
        assert isinstance(never_left, httpx.ConnectError)
        await bot.send_message(7, "back again")
    assert [message.text for message in ada.screen()] == ["drop", "back again"]


async def test_a_slow_answer_is_still_an_answer(telegram, bot, ada) -> None:
    telegram.faults.add(Fault(Kind.SLOW, "sendMessage", seconds=0.05))

    await bot.send_message(7, "eventually")

    (record,) = telegram.journal.of("sendMessage")
    assert record.ended_at - record.at >= 0.05


async def test_a_frozen_poll_sleeps_through_news_until_the_freeze_is_lifted(telegram, bot, ada) -> None:
    telegram.faults.add(Fault(Kind.FREEZE, "getUpdates", times=None))

    async with asyncio.timeout(3), asyncio.TaskGroup() as both:
        poll = both.create_task(bot.get_updates(timeout=0))
        await telegram.journal.reaches("getUpdates")
        ada.says("anybody?")
        await bot.send_message(7, "sending still works")
        assert not poll.done()
        telegram.faults.lift()

    assert poll.result()[0].message.text == "anybody?"


async def test_a_confirmed_update_can_come_once_more(telegram, bot, ada) -> None:
    ada.says("only once, please")
    first = await polled(bot)
    await bot.get_updates(offset=first.update_id + 1)
    telegram.faults.add(Fault(Kind.REDELIVER, "getUpdates"))

    again = await polled(bot, offset=first.update_id + 1)

    assert again.update_id == first.update_id
    assert not await bot.get_updates(offset=first.update_id + 1)


async def test_faults_are_met_by_the_method_chat_and_count_they_name(telegram, bot, ada) -> None:
    telegram.person(8, "Eve")
    telegram.faults.add(Fault(Kind.FLOOD, "sendMessage", times=2, after=1, chat_id=7))

    await bot.send_message(7, "passes first")
    for _ in range(2):
        assert isinstance(await refusal_of(bot.send_message(7, "no")), RetryAfter)
    await bot.send_message(8, "another chat")
    await bot.send_message(7, "over")

    assert [message.text for message in ada.screen()] == ["passes first", "over"]


async def test_who_comes_back_before_retry_after_has_passed_is_caught(telegram, bot, ada) -> None:
    telegram.person(8, "Eve")
    telegram.faults.add(Fault(Kind.FLOOD, "sendMessage", retry_after=30, lasting=True))
    told = await refusal_of(bot.send_message(7, "first"))
    assert (told.retry_after, telegram.journal.impatient()) == (timedelta(seconds=30), [])

    await bot.send_message(8, "elsewhere is fine")
    assert telegram.journal.impatient() == []
    again = await refusal_of(bot.send_message(7, "too early"))

    assert timedelta() < again.retry_after <= timedelta(seconds=30)
    assert [record.arguments["text"] for record in telegram.journal.impatient()] == ["too early"]


async def control(session: aiohttp.ClientSession, root: str, verb: str, **body: object) -> dict:
    async with session.post(f"{root}/emulator/{verb}", json=body) as answer:
        return await answer.json() if answer.status == 200 else {"status": answer.status}


async def test_another_process_scripts_people_faults_and_what_they_must_see() -> None:
    async with (
        emulator_process("telegram", "--token", "99:other") as root,
        aiohttp.ClientSession() as session,
    ):
        await control(session, root, "people", id=7, name="Ada")
        async with ptb.Bot("99:other", base_url=f"{root}/bot") as bot:
            said = await control(session, root, "says", person=7, text="hello")
            update = await polled(bot)
            await control(session, root, "faults", kind="drop", method="sendMessage")
            await refusal_of(bot.send_message(7, "did it arrive?", reply_markup=KEYS))
            seen = await control(session, root, "sees", person=7, contains="arrive", label="yes")
            await control(session, root, "taps", person=7, message_id=seen["message_id"], label="no")
            tapped = await polled(bot, offset=update.update_id + 1)
            unseen = await control(session, root, "sees", person=7, contains="never", within=0.01)
            async with session.get(f"{root}/emulator/requests?method=sendMessage") as answer:
                records = (await answer.json())["requests"]

    assert said["message_id"] == update.message.message_id
    assert tapped.callback_query.data == "no"
    assert unseen == {"status": 408}
    assert [(record["fault"], record["handled"], record["status"]) for record in records] == [
        ("drop", True, 0)
    ]


async def test_an_outage_refuses_connections_and_ends_by_itself(telegram, bot, ada) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(5), asyncio.TaskGroup() as both:
        poll = both.create_task(refusal_of(bot.get_updates(timeout=50)))
        await telegram.journal.reaches("getUpdates")
        outage = both.create_task(control(session, telegram.root, "outage", seconds=0.3))
        assert isinstance(await poll, NetworkError)
        assert isinstance((await refusal_of(bot.send_message(7, "now?"))).__cause__, httpx.ConnectError)
        await outage
        await bot.send_message(7, "now")

    assert [message.text for message in ada.screen()] == ["now"]
