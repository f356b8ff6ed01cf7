"""Groups, topics, crowds and what else people and the platform do, against the library that the bot uses."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import telegram as ptb
from aiohttp import web
from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden

from tests.emulators.telegram import crowd
from tests.emulators.telegram.library import bot_at, polled, refusal_of, refused

FORUM = -1_001_000_000_001


async def test_a_topic_is_renamed_closed_opened_and_deleted_with_what_was_said_in_it(
    bot, telegram, ada
) -> None:
    forum = telegram.group(FORUM, "Work", ada, forum=True)
    topic = await bot.create_forum_topic(FORUM, "backend")
    thread = topic.message_thread_id

    await bot.edit_forum_topic(FORUM, thread, name="backend ✓")
    await bot.close_forum_topic(FORUM, thread)
    with refused("topic_not_modified"):
        await bot.close_forum_topic(FORUM, thread)
    await bot.reopen_forum_topic(FORUM, thread)
    await bot.send_message(FORUM, "in it", message_thread_id=thread)
    assert forum.topics == {thread: "backend ✓"}
    await bot.delete_forum_topic(FORUM, thread)

    with refused("message thread not found"):
        await bot.send_message(FORUM, "in it", message_thread_id=thread)
    assert ada.screen(forum) == ()


async def test_no_topic_has_the_number_of_the_general_one_and_that_is_refused(bot, telegram, ada) -> None:
    forum = telegram.group(FORUM, "Work", ada, forum=True)
    assert telegram.topic(forum, ada, "first of all") != 1

    with refused("message thread not found"):
        await bot.send_message(FORUM, "to all", message_thread_id=1)

    assert telegram.checks("thread not found") == [
        "sendMessage to -1001000000001 ('to all') names the general topic, which has no thread",
        "sendMessage to -1001000000001 ('to all') leaves previews of links on",
    ]


async def test_a_bot_without_rights_makes_no_topics_and_is_silent_in_closed_ones(bot, telegram, ada) -> None:
    forum = telegram.group(FORUM, "Work", ada, forum=True)
    thread = telegram.topic(forum, ada, "done with")
    crowd.topic_changed(telegram.world, forum, ada.user, thread, "closed")
    forum.bot_may_manage = False

    with refused("not enough rights"):
        await bot.create_forum_topic(FORUM, "mine")
    with refused("topic_closed"):
        await bot.send_message(FORUM, "hello?", message_thread_id=thread)

    assert (await polled(bot)).message.forum_topic_closed


async def test_an_album_is_several_messages_of_one_group_and_its_words_stand_with_the_first(bot, ada) -> None:
    ada.sends_album(("a.jpg", b"1", "photo"), ("b.mp4", b"2", "video"), caption="both of them")

    first, second = [update.message for update in await bot.get_updates()]

    assert first.media_group_id == second.media_group_id
    assert (first.caption, second.caption) == ("both of them", None)
    assert [size.width for size in first.photo] == [90, 640]
    assert bytes(await (await first.photo[-1].get_file()).download_as_bytearray()) == b"1"


@pytest.mark.parametrize("kind", ["voice", "video", "sticker", "video_note", "audio", "animation"])
async def test_every_kind_of_file_arrives_as_what_it_is(bot, ada, kind) -> None:
    ada.sends_file("it", b"content", kind=kind)

    message = (await polled(bot)).message

    assert getattr(message, kind).file_size == 7


async def test_forwarded_words_say_whose_they_are(bot, ada, telegram) -> None:
    ada.forwards("/stop", of="Somebody hidden")
    ada.forwards("/stop", of=telegram.person(8, "Ben").user)

    hidden, named = [update.message for update in await bot.get_updates()]

    assert hidden.forward_origin.sender_user_name == "Somebody hidden"
    assert named.forward_origin.sender_user.id == 8


async def test_admins_without_a_name_channels_and_bots_are_known_by_their_marks(bot, telegram, ada) -> None:
    world, group = telegram.world, telegram.group(FORUM, "Work", ada)
    crowd.admin_without_a_name_says(world, group, "/lock")
    crowd.channel_says(world, group, "/lock")
    crowd.linked_channel_posts(world, group, "/lock")
    crowd.bot_says(world, group, "/lock")
    ada.says(
        "/lock", chat=group, marks={"via_bot": ptb.User(9, "Inline", True, username="inline_bot").to_dict()}
    )

    messages = [update.message for update in await bot.get_updates()]

    assert [message.from_user.is_bot for message in messages] == [True, True, False, True, False]
    assert [message.sender_chat and message.sender_chat.id for message in messages] == [
        FORUM, crowd.SUPERGROUP - 77, crowd.SUPERGROUP - 78, None, None,
    ]  # fmt: skip
    assert messages[2].is_automatic_forward
    assert messages[4].via_bot.is_bot


async def test_a_group_that_becomes_a_supergroup_is_known_by_its_new_id_alone(bot, telegram, ada) -> None:
    group = telegram.group(-5, "Work", ada)
    crowd.migrated(telegram.world, group, ada.user, FORUM)

    told = await refusal_of(bot.send_message(-5, "hello"))
    assert isinstance(told, ChatMigrated)
    assert told.new_chat_id == FORUM
    await bot.send_message(FORUM, "hello")

    left, came = [update.message for update in await bot.get_updates()]
    assert (left.migrate_to_chat_id, came.migrate_from_chat_id) == (FORUM, -5)


async def test_a_bot_that_was_thrown_out_is_told_and_forbidden(bot, telegram, ada) -> None:
    group = telegram.group(FORUM, "Work", ada)
    crowd.membership(telegram.world, group, ada.user, "member", "kicked")

    with pytest.raises(Forbidden, match="bot was kicked"):
        await bot.send_message(FORUM, "hello?")

    assert (await polled(bot)).my_chat_member.new_chat_member.status == "kicked"


async def test_a_reaction_says_what_it_takes_the_place_of_and_only_legal_ones_exist(bot, ada) -> None:
    await bot.get_updates(allowed_updates=["message_reaction"])
    note = ada.says("go")
    ada.reacts(note, "👍")
    ada.reacts(note, "🎉")

    changed = (await bot.get_updates())[-1].message_reaction

    assert (changed.old_reaction[0].emoji, changed.new_reaction[0].emoji) == ("👍", "🎉")
    with pytest.raises(ValueError, match="nobody can react"):
        ada.reacts(note, "✅")


async def test_what_a_person_saw_is_kept_in_order_with_edits_and_deletions(bot, ada) -> None:
    first = await bot.send_message(7, "one")
    await bot.edit_message_text("two", 7, first.message_id)
    await bot.send_message(7, "three")
    await bot.delete_message(7, first.message_id)

    assert [(sight.what, sight.message.text) for sight in ada.saw()] == [
        ("new", "one"), ("edited", "two"), ("new", "three"), ("deleted", "two"),
    ]  # fmt: skip


async def test_commands_are_kept_by_scope_and_no_other_scope_exists(bot) -> None:
    await bot.set_my_commands([("peers", "who is there")], scope=ptb.BotCommandScopeAllPrivateChats())

    assert await bot.get_my_commands() == ()
    assert len(await bot.get_my_commands(scope=ptb.BotCommandScopeAllPrivateChats())) == 1
    with refused("unsupported type"):
        await bot.set_my_commands([("peers", "who")], scope=ptb.BotCommandScope("everybody"))


async def test_a_document_has_a_caption_to_edit_and_no_text(bot, ada) -> None:
    sent = await bot.send_document(7, b"x", filename="x.txt", caption="before")

    with refused("there is no text in the message to edit"):
        await bot.edit_message_text("after", 7, sent.message_id)
    await bot.edit_message_caption(7, sent.message_id, caption="after")

    assert ada.screen()[0].text == "after"


async def test_updates_are_pushed_with_the_secret_until_they_are_taken(telegram, bot, ada, place) -> None:
    url, came, answers = place
    answers += [500, 200, 200]
    await bot.set_webhook(url, secret_token="s-3_cret")
    ada.says("one")
    ada.says("two")

    async with bot_at(telegram) as other:
        assert isinstance(await refusal_of(other.get_updates()), Conflict)
    await telegram.world.pulse.until(lambda: not telegram.world.updates.pending, 5)

    assert [(secret, text) for secret, text in came] == [
        ("s-3_cret", "one"),
        ("s-3_cret", "one"),
        ("s-3_cret", "two"),
    ]
    told = await bot.get_webhook_info()
    assert (told.url, told.pending_update_count, told.last_error_date is not None) == (url, 0, True)
    await bot.delete_webhook()
    assert await bot.get_updates() == ()


async def test_an_address_without_tls_elsewhere_and_a_strange_secret_are_refused(bot) -> None:
    with refused("HTTPS URL must be provided"):
        await bot.set_webhook("http://example.org/hook")
    with refused("unallowed characters"):
        await bot.set_webhook("https://example.org/hook", secret_token="with space")


@pytest.fixture
async def place() -> AsyncIterator[tuple[str, list[tuple[str, str]], list[int]]]:
    came: list[tuple[str, str]] = []
    answers: list[int] = []

    async def taken(request: web.Request) -> web.Response:
        update = await request.json()
        came.append((request.headers["X-Telegram-Bot-Api-Secret-Token"], update["message"]["text"]))
        return web.Response(status=answers.pop(0))

    app = web.Application()
    app.router.add_post("/hook", taken)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", came, answers
    await runner.cleanup()


async def test_a_larger_photo_than_telegram_takes_is_refused(bot, ada) -> None:
    with pytest.raises(BadRequest, match=r"(?i)photo"):
        await bot.send_photo(7, "no such file id")
