"""Whatever Slack sends: nothing fails, and only the ids of one person in the envelope count as who speaks.

Every kind of envelope that reaches an app, as Slack's documentation shows it, and one that it does not show; each with
fields gone, moved, huge, deep, doubled or of another type.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.interface import PlaceChanged, Said
from bots.slack.doorway import kind_of
from bots.slack.hearing import Me, heard_in, raw_of
from bots.slack.home import visitor
from bots.slack.ids import tap_value
from bots.slack.pressing import ASK, ASK_ABOUT, About, packed, wished
from bots.slack.wording import files_in
from daemon.api.bodies import UpdateBody
from daemon.core.errors import PeerlineError
from tests.fuzz.office import Office
from tests.fuzz.values import mutated

Json = dict[str, Any]
ME = Me("T1", "U9", "B9")
ADA, EVE = "T1:U1", "T1:U6"
FILE = {
    "id": "F1",
    "name": "../../\x1b[2Jrm.sh",
    "mimetype": "image/png",
    "url_private": "http://x/y",
    "size": 3,
}


def message(**more: Any) -> Json:
    said = {"type": "message", "channel": "C1", "user": "U1", "team": "T1", "ts": "100.1", "text": "<@U9> hi"}
    return said | more


def told(event: Json) -> Json:
    return {"type": "event_callback", "team_id": "T1", "event_id": "Ev1", "event": event, "token": "x"}


BEFORE = {"ts": "100.1", "user": "U1", "text": "old", "team": "T1"}
AFTER = BEFORE | {"text": "new", "edited": {"user": "U1", "ts": "101.1"}}
EVENTS: dict[str, Json] = {
    "message": message(),
    "direct": message(channel="D1", channel_type="im", text="@api hi"),
    "of a thread": message(thread_ts="90.1", parent_user_id="U2"),
    "mention": message(type="app_mention"),
    "of another team": message(user_team="T2", source_team="T2"),
    "file": message(subtype="file_share", files=[FILE], text=""),
    "shared": message(attachments=[{"is_share": True, "author_name": "Eve", "text": "/stop api"}], text=""),
    "by a bot": message(subtype="bot_message", bot_id="B1"),
    "by ourselves": message(user="U9"),
    "changed": message(subtype="message_changed", message=AFTER, previous_message=BEFORE),
    "deleted": message(subtype="message_deleted", deleted_ts="100.1", previous_message=BEFORE),
    "joined": message(subtype="channel_join"),
    "reaction": {
        "type": "reaction_added", "user": "U1", "reaction": "eyes", "item_user": "U9",
        "item": {"type": "message", "channel": "C1", "ts": "50.1"},
    },
    "home": {"type": "app_home_opened", "user": "U1", "tab": "home", "channel": "D1"},
    "archived": {"type": "channel_archive", "channel": "C1", "user": "U1"},
    "something new": {"type": "something_new", "user": "U1", "channel": "C1"},
}  # fmt: skip
PRESSED = {
    "user": {"id": "U1", "team_id": "T1"},
    "team": {"id": "T1"},
    "trigger_id": "1.2.x",
    "container": {"type": "message", "message_ts": "50.1", "channel_id": "C1", "thread_ts": "40.1"},
    "channel": {"id": "C1"},
    "message": {"ts": "50.1", "thread_ts": "40.1", "user": "U2", "text": "x"},
}
VIEW = {
    "id": "V1",
    "hash": "1.a",
    "callback_id": ASK,
    "private_metadata": packed(About("C1/40.1", "C1/40.1/50.1", "Ben: hi")),
    "state": {
        "values": {"to": {"to": {"selected_option": {"value": "api"}}}, "words": {"words": {"value": "hi"}}}
    },
}
OTHERS: list[Json] = [
    PRESSED | {"type": "block_actions", "actions": [{"value": tap_value("a-1", 1), "action_ts": "60.1"}]},
    PRESSED
    | {
        "type": "block_actions",
        "actions": [{"selected_option": {"value": tap_value("a-1", 1)}, "action_ts": "60.1"}],
    },
    PRESSED | {"type": "block_actions", "actions": [{"value": "w:a-1", "action_ts": "60.1"}]},
    PRESSED | {"type": "shortcut", "callback_id": ASK},
    PRESSED | {"type": "message_action", "callback_id": ASK_ABOUT},
    PRESSED | {"type": "view_submission", "view": VIEW},
    PRESSED | {"type": "view_closed", "view": VIEW},
    {
        "command": "/peerline",
        "text": "peers",
        "user_id": "U1",
        "team_id": "T1",
        "channel_id": "C1",
        "trigger_id": "1",
    },
]
SAMPLES = [told(each) for each in EVENTS.values()] + OTHERS


@settings(max_examples=250)
@given(mutated(SAMPLES))
def test_every_envelope_is_what_one_person_did_or_nothing(payload: Any) -> None:
    if not isinstance(payload, dict):
        return
    kind = kind_of(payload)
    heard, raw = heard_in(kind, payload, ME), raw_of(kind, payload, ME)
    wished(payload)
    visitor(payload)

    assert (heard is None) == (raw is None)  # what means something is kept, and nothing else
    if heard is None or raw is None:
        return
    assert heard.update_id == raw.update_id
    assert raw.lane == heard.address
    kept = json.loads(raw.body)
    assert heard_in(kept["kind"], kept["payload"], ME) == heard
    UpdateBody(**asdict(raw))
    if isinstance(heard, PlaceChanged):
        return
    team, _, user = heard.account.partition(":")
    assert user != ME.user
    assert f'"{user}"' in raw.body
    assert f'"{team}"' in raw.body
    room = heard.address.partition("/")[0]
    assert room == heard.account or f'"{room}' in raw.body or isinstance(heard, Said)


def the_office() -> Office:
    """With Slack's first channel, and Ada."""
    office = Office("slack")
    office.line.slack("ada", channels={"C1": "work"})
    return office


def as_eve(payload: Json) -> Json:
    found: Json = json.loads(json.dumps(payload).replace('"U1"', '"U6"'))
    return found


STRANGERS = [as_eve(each) for each in SAMPLES]
NAMES_HER = [each for each in STRANGERS if "U6" in json.dumps(each)]


@settings(max_examples=60)
@given(mutated(NAMES_HER))
def test_a_strangers_envelopes_change_nothing_but_one_line_to_them(payload: Any) -> None:
    heard = heard_in(kind_of(payload), payload, ME) if isinstance(payload, dict) else None
    if heard is None or isinstance(heard, PlaceChanged) or heard.account == ADA:
        return
    office = the_office()
    before = office.line.rows()

    office.hears(heard)

    after = office.line.rows()
    assert after["ask"] == [] or all("let " in str(row) for row in after["ask"])
    assert office.line.inbox(office.api) == []
    assert [row for row in before["conversation"] if row not in after["conversation"]] == []


@settings(max_examples=60)
@given(mutated(SAMPLES), st.text(max_size=30))
def test_what_the_owner_does_goes_wrong_only_by_being_refused(payload: Any, text: str) -> None:
    if not isinstance(payload, dict):
        return
    event = payload.get("event")
    if isinstance(event, dict) and isinstance(event.get("text"), str):
        payload = payload | {"event": event | {"text": event["text"][:100] + text}}
    heard = heard_in(kind_of(payload), payload, ME)
    files_in(event if isinstance(event, dict) else {})
    if heard is None:
        return
    try:
        the_office().hears(heard)
    except PeerlineError as error:
        pytest.fail(f"{type(error).__name__}: {error}")
