"""What Slack tells means this; no network. The shapes are as Slack sends them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bots.interface import Deleted, Edited, PlaceChanged, Reacted, Said, Tapped
from bots.slack.hearing import COMMANDS, EVENTS, INTERACTIVE, Me, heard_in, raw_of
from bots.slack.pressing import ASK, REPLY, About, packed, unpacked, wished

Json = dict[str, Any]
ME = Me("T1", "U9", "B9")
CHAT = About("T1:U1")
ADA = {"user": "U1", "team": "T1"}
TOKEN = "verification-token-of-old"


def told(**event: Any) -> Json:
    return {
        "token": TOKEN,
        "team_id": "T1",
        "type": "event_callback",
        "event_id": "Ev1",
        "event": event,
    }


def message(text: str = "hi", channel: str = "C1", **more: Any) -> Json:
    event = {"type": "message", "channel": channel, "ts": "100.000100", "text": text}
    return told(**(event | ADA | more))


def said(payload: Json) -> Said:
    heard = heard_in(EVENTS, payload, ME)
    assert isinstance(heard, Said)
    return heard


def tap(value: str = "t:a-1:2", **more: Any) -> Json:
    return {
        "type": "block_actions",
        "user": {"id": "U1", "team_id": "T1"},
        "team": {"id": "T1"},
        "trigger_id": "1.2.x",
        "container": {"type": "message", "message_ts": "50.1", "channel_id": "C1"},
        "channel": {"id": "C1"},
        "message": {"ts": "50.1", "text": "go on?"},
        "actions": [{"action_id": "x", "value": value, "action_ts": "60.5", "type": "button"}],
        "response_url": "https://hooks.slack.com/x",
    } | more


def submission(callback: str = ASK, about: About = CHAT, **fields: Json) -> Json:
    values = {name: {name: field} for name, field in fields.items()}
    view = {
        "id": "V1",
        "hash": "1.abc",
        "callback_id": callback,
        "private_metadata": packed(about),
        "state": {"values": values},
    }
    return {
        "type": "view_submission",
        "user": {"id": "U1", "team_id": "T1"},
        "team": {"id": "T1"},
        "view": view,
    }


# --- whose words ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        {"bot_id": "B1"},
        {"subtype": "bot_message"},
        {"subtype": "channel_join"},
        {"user": "U9"},
        {"user": None},
        {"user": "USLACKBOT"},
        {"user": ["U1"]},
        {"user": "U1:U2"},
        {"hidden": True},
        {"ts": "100"},
        {"thread_ts": "x"},
        {"channel": "X1"},
        {"app_id": "A1"},
    ],
)
def test_only_a_person_in_person_is_heard(more: Json) -> None:
    assert heard_in(EVENTS, message(**more), ME) is None
    assert raw_of(EVENTS, message(**more), ME) is None


def test_whoever_is_of_another_team_is_that_teams() -> None:
    shared = message(team="T1", user_team="T2", source_team="T2")
    assert said(shared).account == "T2:U1"


def test_a_message_and_its_mention_are_one_update() -> None:
    mention = message("<@U9> how far?") | {"event_id": "Ev2"}
    mention["event"] = mention["event"] | {"type": "app_mention"}
    first, second = raw_of(EVENTS, message("<@U9> how far?"), ME), raw_of(EVENTS, mention, ME)
    assert first
    assert second
    assert first.update_id == second.update_id == "C1/100.000100"


def test_nothing_secret_is_kept() -> None:
    raw = raw_of(INTERACTIVE, tap(), ME)
    assert raw
    assert "hooks.slack.com" not in raw.body
    kept = raw_of(EVENTS, message(), ME)
    assert kept
    assert TOKEN not in kept.body
    assert heard_in(**_again(kept.body)) == said(message())


def _again(body: str) -> Json:
    found = json.loads(body)
    return {"kind": found["kind"], "payload": found["payload"], "me": ME}


# --- where ------------------------------------------------------------------------------------------------------------


def test_a_line_of_a_thread_stands_in_it_and_replies_to_its_root() -> None:
    heard = said(message(thread_ts="90.1"))
    assert (heard.address, heard.thread, heard.reply_to) == ("C1/90.1", "C1/90.1", "C1/90.1")
    assert heard.receipt == "C1/90.1/100.000100"


def test_a_line_at_top_level_may_begin_a_thread() -> None:
    heard = said(message())
    assert (heard.address, heard.thread, heard.reply_to) == ("C1", "C1/100.000100", "")
    assert said(message(thread_ts="100.000100")).address == "C1"


def test_direct_messages_are_plain_talk_but_in_threads() -> None:
    assert (said(message(channel="D1")).address, said(message(channel="D1")).thread) == ("T1:U1", "")
    assert said(message(channel="D1", thread_ts="90.1")).thread == "T1:U1/90.1"


# --- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<@U9> how far?", "how far?"),
        ("<@U9>: peers", "/peers"),
        ("<@U9> to dev/api", "/to dev/api"),
        ("<@U9> stop the noise", "stop the noise"),
        ("<@U9> start the build", "start the build"),
        ("<@U9> notify @api it is done", "/notify @api it is done"),
        ("hey <@U9|peerline>, and <@U2|ben>?", "hey , and @ben?"),
        ("peers", "peers"),
        ("a &lt;b&gt; &amp;amp; c", "a <b> &amp; c"),
        (
            "see <https://x.org/a|the page> and <http://y.org|y.org>",
            "see the page (https://x.org/a) and y.org",
        ),
        ("<#C2|ops> <!here> <!subteam^S1|@team>", "#ops @here @team"),
    ],
)
def test_words_are_as_somebody_reads_them(written: str, text: str) -> None:
    assert said(message(written)).text == text


def test_what_begins_with_somebody_elses_name_is_theirs() -> None:
    assert heard_in(EVENTS, message("<@U2> lunch?", thread_ts="90.1"), ME) is None
    assert said(message("<@U2> and <@U9> lunch?")).called


def test_what_is_shared_is_its_authors() -> None:
    shared = {"attachments": [{"is_share": True, "author_name": "Ben", "text": "/stop api"}]}
    alone = said(message("", **shared))
    assert (alone.forwarded, alone.text) == ("Ben", "/stop api")
    assert said(message("look", **shared)).text == "look\n> Ben: /stop api"


def test_files_alone_are_something_said() -> None:
    sent = {"files": [{"mimetype": "image/png", "url_private": "https://files.slack.com/x", "size": 5}]}
    raw = raw_of(EVENTS, message("", subtype="file_share", **sent), ME)
    assert raw is not None


# --- changed ----------------------------------------------------------------------------------------------------------


def changed(**more: Any) -> Json:
    after = {"type": "message", "ts": "100.1", "text": "new", "edited": {"user": "U1", "ts": "101.1"}} | ADA
    event = {"message": after | more, "previous_message": after | {"text": "old"}}
    return told(type="message", subtype="message_changed", channel="C1", hidden=True, **event)


def test_an_edit_is_an_update_of_its_own() -> None:
    heard = heard_in(EVENTS, changed(), ME)
    assert heard == Edited(
        update_id="C1/100.1/101.1", address="C1", account="T1:U1", receipt="C1/100.1", text="new"
    )


@pytest.mark.parametrize("more", [{"text": "old"}, {"edited": None}, {"bot_id": "B9"}, {"user": "U9"}])
def test_what_no_person_changed_is_no_edit(more: Json) -> None:
    assert heard_in(EVENTS, changed(**more), ME) is None


def test_a_deletion_is_of_whoever_wrote_it() -> None:
    before = {"ts": "100.1", "text": "x", "thread_ts": "90.1"} | ADA
    event = {"type": "message", "subtype": "message_deleted", "channel": "C1", "deleted_ts": "100.1"}
    heard = heard_in(EVENTS, told(**event, previous_message=before), ME)
    assert heard == Deleted(
        update_id="C1/100.1/deleted", address="C1/90.1", account="T1:U1", receipt="C1/90.1/100.1"
    )
    tombstone = {"ts": "100.1", "subtype": "tombstone", "user": "USLACKBOT"}
    gone = told(
        type="message", subtype="message_changed", channel="C1", message=tombstone, previous_message=before
    )
    assert heard_in(EVENTS, gone, ME) == heard


def test_a_sign_on_ours_is_heard_and_on_anothers_not() -> None:
    item = {"type": "message", "channel": "C1", "ts": "50.1"}
    event = {"type": "reaction_added", "user": "U1", "reaction": "eyes", "item": item}
    heard = heard_in(EVENTS, told(**event, item_user="U9"), ME)
    assert heard == Reacted(update_id="Ev1", address="C1", account="T1:U1", receipt="C1/50.1", sign="eyes")
    assert heard_in(EVENTS, told(**event, item_user="U2"), ME) is None


@pytest.mark.parametrize(
    ("where", "address", "private"),
    [({"channel": "C1", "thread_ts": "50.1"}, "C1/50.1", False), ({"channel": "D1"}, "T1:U1", True)],
)
def test_slacks_own_stop_key_is_the_word(where, address, private) -> None:
    heard = heard_in(EVENTS, told(type="agent_session_stopped", user="U1", **where), ME)
    assert isinstance(heard, Said)
    assert (heard.text, heard.address, heard.account, heard.private) == ("/stop", address, "T1:U1", private)
    assert raw_of(EVENTS, told(type="agent_session_stopped", user="U1", **where), ME).hurried


def test_when_it_was_said_or_pressed_is_kept() -> None:
    sign = {"type": "reaction_added", "user": "U1", "reaction": "eyes", "item_user": "U9"}
    item = {"item": {"type": "message", "channel": "C1", "ts": "50.1"}}
    for kind, payload, said_at in (
        (EVENTS, told(**sign, **item, event_ts="1700000000.500000"), "2023-11-14T22:13:20.500000+00:00"),
        (EVENTS, told(**sign, **item), None),
        (INTERACTIVE, tap(), "1970-01-01T00:01:00.500000+00:00"),
    ):
        raw = raw_of(kind, payload, ME)
        assert raw
        assert raw.said_at == said_at


def test_being_shut_out_is_told() -> None:
    heard = heard_in(EVENTS, told(type="channel_archive", channel="C1", user="U1"), ME)
    assert isinstance(heard, PlaceChanged)
    assert heard.closed == "the channel is archived"
    joined = told(type="member_joined_channel", channel="C1", user="U2")
    assert heard_in(EVENTS, joined, ME) is None


# --- keys, commands, modals -------------------------------------------------------------------------------------------


def test_a_tap_hurries_and_has_an_id_of_its_own() -> None:
    raw, heard = raw_of(INTERACTIVE, tap(), ME), heard_in(INTERACTIVE, tap(), ME)
    assert isinstance(heard, Tapped)
    assert raw
    assert (heard.update_id, raw.hurried) == ("C1/50.1/60.5/T1:U1", True)
    assert (heard.ask_id, heard.option, heard.receipt) == ("a-1", 2, "C1/50.1")


@pytest.mark.parametrize(
    "value", ["", "t:a-1", "t::1", "t:a-1:-1", "t:a-1:x", "t:a-1:1111", "w:a-1", "x:a-1:1"]
)
def test_other_values_choose_nothing(value: str) -> None:
    assert heard_in(INTERACTIVE, tap(value), ME) is None


def test_a_menu_chooses_as_a_key_does() -> None:
    chosen = {"selected_option": {"value": "t:a-1:7"}, "action_ts": "60.5", "type": "static_select"}
    heard = heard_in(INTERACTIVE, tap(actions=[chosen]), ME)
    assert isinstance(heard, Tapped)
    assert heard.option == 7


def test_the_key_for_ones_own_words_wishes_for_a_modal_about_its_card() -> None:
    wish = wished(tap("w:a-1"))
    assert wish
    assert (wish.callback, wish.account, wish.about) == (REPLY, "T1:U1", About("C1", "C1/50.1"))


def test_a_slash_command_in_a_channel_and_in_the_chat() -> None:
    command = {"team_id": "T1", "user_id": "U1", "channel_id": "C1", "trigger_id": "1.2.x", "command": "/p"}
    heard = heard_in(COMMANDS, command | {"text": "@api how far?"}, ME)
    assert isinstance(heard, Said)
    assert (heard.text, heard.aside, heard.private, heard.address) == ("@api how far?", True, False, "C1")
    alone = heard_in(COMMANDS, command | {"text": " ", "channel_id": "D1"}, ME)
    assert isinstance(alone, Said)
    assert (alone.text, alone.private, alone.address) == ("/help", True, "T1:U1")


def test_a_filled_in_modal_says_to_whom() -> None:
    who = {"type": "static_select", "selected_option": {"value": "dev/api"}}
    heard = heard_in(INTERACTIVE, submission(to=who, words={"value": " how far? "}), ME)
    assert isinstance(heard, Said)
    assert (heard.update_id, heard.to, heard.text, heard.private) == ("V1/1.abc", "dev/api", "how far?", True)


def test_words_of_ones_own_reply_to_the_card() -> None:
    about = About("C1/90.1", "C1/90.1/95.1")
    heard = heard_in(INTERACTIVE, submission(REPLY, about, words={"value": "the blue one"}), ME)
    assert isinstance(heard, Said)
    assert (heard.address, heard.thread, heard.reply_to) == ("C1/90.1", "C1/90.1", "C1/90.1/95.1")
    assert heard.aside


def test_a_modal_about_somebody_elses_chat_is_nothing() -> None:
    assert heard_in(INTERACTIVE, submission(about=About("T1:U2"), words={"value": "x"}), ME) is None


def test_what_a_modal_is_about_fits_whatever_was_said_around() -> None:
    about = About("C1/90.1", "C1/90.1", 'Ben: "é\n' * 4000)
    told_about = packed(about)
    found = unpacked(told_about)
    assert len(told_about) <= 3000
    assert found
    assert found.address == "C1/90.1"
    assert about.around.startswith(found.around)
