"""The limits with their memory, the weather, and the list of what a correct client never does."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator

import pytest
import telegram as ptb
from telegram.error import RetryAfter, TelegramError

from tests.emulators.telegram import Allowance, Fault, Kind, Storm, TelegramEmulator
from tests.emulators.telegram.library import bot_at, refusal_of

SILENT = ptb.LinkPreviewOptions(is_disabled=True)
STRICT = Allowance(gap_s=20, burst=2, group=3, minute_s=60, total=5, second_s=30, ban_s=30)


async def said(bot: ptb.Bot, chat_id: int, text: str) -> TelegramError | None:
    try:
        await bot.send_message(chat_id, text, link_preview_options=SILENT)
    except TelegramError as error:
        return error
    return None


@pytest.fixture(autouse=True)
def no_old_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")  # else the library warns whenever it builds a RetryAfter


@pytest.fixture
async def strict() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(allowance=STRICT) as telegram:
        yield telegram


async def test_whoever_says_too_much_to_a_chat_is_banned_from_it_and_that_is_remembered(strict) -> None:
    strict.person(7, "Ada"), strict.person(8, "Ben")
    async with bot_at(strict) as bot:
        assert [await said(bot, 7, "one"), await said(bot, 7, "two"), await said(bot, 8, "other")] == [
            None
        ] * 3
        told = await said(bot, 7, "three")
        assert isinstance(told, RetryAfter)
        assert isinstance(await said(bot, 7, "four"), RetryAfter)

    broken = strict.checks()
    assert broken[0] == "sendMessage to 7: more than 2 at once or one each 20 s"
    assert re.match(r"sendMessage to 7 came (29\.\d+|30\.0+) s", broken[1])
    assert [message.text for message in strict.people[7].screen()] == ["one", "two"]


async def test_edits_count_as_messages_do_and_typing_signs_do_not(strict) -> None:
    strict.person(7, "Ada")
    async with bot_at(strict) as bot:
        sent = await bot.send_message(7, "one", link_preview_options=SILENT)
        for _ in range(5):
            await bot.send_chat_action(7, "typing")
        await bot.edit_message_text("two", 7, sent.message_id, link_preview_options=SILENT)
        assert strict.checks() == []
        assert isinstance(await refusal_of(bot.edit_message_text("three", 7, sent.message_id)), RetryAfter)


async def test_a_group_takes_so_many_a_minute_whatever_topic_they_are_for() -> None:
    loose = Allowance(gap_s=0.001, burst=50, group=3, minute_s=60, total=50)
    async with TelegramEmulator(allowance=loose) as telegram, bot_at(telegram) as bot:
        telegram.group(-5, "Work", telegram.person(7, "Ada"))
        told = [await said(bot, -5, f"no {n}") for n in range(4)]

    assert [each is None for each in told] == [True, True, True, False]
    assert telegram.checks()[0] == "sendMessage to -5: more than 3 to a group within 60 s"


async def test_all_chats_together_take_so_many_a_second() -> None:
    async with (
        TelegramEmulator(allowance=Allowance(second_s=30, total=5)) as telegram,
        bot_at(telegram) as bot,
    ):
        for n in range(6):
            telegram.person(7 + n, f"P{n}")
            await said(bot, 7 + n, "hello")

    assert telegram.checks() == ["sendMessage to 12: more than 5 in all within 30 s"]


async def test_a_careful_client_breaks_nothing() -> None:
    async with TelegramEmulator(allowance=Allowance().times(100)) as telegram, bot_at(telegram) as bot:
        ada = telegram.person(7, "Ada")
        for n in range(10):
            assert await said(bot, 7, f"no {n}") is None
            await asyncio.sleep(0.01)  # the pace itself is what is tried

    assert telegram.checks() == []
    assert len(ada.screen()) == 10


async def test_the_same_seed_is_the_same_weather() -> None:
    async def weather(seed: int) -> list[str]:
        async with TelegramEmulator() as telegram, bot_at(telegram) as bot:
            telegram.person(7, "Ada")
            menu = (Fault(Kind.SERVER_ERROR), Fault(Kind.RESET), Fault(Kind.GARBAGE))
            telegram.faults.weather = Storm(random.Random(seed), 0.5, menu)  # noqa: S311
            for n in range(12):
                await said(bot, 7, f"no {n}")
            return [record.fault for record in telegram.journal.of("sendMessage")]

    assert await weather(3) == await weather(3) != await weather(4)


async def test_waiting_updates_can_come_last_first(telegram, bot, ada) -> None:
    ada.says("one")
    ada.says("two")
    telegram.faults.add(Fault(Kind.REORDER, "getUpdates"))

    assert [update.message.text for update in await bot.get_updates()] == ["two", "one"]
    assert [update.message.text for update in await bot.get_updates()] == ["one", "two"]


async def test_what_a_correct_client_never_does_is_told_in_sentences(telegram, bot, ada) -> None:
    note = ada.says("go on")
    await bot.send_message(7, "<b>bold</b>", parse_mode="HTML", link_preview_options=SILENT)
    card = await bot.send_message(7, "well?", link_preview_options=SILENT, reply_markup=_one_key())
    tap = ada.taps(card.message_id, "yes")
    ada.taps(card.message_id, "yes")
    await refusal_of(bot.set_message_reaction(7, note.message_id, "✅"))
    await bot.answer_callback_query(tap.query_id)
    await refusal_of(bot.answer_callback_query(tap.query_id))
    await bot.get_updates(offset=600_000, allowed_updates=["message"])

    wrong = telegram.checks()

    for sentence in (
        "sendMessage to 7 ('<b>bold</b>') uses a parse mode, which an agent's text can break",
        "setMessageReaction to 7 was refused: Bad Request: REACTION_INVALID",
        f"tap {tap.query_id} was answered twice",
        "a poll confirmed 599999, which was never handed out",
        "a tap on 'yes' was never answered",
    ):
        assert sentence in wrong
    assert len(wrong) == 5


async def test_a_poll_in_haste_after_a_failed_one_is_told(telegram, bot) -> None:
    telegram.faults.add(Fault(Kind.SERVER_ERROR, "getUpdates"))
    await refusal_of(bot.get_updates(allowed_updates=["message"]))
    await bot.get_updates(allowed_updates=["message"])

    (sentence,) = telegram.checks()
    assert sentence.startswith("a failed poll was followed by another after 0.0")


def _one_key() -> ptb.InlineKeyboardMarkup:
    return ptb.InlineKeyboardMarkup([[ptb.InlineKeyboardButton("yes", callback_data="yes")]])
