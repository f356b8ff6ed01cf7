"""What a Telegram update means. Pure.

One person, in person, in their private chat or in a group: whatever kind of update it is, nobody else is heard. Not
bots, not what came through one, no channels, and no administrator who hides behind the group.

An address is ``<chat id>``, or ``<chat id>/<topic id>``; the topic General has none. A receipt is
``<chat id>/<message id>``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from bots.interface import Edited, Heard, Raw, Reacted, Said, Tapped
from bots.payload import text_in, timed
from bots.telegram.forwarding import forwarded_from
from bots.telegram.places import changed, chat_of, moved_in
from bots.telegram.sent import text_of
from bots.telegram.translate import receipt
from daemon.core.model import File
from daemon.core.rules.words import hurries

Update = Mapping[str, Any]
WANTED: Final = ("message", "edited_message", "callback_query", "my_chat_member", "message_reaction")
GROUPS: Final = frozenset({"group", "supergroup"})
#: A message with one of these is not, or not only, the words of the person it is from.
NOT_IN_PERSON: Final = (
    "via_bot",
    "sender_chat",
    "actor_chat",
    "sender_business_bot",
    "is_automatic_forward",
    "inline_message_id",
)


@dataclass(frozen=True, slots=True)
class Me:
    """Our bot: its id and its name, without the at."""

    account: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where something was done, and by whom."""

    address: str
    chat: int
    account: int
    author: str
    private: bool
    title: str = ""
    topic: str = ""


def raw_of(update: Update, bot: int) -> Raw | None:
    """What is to be kept of it, or None: it is nothing to us, whatever else is known."""
    number, deed = update.get("update_id"), _deed(update)
    if deed is None or not _is_number(number):
        return None
    kind, body = deed
    moved = moved_in(body)
    # A group's new self waits until it is known as such.
    where = moved[1] if moved else chat_of(body) if kind == "my_chat_member" else None
    scene = None if where else scene_of(kind, body)
    if where is None and scene is None:
        return None
    lane = scene.address if scene else str(where)
    album = body.get("media_group_id") if kind == "message" else None
    return Raw(
        update_id=f"{bot}/{number}",
        lane=lane,
        body=json.dumps(update),
        hurried=kind == "callback_query" or (kind == "message" and _is_brake(body)),
        album=f"{lane}:{album}" if isinstance(album, str) else "",
        said_at=_said_at(body),
    )


def _said_at(body: Update) -> str | None:
    """Telegram tells whole seconds, cut off; a tap has no time of its own."""
    told = body.get("edit_date", body.get("date"))
    return timed(told + 1) if _is_number(told) else None


def heard_in(update: Update, me: Me, files: Sequence[File] = ()) -> Heard | None:
    """Return what somebody did, or None: not for us, or not in a shape that we know.

    ``files`` are what came with it.
    """
    number, deed = update.get("update_id"), _deed(update)
    if deed is None or not _is_number(number):
        return None
    kind, body = deed
    update_id = f"{me.account}/{number}"
    if kind == "my_chat_member" or moved_in(body):
        return changed(update_id, body)
    scene = scene_of(kind, body)
    if scene is None:
        return None
    match kind:
        case "message":
            return _said(update_id, scene, body, me, tuple(files))
        case "edited_message":
            return _edited(update_id, scene, body, me)
        case "callback_query":
            return _tapped(update_id, scene, body)
        case _:
            return _reacted(update_id, scene, body)


def spinner_of(update: Update) -> str | None:
    """Return the id of a tap that waits to be told of its arrival, whether we understand it or not."""
    match update:
        case {"callback_query": {"id": str(query_id)}}:
            return query_id
        case _:
            return None


def scene_of(kind: str, body: Update) -> Scene | None:
    """The gate: a person by their numeric id, in person, where they may be heard at all."""
    message = body.get("message") if kind == "callback_query" else body
    author = body.get("user" if kind == "message_reaction" else "from")
    if not isinstance(message, dict) or not isinstance(author, dict) or author.get("is_bot") is not False:
        return None
    room, account = message.get("chat"), author.get("id")
    if not isinstance(room, dict) or any(body.get(sign) for sign in NOT_IN_PERSON):
        return None
    chat, type_ = room.get("id"), room.get("type")
    if not (_is_number(account) and _is_number(chat)):
        return None
    private = type_ == "private"
    if (chat != account) if private else not (text_in(type_) in GROUPS and chat < 0):
        return None
    topic = _topic(message)
    return Scene(
        address=f"{chat}/{topic}" if topic else str(chat),
        chat=chat,
        account=account,
        author=text_in(author.get("first_name")),
        private=private,
        title=text_in(room.get("title")),
        topic=_topic_title(message) if topic else "",
    )


