"""What a person sees of what a bot sends: text, entities, edits, buttons; refused where Telegram refuses."""

from __future__ import annotations

import pytest
import telegram as ptb
from telegram.error import (
    BadRequest,
)

from tests.emulators.telegram.library import KEYS, polled, posted, refused


async def test_a_message_is_seen_with_entities_buttons_silence_and_what_it_answers(bot, ada) -> None:
    asked = ada.says("how far?")

    sent = await bot.send_message(
        7,
        "🎉 done",
        entities=[ptb.MessageEntity("bold", 3, 4)],
        reply_markup=KEYS,
        reply_parameters=ptb.ReplyParameters(asked.message_id),
        disable_notification=True,
        link_preview_options=ptb.LinkPreviewOptions(is_disabled=True),
    )

    seen = await ada.sees("done")
    assert (seen.message_id, seen.labels, seen.silent) == (sent.message_id, ("yes", "no"), True)
    assert seen.entities == ({"type": "bold", "offset": 3, "length": 4},)
    assert seen.reply_to == asked.message_id == sent.reply_to_message.message_id
    assert seen.link_preview == {"is_disabled": True}


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ("  \n tab\there \n", "tab here"),
        ("carriage\r\nreturn", "carriage\nreturn"),
        ("bell\x07 and \u202eright-to-left", "bell  and right-to-left"),
    ],
)
async def test_the_server_cleans_and_trims_a_text_before_anybody_sees_it(bot, ada, sent, seen) -> None:
    message = await bot.send_message(7, sent)

    assert message.text == seen == (await ada.sees(seen)).text


async def test_an_entity_moves_with_the_text_that_was_trimmed_before_it(bot, ada) -> None:
    sent = await bot.send_message(7, "\r\n  a code\r here  ", entities=[ptb.MessageEntity("code", 6, 10)])

    assert sent.text == "a code here"
    assert sent.parse_entities() == {sent.entities[0]: "code here"}


@pytest.mark.parametrize(
    ("text", "entity", "says"),
    [
        ("🎉", ptb.MessageEntity("bold", 0, 1), "ends in a middle of a utf-16 symbol at byte offset"),
        ("🎉🎉", ptb.MessageEntity("bold", 1, 2), "begins in a middle of a utf-16 symbol at byte offset"),
        ("abc", ptb.MessageEntity("bold", 1, 3), "ends after the end of the text at utf-16 offset 4"),
        ("abc", ptb.MessageEntity("bold", 9, 1), "begins after the end of the text at utf-16 offset 9"),
        ("abc", ptb.MessageEntity("text_link", 0, 3, url="../README"), "is invalid: wrong http url"),
    ],
)
async def test_an_entity_that_does_not_fit_is_refused_and_nothing_is_shown(
    bot, ada, text, entity, says
) -> None:
    with refused(says):
        await bot.send_message(7, text, entities=[entity])

    assert ada.screen() == ()


async def test_entities_beyond_the_hundredth_are_ignored(bot, ada) -> None:
    sent = await bot.send_message(7, "".join(f"<b>{n % 10}</b> " for n in range(101)), parse_mode="HTML")

    assert [mark.type for mark in sent.entities] == ["bold"] * 100
    assert sent.entities[-1].offset == 198


@pytest.mark.parametrize(
    ("mode", "text", "says"),
    [
        ("HTML", "a <x>b</x>", 'unsupported start tag "x" at byte offset 2'),
        ("HTML", "<b>open", 'can\'t find end tag corresponding to start tag "b"'),
        ("HTML", "<b><i>x</b></i>", "unmatched end tag at byte offset 7"),
        ("MarkdownV2", "it is 3.5", "character '.' is reserved and must be escaped"),
        ("MarkdownV2", "🎉 _open", "can't find end of italic entity at byte offset 5"),
        ("Markdown", "snake_case", "can't find end of the entity starting at byte offset 5"),
        ("Wiki", "''x''", "unsupported parse_mode"),
    ],
)
async def test_marks_that_do_not_fit_are_refused_in_the_words_of_the_server(
    bot, ada, mode, text, says
) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(7, text, parse_mode=mode)

    assert says in str(refused.value).lower()
    assert ("can't parse entities" in str(refused.value).lower()) == (mode != "Wiki")


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        (
            "HTML",
            (
                '<b>bold</b> &lt;T&gt; <a href="https://e.org">link</a> '
                '<pre><code class="language-py">x</code></pre>'
            ),
        ),
        ("MarkdownV2", "*bold* <T\\> [link](https://e.org) ```py\nx```"),
        ("Markdown", "*bold* <T> [link](https://e.org) ```py\nx```"),
    ],
)
async def test_every_parse_mode_ends_in_the_same_text_and_entities(bot, ada, mode, text) -> None:
    sent = await bot.send_message(7, text, parse_mode=mode)

    assert sent.text == "bold <T> link x"
    assert [(mark.type, mark.offset, mark.length) for mark in sent.entities] == [
        ("bold", 0, 4),
        ("text_link", 9, 4),
        ("pre", 14, 1),
    ]
    assert sent.entities[2].language == "py"


