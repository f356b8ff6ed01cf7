"""Whatever Telegram sends: nothing fails, and only the numeric account of one person counts as who speaks.

Every kind of update that Telegram's documentation lists, as it looks there, and one that it does not list; each with
fields gone, moved, huge, deep, doubled or of another type.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.interface import Edited, PlaceChanged, Reacted, Said, Tapped
from bots.telegram.hearing import Me, heard_in, raw_of, spinner_of
from daemon.core import commands as c
from daemon.core.errors import PeerlineError
from daemon.core.model import File
from tests.core.line import A_MINUTE
from tests.fuzz.office import Office
from tests.fuzz.values import mutated

Json = dict[str, Any]
ADA = {"id": 7, "is_bot": False, "first_name": "Ada", "username": "ada", "language_code": "pt"}
EVE = {"id": 66, "is_bot": False, "first_name": "Ada", "username": "ada"}  # a name may be taken by anybody
PRIVATE = {"id": 7, "type": "private", "first_name": "Ada", "username": "ada"}
GROUP = {"id": -1001, "type": "supergroup", "title": "team", "is_forum": True}
CHANNEL = {"id": -1002, "type": "channel", "title": "news"}


def message(chat: Json = PRIVATE, sender: Json = ADA, **more: Any) -> Json:
    return {"message_id": 3, "date": 1_790_000_000, "chat": chat, "from": sender} | more


KEYS = {"inline_keyboard": [[{"text": "Allow", "callback_data": "t:a-1:0"}]]}
QUERY = {"id": "q1", "from": ADA, "chat_instance": "1", "data": "t:a-1:0"}
MESSAGES: dict[str, Json] = {
    "text": message(text="hi"),
    "command": message(text="/peers", entities=[{"type": "bot_command", "offset": 0, "length": 6}]),
    "reply": message(text="yes", reply_to_message=message(text="go on?", reply_markup=KEYS)),
    "quote": message(text="yes", external_reply={"origin": {"type": "user", "sender_user": EVE, "date": 1}}),
    "forwarded": message(text="run rm", forward_origin={"type": "user", "sender_user": EVE, "date": 1}),
    "of a group": message(GROUP, EVE, text="@bot hi", message_thread_id=2, is_topic_message=True),
    "as a channel": message(
        GROUP, {"id": 136817688, "is_bot": True, "first_name": "Channel"}, sender_chat=CHANNEL
    ),
    "by another bot": message(PRIVATE, {"id": 8, "is_bot": True, "first_name": "Bot"}, text="hi"),
    "via a bot": message(text="hi", via_bot={"id": 8, "is_bot": True, "first_name": "Bot"}),
    "photo": message(
        photo=[{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}], caption="look"
    ),
    "document": message(document={"file_id": "x", "file_unique_id": "y", "file_name": "../../\x1b[2Jrm.sh"}),
    "voice": message(voice={"file_id": "x", "file_unique_id": "y", "duration": 3}),
    "sticker": message(sticker={"file_id": "x", "file_unique_id": "y", "type": "regular"}),
    "location": message(location={"latitude": 0.5, "longitude": 0.5}),
    "contact": message(contact={"phone_number": "+1", "first_name": "Eve", "user_id": 66}),
    "poll": message(poll={"id": "1", "question": "?", "options": []}),
    "new member": message(GROUP, EVE, new_chat_members=[ADA]),
    "migrated": message(GROUP, ADA, migrate_to_chat_id=-1003),
    "pinned": message(pinned_message=message(text="hi")),
    "a topic": message(GROUP, ADA, forum_topic_created={"name": "x", "icon_color": 1}),
}
UPDATES: dict[str, Json] = {
    **{f"message, {name}": {"message": each} for name, each in MESSAGES.items()},
    **{
        kind: {kind: MESSAGES["text"]}
        for kind in ("edited_message", "business_message", "edited_business_message")
    },
    "channel_post": {
        "channel_post": {"message_id": 3, "chat": CHANNEL, "sender_chat": CHANNEL, "text": "hi"}
    },
    "edited_channel_post": {"edited_channel_post": {"message_id": 3, "chat": CHANNEL, "text": "hi"}},
    "callback_query": {"callback_query": QUERY | {"message": message(text="go on?", reply_markup=KEYS)}},
    "callback of a group": {
        "callback_query": QUERY | {"from": EVE, "message": message(GROUP, text="go on?")}
    },
    "callback of what is gone": {
        "callback_query": QUERY | {"message": {"chat": PRIVATE, "message_id": 3, "date": 0}}
    },
    "callback inline": {"callback_query": QUERY | {"inline_message_id": "x"}},
    "callback of a game": {"callback_query": {"id": "q1", "from": ADA, "game_short_name": "x"}},
    "message_reaction": {
        "message_reaction": {"chat": PRIVATE, "message_id": 3, "user": ADA, "new_reaction": [{"emoji": "👍"}]}
    },
    "message_reaction_count": {"message_reaction_count": {"chat": CHANNEL, "message_id": 3, "reactions": []}},
    "inline_query": {"inline_query": {"id": "1", "from": EVE, "query": "x", "offset": ""}},
    "chosen_inline_result": {"chosen_inline_result": {"result_id": "1", "from": EVE, "query": "x"}},
    "shipping_query": {"shipping_query": {"id": "1", "from": EVE, "invoice_payload": "x"}},
    "pre_checkout_query": {
        "pre_checkout_query": {"id": "1", "from": EVE, "currency": "EUR", "total_amount": 1}
    },
    "poll": {"poll": {"id": "1", "question": "?", "options": []}},
    "poll_answer": {"poll_answer": {"poll_id": "1", "user": EVE, "option_ids": [0]}},
    "my_chat_member": {
        "my_chat_member": {"chat": GROUP, "from": EVE, "new_chat_member": {"status": "administrator"}}
    },
    "chat_member": {"chat_member": {"chat": GROUP, "from": EVE, "new_chat_member": {"status": "member"}}},
    "chat_join_request": {"chat_join_request": {"chat": GROUP, "from": EVE, "user_chat_id": 66}},
    "chat_boost": {"chat_boost": {"chat": CHANNEL, "boost": {}}},
    "business_connection": {"business_connection": {"id": "1", "user": EVE, "user_chat_id": 66}},
    "deleted_business_messages": {"deleted_business_messages": {"chat": PRIVATE, "message_ids": [3]}},
    "purchased_paid_media": {"purchased_paid_media": {"from": EVE, "paid_media_payload": "x"}},
    "something_new": {"something_new": MESSAGES["text"]},
}
SAMPLES = [{"update_id": 5} | each for each in UPDATES.values()]
ME = Me(123, "peerline_bot")
BODIES = {
    Said: "message",
    Tapped: "callback_query",
    Edited: "edited_message",
    Reacted: "message_reaction",
}


@settings(max_examples=600)
@given(mutated(SAMPLES))
def test_every_update_is_what_one_person_did_or_nothing(update: Any) -> None:
    heard, raw = heard_in(update, ME, [File(kind="photo")]), raw_of(update, ME.account)

    assert spinner_of(update) is None or isinstance(spinner_of(update), str)
    if heard is None:
        return
    assert raw is not None  # what means something was kept
    assert heard.update_id == raw.update_id == f"123/{update['update_id']}"
    assert json.loads(raw.body) == update
    if isinstance(heard, PlaceChanged):
        assert heard.address.removeprefix("-").isdecimal()
        return
    where = update[BODIES[type(heard)]]
    chat = where["message"]["chat"] if isinstance(heard, Tapped) else where["chat"]
    who = where["user"] if isinstance(heard, Reacted) else where["from"]
    assert (heard.address.partition("/")[0], heard.account) == (str(chat["id"]), str(who["id"]))
    assert who["is_bot"] is False
    assert chat["id"] == who["id"] if chat["type"] == "private" else chat["id"] < 0
    assert raw.lane.partition("/")[0] == str(chat["id"])


class Phone(Office):
    """With Ada's phone, and a question that waits for her."""

    def __init__(self) -> None:
        super().__init__("telegram")
        self.ada = self.line.telegram()
        self.asked = self.line.ask(self.api, self.ada.peer, "go on?", options=("yes", "no"))
        self.line.shown(self.ada)


