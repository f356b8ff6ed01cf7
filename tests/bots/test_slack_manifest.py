"""The manifest says what the code does: the words of the table, the scopes its requests need, what Slack takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bots.slack.hearing import OPENED, SHUT
from bots.slack.manifest import manifest
from bots.slack.pressing import ASK, ASK_ABOUT
from daemon.core.rules.words import WORDS

SLACK = Path(__file__).parents[2] / "bots" / "slack"
#: What each method of the Web API asks for; of several, one for each kind of channel.
NEEDS = {
    "auth.test": (),
    "apps.connections.open": (),  # the app token's own scope
    "assistant.threads.setStatus": ("assistant:write",),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "chat.appendStream": ("chat:write",),
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.startStream": ("chat:write",),
    "chat.stopStream": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.history": ("channels:history", "groups:history", "im:history", "mpim:history"),
    "conversations.info": ("channels:read", "groups:read", "im:read"),
    "conversations.list": ("channels:read", "groups:read", "im:read"),
    "conversations.open": ("im:write",),
    "conversations.replies": ("channels:history", "groups:history", "im:history", "mpim:history"),
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "reactions.add": ("reactions:write",),
    "reactions.remove": ("reactions:write",),
    "users.conversations": ("channels:read", "groups:read", "im:read"),
    "users.info": ("users:read",),
    "views.open": (),
    "views.publish": (),
    "views.push": (),
    "views.update": (),
}
#: And each event that is subscribed to.
HEARD = {
    "agent_session_stopped": "assistant:write",
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    **dict.fromkeys(
        ("channel_archive", "channel_deleted", "channel_left", "channel_unarchive"), "channels:read"
    ),
    **dict.fromkeys(("group_archive", "group_deleted", "group_left", "group_unarchive"), "groups:read"),
    "member_joined_channel": "channels:read",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "message.mpim": "mpim:history",
    "reaction_added": "reactions:read",
}
METHOD = re.compile(
    r'"((?:api|apps|assistant|auth|bookmarks|chat|conversations|files|pins|reactions|users|views)\.[A-Za-z.]+)"'
)


def scopes() -> set[str]:
    return set(manifest()["oauth_config"]["scopes"]["bot"])


def requested() -> set[str]:
    """Every method that the code names."""
    return {found for path in SLACK.glob("*.py") for found in METHOD.findall(path.read_text())}


def test_the_scopes_are_those_that_requests_events_and_commands_need() -> None:
    assert requested() - NEEDS.keys() == set()
    made = {scope for method in requested() for scope in NEEDS[method]}
    heard = {HEARD[event] for event in manifest()["settings"]["event_subscriptions"]["bot_events"]} - {""}
    assert made | heard | {"commands"} <= scopes()


def test_whatever_is_heard_of_a_channel_is_subscribed_to() -> None:
    assert SHUT.keys() | OPENED <= set(manifest()["settings"]["event_subscriptions"]["bot_events"])


def test_nothing_more_is_wished_for_than_what_is_used_somewhere() -> None:
    known = {scope for needs in NEEDS.values() for scope in needs} | set(HEARD.values()) | {"commands"}
    assert scopes() <= known
    assert sorted(scopes()) == [
        *(
            "app_mentions:read",
            "assistant:write",
            "channels:history",
            "channels:read",
            "chat:write",
            "commands",
        ),
        *("files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read", "im:write"),
        *("mpim:history", "reactions:read", "reactions:write", "users:read"),
    ]


def test_every_word_of_the_table_stands_in_it() -> None:
    told = manifest()
    [slash] = told["features"]["slash_commands"]
    long = told["display_information"]["long_description"]
    for word in WORDS:
        usage = word.usage.removeprefix("/")
        assert usage in slash["usage_hint"].split(" | ")
        assert f"/peerline {usage}: {word.summary}" in long.splitlines()


def test_what_is_offered_are_words_of_the_table() -> None:
    offered = manifest()["features"]["agent_view"]["suggested_prompts"]
    assert [each["message"] for each in offered] == ["/peers", "/status"]
    assert {each["message"].removeprefix("/") for each in offered} <= {word.name for word in WORDS}


def test_sockets_are_the_way_unless_a_url_is_given() -> None:
    told = manifest()["settings"]
    assert told["socket_mode_enabled"]
    assert "request_url" not in str(told)
    url = "https://home.example.org/slack/events"
    brought = manifest(url=url)
    assert not brought["settings"]["socket_mode_enabled"]
    assert brought["settings"]["event_subscriptions"]["request_url"] == url
    assert brought["settings"]["interactivity"] == {"is_enabled": True, "request_url": url}
    assert brought["features"]["slash_commands"][0]["url"] == url


def test_another_name_and_another_command_are_taken() -> None:
    told = manifest(name="Line", command="/line")
    assert told["display_information"]["name"] == told["features"]["bot_user"]["display_name"] == "Line"
    assert told["features"]["slash_commands"][0]["command"] == "/line"
    assert "/line peers: " in told["display_information"]["long_description"]


@pytest.mark.parametrize("url", ["", "https://home.example.org/slack/events"])
def test_slack_takes_it_every_text_is_within_its_limit(url: str) -> None:
    told = manifest(url=url)
    features, shown = told["features"], told["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert 174 <= len(shown["long_description"]) <= 4000
    assert re.fullmatch(r"#[0-9a-f]{6}", shown["background_color"])
    assert len(features["bot_user"]["display_name"]) <= 80
    assert len(features["agent_view"]["agent_description"]) <= 300
    [slash] = features["slash_commands"]
    assert len(slash["description"]) <= 2000
    assert len(slash["usage_hint"]) <= 1000
    for shortcut in features["shortcuts"]:
        assert len(shortcut["name"]) <= 24
        assert len(shortcut["description"]) <= 150
        assert len(shortcut["callback_id"]) <= 255
    assert [(each["type"], each["callback_id"]) for each in features["shortcuts"]] == [
        ("global", ASK),
        ("message", ASK_ABOUT),
    ]
