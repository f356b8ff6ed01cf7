"""Chats and updates of the emulator against the library that the bot uses, so both sides are real."""

from __future__ import annotations

import asyncio

import pytest
import telegram as ptb
from telegram.constants import ReactionEmoji
from telegram.error import (
    Conflict,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram.library import bot_at, polled, posted, refusal_of, refused
from tests.emulators.telegram.limits import REACTIONS

FORUM = -1_001_000_000_001


async def test_what_a_person_says_is_polled_with_the_marks_the_server_finds(bot, ada) -> None:
    ada.says("/peers @backend")

    update = await polled(bot)

    assert update.message.text == "/peers @backend"
    assert update.message.from_user.id == update.message.chat.id == 7
    assert [(mark.type, mark.offset) for mark in update.message.entities] == [
        ("bot_command", 0),
        ("mention", 7),
    ]


async def test_an_update_comes_until_a_greater_offset_confirms_it(bot, ada) -> None:
    ada.says("one")
    first = await polled(bot)
    assert (await polled(bot)).update_id == first.update_id

    ada.says("two")

    assert (await polled(bot, offset=first.update_id + 1)).message.text == "two"
    assert (await polled(bot)).message.text == "two"


async def test_a_waiting_poll_returns_as_soon_as_somebody_speaks(bot, ada, telegram) -> None:
    async with asyncio.timeout(3), asyncio.TaskGroup() as both:
        poll = both.create_task(bot.get_updates(timeout=50))
        await telegram.journal.reaches("getUpdates")
        ada.says("here")

    assert poll.result()[0].message.text == "here"


async def test_the_older_of_two_polls_is_told_of_the_conflict(telegram, ada) -> None:
    async with (
        bot_at(telegram) as old,
        bot_at(telegram) as new,
        asyncio.timeout(3),
        asyncio.TaskGroup() as both,
    ):
        loser = both.create_task(refusal_of(old.get_updates(timeout=50)))
        await telegram.journal.reaches("getUpdates")
        winner = both.create_task(new.get_updates(timeout=50))
        assert isinstance(await loser, Conflict)
        ada.says("to the younger one")

    assert winner.result()[0].message.text == "to the younger one"


async def test_only_updates_of_the_kinds_asked_for_are_queued_and_the_choice_is_remembered(bot, ada) -> None:
    note = ada.says("one")
    ada.reacts(note, "👍")
    assert [update.message.text for update in await bot.get_updates()] == ["one"]

    await bot.get_updates(allowed_updates=["message_reaction"])
    ada.says("two")
    ada.reacts(note, "👎")

    await bot.get_updates()
    kinds = [bool(update.message_reaction) for update in await bot.get_updates(offset=-1)]
    assert kinds == [True]


async def test_an_edit_is_an_update_and_a_deletion_is_none(bot, ada) -> None:
    note = ada.says("frist")
    edited = ada.edits(note, "first")
    ada.deletes(edited)

    said, changed = await bot.get_updates()

    assert said.message.text == "frist"
    assert changed.edited_message.text == "first"
    assert ada.screen() == ()


async def test_in_privacy_mode_a_group_tells_only_what_is_meant_for_the_bot(ada) -> None:
    async with TelegramEmulator(privacy=True) as telegram, bot_at(telegram) as bot:
        eve = telegram.person(8, "Eve")
        group = telegram.group(-5, "Work", eve)
        asked = await bot.send_message(-5, "well?")
        eve.says("just chatting", chat=group)
        eve.says("/status", chat=group)
        eve.says("@peerline_bot hello", chat=group)
        eve.says("yes", chat=group, reply_to=asked.message_id)

        heard = [update.message.text for update in await bot.get_updates()]

    assert heard == ["/status", "@peerline_bot hello", "yes"]


async def test_who_blocked_the_bot_is_403_and_who_never_started_it_does_not_exist(bot, ada, telegram) -> None:
    ada.blocks_the_bot()
    telegram.person(9, "Stranger", started=False)

    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(7, "hello?")
    for nobody in (9, 10):
        with refused("chat not found"):
            await bot.send_message(nobody, "hello?")

    assert (await polled(bot)).my_chat_member.new_chat_member.status == "kicked"


async def test_the_general_topic_is_the_absence_of_a_thread(bot, telegram, ada) -> None:
    forum = telegram.group(FORUM, "Work", ada, forum=True)
    thread = telegram.topic(forum, ada, "backend")
    telegram.topic(forum, ada, "frontend")

    await bot.send_message(FORUM, "to all")
    await bot.send_message(FORUM, "to one", message_thread_id=thread)
    with refused("message thread not found"):
        await bot.send_message(FORUM, "to all", message_thread_id=99)

    assert (await ada.sees("to all", chat=forum)).thread_id is None
    assert (await ada.sees("to one", chat=forum)).thread_id == thread


async def test_what_is_said_in_a_topic_seems_to_answer_the_topics_first_message(bot, telegram, ada) -> None:
    forum = telegram.group(FORUM, "Work", ada, forum=True)
    thread = telegram.topic(forum, ada, "backend")
    ada.says("how far?", chat=forum, thread=thread)

    message = (await polled(bot)).message

    assert (message.is_topic_message, message.message_thread_id) == (True, thread)
    assert message.reply_to_message.forum_topic_created.name == "backend"


async def test_message_ids_of_a_supergroup_mean_other_messages_elsewhere(bot, telegram, ada) -> None:
    telegram.group(FORUM, "Work", ada)

    here, there = await bot.send_message(7, "here"), await bot.send_message(FORUM, "there")

    assert here.message_id == there.message_id


async def test_files_travel_both_ways(bot, ada) -> None:
    await bot.send_document(7, b"diff --git", filename="change.patch", caption="the patch")
    ada.sends_file("note.txt", b"read me", caption="look")

    update = await polled(bot)
    got = await (await bot.get_file(update.message.document.file_id)).download_as_bytearray()

    seen = await ada.sees("the patch")
    assert (seen.document.name, seen.document.content) == ("change.patch", b"diff --git")
    assert (update.message.caption, update.message.document.file_name, bytes(got)) == (
        "look",
        "note.txt",
        b"read me",
    )


async def test_a_file_over_20_megabytes_cannot_be_fetched(bot, ada) -> None:
    ada.sends_file("film.mp4", b"", size=20 * 1024 * 1024 + 1)

    with refused("file is too big"):
        await bot.get_file((await polled(bot)).message.document.file_id)


async def test_commands_actions_reactions_pins_and_topics_are_kept(bot, telegram, ada) -> None:
    note = ada.says("go")
    telegram.group(FORUM, "Work", ada, forum=True)

    await bot.set_my_commands([ptb.BotCommand("peers", "who is there")])
    await bot.send_chat_action(7, "typing")
    await bot.set_message_reaction(7, note.message_id, "👀")
    await bot.pin_chat_message(7, note.message_id)
    topic = await bot.create_forum_topic(FORUM, "backend")
    await bot.delete_webhook()

    assert [one.command for one in await bot.get_my_commands()] == ["peers"]
    assert (ada.chat.actions, ada.chat.pinned) == (["typing"], [note.message_id])
    assert ada.screen()[0].reactions == ("👀",)
    assert (await bot.send_message(FORUM, "hi", message_thread_id=topic.message_thread_id)).is_topic_message
    assert (await bot.get_webhook_info()).pending_update_count == 1
    assert (await bot.get_chat(FORUM)).is_forum


@pytest.mark.parametrize("call", [("Peers", "who"), ("peers", ""), ("x" * 33, "who")])
async def test_a_command_that_telegram_would_not_list_is_refused(bot, call) -> None:
    with refused("bot_command_"):
        await bot.set_my_commands([call])


async def test_a_reaction_outside_the_fixed_list_is_refused(bot, ada) -> None:
    note = ada.says("go")

    with refused("reaction_invalid"):
        await bot.set_message_reaction(7, note.message_id, "✅")
    assert {one.value for one in ReactionEmoji} == REACTIONS


async def test_a_wrong_token_is_401_and_an_unknown_method_404(telegram, bot) -> None:
    with pytest.raises(InvalidToken):
        async with bot_at(telegram, token="4242:wrong"):
            pass
    with pytest.raises(TelegramError, match="not found"):
        await bot.do_api_request("sendRichMessage", {"chat_id": 7})


async def test_json_bodies_are_taken_like_form_bodies(telegram, ada) -> None:
    body = {"chat_id": 7, "text": "hi", "entities": [{"type": "bold", "offset": 0, "length": 2}]}

    assert (await posted(telegram, body))["ok"] is True

    assert (await ada.sees("hi")).entities[0]["type"] == "bold"