STRANGERS = [
    {"update_id": n, "message": message({"id": 66, "type": "private"}, EVE, text=text)}
    for n, text in enumerate(["hi", "/start", "/to api", "@api rm", "/stop api", "/people", "yes"])
] + [
    {
        "update_id": 9,
        "callback_query": QUERY | {"from": EVE, "message": message({"id": 66, "type": "private"})},
    }
]


@settings(max_examples=150)
@given(mutated(STRANGERS))
def test_a_strangers_updates_change_nothing_and_are_answered_with_silence(update: Any) -> None:
    heard = heard_in(update, ME)
    if heard is None or getattr(heard, "account", "7") == "7":
        return
    office = Phone()
    office.line.do(c.InvitePerson(surface="telegram", code="K7M2Q9X4", ttl=A_MINUTE))
    before = office.line.rows()

    office.hears(heard)

    assert office.line.rows() == before


@settings(max_examples=150)
@given(mutated(SAMPLES), st.text(max_size=30))
def test_what_the_owner_does_goes_wrong_only_by_being_refused(update: Any, text: str) -> None:
    office = Phone()
    heard = heard_in(update, ME)
    if isinstance(heard, Said) and isinstance(update.get("message"), dict):
        heard = heard_in({**update, "message": update["message"] | {"text": heard.text[:100] + text}}, ME)
    if heard is None:
        return
    json.dumps(update)
    try:
        office.hears(heard)
    except PeerlineError as error:
        pytest.fail(f"{type(error).__name__}: {error}")
