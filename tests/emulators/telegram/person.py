"""A person with a phone: what they do reaches the bot as updates, what the bot does is what they see."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from tests.emulators.telegram.chat import Chat, Message, User
from tests.emulators.telegram.crowd import album, forwarded_from, membership
from tests.emulators.telegram.limits import REACTIONS
from tests.emulators.telegram.text import cleaned, found_entities, slice_units
from tests.emulators.telegram.world import Query, Sight, World

Wanted = str | Callable[[Message], bool]
_SECONDS = 5.0


class Tap:
    """A tap on a button: the spinner turns until the bot answers it."""

    def __init__(self, world: World, query: Query) -> None:
        self._world = world
        self._query = query

    @property
    def query_id(self) -> str:
        return self._query.query_id

    def grows_old(self) -> None:
        self._query.too_old = True

    async def answered(self, *, within: float = _SECONDS) -> str:
        """Return the toast (often empty) once the spinner stops."""
        turning = f"the spinner still turned after {within} s"
        await self._world.pulse.expect(lambda: self._query.answered, within, lambda: turning)
        return self._query.toast


class Person:
    def __init__(self, world: World, user: User, *, started: bool = True) -> None:
        self._world = world
        self.user = user
        self._reactions: dict[tuple[int, int], tuple[str, ...]] = {}
        self.chat = world.open_chat(Chat(user.user_id, "private", members={user.user_id: user}))
        self.chat.closed_because = "" if started else "not started"

    # What they do.

    def says(
        self,
        text: str,
        *,
        reply_to: Message | int | None = None,
        chat: Chat | None = None,
        thread: int | None = None,
        marks: Mapping[str, Any] | None = None,
    ) -> Message:
        """`marks` are more members of the message's JSON, such as `via_bot`."""
        content = cleaned(text)
        more = {"text": content.text, "entities": found_entities(content.text), "marks": marks or {}}
        return self._sends(chat, reply_to, thread, **more)

    def forwards(
        self, text: str, *, of: User | str = "Somebody", chat: Chat | None = None, thread: int | None = None
    ) -> Message:
        """Forward what somebody else wrote."""
        return self.says(text, chat=chat, thread=thread, marks=forwarded_from(self._world, of))

    def sends_album(
        self,
        *files: tuple[str, bytes, str],
        caption: str = "",
        chat: Chat | None = None,
        thread: int | None = None,
    ) -> list[Message]:
        """Files are (name, content, kind)."""
        return album(self._world, chat or self.chat, self.user, files, caption, thread_id=thread)

    def sends_file(
        self,
        name: str,
        content: bytes,
        *,
        caption: str = "",
        kind: str = "document",
        size: int | None = None,
        chat: Chat | None = None,
        thread: int | None = None,
    ) -> Message:
        document = self._world.keep(name, content, kind, size)
        content_of_caption = cleaned(caption)
        more = {"text": content_of_caption.text, "entities": found_entities(content_of_caption.text)}
        return self._sends(chat, None, thread, document=document, **more)

    def edits(self, message: Message, text: str) -> Message:
        content = replace(cleaned(text), entities=found_entities(cleaned(text).text))
        edited = self._world.change(self._current(message).edited(self._world.now(), content, ()))
        self._tell("edited_message", edited)
        return edited

    def deletes(self, message: Message) -> None:
        """Delete a message; Telegram tells the bot nothing."""
        self._world.remove(self._current(message))

    def taps(
        self, message: Message | int, label: str, *, chat: Chat | None = None, stale: bool = False
    ) -> Tap:
        """Tap a button that is shown, or (`stale`) one that an edit has just taken away.

        Raises:
            LookupError: there is no such message or button.
        """
        room = self._room(message, chat)
        shown = room.messages[_id_of(message)]
        query = Query(f"{self.user.user_id}{self._world.serial():06d}", label=label)
        self._world.queries[query.query_id] = query
        body = {
            "id": query.query_id,
            "from": self.user.shape(),
            "chat_instance": str(room.chat_id),
            "message": room.shape_of(shown),
            "data": shown.button(label, stale=stale).callback,
        }
        self._world.updates.add("callback_query", body)
        return Tap(self._world, query)

    def reacts(self, message: Message, *emoji: str) -> None:
        """Take back the earlier reactions and put these there instead.

        Raises:
            ValueError: no phone offers that one.
        """
        if not REACTIONS.issuperset(emoji):
            raise ValueError(f"nobody can react with {emoji}")
        room = self._room(message, None)
        before = self._reactions.get((room.chat_id, message.message_id), ())
        self._reactions[room.chat_id, message.message_id] = emoji
        self._world.updates.add(
            "message_reaction",
            {
                "chat": room.shape(),
                "message_id": message.message_id,
                "user": self.user.shape(),
                "date": self._world.now(),
                "old_reaction": [{"type": "emoji", "emoji": one} for one in before],
                "new_reaction": [{"type": "emoji", "emoji": one} for one in emoji],
            },
        )

    def blocks_the_bot(self) -> None:
        membership(self._world, self.chat, self.user, "member", "kicked")
        self.chat.closed_because = "bot was blocked by the user"

    def unblocks_the_bot(self) -> None:
        membership(self._world, self.chat, self.user, "kicked", "member")

    # What they see.

    def screen(self, chat: Chat | None = None) -> tuple[Message, ...]:
        """Return the messages shown now, oldest first, as they stand after all edits."""
        return tuple((chat or self.chat).messages.values())

    def heard(self, chat: Chat | None = None) -> tuple[Message, ...]:
        """Return what others wrote: the screen without one's own words."""
        return tuple(message for message in self.screen(chat) if message.sender != self.user)

    def saw(self, chat: Chat | None = None, *, thread: int | None = None) -> tuple[Sight, ...]:
        """Return everything of others that came before the eyes, in order: new, edited, deleted."""
        room = (chat or self.chat).chat_id
        return tuple(
            sight
            for sight in self._world.sights
            if sight.message.chat_id == room
            and sight.message.sender != self.user
            and thread in {None, sight.message.thread_id}
        )

    async def sees(self, wanted: Wanted, *, within: float = _SECONDS, chat: Chat | None = None) -> Message:
        """Wait for a message of somebody else: one that contains a text, or for which a predicate holds.

        Raises:
            AssertionError: it did not come; the sentence shows the screen.
        """
        holds = _holds(wanted)
        found = await self._until(lambda: [m for m in self.heard(chat) if holds(m)], wanted, within, chat)
        return found[0]

    async def sees_screen(
        self,
        holds: Callable[[tuple[Message, ...]], bool],
        *,
        within: float = _SECONDS,
        chat: Chat | None = None,
    ) -> tuple[Message, ...]:
        """Wait until the whole screen is as it should be, for order, counts and what must be gone."""
        await self._until(lambda: holds(self.screen(chat)), holds, within, chat)
        return self.screen(chat)

    async def _until(self, look: Callable[[], Any], wanted: object, within: float, chat: Chat | None) -> Any:
        def screen() -> str:
            lines = "\n".join(message.line() for message in self.screen(chat)) or "(nothing)"
            return f"{self.user.first_name} did not see {wanted!r} in {within} s; the screen:\n{lines}"

        return await self._world.pulse.expect(look, within, screen)

    # How it reaches the bot.

    def _sends(
        self, chat: Chat | None, reply_to: Message | int | None, thread: int | None, **content: Any
    ) -> Message:
        room = chat or self.chat
        if room is self.chat:
            room.closed_because = ""
        answers = None if reply_to is None else _id_of(reply_to)
        if thread is None and answers is not None:
            thread = room.messages[answers].thread_id
        message = self._world.post(room, self.user, reply_to=answers, thread_id=thread, **content)
        if self._reaches_the_bot(room, message):
            self._tell("message", message)
        return message

    def _reaches_the_bot(self, room: Chat, message: Message) -> bool:
        """With privacy mode on, a bot in a group gets commands, replies to it, and where it is named."""
        if room.closed_because:
            return False
        if room.kind == "private" or not self._world.privacy:
            return True
        answered = room.messages.get(message.reply_to or 0)
        named = [slice_units(message.text, e["offset"], e["length"]) for e in message.entities]
        return (
            (answered is not None and answered.sender == self._world.bot)
            or any(word.startswith("/") for word in named)
            or f"@{self._world.bot.username}" in named
        )

    def _tell(self, kind: str, message: Message) -> None:
        self._world.updates.add(kind, self._world.chats[message.chat_id].shape_of(message))

    def _room(self, message: Message | int, chat: Chat | None) -> Chat:
        return self._world.chats[message.chat_id] if isinstance(message, Message) else chat or self.chat

    def _current(self, message: Message) -> Message:
        return self._world.chats[message.chat_id].messages[message.message_id]


def _id_of(message: Message | int) -> int:
    return message if isinstance(message, int) else message.message_id


def _holds(wanted: Wanted) -> Callable[[Message], bool]:
    return (lambda message: wanted in message.text) if isinstance(wanted, str) else wanted