@pytest.mark.parametrize("unit", ["x", "🎉"])
async def test_a_text_may_have_4096_units_and_not_one_more(bot, ada, unit) -> None:
    most = unit * (4096 // (len(unit.encode("utf-16-le")) // 2))

    await bot.send_message(7, most)
    with refused("message is too long"):
        await bot.send_message(7, most + "!")

    assert len(ada.screen()) == 1


async def test_an_edit_is_seen_with_its_history_and_the_same_again_is_refused(bot, ada) -> None:
    sent = await bot.send_message(7, "working", reply_markup=KEYS)

    await sent.edit_text("done")
    with refused("message is not modified"):
        await sent.edit_text("done")

    seen = await ada.sees("done")
    assert (seen.labels, [old.text for old in seen.history]) == ((), ["working"])


async def test_a_deleted_message_is_gone_and_can_be_neither_edited_nor_answered(bot, ada) -> None:
    sent = await bot.send_message(7, "oops")
    await sent.delete()
    await ada.sees_screen(lambda screen: not screen)

    with refused("message to edit not found"):
        await sent.edit_text("better")
    with refused("message to be replied not found"):
        await bot.send_message(7, "as I said", reply_parameters=ptb.ReplyParameters(sent.message_id))


async def test_who_waits_for_what_never_comes_is_shown_the_screen(bot, ada) -> None:
    await bot.send_message(7, "something else", reply_markup=KEYS)

    with pytest.raises(
        AssertionError, match=r"(?s)Ada did not see 'it'.*Peerline: something else \[yes\] \[no\]"
    ):
        await ada.sees("it", within=0.01)


async def test_a_tap_reaches_the_bot_and_its_spinner_stops_once(bot, ada) -> None:
    sent = await bot.send_message(7, "Run it?", reply_markup=KEYS)
    tap = ada.taps(sent.message_id, "yes")

    query = (await polled(bot)).callback_query
    await query.answer("noted")

    assert (query.data, query.message.message_id) == ("yes", sent.message_id)
    assert await tap.answered() == "noted"
    with refused("query is too old"):
        await query.answer("again")


async def test_a_tap_that_grew_old_cannot_be_answered(bot, ada) -> None:
    sent = await bot.send_message(7, "Run it?", reply_markup=KEYS)
    ada.taps(sent.message_id, "no").grows_old()

    with refused("query is too old"):
        await (await polled(bot)).callback_query.answer()


async def test_a_button_that_an_edit_took_away_can_only_be_tapped_by_a_stale_screen(bot, ada) -> None:
    sent = await bot.send_message(7, "Run it?", reply_markup=KEYS)
    await sent.edit_reply_markup(None)

    with pytest.raises(LookupError, match="no button 'yes'"):
        ada.taps(sent.message_id, "yes")
    ada.taps(sent.message_id, "yes", stale=True)

    assert (await polled(bot)).callback_query.data == "yes"


@pytest.mark.parametrize(
    ("tag", "fits"), [("x" * 64, True), ("x" * 65, False), ("ä" * 32, True), ("ä" * 33, False)]
)
async def test_a_button_carries_at_most_64_bytes(telegram, ada, tag, fits) -> None:
    key = {"inline_keyboard": [[{"text": "key", "callback_data": tag}]]}

    answer = await posted(telegram, {"chat_id": 7, "text": "?", "reply_markup": key})

    assert answer["ok"] is fits
    assert fits or answer["description"] == "Bad Request: BUTTON_DATA_INVALID"
    assert len(ada.screen()) == int(fits)


async def test_a_keyboard_below_the_chat_stays_until_it_is_taken_away(bot, ada) -> None:
    await bot.send_message(7, "who?", reply_markup=ptb.ReplyKeyboardMarkup([["backend", "frontend"]]))
    await bot.send_message(7, "hm")
    assert ada.chat.keyboard == (("backend", "frontend"),)

    await bot.send_message(7, "bye", reply_markup=ptb.ReplyKeyboardRemove())

    assert ada.chat.keyboard == ()


async def test_a_document_needs_content_has_a_limit_and_a_caption_may_have_1024_units(bot, ada) -> None:
    with refused("file must be non-empty"):
        await bot.send_document(7, b"", filename="empty")
    with refused("message caption is too long"):
        await bot.send_document(7, b"x", filename="x.txt", caption="x" * 1025)
    sent = await bot.send_document(
        7, b"x" * 3000, filename="x.txt", caption="x" * 1024, disable_notification=True
    )

    [message] = ada.heard()
    assert (sent.document.file_name, sent.document.file_size) == ("x.txt", 3000)
    assert (message.document.content, message.silent, len(message.text)) == (b"x" * 3000, True, 1024)
