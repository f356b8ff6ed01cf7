"""A tree laid out as one text and the ranges marked in it; Telegram and the console are read off this page.

The rule: layout adds only white space, list markers and lines (`│ ─ ┼`), and ranges nest or are apart.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, assert_never

from bots.tree import (
    BULLET,
    Block,
    Code,
    CodeBlock,
    Document,
    Emphasis,
    Heading,
    Item,
    Link,
    List,
    Paragraph,
    Quote,
    Rule,
    Span,
    Strike,
    Strong,
    Table,
    Text,
    plain,
)

BULLETS: Final = (BULLET, "◦", "▪")
LINE: Final = "─"
QUOTED: Final = "│ "
TAB: Final = 4


class Kind(StrEnum):
    STRONG = "strong"
    EMPHASIS = "emphasis"
    STRIKE = "strike"
    CODE = "code"
    BLOCK = "block"  #: a code block or table; `detail` is the language
    LINK = "link"  #: `detail` is the target
    HEADING = "heading"
    QUOTE = "quote"


@dataclass(frozen=True, slots=True)
class Mark:
    """Counted in code points of the page's text."""

    kind: Kind
    start: int
    end: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`marks` stand in the order in which they begin, the outer one first."""

    text: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What a surface cannot draw by itself: a line beside outer quotes, code under the text it belongs to."""

    lined_quotes: bool = False
    indented_code: bool = False


def lay_out(document: Document, look: Look = Look()) -> Page:
    pen = _Pen(look)
    pen.blocks(document.blocks)
    return Page("".join(pen.parts), tuple(pen.marks))


def table_text(table: Table) -> str:
    """Return the table in a fixed-width font, every column as wide as its widest cell."""
    rows = [[plain(cell).replace("\n", " ") for cell in row] for row in (table.header, *table.rows) if row]
    columns = max((len(row) for row in rows), default=0)
    rows = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(cells_wide(row[column]) for row in rows) for column in range(columns)]
    sides = [*table.aligned, *["left"] * columns]
    lines = [_table_line(row, widths, sides) for row in rows]
    if table.header and table.rows:
        lines.insert(1, f"{LINE}┼{LINE}".join(LINE * width for width in widths))
    return "\n".join(lines)


def _table_line(row: Sequence[str], widths: Sequence[int], sides: Sequence[str]) -> str:
    return " │ ".join(map(_padded, row, widths, sides)).rstrip()


def _padded(text: str, width: int, side: str) -> str:
    missing = width - cells_wide(text)
    before = {"right": missing, "center": missing // 2}.get(side, 0)
    return " " * before + text + " " * (missing - before)


def cells_wide(text: str) -> int:
    return sum(_cell_width(char) for char in text)


def _cell_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


class _Pen:
    """Writes the page; `margin` stands at the left of every line that is begun."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self.parts: list[str] = []
        self.marks: list[Mark] = []
        self.at = 0
        self.margin = ""
        self.active: list[Kind] = []

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.at += len(text)

    def write_lines(self, text: str) -> None:
        self.write(text.replace("\n", f"\n{self.margin}"))

    @contextmanager
    def marked(self, kind: Kind, detail: str = "") -> Iterator[None]:
        if kind in self.active or (kind is Kind.STRONG and Kind.HEADING in self.active):
            yield
            return
        start, place = self.at, len(self.marks)
        self.active.append(kind)
        yield
        self.active.pop()
        if self.at > start:
            self.marks.insert(place, Mark(kind, start, self.at, detail))  # before what it contains

    @contextmanager
    def indented(self, by: str) -> Iterator[None]:
        outer, self.margin = self.margin, self.margin + by
        yield
        self.margin = outer

    def blocks(self, blocks: Sequence[Block], *, within: int = 0) -> None:
        for index, block in enumerate(blocks):
            if index:
                self.begin(block, "\n" if within else "\n\n")
            self.block(block, within)

    def begin(self, block: Block, gap: str) -> None:
        """Go to where the block starts; code of a surface that cannot indent it starts at the edge."""
        if isinstance(block, CodeBlock | Table) and not self.look.indented_code:
            self.write(gap)
        else:
            self.write_lines(gap)

    def block(self, block: Block, within: int) -> None:
        match block:
            case Paragraph(spans):
                self.spans(spans)
            case Heading(_, spans):
                with self.marked(Kind.HEADING):
                    self.spans(spans)
            case List(items):
                self.items(items, within)
            case Quote(blocks):
                self.quote(blocks)
            case CodeBlock(text, language):
                self.code(text, language)
            case Table():
                self.code(table_text(block), "")
            case Rule():
                self.write(LINE * 10)
            case _:
                assert_never(block)

    def items(self, items: Sequence[Item], within: int) -> None:
        for index, item in enumerate(items):
            if index:
                self.write_lines("\n")
            marker = BULLETS[min(within, len(BULLETS) - 1)] if item.marker == BULLET else item.marker
            lead = f"{marker} " if marker else "  "
            self.write(lead)
            with self.indented(" " * len(lead)):
                if isinstance(next(iter(item.blocks), None), CodeBlock | Table | Quote):
                    self.begin(item.blocks[0], "\n")  # these need a line of their own
                self.blocks(item.blocks, within=within + 1)

    def quote(self, blocks: Sequence[Block]) -> None:
        nested = Kind.QUOTE in self.active
        lead = QUOTED if nested or self.look.lined_quotes else ""
        with self.marked(Kind.QUOTE), self.indented(lead):
            self.write(lead)
            self.blocks(blocks)

    def code(self, text: str, language: str) -> None:
        with self.marked(Kind.BLOCK, language):
            whole = text.expandtabs(TAB)
            if self.look.indented_code:
                self.write_lines(whole)
            else:
                self.write(whole)

    def spans(self, spans: Sequence[Span]) -> None:
        for span in spans:
            self.span(span)

    def span(self, span: Span) -> None:
        match span:
            case Text(text):
                self.write_lines(text)
            case Code(text):
                with self.marked(Kind.CODE):
                    self.write(text)
            case Link(spans, target):
                with self.marked(Kind.LINK, target):
                    self.spans(spans)
            case Strong(spans) | Emphasis(spans) | Strike(spans):
                with self.marked(STYLES[type(span)]):
                    self.spans(spans)
            case _:
                assert_never(span)


STYLES: Final = {Strong: Kind.STRONG, Emphasis: Kind.EMPHASIS, Strike: Kind.STRIKE}
