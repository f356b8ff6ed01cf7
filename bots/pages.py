"""A card as the messages of a platform: who says it, what, and at the end how it was decided. Pure.

How long a message is, and how words are put to it, is the platform's ``Form``. The rule: each of several messages has
room for a mark, and so is the same with it; what would be too many is one message, a summary, beside a file.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final, Generic, Protocol, TypeVar

from bots.interface import Card, Choice
from daemon.core.rules.asking import State
from daemon.core.rules.measures import size

LONGEST_OUTCOME: Final = 200
LONGEST_MARK: Final = 64  #: with the empty line below it
SUMMARY: Final = 2000
TEXT_FILE: Final = "message.md"
NOTHING: Final = "(nothing to see)"
_UNDECIDED: Final = frozenset({State.EXPIRED, State.CANCELLED, State.ORPHANED})
_SPECIAL: Final = {ord(char): f"\\{char}" for char in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}
M = TypeVar("M")


class Form(Protocol[M]):
    """What a platform's messages are."""

    @property
    def longest(self) -> int:
        """How long one may be."""
        ...

    @property
    def most(self) -> int:
        """How many of them one card may be; what is longer goes as a file."""
        ...

    def messages(self, markdown: str, limit: int) -> list[M]:
        """Return the messages that together say all of it; none where there is nothing to see."""
        ...

    def words(self, text: str) -> M:
        """A message of plain words, or an empty one."""
        ...

    def length(self, message: M, more: str = "") -> int:
        """How long it is, with plain words put to it."""
        ...

    def between(self, above: str, message: M, below: str) -> M:
        """The message between plain words."""
        ...


class Carries(Enum):
    """Which file a message brings."""

    NONE = auto()
    FILE = auto()  #: the card's own
    TEXT = auto()  #: the card's text


@dataclass(frozen=True, slots=True)
class Part(Generic[M]):
    message: M
    carries: Carries = Carries.NONE


def pages(form: Form[M], card: Card) -> list[M]:
    """Return the messages that show a card's text."""
    shown = _bodies(form, card)
    if len(shown) > form.most:
        return [_summary(form, card)]
    if not card.outcome:
        return shown
    ending = f"\n\n{outcome(card.outcome)}"
    if form.length(shown[-1], ending) > form.longest:
        shown = _body(form, card, form.longest - LONGEST_MARK - form.length(form.words(""), ending))
    return [*shown[:-1], form.between("", shown[-1], ending)]


def is_long(form: Form[M], card: Card) -> bool:
    """Whether its text goes as a file."""
    return len(_bodies(form, card)) > form.most


def has_room(form: Form[M], message: M) -> bool:
    """Whether a mark may stand above it."""
    return form.length(message) <= form.longest - LONGEST_MARK


def marked(form: Form[M], message: M, mark: str) -> M:
    """The message below a mark, if there is room for both."""
    if not mark or not has_room(form, message):
        return message
    return form.between(f"{mark}\n\n", message, "") if form.length(message) else form.words(mark)


def without_file(card: Card) -> Card:
    """The card with words about its file in place of it."""
    file = card.attachment
    if file is None:
        return card
    gone = f"{card.markdown}\n\n{file.name.translate(_SPECIAL)}, {size(file.size)}, is not sent here"
    return replace(card, markdown=gone, attachment=None)


def label(choice: Choice, longest: int) -> str:
    """What stands on its key."""
    return clipped(" ".join(choice.label.split()), longest) or f"option {choice.option + 1}"


def clipped(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def outcome(told: str) -> str:
    """How it was decided, in a line."""
    words = " ".join(told.split())
    sign = "✗" if words in _UNDECIDED else "✓"
    return f"{sign} {clipped(words, LONGEST_OUTCOME)}"


def _bodies(form: Form[M], card: Card) -> list[M]:
    shown = _body(form, card, form.longest)
    return shown if len(shown) == 1 else _body(form, card, form.longest - LONGEST_MARK)


def _summary(form: Form[M], card: Card) -> M:
    ended = f"\n\n{outcome(card.outcome)}" if card.outcome else ""
    return form.between("", _body(form, card, SUMMARY)[0], f"\n\n… all of it is in {TEXT_FILE}{ended}")


def _body(form: Form[M], card: Card, limit: int) -> list[M]:
    headline = f"**{card.headline.translate(_SPECIAL)}**\n\n" if card.headline else ""
    return form.messages(headline + card.markdown, limit) or [form.words(NOTHING)]
