"""What keys mean and what cards look like at a terminal. Pure: a board before, a board after, what was heard.

The rule: a person answers what they see. A number or a label chooses from a card that was shown here;
everything else goes to the daemon as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bots.console.markup import Fragment, fragments, harmless, plain_text
from bots.interface import Card, Choice
from daemon.core.posting import LINE
from daemon.core.rules.measures import size
from daemon.core.rules.words import WORDS

KEPT: Final = 200  #: how many cards can still be replied to
LABEL_LENGTH: Final = 60
QUIT: Final = "/quit"
_AIMED: Final = re.compile(r"(?:your words go )?to ([\w./-]+)")
_CHOOSES: Final = re.compile(r"@\S|/to\s+\S|/clear\b", re.IGNORECASE)
_NAMING: Final = re.compile(r"(?:@|/(?:to|peek|diff)\s+@?|/(?:notify|get)\s+@)(?P<begun>[^\s@]*)")


@dataclass(frozen=True, slots=True)
class Line:
    """A line was typed."""

    text: str


@dataclass(frozen=True, slots=True)
class Digit:
    """The key of an option, 1-based."""

    number: int


@dataclass(frozen=True, slots=True)
class Walk:
    """To an older (-1) or newer (1) message, to reply to it."""

    step: int


@dataclass(frozen=True, slots=True)
class Clear:
    """No reply after all."""


Key = Line | Digit | Walk | Clear


@dataclass(frozen=True, slots=True)
class Spoken:
    """Words for the daemon."""

    text: str
    reply_to: str = ""
    to: str | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """What was shown here, newest last; what the next line replies to; to whom words go."""

    shown: tuple[tuple[str, Card], ...] = ()
    marked: str = ""  #: a receipt
    to: str | None = None  #: asked for at the start; holds until the person chooses somebody else
    aim: str = ""  #: whom the line itself last said that words go to


@dataclass(frozen=True, slots=True)
class Completion:
    """What could stand in place of the last ``replaces`` characters."""

    text: str
    replaces: int
    about: str = ""


def placed(board: Board, receipt: str, card: Card) -> Board:
    """The board with a new card on it."""
    if aim := _aim(card):
        board = replace(board, aim=aim)
    if card.passing and not card.choices:
        return board
    return replace(board, shown=(*board.shown, (receipt, card))[-KEPT:])


def decided(board: Board, receipt: str, card: Card) -> Board:
    """The board after a card was shown anew: nothing can be chosen from it any more."""
    return replace(board, shown=tuple(_decided(each, receipt, card) for each in board.shown))


def pressed(board: Board, key: Key) -> tuple[Board, Spoken | Choice | None]:
    """What the key does to the board, and what was said or chosen by it."""
    match key:
        case Line(text):
            return _typed(board, text.strip())
        case Digit(number):
            return _chosen(board, _numbered(board, str(number)))
        case Walk(step):
            return _walked(board, step), None
        case Clear():
            return replace(board, marked=""), None


def one_line(card: Card) -> str:
    """``name: text  [1] label``; inner newlines as ``⏎ ``."""
    outcome = f"  ({_flat(card.outcome)})" if card.outcome else ""
    choices = "".join(f"  [{choice.option + 1}] {_flat(choice.label)}" for choice in card.choices)
    return f"{_flat(card.who)}: {_flat(card.markdown)}{_file(card)}{choices}{outcome}"


def page(card: Card) -> list[Fragment]:
    """The card with its head, the Markdown laid out, and the keys of its options."""
    if card.passing:
        keys = "".join(f" · [{each.option + 1}] {_flat(each.label)}" for each in card.choices)
        return [("class:passing", f"  {harmless(card.markdown)}{keys}\n")]
    return [
        ("class:who", f"{_flat(card.headline or card.who)}\n"),
        *fragments(card.markdown),
        ("", "\n"),
        *([("class:file", f" {_file(card)}\n")] if card.attachment else []),
        *_keys(card.choices),
        *([("class:outcome", f"  {_flat(card.outcome)}\n")] if card.outcome else []),
    ]


def outcome(card: Card) -> list[Fragment]:
    """How a card that was shown before was decided, in one line."""
    if not card.outcome:
        going_on = " · ".join(line for line in plain_text(card.markdown).split("\n") if line.strip())
        return [("class:passing", f"  {_flat(going_on)}\n")] if not card.choices else []
    return [("class:passing", f"  {label(card.markdown)} "), ("class:outcome", f"{_flat(card.outcome)}\n")]


def label(text: str) -> str:
    """The first words of an agent's text, to know it again."""
    words = " ".join(plain_text(text).split())
    return f"{words[:LABEL_LENGTH]}…" if len(words) > LABEL_LENGTH else words


