"""The table of Web API methods with the scope each wants, and those that only read or mark."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.emulators.slack import files, limits, posting, streams, telling, views
from tests.emulators.slack.calls import Call
from tests.emulators.slack.limits import Refusal, invalid
from tests.emulators.slack.nouns import TEAM, Channel, Message
from tests.emulators.slack.sockets import APP
from tests.emulators.slack.world import BOT, DOMAIN, World

Method = Callable[[World, Call], dict[str, Any]]
_READING = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}
_SINCE_2020 = "method_deprecated"


def perform(world: World, call: Call) -> dict[str, Any]:
    """Do what a call asks.

    Raises:
        Refusal: with Slack's word for why not.
    """
    if call.method == "api.test":
        return {}
    if call.method not in METHODS:
        raise Refusal("unknown_method", req_method=call.method)
    method, scope = METHODS[call.method]
    if not call.token:
        raise Refusal("not_authed")
    if world.revoked:
        raise Refusal(world.revoked)
    if call.token not in {world.tokens.bot, world.tokens.app}:
        raise Refusal("invalid_auth")
    if (call.token == world.tokens.app) != (call.method == "apps.connections.open"):
        raise Refusal("not_allowed_token_type")
    need(world, scope)
    return method(world, call)


def need(world: World, scope: str) -> None:
    if scope and scope not in world.scopes:
        raise Refusal("missing_scope", needed=scope, provided=",".join(sorted(world.scopes)))


def _auth_test(world: World, call: Call) -> dict[str, Any]:
    return {
        "url": f"https://{DOMAIN}.slack.com/",
        "team": "Home",
        "user": BOT.name.lower(),
        "team_id": TEAM,
        "user_id": BOT.user_id,
        "bot_id": BOT.bot_id,
        "is_enterprise_install": False,
    }


def _connections_open(world: World, call: Call) -> dict[str, Any]:
    if not world.sockets.enabled:
        raise Refusal("link_disabled")
    address = world.root.replace("http://", "ws://")
    return {"url": f"{address}link/?ticket={world.sockets.ticket()}&app_id={APP}"}


def _open(world: World, call: Call) -> dict[str, Any]:
    users = [each for each in call.text("users").split(",") if each]
    if call.channel:
        return {"channel": world.channel(call.channel).shape()}
    if not users:
        raise Refusal("users_list_not_supplied")
    if len(users) > 1:
        raise Refusal("method_not_supported_for_channel_type")
    person = world.people.get(users[0])
    if person is None:
        raise Refusal("user_not_found")
    if person.is_bot:
        raise Refusal("cannot_dm_bot")
    channel = world.direct(person)
    already, channel.opened = channel.opened, True
    more = {"no_op": True, "already_open": True} if already else {}
    whole = channel.shape() if call.flag("return_im") else {"id": channel.channel_id}
    return more | {"channel": whole}


def _about_channel(world: World, call: Call) -> dict[str, Any]:
    channel = world.channel(call.channel)
    need(world, f"{_READING[channel.kind]}:read")
    return {"channel": channel.shape()}


def _channels(world: World, call: Call) -> dict[str, Any]:
    kinds = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}
    asked = [kinds.get(each.strip(), "") for each in (call.text("types") or "public_channel").split(",")]
    if "" in asked:
        raise Refusal("invalid_types")
    for kind in asked:
        need(world, f"{_READING[kind]}:read")
    mine = call.method == "users.conversations"
    found = [
        channel.shape()
        for channel in world.channels.values()
        if channel.kind in asked
        and (channel.bot_in or (channel.kind == "channel" and not mine))
        and (channel.kind != "im" or channel.opened)
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    return _page(call, found, "channels", 100, 1000)


def _history(world: World, call: Call) -> dict[str, Any]:
    channel = _readable(world, call)
    shown = [each for each in channel.messages.values() if not each.thread_ts or each.broadcast]
    return _messages(world, call, _between(call, shown)[::-1], 100)


def _replies(world: World, call: Call) -> dict[str, Any]:
    channel = _readable(world, call)
    message = channel.messages.get(call.text("ts").strip('"'))
    if message is None:
        raise Refusal("thread_not_found")
    root = channel.messages.get(message.thread)
    rest = _between(call, channel.replies(message.thread))
    return _messages(world, call, [*([root] if root else []), *rest], limits.PAGE + 1)


def _readable(world: World, call: Call) -> Channel:
    channel = world.channel(call.channel)
    need(world, f"{_READING[channel.kind]}:history")
    if not channel.bot_in:
        raise Refusal("not_in_channel")
    return channel


def _between(call: Call, messages: list[Message]) -> list[Message]:
    """Slack's bounds are open, unless `inclusive` is said."""
    oldest, latest = (call.text(name).strip('"') for name in ("oldest", "latest"))
    for bound in (oldest, latest):
        if bound and not bound.replace(".", "", 1).isdigit():
            raise Refusal("invalid_ts_oldest" if bound == oldest else "invalid_ts_latest")
    inclusive = call.flag("inclusive")
    low, high = float(oldest or 0), float(latest or "inf")
    return [
        each
        for each in messages
        if (low < float(each.ts) < high) or (inclusive and float(each.ts) in {low, high})
    ]


def _messages(world: World, call: Call, messages: list[Message], default: int) -> dict[str, Any]:
    metadata = call.flag("include_all_metadata")
    found = [telling.shape_of(world, each, metadata=metadata) for each in messages]
    answer = _page(call, found, "messages", default, limits.PAGE + 1, world.history_most)
    return answer | {"has_more": bool(answer["response_metadata"]["next_cursor"]), "pin_count": 0}


