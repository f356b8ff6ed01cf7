"""From our cards to Telegram's forms: messages and rows of keys. Pure. The other way is ``hearing``.

A receipt is ``<chat id>/<message id>``, because message ids alone may repeat; it names the last message of a
card, which is the one with the keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final

from bots.interface import Card, Choice
from bots.telegram.markup import LONGEST_TEXT, Message, messages, units
from daemon.core.asking import State
from daemon.core.measures import size

MOST_KEYS: Final = 100
SHORT_LABEL: Final = 18  #: two such keys stand beside each other on a narrow phone
LONGEST_LABEL: Final = 60
LONGEST_CAPTION: Final = 1024
LONGEST_OUTCOME: Final = 200
LONGEST_MARK: Final = 64  #: with the empty line below it
MOST_PAGES: Final = 6  #: what is longer goes as a file
SUMMARY: Final = 2000
TEXT_FILE: Final = "message.md"
NOTHING: Final = Message("(nothing to see)")
_UNDECIDED: Final = frozenset({State.EXPIRED, State.CANCELLED, State.ORPHANED})
_SPECIAL: Final = {ord(char): f"\\{char}" for char in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}


@dataclass(frozen=True, slots=True)
class Key:
    label: str
    callback: str


class Carries(Enum):
    """Which file a message brings."""

    NONE = auto()
    FILE = auto()  #: the card's own
    TEXT = auto()  #: the card's text


@dataclass(frozen=True, slots=True)
class Part:
    message: Message
    carries: Carries = Carries.NONE


Rows = tuple[tuple[Key, ...], ...]


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
    """Return the messages that show a card's text: who says it, what, and at the end how it was decided.

    What would be too many is one message, a summary. Each of several has room for a mark, and so is the same with it.
    """
    shown = _bodies(card)
    if len(shown) > MOST_PAGES:
        return [_summary(card)]
    if not card.outcome:
        return shown
    ending = f"\n\n{_outcome(card.outcome)}"
    if units(shown[-1].text + ending) > LONGEST_TEXT:
        shown = _body(card, LONGEST_TEXT - LONGEST_MARK - units(ending))
    return [*shown[:-1], _extended(shown[-1], ending)]


def parts_of(card: Card, *, sent: bool) -> list[Part]:
    """The messages of a card, in their order: a text that is too long as a file, its pages, the card's own file.

    Args:
        card: what is shown.
        sent: its file is there, and goes with the last message, the caption of which may be empty.

    """
    file = card.attachment
    if file and not sent:
        gone = f"{card.markdown}\n\n{file.name.translate(_SPECIAL)}, {size(file.size)}, is not sent here"
        return parts_of(replace(card, markdown=gone, attachment=None), sent=False)
    texts = [Part(message) for message in pages(card)]
    if len(_bodies(card)) > MOST_PAGES:
        texts.insert(0, Part(Message(""), Carries.TEXT))
    elif card.doubts and units(texts[0].message.text) > LONGEST_TEXT - LONGEST_MARK:
        texts.insert(0, Part(Message("")))  # for the mark
    if not file:
        return texts
    if len(texts) == 1 and units(texts[0].message.text) <= LONGEST_CAPTION - LONGEST_MARK:
        return [replace(texts[0], carries=Carries.FILE)]
    return [*texts, Part(Message(""), Carries.FILE)]


def marked(message: Message, mark: str) -> Message:
    """The message below a mark, if there is room for both."""
    if not mark or units(message.text) > LONGEST_TEXT - LONGEST_MARK:
        return message
    above = f"{mark}\n\n" if message.text else mark
    moved = tuple(replace(each, offset=each.offset + units(above)) for each in message.entities)
    return Message(above + message.text, moved)


def keys(choices: Sequence[Choice]) -> Rows:
    """Return the choices as rows of keys, short ones in pairs. What is too many can still be typed."""
    return tuple(_rows([Key(_label(choice), callback(choice)) for choice in choices[:MOST_KEYS]]))


def callback(choice: Choice) -> str:
    """At most 64 bytes may come back with a tap: what is asked stays with the daemon."""
    return f"t:{choice.ask_id}:{choice.option}"


def _bodies(card: Card) -> list[Message]:
    shown = _body(card, LONGEST_TEXT)
    return shown if len(shown) == 1 else _body(card, LONGEST_TEXT - LONGEST_MARK)


def _summary(card: Card) -> Message:
    outcome = f"\n\n{_outcome(card.outcome)}" if card.outcome else ""
    return _extended(_body(card, SUMMARY)[0], f"\n\n… all of it is in {TEXT_FILE}{outcome}")


def _extended(message: Message, ending: str) -> Message:
    return Message(message.text + ending, message.entities)


def _body(card: Card, limit: int) -> list[Message]:
    headline = f"**{card.headline.translate(_SPECIAL)}**\n\n" if card.headline else ""
    return messages(headline + card.markdown, limit) or [NOTHING]


def _outcome(outcome: str) -> str:
    words = " ".join(outcome.split())
    sign = "✗" if words in _UNDECIDED else "✓"
    return f"{sign} {_clipped(words, LONGEST_OUTCOME)}"


def _rows(row: Sequence[Key]) -> Iterator[tuple[Key, ...]]:
    at = 0
    while at < len(row):
        pair = tuple(row[at : at + 2])
        fits = all(units(key.label) <= SHORT_LABEL for key in pair)
        yield pair if fits else pair[:1]
        at += len(pair) if fits else 1


def _label(choice: Choice) -> str:
    return _clipped(" ".join(choice.label.split()), LONGEST_LABEL) or f"option {choice.option + 1}"


def _clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal()
