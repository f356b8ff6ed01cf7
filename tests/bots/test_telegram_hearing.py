"""What an update means; no network. The shapes are as Telegram sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bots.interface import Choice, Edited, PlaceChanged, Reacted, Said, Tapped
from bots.telegram.hearing import WANTED, Me, heard_in, raw_of, spinner_of
from bots.telegram.sent import file_in
from bots.telegram.translate import callback
from daemon.core.model import File

Json = dict[str, Any]
ME = Me(123, "peerline_bot")
US = {"id": 123, "is_bot": True, "first_name": "Peerline", "username": "peerline_bot"}
ADA = {"id": 7, "is_bot": False, "first_name": "Ada"}
EVE = {"id": 66, "is_bot": False, "first_name": "Eve", "last_name": "Moss"}
PRIVATE = {"id": 7, "type": "private", "first_name": "Ada"}
TEAM = {"id": -1001, "type": "supergroup", "title": "The Team", "is_forum": True}
SMALL = {"id": -5, "type": "group", "title": "Small"}
NEWS = {"id": -1002, "type": "channel", "title": "News"}
ROOT = {
    "message_id": 40,
    "chat": TEAM,
    "from": ADA,
    "forum_topic_created": {"name": "API work", "icon_color": 1},
}
IN_TOPIC = {"chat": TEAM, "message_thread_id": 40, "is_topic_message": True}


def message(**more: Any) -> Json:
    return {"update_id": 5, "message": {"message_id": 3, "text": "hi", "chat": PRIVATE, "from": ADA} | more}


def edit(**more: Any) -> Json:
    return {"update_id": 5, "edited_message": message(**more)["message"] | {"edit_date": 1}}


def tap(callback_data: Any, **more: Any) -> Json:
    query = {"id": "q1", "from": ADA, "data": callback_data, "message": {"message_id": 3, "chat": PRIVATE}}
    return {"update_id": 6, "callback_query": query | more}


def mark(**more: Any) -> Json:
    signs = [{"type": "emoji", "emoji": "👍"}]
    return {
        "update_id": 8,
        "message_reaction": {
            "chat": PRIVATE, "message_id": 3, "user": ADA, "date": 1, "old_reaction": [], "new_reaction": signs,
        } | more,
    }  # fmt: skip


def member(status: str, chat: Json = TEAM) -> Json:
    change = {
        "old_chat_member": {"user": US, "status": "member"},
        "new_chat_member": {"user": US, "status": status},
    }
    return {"update_id": 9, "my_chat_member": {"chat": chat, "from": EVE, "date": 1} | change}


def entity(type_: str, text: str, word: str, **more: Any) -> Json:
    start = len(text[: text.index(word)].encode("utf-16-le")) // 2
    return {"type": type_, "offset": start, "length": len(word.encode("utf-16-le")) // 2} | more


def said(update: Json, *files: File) -> Said:
    heard = heard_in(update, ME, files)
    assert isinstance(heard, Said)
    return heard


def in_team(text: str, *entities: Json, **more: Any) -> Json:
    return message(chat=TEAM, text=text, entities=list(entities), **more)


# --- who and where --------------------------------------------------------------------------------------------------


def test_private_words_are_said_by_their_numeric_account_in_their_chat() -> None:
    assert heard_in(message(), ME) == Said(
        update_id="123/5", address="7", account="7", text="hi", author="Ada", private=True, receipt="7/3"
    )


def test_words_of_a_group_have_the_group_as_address_and_its_title() -> None:
    heard = said(message(chat=TEAM))

    assert (heard.address, heard.private, heard.title, heard.topic, heard.receipt) == (
        "-1001", False, "The Team", "", "-1001/3",
    )  # fmt: skip


def test_words_of_a_topic_have_an_address_of_their_own_and_general_has_none() -> None:
    assert said(message(**IN_TOPIC, reply_to_message=ROOT)).address == "-1001/40"
    assert said(message(**IN_TOPIC, reply_to_message=ROOT)).topic == "API work"
    assert said(message(chat=TEAM, message_thread_id=9)).address == "-1001"  # a mere thread of replies


BOT = ADA | {"is_bot": True}
NOT_HEARD: dict[str, Json] = {
    "a private chat of somebody else": message(chat=PRIVATE | {"id": 8}),
    "a group that says it is called as a person": message(chat=PRIVATE | {"type": "group"}),
    "a channel": message(chat=NEWS),
    "a channel's post": {"update_id": 5, "channel_post": {"message_id": 3, "chat": NEWS, "text": "hi"}},
    "a bot": message(**{"from": BOT}),
    "a bot in a group": message(chat=TEAM, **{"from": BOT}),
    "a bot that edits": edit(**{"from": BOT}),
    "a bot that taps": tap("t:a-1:0", **{"from": BOT}),
    "a bot that marks": mark(user=BOT),
    "somebody of whom it is not said that they are no bot": message(**{"from": {"id": 7}}),
    "through a bot": message(via_bot=BOT),
    "through a business account's bot": message(sender_business_bot=BOT),
    "in the name of a channel": message(chat=TEAM, sender_chat=NEWS),
    "an anonymous admin": message(
        chat=TEAM, sender_chat=TEAM, **{"from": {"id": 1087968824, "is_bot": True, "username": "GroupAnonymousBot"}}
    ),
    "an anonymous admin's mark": mark(chat=TEAM, actor_chat=TEAM),
    "a mark of nobody": mark(user=None),
    "what a linked channel forwarded by itself": message(chat=TEAM, is_automatic_forward=True),
    "nobody": message(**{"from": None}),
    "no text, no file": message(text=None),
    "somebody joined": message(text=None, chat=TEAM, new_chat_members=[EVE]),
    "a topic was made": message(text=None, **IN_TOPIC, forum_topic_created={"name": "x", "icon_color": 1}),
    "a kind that is new": {"update_id": 5, "something_new": {}},
    "two kinds at once": message() | {"edited_message": message()["message"]},
    "another shape": {"update_id": 5, "message": "of another shape"},
    "an update that is true": message() | {"update_id": True},
    "an account that is true": message(chat=PRIVATE | {"id": 1}, **{"from": ADA | {"id": True}}),
    "a tap below an inline message": tap("t:a-1:0", inline_message_id="x"),
    "a tap without a message": tap("t:a-1:0", message=None),
    "a tap in another's chat": tap("t:a-1:0", message={"message_id": 3, "chat": PRIVATE | {"id": 8}}),
    "a tap in a channel": tap("t:a-1:0", message={"message_id": 3, "chat": NEWS}),
    "a mark that was taken back": mark(new_reaction=[]),
    "a mark that is no emoji": mark(new_reaction=[{"type": "custom_emoji", "custom_emoji_id": "5"}]),
    "an edit of what was passed on": edit(forward_origin={"type": "user", "sender_user": EVE, "date": 1}),
    **{
        f"a key that carries {data!r}": tap(data)
        for data in ("", "t:a-1", "t::0", "t:a-1:x", "t:a-1:-1", "x:a-1:0", "t:a-1:\u0661", None)
    },
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_HEARD)
def test_nobody_but_a_person_in_person_is_heard(case: str) -> None:
    assert heard_in(NOT_HEARD[case], ME) is None


# --- what in a group is for us --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("@peerline_bot how far?", "how far?"),
        ("how far, @Peerline_Bot?", "how far, ?"),
        ("🧭 @peerline_bot, how far?", "🧭 , how far?"),
        ("@peerline_bot @backend go on", "@backend go on"),
        ("@peerline_bot", ""),
    ],
)
def test_our_name_calls_us_and_is_taken_out(text: str, left: str) -> None:
    name = next(word for word in ("@peerline_bot", "@Peerline_Bot") if word in text)
    heard = said(in_team(text, entity("mention", text, name)))

    assert (heard.called, heard.text) == (True, left)


def test_a_mention_by_account_calls_us_too() -> None:
    heard = said(in_team("Peerline go", entity("text_mention", "Peerline go", "Peerline", user=US)))

    assert (heard.called, heard.text) == (True, "go")


def test_other_names_call_others_and_our_name_in_code_calls_nobody() -> None:
    text = "@eve look at @peerline_bot"
    code = entity("code", text, "@peerline_bot")

    assert not said(in_team(text, entity("mention", text, "@eve"), code)).called
    assert said(in_team(text, entity("mention", text, "@eve"), code)).text == text


def test_a_command_by_our_name_is_for_us_and_one_by_anothers_is_not() -> None:
    ours, others = "/peers@peerline_bot now", "/peers@other_bot now"

    assert said(in_team(ours, entity("bot_command", ours, "/peers@peerline_bot"))).called
    assert heard_in(in_team(others, entity("bot_command", others, "/peers@other_bot")), ME) is None
    assert not said(
        in_team("/peers", entity("bot_command", "/peers", "/peers"))
    ).called  # the core knows its words


def test_a_reply_to_us_calls_us_and_one_to_a_topics_first_message_does_not() -> None:
    answer = {"message_id": 30, "chat": TEAM, "from": US}
    root = {"message_id": 40, "chat": TEAM, "from": US}

    replied = said(message(chat=TEAM, reply_to_message=answer))
    in_topic = said(message(**IN_TOPIC, reply_to_message=root))

    assert (replied.called, replied.reply_to) == (True, "-1001/30")
    assert (in_topic.called, in_topic.reply_to) == (False, "")
    assert not said(message(chat=TEAM, reply_to_message=answer | {"from": EVE})).called


def test_a_reply_names_the_receipt_of_what_it_replies_to() -> None:
    assert said(message(reply_to_message={"message_id": 2})).reply_to == "7/2"


# --- taps, edits, marks, and what becomes of us ---------------------------------------------------------------------


def test_a_tap_comes_back_as_the_option_that_the_key_carried() -> None:
    key = callback(Choice(label="yes", ask_id="a-1", option=0))

    assert heard_in(tap(key), ME) == Tapped(
        update_id="123/6", address="7", account="7", ask_id="a-1", option=0, receipt="7/3"
    )


def test_a_tap_in_a_topic_is_in_that_topic() -> None:
    heard = heard_in(tap("t:a-1:1", message={"message_id": 3, **IN_TOPIC}), ME)

    assert isinstance(heard, Tapped)
    assert (heard.address, heard.receipt) == ("-1001/40", "-1001/3")


def test_a_tap_waits_to_be_told_even_when_it_means_nothing_to_us() -> None:
    assert [spinner_of(tap("old format")), spinner_of(message())] == ["q1", None]


def test_an_edit_names_the_message_that_was_changed() -> None:
    assert heard_in(edit(text="ho"), ME) == Edited(
        update_id="123/5", address="7", account="7", receipt="7/3", text="ho"
    )


def test_a_mark_names_what_it_was_put_on() -> None:
    assert heard_in(mark(), ME) == Reacted(
        update_id="123/8", address="7", account="7", receipt="7/3", sign="👍"
    )


@pytest.mark.parametrize(
    ("status", "closed"),
    [
        ("kicked", "we were removed from the group"),
        ("left", "we were removed from the group"),
        ("member", ""),
        ("administrator", ""),
    ],
)
def test_being_removed_from_a_group_closes_it_and_coming_back_opens_it(status: str, closed: str) -> None:
    assert heard_in(member(status), ME) == PlaceChanged(update_id="123/9", address="-1001", closed=closed)


def test_being_blocked_closes_the_private_chat() -> None:
    heard = heard_in(member("kicked", PRIVATE), ME)

    assert heard == PlaceChanged(update_id="123/9", address="7", closed="we were blocked there")


@pytest.mark.parametrize(
    "update",
    [
        message(chat=SMALL, text=None, migrate_to_chat_id=-1001),
        message(chat=TEAM, text=None, migrate_from_chat_id=-5),
        message(chat=SMALL, text=None, migrate_to_chat_id=-1001, sender_chat=SMALL, **{"from": BOT}),
    ],
)
def test_a_group_that_became_another_keeps_its_place(update: Json) -> None:
    assert heard_in(update, ME) == PlaceChanged(update_id="123/5", address="-5", moved_to="-1001")


# --- what stands in it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ({"type": "user", "sender_user": EVE, "date": 1}, "Eve Moss"),
        ({"type": "hidden_user", "sender_user_name": "Someone", "date": 1}, "Someone"),
        ({"type": "chat", "sender_chat": TEAM, "date": 1}, "The Team"),
        ({"type": "channel", "chat": NEWS, "message_id": 1, "date": 1}, "News"),
        ({"type": "new"}, "somebody"),
    ],
)
def test_what_was_passed_on_says_whose_it_is(origin: Json, name: str) -> None:
    assert said(message(forward_origin=origin)).forwarded == name


def test_what_was_passed_on_the_old_way_says_whose_it_is() -> None:
    assert said(message(forward_from=EVE, forward_date=1)).forwarded == "Eve Moss"
    assert said(message(forward_date=1)).forwarded == "somebody"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"sticker": {"file_id": "x", "emoji": "🎉"}}, "🎉"),
        ({"sticker": {"file_id": "x"}}, "(a sticker)"),
        ({"location": {"latitude": 38.7, "longitude": -9.1}}, "(location: 38.7, -9.1)"),
        (
            {"venue": {"title": "Café", "location": {"latitude": 1, "longitude": 2}}, "location": {}},
            "(location: Café, 1, 2)",
        ),
        ({"contact": {"first_name": "Eve", "phone_number": "+1"}}, "(contact: Eve, +1)"),
        ({"photo": [{"file_id": "x"}], "caption": "look"}, "look"),
    ],
)
def test_what_is_no_text_is_put_into_words(content: Json, words: str) -> None:
    assert said(message(text=None, **content)).text == words


@pytest.mark.parametrize(
    ("content", "kind", "name", "size"),
    [
        ({"photo": [{"file_id": "s", "file_size": 9}, {"file_id": "x", "file_size": 99}]}, "photo", "", 99),
        ({"document": {"file_id": "x", "file_name": "a.pdf", "file_size": 5}}, "document", "a.pdf", 5),
        ({"voice": {"file_id": "x", "duration": 3}}, "voice", "", 0),
        ({"audio": {"file_id": "x", "title": "Song"}}, "audio", "Song", 0),
        ({"video": {"file_id": "x", "file_name": "f.mp4"}}, "video", "f.mp4", 0),
        ({"video_note": {"file_id": "x"}}, "video", "", 0),
        ({"animation": {"file_id": "x"}, "document": {"file_id": "x", "file_name": "g.gif"}}, "video", "", 0),
    ],
)
def test_the_file_of_a_message_is_found(content: Json, kind: str, name: str, size: int) -> None:
    sent = file_in(message(text=None, **content)["message"])

    assert sent is not None
    assert (sent.kind, sent.file_id, sent.name, sent.size) == (kind, "x", name, size)


def test_a_file_without_a_word_is_said_all_the_same() -> None:
    file = File(kind="photo", path="/p", size=5)

    assert said(message(text=None, photo=[{"file_id": "x"}]), file).files == (file,)


# --- what is kept ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("update", "said_at"),
    [
        (message(date=1_700_000_000), "2023-11-14T22:13:21+00:00"),
        (message(date=10**30), None),
        (message(date="now"), None),
    ],
)
def test_when_it_was_said_is_kept_and_telegram_tells_whole_seconds(update: Json, said_at: str | None) -> None:
    raw = raw_of(update, 123)
    assert raw
    assert raw.said_at == said_at


def test_what_is_kept_is_what_came_under_the_bots_own_number() -> None:
    raw = raw_of(message(), 123)

    assert raw is not None
    assert (raw.update_id, raw.lane, raw.hurried, raw.album) == ("123/5", "7", False, "")
    assert json.loads(raw.body) == message()


@pytest.mark.parametrize(
    ("update", "lane"),
    [
        (message(chat=TEAM), "-1001"),
        (message(**IN_TOPIC), "-1001/40"),
        (edit(**IN_TOPIC), "-1001/40"),
        (member("kicked"), "-1001"),
        (message(chat=SMALL, text=None, migrate_to_chat_id=-1001), "-1001"),
        (message(chat=TEAM, text=None, migrate_from_chat_id=-5), "-1001"),
    ],
)
def test_each_chat_and_each_topic_is_a_lane(update: Json, lane: str) -> None:
    raw = raw_of(update, 123)

    assert raw is not None
    assert (raw.lane, raw.hurried) == (lane, False)


@pytest.mark.parametrize(
    ("update", "hurried"),
    [
        (tap("t:a-1:0"), True),
        (message(text="/stop api"), True),
        (message(text="/stop@peerline_bot api"), True),
        (message(text="/lock"), True),
        (message(text="/freeze dev"), True),
        (message(text="/peers"), False),
        (message(text="stop it"), False),
        (message(text="/lock", forward_origin={"type": "user", "sender_user": EVE}), False),
        (edit(text="/lock"), False),
    ],
)
def test_taps_and_brakes_do_not_wait(update: Json, hurried: bool) -> None:
    raw = raw_of(update, 123)

    assert raw is not None
    assert raw.hurried is hurried


def test_the_pieces_of_an_album_bear_its_name_in_their_chat() -> None:
    pieces = [raw_of(message(media_group_id="77", photo=[{"file_id": x}], chat=chat), 123)
              for x, chat in (("a", PRIVATE), ("b", PRIVATE), ("c", TEAM))]  # fmt: skip

    assert [piece.album for piece in pieces if piece] == ["7:77", "7:77", "-1001:77"]


def test_what_nobody_did_in_person_is_not_even_kept() -> None:
    kept = {case for case, update in NOT_HEARD.items() if raw_of(update, 123)}

    assert not {case for case in kept if "bot" in case or "admin" in case or "channel" in case}


def test_every_kind_that_is_understood_is_asked_for() -> None:
    assert WANTED == ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
