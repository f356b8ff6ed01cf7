"""From our cards to Telegram's forms: messages and rows of keys. Pure. The other way is ``hearing``.

A receipt is ``<chat id>/<message id>``, because message ids alone may repeat; it names the last message of a
card, which is the one with the keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bots import pages as paging
from bots.interface import Card, Choice
from bots.pages import Carries, Part, has_room, is_long, label, without_file
from bots.splitting import units
from bots.telegram.markup import LONGEST_TEXT, Message, messages

MOST_KEYS: Final = 100
SHORT_LABEL: Final = 18  #: two such keys stand beside each other on a narrow phone
LONGEST_LABEL: Final = 60
LONGEST_CAPTION: Final = 1024
MOST_PAGES: Final = 6  #: what is longer goes as a file


@dataclass(frozen=True, slots=True)
class Key:
    label: str
    callback: str


Rows = tuple[tuple[Key, ...], ...]


class _Form:
    """Telegram's messages, for ``bots.pages``."""

    longest: Final = LONGEST_TEXT
    most: Final = MOST_PAGES

    def messages(self, markdown: str, limit: int) -> list[Message]:
        return messages(markdown, limit)

    def words(self, text: str) -> Message:
        return Message(text)

    def length(self, message: Message, more: str = "") -> int:
        return units(message.text + more)

    def between(self, above: str, message: Message, below: str) -> Message:
        moved = tuple(replace(each, offset=each.offset + units(above)) for each in message.entities)
        return Message(above + message.text + below, moved)


FORM: Final = _Form()


def receipt(chat: int, message_id: int) -> str:
    return f"{chat}/{message_id}"


def room_of(address: str) -> str:
    """The chat; a topic's address is ``<chat>/<topic>``."""
    return address.partition("/")[0]


def thread_of(address: str) -> int | None:
    """The topic's id; None: the chat itself, or its General."""
    topic = address.partition("/")[2]
    return int(topic) if topic.isdecimal() else None


def message_in(address: str, shown_as: str) -> int | None:
    """Return the message that a receipt names, if it is one of that chat."""
    chat, _, message_id = shown_as.partition("/")
    return int(message_id) if chat == room_of(address) and _is_number(message_id) else None


def pages(card: Card) -> list[Message]:
    """Return the messages that show a card's text: who says it, what, and at the end how it was decided."""
    return paging.pages(FORM, card)


def parts_of(card: Card, *, sent: bool) -> list[Part[Message]]:
    """The messages of a card, in their order: a text that is too long as a file, its pages, the card's own file.

    Args:
        card: what is shown.
        sent: its file is there, and goes with the last message, the caption of which may be empty.

    """
    if card.attachment and not sent:
        return parts_of(without_file(card), sent=False)
    texts = [Part(message) for message in pages(card)]
    if is_long(FORM, card):
        texts.insert(0, Part(Message(""), Carries.TEXT))
    elif card.doubts and not has_room(FORM, texts[0].message):
        texts.insert(0, Part(Message("")))  # for the mark
    if not card.attachment:
        return texts
    if len(texts) == 1 and units(texts[0].message.text) <= LONGEST_CAPTION - paging.LONGEST_MARK:
        return [replace(texts[0], carries=Carries.FILE)]
    return [*texts, Part(Message(""), Carries.FILE)]


def marked(message: Message, mark: str) -> Message:
    """The message below a mark, if there is room for both."""
    return paging.marked(FORM, message, mark)


def keys(choices: Sequence[Choice]) -> Rows:
    """Return the choices as rows of keys, short ones in pairs. What is too many can still be typed."""
    return tuple(
        _rows([Key(label(choice, LONGEST_LABEL), callback(choice)) for choice in choices[:MOST_KEYS]])
    )


def callback(choice: Choice) -> str:
    """At most 64 bytes may come back with a tap: what is asked stays with the daemon."""
    return f"t:{choice.ask_id}:{choice.option}"


def _rows(row: Sequence[Key]) -> Iterator[tuple[Key, ...]]:
    at = 0
    while at < len(row):
        pair = tuple(row[at : at + 2])
        fits = all(units(key.label) <= SHORT_LABEL for key in pair)
        yield pair if fits else pair[:1]
        at += len(pair) if fits else 1


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
