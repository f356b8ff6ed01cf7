"""The methods that put messages into a channel, change them and take them away; and response_url.

Each takes the world and the call and returns the answer's members; it refuses by raising.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.emulators.slack import blocks as kit
from tests.emulators.slack import limits, telling
from tests.emulators.slack import text as words
from tests.emulators.slack.calls import Call
from tests.emulators.slack.limits import Refusal, invalid
from tests.emulators.slack.nouns import Block, Channel, Message, User
from tests.emulators.slack.world import BOT, Grant, World

_TS = re.compile(r"\d{10}\.\d{6}")


def post_message(world: World, call: Call) -> dict[str, Any]:
    channel = writable(world, call)
    content = content_of(world, call, "chat.postMessage")
    if len(content["raw"]) > limits.TEXT:
        raise Refusal("msg_too_long")
    if len(content["raw"]) > limits.TEXT_ADVISED:
        world.wrongs.append(
            f"chat.postMessage to {channel.channel_id} has a text of over {limits.TEXT_ADVISED}"
        )
    _judge_unfurls(world, call)
    thread = thread_of(world, channel, call)
    metadata = metadata_of(call)
    broadcast = call.flag("reply_broadcast") and bool(thread)
    message = world.post(channel, BOT, thread_ts=thread, broadcast=broadcast, metadata=metadata, **content)
    telling.said(world, message)
    shape = telling.shape_of(world, message, metadata=True)
    return {"channel": channel.channel_id, "ts": message.ts, "message": shape}


def post_ephemeral(world: World, call: Call) -> dict[str, Any]:
    channel = writable(world, call)
    if call.text("user") not in channel.members:
        raise Refusal("user_not_in_channel")
    content = content_of(world, call, "chat.postEphemeral")
    if len(content["raw"]) > limits.TEXT:
        raise Refusal("msg_too_long")
    thread = thread_of(world, channel, call)
    message = world.post(channel, BOT, only_for=call.text("user"), thread_ts=thread, **content)
    return {"message_ts": message.ts}


def update(world: World, call: Call) -> dict[str, Any]:
    channel, message = _own(world, call, "cant_update_message")
    if channel.archived:
        raise Refusal("is_inactive")
    if (channel.channel_id, message.ts) in world.streams:
        raise Refusal("streaming_state_conflict")
    content = content_of(world, call, "chat.update")
    if len(content["raw"]) > limits.UPDATE_TEXT:
        raise Refusal("msg_too_long")
    # Slack marks as edited only what it was given no blocks for.
    edited = message.edited("" if call.tree("blocks") else world.ts(), BOT.user_id, **content)
    if call.tree("metadata") is not None:
        edited = replace(edited, metadata=metadata_of(call) if call.tree("metadata") else None)
    world.change(edited)
    telling.changed(world, message, edited)
    shape = telling.shape_of(world, edited)
    return {"channel": channel.channel_id, "ts": message.ts, "text": edited.raw, "message": shape}


def delete(world: World, call: Call) -> dict[str, Any]:
    channel, message = _own(world, call, "cant_delete_message")
    telling.deleted(world, message)
    return {"channel": channel.channel_id, "ts": message.ts}


def content_of(world: World, call: Call, method: str) -> dict[str, Any]:
    """Return the text and blocks of a call: without blocks a message has none, also one that had.

    Raises:
        Refusal: nothing to show, or blocks that Slack would not take.
    """
    given = call.tree("blocks", "invalid_blocks_format")
    raw = call.text("text")
    if call.text("markdown_text"):
        given, raw = _of_markdown(call, given, raw)
    blocks = checked(given or [])
    if not raw and not blocks:
        raise Refusal("no_text")
    if blocks and not raw:
        world.wrongs.append(f"{method} to {call.channel} has blocks and no text to fall back on")
    for mention in _live(raw, blocks, call):
        world.wrongs.append(f"{method} to {call.channel} calls {mention}")
    return {"raw": raw, "blocks": tuple(blocks)}


def _of_markdown(call: Call, given: Any, raw: str) -> tuple[list[Block], str]:
    """Words in `markdown_text` are one block, and their own fallback."""
    markdown = call.text("markdown_text")
    if given is not None or raw:
        raise Refusal("markdown_text_conflict")
    if len(markdown) > limits.BLOCK_TEXTS:
        raise Refusal("msg_too_long")
    return [{"type": "markdown", "text": markdown}], words.seen_markdown(markdown)[: limits.UPDATE_TEXT]


def checked(blocks: Any) -> list[Block]:
    """Return blocks that Slack takes.

    Raises:
        Refusal: invalid_blocks, or all of them together are too long.
    """
    problems = kit.problems_of(blocks)
    if problems:
        raise invalid("invalid_blocks", problems)
    if kit.too_long(blocks):
        raise Refusal("msg_blocks_too_long")
    return [block | {"block_id": block.get("block_id") or f"b{n}"} for n, block in enumerate(blocks)]


def _live(raw: str, blocks: list[Block], call: Call) -> Iterator[str]:
    parsed = call.flag("link_names") or call.text("parse") == "full"
    yield from words.live(raw, parsed=parsed)
    for text, marked in kit.texts_of(blocks):
        markdown = any(block.get("text") == text for block in blocks)
        yield from words.live(text, markdown=markdown) if marked else ()


def writable(world: World, call: Call) -> Channel:
    """Return the channel of a call, if the app may write there.

    Raises:
        Refusal: it does not exist, is closed, or the app is not in it.
    """
    target = call.channel
    if target in world.people and not world.people[target].is_bot:
        return world.direct(world.people[target])
    channel = world.channel(target)
    if channel.archived:
        raise Refusal("is_archived")
    if not channel.bot_in:
        raise Refusal("not_in_channel")
    return channel


def thread_of(world: World, channel: Channel, call: Call) -> str:
    ts = call.text("thread_ts").strip('"')
    if not ts:
        return ""
    root = channel.messages.get(ts)
    if not _TS.fullmatch(ts) or root is None:
        raise Refusal("thread_not_found")
    if root.thread_ts:
        world.wrongs.append(
            f"{call.method} to {channel.channel_id} answers an answer, not the thread's first"
        )
    return root.thread


def metadata_of(call: Call) -> dict[str, Any] | None:
    metadata = call.tree("metadata", "invalid_metadata_format")
    if metadata is None:
        return None
    if not isinstance(metadata, dict) or not metadata.get("event_type"):
        raise Refusal("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise Refusal("invalid_metadata_schema")
    if len(json.dumps(metadata)) > limits.METADATA_BYTES:
        raise Refusal("metadata_too_large")
    return metadata


def _judge_unfurls(world: World, call: Call) -> None:
    for name in ("unfurl_links", "unfurl_media"):
        if call.flag(name, default=True):
            world.wrongs.append(f"{call.method} to {call.channel} leaves {name} on")


def _own(world: World, call: Call, error: str) -> tuple[Channel, Message]:
    channel = world.channel(call.channel)
    message = channel.messages.get(call.text("ts"))
    if message is None:
        raise Refusal("message_not_found")
    if message.sender != BOT:
        raise Refusal(error)
    return channel, message


# What is said to a response_url.


def respond(world: World, key: str, call: Call) -> None:
    """Do what a request to a response_url asks.

    Raises:
        Refusal: used up or too old (then with status 404), or what chat.postMessage would refuse.
    """
    grant = world.grants.get(key)
    if grant is None or grant.left <= 0 or time.monotonic() > grant.until:
        raise Refusal("used_url" if grant and grant.left <= 0 else "expired_url", status=404)
    grant.left -= 1
    channel, original = world.channels[grant.channel], grant.message
    if call.flag("delete_original") and original:
        telling.deleted(world, original)
        return
    content = content_of(
        world, Call("response_url", dict(call.arguments) | {"channel": grant.channel}), "response_url"
    )
    if call.flag("replace_original") and original:
        edited = original.edited(world.ts(), BOT.user_id, **content)
        world.change(edited)
        telling.changed(world, original, edited)
        return
    answered(world, channel, grant.owner, call, content)


def answered(world: World, channel: Channel, owner: User, call: Call, content: dict[str, Any]) -> Message:
    """Show what answers a command: to its asker alone, unless it is said to be for the channel."""
    only_for = "" if call.text("response_type") == "in_channel" else owner.user_id
    message = world.post(channel, BOT, only_for=only_for, thread_ts=call.text("thread_ts"), **content)
    if not only_for:
        telling.said(world, message)
    return message


def grant_of(world: World, trigger: str) -> Grant:
    """Return what a trigger_id was granted for, and use it up.

    Raises:
        Refusal: it is unknown, used or over three seconds old.
    """
    grant = world.grants.get(trigger)
    if grant is None:
        raise Refusal("invalid_trigger_id")
    if grant.left <= 0:
        raise Refusal("exchanged_trigger_id")
    if time.monotonic() > grant.until:
        raise Refusal("expired_trigger_id")
    grant.left -= 1
    return grant
