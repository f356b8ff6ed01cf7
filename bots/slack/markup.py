"""An agent's Markdown as Slack messages: the source of a ``markdown`` block, and a plain fallback.

The rule: what leaves here reads as the tree it was made of, whatever signs its words hold. ``&``, ``<`` and ``>`` are
never themselves outside code, and no ``<!channel>``, ``<@U…>`` or ``<#C…>`` is left whole inside it: nobody is
called by what an agent writes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, assert_never

from bots.layout import lay_out
from bots.markdown import parse
from bots.slack.inline import ENTITIES, inline, neutral, one_line
from bots.splitting import split, units
from bots.tree import (
    BULLET,
    Block,
    CodeBlock,
    Document,
    Heading,
    Item,
    List,
    Paragraph,
    Quote,
    Rule,
    Table,
)

LONGEST_SOURCE: Final = 11_000  #: of 12,000 that all blocks of a message may hold: the rest is for labels
LONGEST_FALLBACK: Final = 4_000
LONGEST_NUMBER: Final = 9  #: digits of a list's number
_ESCAPED: Final = str.maketrans(ENTITIES)
_FENCE: Final = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Message:
    """``fallback`` is what a notification says, and a client that knows no blocks."""

    source: str
    fallback: str


def messages(markdown: str, limit: int = LONGEST_SOURCE) -> list[Message]:
    """Return the messages that together say all of it; none for a text in which there is nothing to see."""
    parts = split(parse(markdown), limit, lambda document: units(source(document)))
    return [render(part) for part in parts if _is_seen(lay_out(part).text)]


def render(document: Document) -> Message:
    """Return one message, however long it becomes."""
    return Message(source(document), fallback(lay_out(document).text.strip()))


def _is_seen(text: str) -> bool:
    return any(not char.isspace() and unicodedata.category(char) != "Cf" for char in text)


def escaped(text: str) -> str:
    """Plain text where Slack reads ``&``, ``<`` and ``>`` as its own."""
    return text.translate(_ESCAPED)


def fallback(text: str) -> str:
    """The text escaped, and cut where it is too long: not within an escape."""
    whole = escaped(text)
    if units(whole) <= LONGEST_FALLBACK:
        return whole
    kept, room = [], LONGEST_FALLBACK - 1
    for char in text:
        shown = ENTITIES.get(char, char)
        room -= units(shown)
        if room < 0:
            break
        kept.append(shown)
    return f"{''.join(kept)}…"


def source(document: Document) -> str:
    return _blocks(document.blocks)


def _blocks(blocks: Sequence[Block]) -> str:
    """Blocks apart from each other; a list after a list of its kind has other signs, or they would be one."""
    made, other = [], False
    for before, block in pairwise((None, *blocks)):
        other = not other and isinstance(before, List) and isinstance(block, List)
        if block is not None:
            made.append(_block(block, other))
    return "\n\n".join(filter(None, made))


@lru_cache(maxsize=512)  # a text is measured many times while it is split
def _block(block: Block, other: bool = False) -> str:  # noqa: FBT001, FBT002
    match block:
        case Paragraph(spans):
            return inline(spans)
        case Heading(level, spans):
            return f"{'#' * level} {one_line(spans, closing='#')}"
        case List(items):
            return _list(items, other)
        case Quote(blocks):
            return _each_line(_blocks(blocks), "> ")
        case CodeBlock(text, language):
            return _code(text, language)
        case Table():
            return _table(block)
        case Rule():
            return "***"  # of dashes, it would be a list's in a list
        case _:
            assert_never(block)


def _list(items: Sequence[Item], other: bool) -> str:  # noqa: FBT001
    """An item that began in an earlier part has no marker; numbers that a list would count anew are words."""
    begun = [] if items[0].marker else [_blocks(items[0].blocks)]
    rest = items[len(begun) :]
    counts = _counts([item.marker for item in rest])
    made = [_item(_marker(item, other) if counts else "", item) for item in rest]
    return "\n\n".join(filter(None, [*begun, ("\n" if counts else "\n\n").join(made)]))


def _counts(markers: Sequence[str]) -> bool:
    """Whether a list shows these numbers by itself: it knows the first, and adds one."""
    numbers = [marker.removesuffix(".") for marker in markers if marker != BULLET]
    if len(numbers) not in {0, len(markers)}:
        return False
    if any(not 0 < len(number) <= LONGEST_NUMBER for number in numbers):
        return False
    return all(int(after) == int(before) + 1 for before, after in pairwise(numbers))


def _marker(item: Item, other: bool) -> str:  # noqa: FBT001
    if item.marker == BULLET:
        return "* " if other else "- "
    return f"{item.marker.removesuffix('.')}{')' if other else '.'} "


def _item(marker: str, item: Item) -> str:
    if not marker:
        words = item.marker if item.marker == BULLET else f"{item.marker.removesuffix('.')}\\."
        return f"{words} {_blocks(item.blocks)}" if _is_words(item) else f"{words}\n\n{_blocks(item.blocks)}"
    inner = _blocks(item.blocks)
    if len(item.blocks) > 1 and isinstance(item.blocks[1], List) and _goes_on(item.blocks):
        inner = inner.replace("\n\n", "\n", 1)  # what belongs to a line stands right below it
    return f"{marker}{_each_line(inner, ' ' * len(marker), first='')}"


def _is_words(item: Item) -> bool:
    return isinstance(next(iter(item.blocks), None), Paragraph)


def _goes_on(blocks: Sequence[Block]) -> bool:
    """Whether a list may follow its paragraph without an empty line: bullets with words may."""
    words, below = blocks[0], blocks[1]
    return (
        isinstance(words, Paragraph)
        and isinstance(below, List)
        and below.items[0].marker == BULLET
        and "\n\n" not in _block(words)
        and _is_words(below.items[0])
    )


def _each_line(text: str, lead: str, first: str | None = None) -> str:
    lines = text.split("\n")
    led = [f"{lead}{line}".rstrip(" ") if not line else f"{lead}{line}" for line in lines]
    if first is not None:
        led[0] = f"{first}{lines[0]}"
    return "\n".join(led)


def _code(text: str, language: str) -> str:
    longest = max((len(run) for run in _FENCE.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{neutral(text)}\n{fence}"


def _table(table: Table) -> str:
    """A table with as many columns as its widest row; one that began in an earlier part has an empty header."""
    columns = max(len(row) for row in (table.header, *table.rows))
    sides = [*table.aligned, *["left"] * columns][:columns]
    rows = [_row(row, columns) for row in (table.header, *table.rows)]
    return "\n".join([rows[0], _line(_SIDES[side] for side in sides), *rows[1:]])


def _row(row: Sequence[object], columns: int) -> str:
    cells: list[str] = [_cell(cell) for cell in row]
    return _line([*cells, *[""] * (columns - len(cells))])


_SIDES: Final = {"left": "---", "right": "--:", "center": ":-:"}
_cell: Final[Callable[[object], str]] = lambda cell: one_line(cell, within_table=True)  # type: ignore[arg-type]  # noqa: E731


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"
