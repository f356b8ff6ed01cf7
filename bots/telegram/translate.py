"""From our cards to Telegram's forms: messages and rows of keys. Pure. The other way is ``hearing``.

A receipt is ``<chat id>/<message id>``, because message ids alone may repeat; it names the last message of a
card, which is the one with the keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
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
NOTHING: Final = Message("(nothing to see)")
_UNDECIDED: Final = frozenset({State.EXPIRED, State.CANCELLED, State.ORPHANED})
_SPECIAL: Final = {ord(char): f"\\{char}" for char in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}


@dataclass(frozen=True, slots=True)
class Key:
    label: str
    callback: str


Rows = tuple[tuple[Key, ...], ...]


def receipt(chat: int, message_id: int) -> str:
    return f"{chat}/{message_id}"


def message_in(address: str, shown_as: str) -> int | None:
    """Return the message that a receipt names, if it is one of that chat."""
    chat, _, message_id = shown_as.partition("/")
    return int(message_id) if chat == address and _is_number(message_id) else None


def pages(card: Card) -> list[Message]:
    """Return the messages that show a card: who says it, what, and at the end how it was decided."""
    shown = _body(card, LONGEST_TEXT)
    if not card.outcome:
        return shown
    ending = f"\n\n{_outcome(card.outcome)}"
    if units(shown[-1].text + ending) > LONGEST_TEXT:
        shown = _body(card, LONGEST_TEXT - units(ending))
    return [*shown[:-1], Message(shown[-1].text + ending, shown[-1].entities)]


def parts_of(card: Card, *, sent: bool) -> list[Message]:
    """The messages of a card; with a file that is ``sent``, the last one is its caption, perhaps empty."""
    file = card.attachment
    if file is None:
        return pages(card)
    if not sent:
        gone = f"{card.markdown}\n\n{file.name.translate(_SPECIAL)}, {size(file.size)}, is not sent here"
        return pages(replace(card, markdown=gone, attachment=None))
    shown = pages(card)
    return shown if len(shown) == 1 and units(shown[0].text) <= LONGEST_CAPTION else [*shown, Message("")]


def keys(choices: Sequence[Choice]) -> Rows:
    """Return the choices as rows of keys, short ones in pairs. What is too many can still be typed."""
    return tuple(_rows([Key(_label(choice), callback(choice)) for choice in choices[:MOST_KEYS]]))


def callback(choice: Choice) -> str:
    """At most 64 bytes may come back with a tap: what is asked stays with the daemon."""
    return f"t:{choice.ask_id}:{choice.option}"


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
