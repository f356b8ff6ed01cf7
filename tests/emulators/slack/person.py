"""A person with Slack open: what they do reaches the app as events, what the app does is what they see."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.emulators.slack import files, telling
from tests.emulators.slack.limits import EMOJI
from tests.emulators.slack.nouns import Channel, Message, User, View
from tests.emulators.slack.sockets import APP
from tests.emulators.slack.taps import Tap, commanded, pressed, shortcut_taken, submitted
from tests.emulators.slack.text import escaped
from tests.emulators.slack.world import BOT, Sight, World

Wanted = str | Callable[[Message], bool]
_SECONDS = 5.0


class Person:
    """`channel` None is the direct messages with the app; `thread` names the first message of one, or its ts."""

    def __init__(self, world: World, user: User) -> None:
        self._world = world
        self.user = user
        world.people[user.user_id] = user

    @property
    def chat(self) -> Channel:
        """Return the direct messages with the app."""
        return self._world.direct(self.user)

    # What they do.

    def says(
        self,
        text: str,
        *,
        channel: Channel | None = None,
        thread: Message | str = "",
        broadcast: bool = False,
        marks: Mapping[str, Any] | None = None,
    ) -> Message:
        """Say something; `@Name` of somebody who is there becomes a mention. `marks` are more members of its JSON."""
        raw = self._typed(text)
        return self._sends(channel, thread, raw=raw, broadcast=broadcast, marks=marks or {})

    def mentions(self, text: str, *, channel: Channel, thread: Message | str = "") -> Message:
        """Say something to the app by name."""
        return self.says(f"@{BOT.name} {text}", channel=channel, thread=thread)

    def sends_file(
        self,
        name: str,
        content: bytes,
        *,
        caption: str = "",
        channel: Channel | None = None,
        thread: Message | str = "",
        **more: Any,
    ) -> Message:
        """`more`: `size`, `mimetype`, `stub`."""
        file = files.keep(self._world, name, content, self.user.user_id, **more)
        return self._sends(channel, thread, raw=self._typed(caption), files=(file,))

    def edits(self, message: Message, text: str) -> Message:
        before = self._current(message)
        edited = before.edited(self._world.ts(), self.user.user_id, self._typed(text), before.blocks)
        self._world.change(edited)
        telling.changed(self._world, before, edited)
        return edited

    def deletes(self, message: Message) -> None:
        telling.deleted(self._world, self._current(message))

    def taps(self, message: Message, label: str, *, stale: bool = False) -> Tap:
        """Tap a button that is shown, or (`stale`) one that an edit has just taken away.

        Raises:
            LookupError: there is no such message or button.
        """
        shown = self._current(message)
        return pressed(self._world, self.user, shown, shown.button(label, stale=stale))

    def selects(self, message: Message, label: str, *, stale: bool = False) -> Tap:
        """Choose an option of a select."""
        shown = self._current(message)
        return pressed(self._world, self.user, shown, shown.button(label, stale=stale, option=True))

    def slash(self, command: str, text: str = "", *, channel: Channel | None = None) -> Tap:
        """Give a slash command; in a thread Slack offers none."""
        return commanded(self._world, self.user, channel or self.chat, command, text)

    def shortcut(self, callback_id: str, message: Message | None = None) -> Tap:
        """Take a shortcut: a global one, or one on a message."""
        return shortcut_taken(self._world, self.user, callback_id, message and self._current(message))

    def submits(self, view: View, **values: str) -> Tap:
        """Submit a modal. A value is named by its action_id: the text typed, or the label of the option chosen."""
        return submitted(self._world, self.user, view, values)

    def taps_in(self, view: View, label: str) -> Tap:
        """Tap a button of a modal or of the home tab."""
        button = next((each for each in view.buttons if each.label == label), None)
        if button is None:
            raise LookupError(f"no button {label!r} in {[each.label for each in view.buttons]}")
        return pressed(self._world, self.user, view, button)

    def closes(self, view: View) -> None:
        view.closed = True
        if view.content.get("notify_on_close"):
            self._world.interaction(
                "view_closed", self.user, "", {"view": view.shape(BOT, APP), "is_cleared": False}
            )
        self._world.pulse.beat()

    def opens_home(self, tab: str = "home") -> None:
        """Look at the app: its home tab, or its messages."""
        event = {"type": "app_home_opened", "user": self.user.user_id, "channel": self.chat.channel_id}
        known = self._world.homes.get(self.user.user_id)
        shown = {"view": known.shape(BOT, APP)} if known and tab == "home" else {}
        self.chat.opened = True
        self._world.tell(event | {"tab": tab, "event_ts": self._world.ts()} | shown)

    def reacts(self, message: Message, emoji: str, *, removed: bool = False) -> None:
        """Put a reaction under a message.

        Raises:
            ValueError: no Slack offers that one.
        """
        if emoji not in EMOJI:
            raise ValueError(f"nobody can react with {emoji}")
        telling.reacted(self._world, self._current(message), self.user, emoji, removed=removed)

    # What they see.

    def screen(self, channel: Channel | None = None, thread: Message | str = "") -> tuple[Message, ...]:
        """Return the messages shown now, oldest first: with what is shown to this person alone."""
        room = channel or self.chat
        mine = [each for each in room.only_for if each.only_for == self.user.user_id]
        shown = sorted([*room.messages.values(), *mine], key=lambda message: message.ts)
        root = _ts_of(thread)
        return tuple(m for m in shown if not root or m.thread == root)

    def heard(self, channel: Channel | None = None, thread: Message | str = "") -> tuple[Message, ...]:
        """Return what others wrote: the screen without one's own words."""
        return tuple(message for message in self.screen(channel, thread) if message.sender != self.user)

    def saw(self, channel: Channel | None = None, thread: Message | str = "") -> tuple[Sight, ...]:
        """Return everything of others that came before the eyes, in order: new, edited, deleted."""
        room, root = (channel or self.chat).channel_id, _ts_of(thread)
        return tuple(
            sight
            for sight in self._world.sights
            if sight.message.channel_id == room
            and sight.message.sender != self.user
            and sight.message.only_for in {"", self.user.user_id}
            and root in {"", sight.message.thread}
        )

    async def sees(
        self,
        wanted: Wanted,
        *,
        within: float = _SECONDS,
        channel: Channel | None = None,
        thread: Message | str = "",
    ) -> Message:
        """Wait for a message of somebody else: one that contains a text, or for which a predicate holds.

        Raises:
            AssertionError: it did not come; the sentence shows the screen.
        """
        holds = _holds(wanted)
        found = await self._until(
            lambda: [m for m in self.heard(channel, thread) if holds(m)], wanted, within, channel
        )
        return found[0]

    async def sees_screen(
        self,
        holds: Callable[[tuple[Message, ...]], bool],
        *,
        within: float = _SECONDS,
        channel: Channel | None = None,
    ) -> tuple[Message, ...]:
        """Wait until the whole screen is as it should be, for order, counts and what must be gone."""
        await self._until(lambda: holds(self.screen(channel)), holds, within, channel)
        return self.screen(channel)

    @property
    def modal(self) -> View | None:
        """Return the modal that stands before this person."""
        mine = [v for v in self._world.views.values() if v.owner == self.user and not v.closed]
        return mine[-1] if mine else None

    @property
    def home(self) -> View | None:
        return self._world.homes.get(self.user.user_id)

    async def sees_modal(
        self, wanted: str | Callable[[View], bool] = "", *, within: float = _SECONDS
    ) -> View:
        """Wait for a modal whose title or text contains a text (or for which a predicate holds)."""
        return await self._sees_view(lambda: self.modal, wanted, within, "modal")

    async def sees_home(self, wanted: str | Callable[[View], bool] = "", *, within: float = _SECONDS) -> View:
        return await self._sees_view(lambda: self.home, wanted, within, "home")

    async def _sees_view(
        self, look: Callable[[], View | None], wanted: str | Callable[[View], bool], within: float, what: str
    ) -> View:
        def holds() -> View | None:
            view = look()
            if view is None:
                return None
            fits = wanted in f"{view.title}\n{view.text}" if isinstance(wanted, str) else wanted(view)
            return view if fits else None

        def instead() -> str:
            view = look()
            lines = f"{view.title}\n{view.text}" if view else "(nothing)"
            return f"{self.user.name} did not see a {what} with {wanted!r} in {within} s; it is:\n{lines}"

        found = await self._world.pulse.expect(holds, within, instead)
        assert found is not None
        return found

    async def _until(
        self, look: Callable[[], Any], wanted: object, within: float, channel: Channel | None
    ) -> Any:
        def screen() -> str:
            lines = "\n".join(message.line() for message in self.screen(channel)) or "(nothing)"
            return f"{self.user.name} did not see {wanted!r} in {within} s; the screen:\n{lines}"

        return await self._world.pulse.expect(look, within, screen)

    # How it reaches the app.

    def _typed(self, text: str) -> str:
        """Escape what was typed, and let the names of people who are there be mentions."""
        named = {f"@{user.name}": user.user_id for user in self._world.people.values()}
        names = "|".join(re.escape(name) for name in sorted(named, key=len, reverse=True))
        return re.sub(rf"(?:{names})\b", lambda hit: f"<@{named[hit.group()]}>", escaped(text))

    def _sends(self, channel: Channel | None, thread: Message | str, **content: Any) -> Message:
        room = channel or self.chat
        room.opened = True
        room.members.setdefault(self.user.user_id, self.user)
        message = self._world.post(room, self.user, thread_ts=_ts_of(thread), **content)
        telling.said(self._world, message)
        return message

    def _current(self, message: Message) -> Message:
        channel = self._world.channels[message.channel_id]
        if not message.only_for:
            return channel.messages[message.ts]
        mine = [each for each in channel.only_for if each.only_for == self.user.user_id]
        found = [each for each in mine if each.ts == message.ts]
        if not found:
            raise LookupError(f"{self.user.name} is not shown {message.ts}")
        return found[0]


def _ts_of(thread: Message | str) -> str:
    return thread if isinstance(thread, str) else thread.thread


def _holds(wanted: Wanted) -> Callable[[Message], bool]:
    return (lambda message: wanted in message.text) if isinstance(wanted, str) else wanted
