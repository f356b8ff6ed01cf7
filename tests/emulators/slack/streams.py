"""Words that appear bit by bit: begun, added to and ended; meanwhile nobody edits them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.emulators.slack import limits, telling
from tests.emulators.slack import text as words
from tests.emulators.slack.calls import Call
from tests.emulators.slack.limits import Refusal
from tests.emulators.slack.nouns import Channel, Message
from tests.emulators.slack.posting import checked, metadata_of, thread_of, writable
from tests.emulators.slack.world import BOT, World


def begun(world: World, call: Call) -> dict[str, Any]:
    channel = writable(world, call)
    if channel.kind != "im":
        for name in ("recipient_user_id", "recipient_team_id"):
            if not call.text(name):
                raise Refusal(f"missing_{name}")
    thread, markdown = thread_of(world, channel, call), _markdown(world, call)
    message = world.post(channel, BOT, thread_ts=thread, **_content(markdown))
    world.streams.add((channel.channel_id, message.ts))
    telling.said(world, message)
    return {"channel": channel.channel_id, "ts": message.ts}


def added(world: World, call: Call) -> dict[str, Any]:
    channel, message = _streaming(world, call)
    if not call.text("markdown_text"):
        raise Refusal("no_text")
    world.change(replace(message, **_content(message.source + _markdown(world, call))))
    return {"channel": channel.channel_id, "ts": message.ts}


def ended(world: World, call: Call) -> dict[str, Any]:
    channel, message = _streaming(world, call)
    content = _content(message.source + _markdown(world, call))
    content["blocks"] += tuple(checked(call.tree("blocks") or []))
    done = replace(message, metadata=metadata_of(call) or message.metadata, **content)
    world.streams.discard((channel.channel_id, message.ts))
    world.change(done)
    telling.changed(world, message, done)
    shape = telling.shape_of(world, done)
    return {"channel": channel.channel_id, "ts": message.ts, "message": shape}


def _streaming(world: World, call: Call) -> tuple[Channel, Message]:
    channel = writable(world, call)
    message = channel.messages.get(call.text("ts"))
    if message is None:
        raise Refusal("message_not_found")
    if (channel.channel_id, message.ts) not in world.streams:
        raise Refusal("message_not_in_streaming_state")
    return channel, message


def _markdown(world: World, call: Call) -> str:
    markdown = call.text("markdown_text")
    if len(markdown) > limits.BLOCK_TEXTS:
        raise Refusal("msg_too_long")
    for mention in words.live(markdown, markdown=True):
        world.wrongs.append(f"{call.method} to {call.channel} calls {mention}")
    return markdown


def _content(markdown: str) -> dict[str, Any]:
    blocks = ({"type": "markdown", "text": markdown, "block_id": "stream"},) if markdown else ()
    return {"raw": words.seen_markdown(markdown), "blocks": blocks}
