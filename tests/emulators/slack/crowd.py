"""Who else speaks in a channel: other bots, old integrations, Slack itself."""

from __future__ import annotations

from typing import Any

from tests.emulators.slack import telling
from tests.emulators.slack.nouns import Channel, Message, User
from tests.emulators.slack.world import World

OTHER = User("U0000OTHER", "Other", bot_id="B0000OTHER")


def bot_says(world: World, channel: Channel, text: str, bot: User = OTHER, **more: Any) -> Message:
    """Another app speaks; `text` is as the API has it, so it may hold mentions."""
    message = world.post(channel, bot, raw=text, **more)
    telling.said(world, message)
    return message


def integration_says(
    world: World, channel: Channel, text: str, name: str = "deploys", **more: Any
) -> Message:
    """An incoming webhook speaks: a bot message without a user."""
    marks = {"subtype": "bot_message", "username": name, "user": None}
    return bot_says(world, channel, text, User("", name, bot_id="B0000HOOK"), marks=marks, **more)


def joins(world: World, channel: Channel, who: User) -> Message:
    """Somebody comes into a channel, which Slack says as a message."""
    channel.members[who.user_id] = who
    text = f"<@{who.user_id}> has joined the channel"
    message = world.post(channel, who, raw=text, marks={"subtype": "channel_join"})
    telling.said(world, message)
    return message