def reply_label(board: Board) -> str:
    """The message that the next line replies to, in short; empty: none."""
    card = _card(board, board.marked)
    return f"{_flat(card.who)}: {label(card.markdown)}" if card else ""


def towards(board: Board) -> str:
    """To whom plain words go, as far as it was said here."""
    return board.to or board.aim


def completions(text: str, peers: Iterable[str]) -> list[Completion]:
    """What could follow at the end of ``text``: a command's name, or a peer's."""
    if found := _NAMING.fullmatch(text):
        begun = found["begun"].lower()
        return [Completion(name, len(begun)) for name in peers if _named(name, begun)]
    if text.startswith("/") and " " not in text:
        return list(_words(text.lower()))
    return []


def addressed(to: str | None, circle: str | None) -> str | None:
    """``circle/name``, which is exact, if both are given."""
    return f"{circle}/{to}" if to and circle and "/" not in to else to


def _decided(each: tuple[str, Card], receipt: str, card: Card) -> tuple[str, Card]:
    if each[0] != receipt:
        return each
    return receipt, replace(each[1], choices=card.choices, outcome=card.outcome)


def _aim(card: Card) -> str:
    found = _AIMED.match(card.markdown) if card.who == LINE.name else None
    return found[1].rstrip(".") if found else ""


def _typed(board: Board, text: str) -> tuple[Board, Spoken | Choice | None]:
    if not text:
        return board, None
    if choice := _numbered(board, text) or _labelled(board, text):
        return _chosen(board, choice)
    to = None if _CHOOSES.match(text) else board.to
    return replace(board, marked="", to=to), Spoken(text, board.marked, to)


def _chosen(board: Board, choice: Choice | None) -> tuple[Board, Choice | None]:
    """An option that says to whom words go overrules the start."""
    if choice is None:
        return board, None
    steers = any(choice in card.choices and card.steers for _, card in board.shown)
    return replace(board, marked="", to=None if steers else board.to), choice


def _numbered(board: Board, text: str) -> Choice | None:
    return next((choice for choice in _offered(board) if str(choice.option + 1) == text), None)


def _labelled(board: Board, text: str) -> Choice | None:
    return next((choice for choice in _offered(board) if choice.label.casefold() == text.casefold()), None)


def _offered(board: Board) -> Sequence[Choice]:
    """The options of the marked card, else of the newest that asks for something."""
    if board.marked:
        card = _card(board, board.marked)
        return card.choices if card else ()
    asking = (card for _, card in reversed(board.shown) if card.choices and not card.passing)
    return next((card.choices for card in asking), ())


def _walked(board: Board, step: int) -> Board:
    receipts = [receipt for receipt, _ in board.shown]
    at = receipts.index(board.marked) if board.marked in receipts else len(receipts)
    to = max(at + step, 0)
    return replace(board, marked=receipts[to] if to < len(receipts) else "")


def _card(board: Board, receipt: str) -> Card | None:
    return next((card for each, card in board.shown if each == receipt), None)


def _file(card: Card) -> str:
    """What it is called, how large it is, and where our copy lies."""
    file = card.attachment
    return f"  ({_flat(file.name)}, {size(file.size)}: {_flat(file.path)})" if file else ""


def _keys(choices: Sequence[Choice]) -> Iterator[Fragment]:
    for choice in choices:
        yield "class:key", f"  [{choice.option + 1}]"
        yield "", f" {_flat(choice.label)}"
    if choices:
        yield "", "\n"


def _flat(text: str) -> str:
    return harmless(text).strip("\n").replace("\n", "⏎ ")


def _named(name: str, begun: str) -> bool:
    """By its beginning, or by the beginning of its name inside its circle."""
    return name.startswith(begun) or name.rpartition("/")[2].startswith(begun)


def _words(begun: str) -> Iterator[Completion]:
    for word in WORDS:
        if f"/{word.name}".startswith(begun):
            yield Completion(f"/{word.name}", len(begun), word.summary)
    if QUIT.startswith(begun):
        yield Completion(QUIT, len(begun), "end this chat")
