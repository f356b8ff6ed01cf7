"""The tree one parsed text becomes, and the reading of it as plain text. It says nothing of any surface.

The rule: nodes are frozen, equal looks are equal trees, and no text in them holds anything invisible that
could move a cursor or reorder what a person reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

OPENABLE: Final = ("http:", "https:", "mailto:", "tg:")
BULLET: Final = "•"
LINE_ENDS: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
UNSEEN: Final = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Emphasis:
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Strike:
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Only with a target a chat can open (OPENABLE), and never inside another link."""

    spans: tuple[Span, ...]
    target: str


Span = Text | Strong | Emphasis | Strike | Code | Link
Cell = tuple[Span, ...]
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """`marker` is a BULLET, a number with its dot, or empty when the item began in an earlier part."""

    marker: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class List:
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    text: str
    language: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`aligned` has "left", "right" or "center" per column; an empty `header` began in an earlier part."""

    header: Row
    rows: tuple[Row, ...]
    aligned: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    pass


Block = Paragraph | Heading | List | Quote | CodeBlock | Table | Rule


@dataclass(frozen=True, slots=True)
class Document:
    blocks: tuple[Block, ...]


def visible(text: str) -> str:
    """Drop what nobody sees: controls, lone surrogates, and marks that reorder what a person approves."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return UNSEEN.sub("", LINE_ENDS.sub("\n", whole))


def plain(spans: Iterable[Span]) -> str:
    """Return the text alone, with a link's target behind it where the text does not say it already."""
    return "".join(_plain(span) for span in spans)


def _plain(span: Span) -> str:
    match span:
        case Text(text) | Code(text):
            return text
        case Link(spans, target):
            return plain(spans) + aside(plain(spans), target)
        case Strong(spans) | Emphasis(spans) | Strike(spans):
            return plain(spans)


def aside(shown: str, target: str) -> str:
    return "" if target in ("", shown, f"mailto:{shown}") else f" ({target})"


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Merge neighbouring texts and leave out empty spans."""
    merged: list[Span] = []
    for span in spans:
        match span, merged[-1:]:
            case Text(text), [Text(earlier)]:
                merged[-1] = Text(earlier + text)
            case _ if plain((span,)):
                merged.append(span)
            case _:
                pass
    return tuple(merged)
