"""Who else speaks in a chat: bots, channels, admins without a name; and what becomes of the chat itself.

Each function does what the platform does then, and tells the bot what the platform tells it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.emulators.telegram.chat import Chat, Message, User
from tests.emulators.telegram.text import cleaned, found_entities
from tests.emulators.telegram.world import World

ANONYMOUS = User(1087968824, "Group", "GroupAnonymousBot", is_bot=True)
CHANNEL = User(136817688, "Channel", "Channel_Bot", is_bot=True)
FORWARDER = User(777000, "Telegram")
SUPERGROUP = -1_000_000_000_000


def spoken(world: World, chat: Chat, sender: User, text: str, **more: Any) -> Message:
    """Put words into a chat and tell the bot, whoever they are of."""
    content = cleaned(text)
    more.setdefault("entities", found_entities(content.text))
    message = world.post(chat, sender, text=content.text, **more)
    world.updates.add("message", chat.shape_of(message))
    return message


def admin_without_a_name_says(world: World, chat: Chat, text: str, **more: Any) -> Message:
    return spoken(world, chat, ANONYMOUS, text, marks={"sender_chat": chat.shape()}, **more)


def channel_says(world: World, chat: Chat, text: str, channel: int = SUPERGROUP - 77, **more: Any) -> Message:
    """Somebody speaks in a group as their channel."""
    shape = {"id": channel, "type": "channel", "title": "News"}
    return spoken(world, chat, CHANNEL, text, marks={"sender_chat": shape}, **more)


def linked_channel_posts(world: World, chat: Chat, text: str, channel: int = SUPERGROUP - 78) -> Message:
    """What the group's own channel says is forwarded into it."""
    shape = {"id": channel, "type": "channel", "title": "Ours"}
    origin = {"type": "channel", "date": world.now(), "chat": shape, "message_id": 1}
    marks = {"sender_chat": shape, "forward_origin": origin, "is_automatic_forward": True}
    return spoken(world, chat, FORWARDER, text, marks=marks)


def bot_says(world: World, chat: Chat, text: str, bot: User | None = None, **more: Any) -> Message:
    return spoken(world, chat, bot or User(5_555, "Other", "other_bot", is_bot=True), text, **more)


def forwarded_from(world: World, who: User | str) -> dict[str, Any]:
    """The mark of words that somebody else wrote; a name alone is one who hides behind it."""
    if isinstance(who, str):
        return {"forward_origin": {"type": "hidden_user", "date": world.now(), "sender_user_name": who}}
    return {"forward_origin": {"type": "user", "date": world.now(), "sender_user": who.shape()}}


def album(
    world: World, chat: Chat, sender: User, files: Sequence[tuple[str, bytes, str]], caption: str, **more: Any
) -> list[Message]:
    """Several files are several messages of one group; the first has the caption."""
    group = {"media_group_id": f"13{world.serial():015d}"}
    messages = []
    for n, (name, content, kind) in enumerate(files):
        text = caption if n == 0 else ""
        document = world.keep(name, content, kind)
        messages.append(spoken(world, chat, sender, text, document=document, marks=group, **more))
    return messages


def membership(world: World, chat: Chat, by: User, before: str, after: str) -> None:
    """Somebody let the bot in, threw it out, or gave it rights."""
    chat.closed_because = {
        "kicked": f"bot was kicked from the {chat.kind} chat",
        "left": "bot is not a member",
    }.get(after, "")
    bot = world.bot.shape()
    world.updates.add(
        "my_chat_member",
        {
            "chat": chat.shape(),
            "from": by.shape(),
            "date": world.now(),
            "old_chat_member": member(bot, before),
            "new_chat_member": member(bot, after),
        },
    )


def member(bot: Mapping[str, Any], status: str) -> dict[str, Any]:
    more: dict[str, Any] = {"until_date": 0} if status == "kicked" else {}
    if status == "administrator":
        more = dict.fromkeys(_RIGHTS, True) | {"is_anonymous": False}
    return {"user": dict(bot), "status": status} | more


_RIGHTS = (
    "can_be_edited", "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories", "can_edit_stories",
    "can_delete_stories", "can_pin_messages", "can_manage_topics",
)  # fmt: skip


def migrated(world: World, chat: Chat, by: User, new_id: int) -> Chat:
    """A group becomes a supergroup: a new id, and the old one is refused from then on."""
    shape = chat.shape()
    old = world.post(chat, by, marks={"migrate_to_chat_id": new_id})
    chat.moved_to = new_id
    new = world.open_chat(Chat(new_id, "supergroup", chat.title, members=chat.members))
    first = world.post(new, by, marks={"migrate_from_chat_id": chat.chat_id})
    world.updates.add("message", chat.shape_of(old) | {"chat": shape})
    world.updates.add("message", new.shape_of(first))
    return new


def topic_made(world: World, chat: Chat, creator: User, name: str) -> int:
    root = world.open_topic(chat, creator, name)
    world.updates.add("message", chat.shape_of(root))
    return root.message_id


def topic_changed(world: World, chat: Chat, by: User, thread: int, what: str, name: str = "") -> None:
    """`what` is edited, closed or reopened."""
    if what == "edited":
        chat.topics[thread] = name
        root = chat.messages[thread]
        world.change(replace(root, topic=name), "renamed")
    else:
        (chat.closed_topics.add if what == "closed" else chat.closed_topics.discard)(thread)
    told = {"name": name} if name else {}
    mark = {f"forum_topic_{what}": told}
    world.updates.add("message", chat.shape_of(world.post(chat, by, thread_id=thread, marks=mark)))
