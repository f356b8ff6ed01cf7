"""How a message looks in JSON, and the events that tell of it: new, changed, deleted, mentioned, reacted to."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Any

from tests.emulators.slack.nouns import TEAM, Channel, Message, User
from tests.emulators.slack.sockets import APP
from tests.emulators.slack.text import rich_text
from tests.emulators.slack.world import BOT, World

_KINDS = {"channel": "channel", "group": "group", "im": "im", "mpim": "mpim"}


def shape_of(world: World, message: Message, *, metadata: bool = False) -> dict[str, Any]:
    """Return a message as history and events show it; `metadata` only for who asked for it."""
    shape: dict[str, Any] = {"type": "message", "ts": message.ts, "text": message.raw}
    shape |= _of_sender(message.sender)
    if message.blocks:
        shape["blocks"] = [_block(block, n) for n, block in enumerate(message.blocks)]
    elif not message.sender.is_bot and message.raw:
        shape["blocks"] = [rich_text(message.raw, f"b{message.ts}")]
    shape |= _of_thread(world, message)
    if message.files:
        shape |= {"files": [file.shape(world.root) for file in message.files], "upload": False}
        shape |= {} if message.sender.is_bot else {"subtype": "file_share"}
    if message.edited_ts:
        shape["edited"] = {"user": message.edited_by, "ts": message.edited_ts}
    if message.reactions:
        shape["reactions"] = _reactions(message)
    if metadata and message.metadata:
        shape["metadata"] = dict(message.metadata)
    return shape | dict(message.marks)


def _of_sender(sender: User) -> dict[str, Any]:
    shape: dict[str, Any] = {"user": sender.user_id, "team": sender.team}
    if sender.is_bot:
        app = APP if sender == BOT else f"A{sender.bot_id[1:]}"
        profile = {"id": sender.bot_id, "app_id": app, "name": sender.name, "team_id": sender.team}
        return shape | {"bot_id": sender.bot_id, "app_id": app, "bot_profile": profile}
    shape["client_msg_id"] = str(uuid.uuid4())
    if sender.team != TEAM:
        profile = {"real_name": sender.name, "display_name": sender.name.lower(), "team": sender.team}
        shape |= {"user_team": sender.team, "source_team": sender.team, "user_profile": profile}
    return shape


def _of_thread(world: World, message: Message) -> dict[str, Any]:
    channel = world.channels[message.channel_id]
    if message.thread_ts:
        root = channel.messages.get(message.thread_ts)
        more = {"subtype": "thread_broadcast"} if message.broadcast else {}
        parent = {"parent_user_id": root.sender.user_id} if root else {}
        return {"thread_ts": message.thread_ts} | parent | more
    replies = channel.replies(message.ts)
    if not replies or message.only_for:
        return {}
    users = sorted({reply.sender.user_id for reply in replies})
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users_count": len(users),
        "latest_reply": replies[-1].ts,
        "reply_users": users,
    }


def _block(block: dict[str, Any], n: int) -> dict[str, Any]:
    """A markdown block is shown back as the rich text that Slack made of it."""
    block_id = block.get("block_id") or f"b{n}"
    return (
        rich_text(block["text"], block_id) if block["type"] == "markdown" else block | {"block_id": block_id}
    )


def _reactions(message: Message) -> list[dict[str, Any]]:
    names = dict.fromkeys(name for name, _ in message.reactions)
    users = {name: [user for known, user in message.reactions if known == name] for name in names}
    return [{"name": name, "users": users[name], "count": len(users[name])} for name in names]


def said(world: World, message: Message) -> None:
    """Tell of a new message, twice where it names the app."""
    channel = world.channels[message.channel_id]
    event = shape_of(world, message)
    event |= {"channel": channel.channel_id, "event_ts": message.ts, "channel_type": _KINDS[channel.kind]}
    if message.sender != BOT or world.echo:
        world.tell(event, channel)
    named = f"<@{BOT.user_id}>" in message.raw and message.sender != BOT
    if named and channel.kind != "im":
        names = (
            "user",
            "ts",
            "client_msg_id",
            "text",
            "team",
            "blocks",
            "thread_ts",
            "parent_user_id",
            "files",
        )
        names += ("user_team", "source_team", "user_profile", "bot_id", "bot_profile", "app_id")
        told = {name: event[name] for name in names if name in event}
        world.tell(
            {"type": "app_mention", "channel": channel.channel_id, "event_ts": message.ts} | told, channel
        )


def changed(world: World, before: Message, message: Message) -> None:
    if message.only_for or (message.sender == BOT and not world.echo):
        return
    channel = world.channels[message.channel_id]
    world.tell(
        _hidden(world, channel, "message_changed")
        | {"message": shape_of(world, message), "previous_message": shape_of(world, before)},
        channel,
    )


def deleted(world: World, message: Message) -> None:
    """Take a message away and tell of it; one with answers leaves a stone where it stood."""
    channel = world.channels[message.channel_id]
    if message.only_for:
        channel.only_for = [each for each in channel.only_for if each.ts != message.ts]
        world.seen("deleted", message)
        return
    if channel.replies(message.ts):
        stone = replace(
            message, raw="This message was deleted.", blocks=(), files=(), sender=SLACKBOT, marks=_STONE
        )
        world.change(stone, "deleted")
        changed(world, message, stone)
        return
    del channel.messages[message.ts]
    world.seen("deleted", message)
    if message.sender == BOT and not world.echo:
        return
    more = {"previous_message": shape_of(world, message), "deleted_ts": message.ts}
    world.tell(_hidden(world, channel, "message_deleted") | more, channel)


SLACKBOT = User("USLACKBOT", "Slackbot")
_STONE = {"subtype": "tombstone", "hidden": True}


def _hidden(world: World, channel: Channel, subtype: str) -> dict[str, Any]:
    ts = world.ts()
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.channel_id,
        "ts": ts,
        "event_ts": ts,
        "channel_type": _KINDS[channel.kind],
    }


def reacted(world: World, message: Message, who: User, emoji: str, *, removed: bool = False) -> None:
    """Put a reaction under a message (or take it away) and tell of it."""
    pair = (emoji, who.user_id)
    rest = tuple(each for each in message.reactions if each != pair)
    world.change(replace(message, reactions=rest if removed else (*rest, pair)), "reacted")
    event = {
        "type": "reaction_removed" if removed else "reaction_added",
        "user": who.user_id,
        "reaction": emoji,
        "item": {"type": "message", "channel": message.channel_id, "ts": message.ts},
        "item_user": message.sender.user_id,
        "event_ts": world.ts(),
    }
    world.tell(event, world.channels[message.channel_id])
