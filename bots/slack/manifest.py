"""The manifest of the app, as Slack takes it: made of the command table, so that what it says is understood. Pure."""

from __future__ import annotations

from typing import Any, Final

from bots.slack.pressing import ASK, ASK_ABOUT
from daemon.core.rules.words import BY_NAME, WORDS

Json = dict[str, Any]
COMMAND: Final = "/peerline"
SUMMARY: Final = (
    "Your coding agents and this workspace on one line: ask them, answer them, approve what they want to do"
)
OFFERED: Final = ("peers", "status")  #: what is offered where nothing was said yet
SCOPES: Final = (
    "app_mentions:read",
    "assistant:write",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:read",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "mpim:history",
    "reactions:read",
    "reactions:write",
    "users:read",
)
EVENTS: Final = (
    "agent_session_stopped",
    "app_home_opened",
    "app_mention",
    "channel_archive",
    "channel_deleted",
    "channel_left",
    "channel_unarchive",
    "group_archive",
    "group_deleted",
    "group_left",
    "group_unarchive",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "message.mpim",
    "reaction_added",
)


def manifest(*, name: str = "Peerline", command: str = COMMAND, url: str = "") -> Json:
    """Return it; with ``url`` Slack brings what happens there, else it is heard by sockets."""
    return {
        "display_information": {
            "name": name,
            "description": SUMMARY,
            "long_description": _described(command),
            "background_color": "#1d2733",
        },
        "features": _features(name, command, url),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": {
            "event_subscriptions": _at(url) | {"bot_events": list(EVENTS)},
            "interactivity": _at(url) | {"is_enabled": True},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not url,
            "token_rotation_enabled": False,
        },
    }


def _features(name: str, command: str, url: str) -> Json:
    slash = {
        "command": command,
        "description": "speak to the line: a word of its list, or @peer and what you want",
        "usage_hint": " | ".join(["@peer text", *(word.usage.removeprefix("/") for word in WORDS)]),
        "should_escape": False,
    }
    return {
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "bot_user": {"display_name": name, "always_online": False},
        "agent_view": {
            "agent_description": SUMMARY,
            "suggested_prompts": [
                {"title": BY_NAME[word].summary.partition(",")[0].capitalize(), "message": f"/{word}"}
                for word in OFFERED
            ],
        },
        "shortcuts": [
            {
                "name": "Ask an agent",
                "type": "global",
                "callback_id": ASK,
                "description": "Choose whom, and ask",
            },
            {
                "name": "Ask an agent",
                "type": "message",
                "callback_id": ASK_ABOUT,
                "description": "Choose whom, and ask about this message",
            },
        ],
        "slash_commands": [slash | ({"url": url} if url else {})],
    }


def _described(command: str) -> str:
    rows = [f"{command} {word.usage.removeprefix('/')}: {word.summary}" for word in WORDS]
    return "\n".join([f"{SUMMARY}.", "", *rows])


def _at(url: str) -> Json:
    return {"request_url": url} if url else {}