def _page(
    call: Call, found: list[Any], name: str, default: int, most: int, given: int = 1000
) -> dict[str, Any]:
    limit, cursor = call.number("limit", default), call.text("cursor")
    if not 1 <= limit <= most:
        raise Refusal("invalid_limit")
    limit, start = min(limit, given), 0
    if cursor:
        known, _, place = cursor.partition(":")
        if known != "next" or not place.isdigit():
            raise Refusal("invalid_cursor")
        start = int(place)
    following = f"next:{start + limit}" if start + limit < len(found) else ""
    return {name: found[start : start + limit], "response_metadata": {"next_cursor": following}}


def _react(world: World, call: Call) -> dict[str, Any]:
    message = _marked(world, call)
    name = call.text("name").strip(":")
    mine = (name, BOT.user_id) in message.reactions
    adding = call.method == "reactions.add"
    if name not in limits.EMOJI:
        raise Refusal("invalid_name")
    if mine == adding:
        raise Refusal("already_reacted" if adding else "no_reaction")
    telling.reacted(world, message, BOT, name, removed=not adding)
    return {}


def _marked(world: World, call: Call) -> Message:
    channel = world.channel(call.channel)
    if not channel.bot_in:
        raise Refusal("not_in_channel")
    message = channel.messages.get(call.text("timestamp").strip('"'))
    if message is None:
        raise Refusal("message_not_found" if call.text("timestamp") else "no_item_specified")
    return message


def _about_user(world: World, call: Call) -> dict[str, Any]:
    person = world.people.get(call.text("user"))
    if person is None:
        raise Refusal("user_not_found")
    return {"user": person.shape()}


def _members(world: World, call: Call) -> dict[str, Any]:
    channel = world.channel(call.channel)
    need(world, f"{_READING[channel.kind]}:read")
    found = [*channel.members, *([BOT.user_id] if channel.bot_in else [])]
    return _page(call, found, "members", 100, 1000)


def _permalink(world: World, call: Call) -> dict[str, Any]:
    channel = world.channel(call.channel)
    message = channel.messages.get(call.text("message_ts").strip('"'))
    if message is None:
        raise Refusal("message_not_found")
    place = f"{channel.channel_id}/p{message.ts.replace('.', '')}"
    thread = f"?thread_ts={message.thread_ts}&cid={channel.channel_id}" if message.thread_ts else ""
    return {
        "channel": channel.channel_id,
        "permalink": f"https://{DOMAIN}.slack.com/archives/{place}{thread}",
    }


def _prompts(world: World, call: Call) -> dict[str, Any]:
    prompts = call.tree("prompts") or []
    if not 1 <= len(prompts) <= limits.PROMPTS or not all(
        {"title", "message"} <= each.keys() for each in prompts
    ):
        raise invalid("invalid_arguments", ["prompts must be one to four of title and message"])
    world.prompts[world.channel(call.channel).channel_id] = prompts
    world.pulse.beat()
    return {}


def _status(world: World, call: Call) -> dict[str, Any]:
    world.statuses[f"{world.channel(call.channel).channel_id}/{call.text('thread_ts')}"] = call.text("status")
    world.pulse.beat()
    return {}


def _deprecated(world: World, call: Call) -> dict[str, Any]:
    raise Refusal(_SINCE_2020)


METHODS: dict[str, tuple[Method, str]] = {
    "auth.test": (_auth_test, ""),
    "apps.connections.open": (_connections_open, ""),
    "chat.postMessage": (posting.post_message, "chat:write"),
    "chat.postEphemeral": (posting.post_ephemeral, "chat:write"),
    "chat.update": (posting.update, "chat:write"),
    "chat.delete": (posting.delete, "chat:write"),
    "chat.startStream": (streams.begun, "chat:write"),
    "chat.appendStream": (streams.added, "chat:write"),
    "chat.stopStream": (streams.ended, "chat:write"),
    "conversations.open": (_open, "im:write"),
    "conversations.info": (_about_channel, ""),
    "conversations.members": (_members, ""),
    "chat.getPermalink": (_permalink, ""),
    "conversations.list": (_channels, ""),
    "users.conversations": (_channels, ""),
    "conversations.history": (_history, ""),
    "conversations.replies": (_replies, ""),
    "conversations.join": (_deprecated, "channels:join"),
    "reactions.add": (_react, "reactions:write"),
    "reactions.remove": (_react, "reactions:write"),
    "users.info": (_about_user, "users:read"),
    "views.open": (views.opened, ""),
    "views.update": (views.updated, ""),
    "views.publish": (views.published, ""),
    "views.push": (views.pushed, ""),
    "files.getUploadURLExternal": (files.upload_url, "files:write"),
    "files.completeUploadExternal": (files.complete, "files:write"),
    "files.info": (files.about, "files:read"),
    "files.upload": (_deprecated, "files:write"),
    "bookmarks.add": (_deprecated, "bookmarks:write"),
    "bookmarks.list": (_deprecated, "bookmarks:read"),
    "bookmarks.remove": (_deprecated, "bookmarks:write"),
    "pins.add": (_deprecated, "pins:write"),
    "pins.list": (_deprecated, "pins:read"),
    "pins.remove": (_deprecated, "pins:write"),
    "assistant.threads.setSuggestedPrompts": (_prompts, "assistant:write"),
    "assistant.threads.setStatus": (_status, "assistant:write"),
}
