"""The platforms a line is judged on, alike for every rig: who is there, where one speaks, and what is seen there.

A ``Place`` is somewhere to speak: a private chat, a topic of a forum or a thread of a channel, a channel itself. The
rule: a rig knows no platform but by these words.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.emulators import slack, telegram
from tests.scenarios.house import PATIENCE_S

NAMES = ("Ada", "Ben", "Cleo", "Dora")
FORUMS = (-1_001_000_000_001, -1_001_000_000_002)
CHANNELS = ("C0000WORK1", "C0000WORK2")
TELEGRAM, SLACK = "telegram", "slack"
SURFACES = (TELEGRAM, SLACK)


@dataclass(frozen=True, slots=True)
class Place:
    """``room`` is the emulator's own, None a private chat; ``thread`` names a topic or thread in it, "" none."""

    room: Any
    thread: Any = None
    name: str = ""

    def __str__(self) -> str:
        return self.name


class Ground(Protocol):
    """``emulator`` has ``world.sights``, ``journal``, ``faults`` and ``checks`` on every platform."""

    surface: str
    emulator: Any
    people: list[Any]

    def settings(self) -> dict[str, str]: ...
    def peer(self, person: Any) -> str: ...
    def places(self, person: Any) -> list[Place]: ...
    def speak(self, person: Any, place: Place, agent: str, text: str, old: Any) -> Any:
        """Say it to the agent, to ``old`` (what it answered) if given; return the thread of its answer."""
        ...

    def heard(self, person: Any, place: Place) -> list[Any]: ...
    def thread_of(self, message: Any) -> Any: ...
    def key_of(self, message: Any) -> Any: ...
    def file_of(self, message: Any) -> bytes | None: ...
    def storm(self, chance: random.Random, rate: float) -> Any: ...
    def repeats(self) -> Any:
        """Weather in which everything is told four times."""
        ...

    async def taken_in(self) -> None: ...
    async def there(self) -> None: ...


@dataclass(slots=True)
class OnTelegram:
    emulator: telegram.TelegramEmulator
    forums: list[Any] = field(default_factory=list)
    topics: dict[int, list[int]] = field(default_factory=dict)  #: threads, by forum
    people: list[Any] = field(default_factory=list)
    surface: str = TELEGRAM

    def furnish(self, people: int, rooms: int, topics: int) -> None:
        self.people = [self.emulator.person(7 + n, name) for n, name in enumerate(NAMES[:people])]
        for number in FORUMS[:rooms]:
            forum = self.emulator.group(number, _title(number), *self.people, forum=True)
            self.forums.append(forum)
            self.topics[number] = [
                self.emulator.topic(forum, self.people[0], f"topic {n}") for n in range(topics)
            ]

    def settings(self) -> dict[str, str]:
        told = [f"{{id: {each.user.user_id}, name: {each.user.first_name.lower()}}}" for each in self.people]
        listed = [f"{{id: {each.chat_id}, name: {each.title.lower()}}}" for each in self.forums]
        chats = {"PEERLINE_TELEGRAM__CHATS": f"[{', '.join(listed)}]"} if listed else {}
        return {
            "PEERLINE_TELEGRAM__BOT_TOKEN": self.emulator.token,
            "PEERLINE_TELEGRAM__API_BASE": self.emulator.root,
            "PEERLINE_TELEGRAM__PEOPLE": f"[{', '.join(told)}]",
            **chats,
        }

    def peer(self, person: Any) -> str:
        first = person.user.user_id == 7
        return TELEGRAM if first else f"telegram-{person.user.first_name.lower()}"

    def places(self, person: Any) -> list[Place]:
        forums = [
            Place(forum, thread, f"{abs(forum.chat_id) % 10}/{thread}")
            for forum in self.forums
            for thread in self.topics[forum.chat_id]
        ]
        return [Place(None, None, f"private{person.user.user_id}"), *forums]

    def speak(self, person: Any, place: Place, agent: str, text: str, old: Any) -> Any:
        words = text if old else f"@{agent} {text}"
        person.says(words, reply_to=old, chat=place.room, thread=place.thread)
        return place.thread

    def heard(self, person: Any, place: Place) -> list[Any]:
        return list(person.heard(place.room))

    def thread_of(self, message: Any) -> Any:
        return message.thread_id

    def key_of(self, message: Any) -> Any:
        return message.message_id

    def file_of(self, message: Any) -> bytes | None:
        return message.document.content if message.document else None

    def storm(self, chance: random.Random, rate: float) -> Any:
        return telegram.Storm(chance, rate)

    def repeats(self) -> Any:
        four = telegram.Fault(telegram.Kind.REDELIVER, "getUpdates")
        return telegram.Storm(random.Random(1), 1.0, (four,))  # noqa: S311

    async def taken_in(self) -> None:
        world = self.emulator.world
        await world.pulse.until(lambda: not world.updates.pending, PATIENCE_S)

    async def there(self) -> None:
        """Whoever polls finds what waits."""


