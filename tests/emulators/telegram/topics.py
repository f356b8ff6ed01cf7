"""Forum topics: made, renamed, closed, opened again and deleted, as far as the bot's rights reach.

The general topic is the absence of a thread; only its own methods speak of it.
"""

from __future__ import annotations

from typing import Any

from tests.emulators.telegram import limits
from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.chat import Chat
from tests.emulators.telegram.limits import Refusal
from tests.emulators.telegram.sending import chat_of
from tests.emulators.telegram.text import units
from tests.emulators.telegram.world import World

COLOUR = 7322096


def create_forum_topic(world: World, call: Call) -> Any:
    chat, name = _forum(world, call), call.text("name")
    _check_name(name)
    root = world.open_topic(chat, world.bot, name)
    return {"message_thread_id": root.message_id, "name": name, "icon_color": COLOUR}


def edit_forum_topic(world: World, call: Call) -> Any:
    chat, thread = _topic(world, call)
    name = call.text("name") or chat.topics[thread]
    _check_name(name)
    if name == chat.topics[thread] and not call.text("icon_custom_emoji_id"):
        raise Refusal("TOPIC_NOT_MODIFIED")
    chat.topics[thread] = name
    world.post(chat, world.bot, thread_id=thread, marks={"forum_topic_edited": {"name": name}})
    return True


def close_forum_topic(world: World, call: Call) -> Any:
    return _opened(world, call, closed=True)


def reopen_forum_topic(world: World, call: Call) -> Any:
    return _opened(world, call, closed=False)


def delete_forum_topic(world: World, call: Call) -> Any:
    """The topic is gone with everything that was said in it."""
    chat, thread = _topic(world, call)
    forget_topic(world, chat, thread)
    return True


def edit_general_forum_topic(world: World, call: Call) -> Any:
    _forum(world, call)
    _check_name(call.text("name"))
    return True


def unpin_all_in_topic(world: World, call: Call) -> Any:
    chat, thread = _topic(world, call)
    chat.pinned = [pinned for pinned in chat.pinned if chat.messages[pinned].thread_id != thread]
    world.pulse.beat()
    return True


def icon_stickers(world: World, call: Call) -> Any:
    return []


def forget_topic(world: World, chat: Chat, thread: int) -> None:
    for message in [each for each in chat.messages.values() if each.thread_id == thread]:
        world.remove(message)
    del chat.topics[thread]
    chat.closed_topics.discard(thread)


def _opened(world: World, call: Call, *, closed: bool) -> Any:
    chat, thread = _topic(world, call)
    if (thread in chat.closed_topics) is closed:
        raise Refusal("TOPIC_NOT_MODIFIED")
    (chat.closed_topics.add if closed else chat.closed_topics.discard)(thread)
    mark = "forum_topic_closed" if closed else "forum_topic_reopened"
    world.post(chat, world.bot, thread_id=thread, marks={mark: {}})
    return True


def _forum(world: World, call: Call) -> Chat:
    chat = chat_of(world, call)
    if not chat.is_forum and chat.kind != "private":
        raise Refusal("the chat is not a forum")
    if not chat.bot_may_manage:
        raise Refusal("not enough rights to create a topic")
    return chat


def _topic(world: World, call: Call) -> tuple[Chat, int]:
    chat, thread = _forum(world, call), call.number("message_thread_id")
    if thread not in chat.topics:
        raise Refusal("TOPIC_ID_INVALID" if thread else "message thread not found")
    return chat, thread


def _check_name(name: str) -> None:
    if units(name) not in limits.TOPIC_NAME:
        raise Refusal("TOPIC_TITLE_EMPTY" if not name else "TOPIC_TITLE_INVALID")
