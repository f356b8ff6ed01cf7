"""Everything the platform knows: chats, people, files, taps, and the queue of updates for the bot."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from tests.emulators.faults import Faults
from tests.emulators.journal import Journal
from tests.emulators.pulse import Pulse
from tests.emulators.telegram.allowance import Allowance, Meter
from tests.emulators.telegram.chat import Chat, Document, Message, User
from tests.emulators.telegram.faults import Fault
from tests.emulators.telegram.journal import Record
from tests.emulators.telegram.limits import Refusal
from tests.emulators.telegram.pushes import Webhook
from tests.emulators.telegram.updates import Updates


@dataclass(slots=True)
class Query:
    """A tap that waits for answerCallbackQuery."""

    query_id: str
    answered: bool = False
    too_old: bool = False
    toast: str = ""
    alert: bool = False
    label: str = ""

    @property
    def waits(self) -> bool:
        return not self.answered and not self.too_old


@dataclass(frozen=True, slots=True)
class Sight:
    """What stood newly before the people of a chat; `at` is the loop's clock."""

    at: float
    what: str  #: new, edited or deleted
    message: Message


class World:
    def __init__(self, token: str, *, privacy: bool = False, allowance: Allowance | None = None) -> None:
        self.token = token
        self.privacy = privacy
        self.bot = User(int(token.split(":", maxsplit=1)[0]), "Peerline", "peerline_bot", is_bot=True)
        self.pulse = Pulse()
        self.updates = Updates(self.pulse)
        self.journal = Journal(self.pulse, Record)
        self.faults = Faults(self.pulse, Fault)
        self.chats: dict[int, Chat] = {}
        self.files: dict[str, Document] = {}
        self.queries: dict[str, Query] = {}
        self.meter = Meter(allowance)
        self.sights: list[Sight] = []
        self.webhook: Webhook | None = None
        self.commands: dict[str, list[dict[str, str]]] = {}
        self._last_ids: dict[int, int] = {}
        self._serial = 0

    def now(self) -> int:
        return int(time.time())

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def chat(self, chat_id: int | None) -> Chat:
        """Return a chat the bot may write to.

        Raises:
            Refusal: nobody of that id ever spoke to the bot, or it was thrown out.
        """
        chat = self.chats.get(chat_id or 0)
        if chat is None or chat.closed_because == "not started":
            raise Refusal("chat not found")
        if chat.moved_to:
            why = "group chat was upgraded to a supergroup chat"
            raise Refusal(why, parameters={"migrate_to_chat_id": chat.moved_to})
        if chat.closed_because:
            raise Refusal(chat.closed_because, code=403)
        return chat

    def open_chat(self, chat: Chat) -> Chat:
        return self.chats.setdefault(chat.chat_id, chat)

    def post(self, chat: Chat, sender: User, **content: Any) -> Message:
        """Put a message under the others, where everybody in the chat sees it."""
        message = Message(chat.chat_id, self._message_id(chat), sender, self.now(), **content)
        chat.messages[message.message_id] = message
        self._seen("new", message)
        return message

    def change(self, message: Message, what: str = "edited") -> Message:
        self.chats[message.chat_id].messages[message.message_id] = message
        self._seen(what, message)
        return message

    def remove(self, message: Message) -> None:
        del self.chats[message.chat_id].messages[message.message_id]
        self._seen("deleted", message)

    def _seen(self, what: str, message: Message) -> None:
        self.sights.append(Sight(time.monotonic(), what, message))
        self.pulse.beat()

    def open_topic(self, chat: Chat, creator: User, name: str) -> Message:
        root = self.post(chat, creator, topic=name)
        chat.topics[root.message_id] = name
        return self.change(replace(root, thread_id=root.message_id), "opened")

    def keep(self, name: str, content: bytes, kind: str, size: int | None = None) -> Document:
        """Keep a file; a `size` of one's own stands for a large file without its bytes."""
        file_id = f"F{self.serial():08d}"
        document = Document(file_id, name, content, len(content) if size is None else size, kind)
        self.files[file_id] = document
        if kind == "photo":  # the first of its sizes is a small one
            self.files[f"{file_id}s"] = replace(document, file_id=f"{file_id}s", content=b"small", size=5)
        return document

    def _message_id(self, chat: Chat) -> int:
        # Supergroups count for themselves, so the same number may mean another message elsewhere.
        counter = chat.chat_id if chat.kind == "supergroup" else 0
        # The first message of a forum tells of its creation, so no topic has the number of the general one.
        self._last_ids[counter] = self._last_ids.get(counter, int(chat.is_forum)) + 1
        return self._last_ids[counter]
