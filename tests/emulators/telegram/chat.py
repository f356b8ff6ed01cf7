"""The nouns: users, messages and the chats that hold them, and how each looks in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.emulators.telegram.text import Entity, Formatted


@dataclass(frozen=True, slots=True)
class User:
    user_id: int
    first_name: str
    username: str = ""
    is_bot: bool = False

    def shape(self) -> dict[str, Any]:
        named = {"username": self.username} if self.username else {}
        return {"id": self.user_id, "is_bot": self.is_bot, "first_name": self.first_name} | named


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    callback: str = ""
    url: str = ""

    def shape(self) -> dict[str, str]:
        return {"text": self.text} | ({"url": self.url} if self.url else {"callback_data": self.callback})


# A message with one of these tells of something that was done, and has no text.
SERVICE = frozenset(
    {"forum_topic_edited", "forum_topic_closed", "forum_topic_reopened", "migrate_to_chat_id"}
    | {"migrate_from_chat_id", "new_chat_members", "left_chat_member", "pinned_message", "new_chat_title"}
)
Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A file; `kind` is the member of a message it travels in: document, photo, voice, audio, video, sticker …"""

    file_id: str
    name: str
    content: bytes
    size: int
    kind: str = "document"
    mime_type: str = "application/octet-stream"

    @property
    def path(self) -> str:
        return f"{self.kind}s/{self.file_id}-{self.name}"

    def shape(self) -> Any:
        core = {"file_id": self.file_id, "file_unique_id": f"u{self.file_id}", "file_size": self.size}
        match self.kind:
            case "photo":
                small = {"file_id": f"{self.file_id}s", "file_unique_id": f"u{self.file_id}s", "file_size": 5}
                return [small | {"width": 90, "height": 67}, core | {"width": 640, "height": 480}]
            case "voice":
                return core | {"duration": 1, "mime_type": "audio/ogg"}
            case "audio":
                return core | {"duration": 1, "file_name": self.name, "mime_type": "audio/mpeg"}
            case "video" | "animation":
                measures = {"width": 640, "height": 480, "duration": 1, "mime_type": "video/mp4"}
                return core | measures | {"file_name": self.name}
            case "video_note":
                return core | {"length": 240, "duration": 1}
            case "sticker":
                flags = {"is_animated": False, "is_video": False, "type": "regular", "emoji": "👍"}
                return core | {"width": 512, "height": 512} | flags
            case _:
                return core | {"file_name": self.name, "mime_type": self.mime_type}


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said before an edit."""

    text: str
    entities: tuple[Entity, ...]
    buttons: Rows


@dataclass(frozen=True, slots=True)
class Message:
    chat_id: int
    message_id: int
    sender: User
    sent_at: int
    text: str = ""
    entities: tuple[Entity, ...] = ()
    buttons: Rows = ()
    reply_to: int | None = None
    thread_id: int | None = None
    silent: bool = False
    document: Document | None = None
    topic: str = ""
    edited_at: int | None = None
    history: tuple[Version, ...] = ()
    reactions: tuple[str, ...] = ()
    link_preview: dict[str, Any] | None = None
    marks: Mapping[str, Any] = field(
        default_factory=dict
    )  #: more members of its JSON: forward_origin, via_bot …

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(button.text for row in self.buttons for button in row)

    def button(self, label: str, *, stale: bool = False) -> Button:
        """Find a button by its label; `stale` looks also among those an edit took away.

        Raises:
            LookupError: nobody could tap that.
        """
        layers = [self.buttons, *(old.buttons for old in reversed(self.history) if stale)]
        for button in (button for rows in layers for row in rows for button in row):
            if button.text == label:
                return button
        raise LookupError(f"no button {label!r} under message {self.message_id}: {self.labels}")

    def edited(self, now: int, content: Formatted, buttons: Rows) -> Message:
        before = Version(self.text, self.entities, self.buttons)
        return replace(
            self,
            text=content.text,
            entities=content.entities,
            buttons=buttons,
            edited_at=now,
            history=(*self.history, before),
        )

    def line(self) -> str:
        marks = "".join(f" [{label}]" for label in self.labels)
        return f"{self.message_id} {self.sender.first_name}: {self.text or self._what_else()}{marks}"

    def _what_else(self) -> str:
        if self.document:
            return f"({self.document.kind} {self.document.name})"
        return f"(topic {self.topic})" if self.topic else f"({', '.join(self.marks)})"


@dataclass(slots=True)
class Chat:
    """One conversation as everybody in it sees it now; a deleted message is gone."""

    chat_id: int
    kind: str
    title: str = ""
    is_forum: bool = False
    members: dict[int, User] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)
    topics: dict[int, str] = field(default_factory=dict)
    closed_topics: set[int] = field(default_factory=set)
    bot_may_manage: bool = True
    moved_to: int = 0
    pinned: list[int] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    drafts: dict[int, str] = field(default_factory=dict)
    keyboard: tuple[tuple[str, ...], ...] = ()
    closed_because: str = ""

    def shape(self) -> dict[str, Any]:
        if self.kind == "private":
            (owner,) = self.members.values()
            named = {"username": owner.username} if owner.username else {}
            return {"id": self.chat_id, "type": "private", "first_name": owner.first_name} | named
        forum = {"is_forum": True} if self.is_forum else {}
        return {"id": self.chat_id, "type": self.kind, "title": self.title} | forum

    def shape_of(self, message: Message, *, with_reply: bool = True) -> dict[str, Any]:
        shape: dict[str, Any] = {
            "message_id": message.message_id,
            "date": message.sent_at,
            "chat": self.shape(),
            "from": message.sender.shape(),
        }
        shape |= _content(message) | _thread(message, in_topic=message.thread_id in self.topics)
        shape |= message.marks
        if message.edited_at:
            shape["edit_date"] = message.edited_at
        if message.buttons:
            shape["reply_markup"] = {"inline_keyboard": [[b.shape() for b in row] for row in message.buttons]}
        # What stands in a topic and answers nothing answers, for the API, the topic's first message.
        answered = self.messages.get(message.reply_to or message.thread_id or 0)
        if with_reply and answered:
            shape["reply_to_message"] = self.shape_of(answered, with_reply=False)
        return shape


def _content(message: Message) -> dict[str, Any]:
    if message.topic:
        return {"forum_topic_created": {"name": message.topic, "icon_color": 7322096}}
    if message.marks.keys() & SERVICE:
        return {}
    text, marks = ("caption", "caption_entities") if message.document else ("text", "entities")
    shape: dict[str, Any] = {text: message.text} if message.text or not message.document else {}
    if message.entities:
        shape[marks] = list(message.entities)
    if message.document:
        shape[message.document.kind] = message.document.shape()
    if message.link_preview:
        shape["link_preview_options"] = message.link_preview
    return shape


def _thread(message: Message, *, in_topic: bool) -> dict[str, Any]:
    if message.thread_id is None:
        return {}
    return {"message_thread_id": message.thread_id} | ({"is_topic_message": True} if in_topic else {})