@dataclass(slots=True)
class OnSlack:
    emulator: slack.SlackEmulator
    channels: list[Any] = field(default_factory=list)
    roots: dict[str, list[Any]] = field(default_factory=dict)  #: what somebody else began, by channel
    people: list[Any] = field(default_factory=list)
    surface: str = SLACK

    def furnish(self, people: int, rooms: int, topics: int) -> None:
        self.people = [self.emulator.person(f"U0000{name.upper()}", name) for name in NAMES[:people]]
        for number in CHANNELS[:rooms]:
            channel = self.emulator.channel(number, number[5:].lower(), *self.people)
            self.channels.append(channel)
            self.roots[number] = [self.people[0].says(f"topic {n}", channel=channel) for n in range(topics)]

    def settings(self) -> dict[str, str]:
        told = [
            f"{{team: {slack.TEAM}, id: {each.user.user_id}, name: {each.user.name.lower()}}}"
            for each in self.people
        ]
        listed = [f"{{id: {each.channel_id}, name: {each.name}}}" for each in self.channels]
        return {
            "PEERLINE_SLACK__BOT_TOKEN": self.emulator.tokens.bot,
            "PEERLINE_SLACK__APP_TOKEN": self.emulator.tokens.app,
            "PEERLINE_SLACK__API_BASE": self.emulator.root,
            "PEERLINE_SLACK__PEOPLE": f"[{', '.join(told)}]",
            "PEERLINE_SLACK__CHANNELS": f"[{', '.join(listed)}]",
        }

    def peer(self, person: Any) -> str:
        return f"slack-{person.user.name.lower()}"

    def places(self, person: Any) -> list[Place]:
        private = Place(None, None, f"private{person.user.user_id}")
        return [private, *(place for channel in self.channels for place in self._in(channel))]

    def _in(self, channel: Any) -> Iterator[Place]:
        """The channel, where each ask begins a thread of its own; and the threads that others began."""
        yield Place(channel, None, channel.name)
        for n, root in enumerate(self.roots[channel.channel_id]):
            yield Place(channel, root, f"{channel.name}/{n}")

    def speak(self, person: Any, place: Place, agent: str, text: str, old: Any) -> Any:
        if old and place.thread is None:  # in the thread of what it answered, its words need no name
            person.says(text, channel=place.room, thread=old)
            return old.thread
        words = f"@{agent} {text}"
        if place.room is None:
            person.says(words)
            return None
        said = person.mentions(words, channel=place.room, thread=place.thread or "")
        return said.thread

    def heard(self, person: Any, place: Place) -> list[Any]:
        return list(person.heard(place.room))

    def thread_of(self, message: Any) -> Any:
        return message.thread_ts or None

    def key_of(self, message: Any) -> Any:
        return message.ts

    def file_of(self, message: Any) -> bytes | None:
        return message.files[0].content if message.files else None

    def storm(self, chance: random.Random, rate: float) -> Any:
        return slack.Storm(chance, rate)

    def repeats(self) -> Any:
        four = slack.Fault(slack.Kind.REDELIVER, "envelope")
        return slack.Storm(random.Random(1), 1.0, (four,))  # noqa: S311

    async def taken_in(self) -> None:
        await self.emulator.deliveries.settled(within=PATIENCE_S)

    async def there(self) -> None:
        await self.emulator.sockets.there(within=PATIENCE_S)


def _title(number: int) -> str:
    return f"Work{-number % 10}"