def _said(update_id: str, scene: Scene, message: Update, me: Me, files: tuple[File, ...]) -> Said | None:
    found = text_of(message, "" if scene.private else me.name, me.account)
    if found is None or not (found.text or files or found.called):
        return None
    return Said(
        update_id=update_id,
        address=scene.address,
        account=str(scene.account),
        text=found.text,
        author=scene.author,
        reply_to=_replied_to(scene.chat, message),
        private=scene.private,
        receipt=_receipt(scene.chat, message),
        title=scene.title,
        topic=scene.topic,
        called=not scene.private and (found.called or _is_reply_to(message, me)),
        files=files,
        forwarded=forwarded_from(message),
    )


def _edited(update_id: str, scene: Scene, message: Update, me: Me) -> Edited | None:
    found, mark = (
        text_of(message, "" if scene.private else me.name, me.account),
        _receipt(scene.chat, message),
    )
    if found is None or not found.text or not mark or forwarded_from(message):
        return None
    return Edited(
        update_id=update_id,
        address=scene.address,
        account=str(scene.account),
        receipt=mark,
        text=found.text,
    )


def _tapped(update_id: str, scene: Scene, query: Update) -> Tapped | None:
    ask_id, _, option = text_in(query.get("data")).removeprefix("t:").rpartition(":")
    is_ours = text_in(query.get("data")).startswith("t:") and ask_id
    if not is_ours or not (option.isascii() and option.isdecimal()):
        return None
    return Tapped(
        update_id=update_id,
        address=scene.address,
        account=str(scene.account),
        ask_id=ask_id,
        option=int(option),
        receipt=_receipt(scene.chat, query.get("message") or {}),
    )


def _reacted(update_id: str, scene: Scene, body: Update) -> Reacted | None:
    match body:
        case {"new_reaction": [{"type": "emoji", "emoji": str(sign)}, *_]}:
            mark = _receipt(scene.chat, body)
            return (
                Reacted(
                    update_id=update_id,
                    address=scene.address,
                    account=str(scene.account),
                    receipt=mark,
                    sign=sign,
                )
                if mark
                else None
            )
        case _:
            return None


def _deed(update: Update) -> tuple[str, Update] | None:
    """Its kind, and what is told of it."""
    kinds = [kind for kind in WANTED if isinstance(update.get(kind), dict)]
    return (kinds[0], update[kinds[0]]) if len(kinds) == 1 else None


def _is_brake(message: Update) -> bool:
    return isinstance(message.get("text"), str) and not forwarded_from(message) and hurries(message["text"])


def _topic(message: Update) -> int | None:
    match message:
        case {"is_topic_message": True, "message_thread_id": int(thread)} if _is_number(thread):
            return thread
        case _:
            return None


def _topic_title(message: Update) -> str:
    """Telegram tells it with what replies to nothing else: that replies to the topic's first message."""
    match message:
        case {"reply_to_message": {"forum_topic_created": {"name": str(name)}}}:
            return name
        case _:
            return ""


def _replied_to(chat: int, message: Update) -> str:
    """In a topic, Telegram calls everything a reply to the topic's first message; that is none."""
    match message:
        case {"reply_to_message": {"message_id": int(replied)}} if not _is_root(message, replied):
            return receipt(chat, replied)
        case _:
            return ""


def _is_reply_to(message: Update, me: Me) -> bool:
    match message:
        case {"reply_to_message": {"message_id": int(replied), "from": {"id": int(author)}}}:
            return author == me.account and not _is_root(message, replied)
        case _:
            return False


def _is_root(message: Update, replied: int) -> bool:
    return message.get("is_topic_message") is True and message.get("message_thread_id") == replied


def _receipt(chat: int, message: Update) -> str:
    message_id = message.get("message_id")
    return receipt(chat, message_id) if isinstance(message_id, int) and _is_number(message_id) else ""


def _is_number(value: object) -> TypeGuard[int]:
    """True is a number to Python alone."""
    return isinstance(value, int) and not isinstance(value, bool)
