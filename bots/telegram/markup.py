"""An agent's Markdown as Telegram messages: text and entities, never a parse mode.

The rule: what leaves here is accepted as it stands. Offsets count UTF-16 units, entities nest as the Bot
API allows (code contains nothing and is contained in quotes only), there are at most 100, and none begins
or ends with white space. Links are never given up: a part is ended before it has too many.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from bots.layout import Kind, Mark, Page, lay_out
from bots.markdown import parse
from bots.splitting import split, units
from bots.tree import Document

LONGEST_TEXT: Final = 4096
MOST_ENTITIES: Final = 100
# In the order they are given up when there are too many, last first.
TYPES: Final[Mapping[Kind, str]] = {
    Kind.LINK: "text_link",
    Kind.BLOCK: "pre",
    Kind.CODE: "code",
    Kind.QUOTE: "blockquote",
    Kind.HEADING: "bold",
    Kind.STRONG: "bold",
    Kind.EMPHASIS: "italic",
    Kind.STRIKE: "strikethrough",
}
UNSEEN: Final = frozenset({"Cf", "Cc", "Mn", "Me"})  #: signs that alone are nothing to see
WORTH: Final = list(TYPES.values())
SOLID: Final = (Kind.CODE, Kind.BLOCK)
STYLES: Final = (Kind.HEADING, Kind.STRONG, Kind.EMPHASIS, Kind.STRIKE)
URL_SAFE: Final = ":/?#[]@!$&'()*+,;=%~"


@dataclass(frozen=True, slots=True)
class Entity:
    """Counted in UTF-16 units of the message's text."""

    type: str
    offset: int
    length: int
    language: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    text: str
    entities: tuple[Entity, ...] = ()


def messages(markdown: str, limit: int = LONGEST_TEXT) -> list[Message]:
    """Return the messages that together say all of it; none for a text in which there is nothing to see."""
    parts = split(parse(markdown), limit, lambda document: _weight(lay_out(document), limit))
    return [message for message in map(render, parts) if _is_seen(message.text)]


def render(document: Document) -> Message:
    """Return one message, however long it becomes."""
    page = lay_out(document)
    start, end = _bounds(page)
    marks = [_trimmed(page, mark, start, end) for mark in _legal(page.marks)]
    seen = [mark for mark in marks if _is_seen(page.text[mark.start : mark.end])]
    best = set(sorted(seen, key=lambda mark: WORTH.index(TYPES[mark.kind]))[:MOST_ENTITIES])
    # Where two cover the same text, code is the inner one: it may hold nothing.
    kept = sorted((x for x in seen if x in best), key=lambda x: (x.start, -x.end, x.kind in SOLID))
    text = page.text[start:end]
    return Message(text, tuple(_entity(text, mark, start) for mark in kept))


def _weight(page: Page, limit: int) -> int:
    links = sum(mark.kind is Kind.LINK for mark in page.marks)
    return max(units(page.text), limit + 1 if links > MOST_ENTITIES else 0)


def _is_seen(text: str) -> bool:
    return any(not char.isspace() and unicodedata.category(char) not in UNSEEN for char in text)


def _bounds(page: Page) -> tuple[int, int]:
    """Leave out white space at both ends, but not the indentation of code that begins the text."""
    text = page.text
    start = len(text) - len(text.lstrip())
    first = min((mark.start for mark in page.marks if mark.kind is Kind.BLOCK), default=start)
    return min(start, first), len(text.rstrip())


def _legal(marks: Sequence[Mark]) -> Iterator[Mark]:
    """Take styles off code, and code off links, because Telegram allows neither in the other."""
    links = [mark for mark in marks if mark.kind is Kind.LINK]
    solid = [mark for mark in marks if mark.kind in SOLID and not any(_within(mark, link) for link in links)]
    for mark in marks:
        if mark.kind in STYLES:
            yield from _around(mark, solid)
        elif mark.kind not in SOLID or mark in solid:
            yield mark


def _within(inner: Mark, outer: Mark) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _around(style: Mark, solid: Sequence[Mark]) -> Iterator[Mark]:
    at = style.start
    for hole in solid:
        if _within(hole, style):
            yield Mark(style.kind, at, hole.start)
            at = hole.end
    yield Mark(style.kind, at, style.end)


def _trimmed(page: Page, mark: Mark, start: int, end: int) -> Mark:
    """Fit the mark to the text that is sent and to what can be seen.

    Code keeps its indentation, except at the beginning of a quote, which Telegram begins with what can be seen.
    """
    low, high = max(mark.start, start), min(mark.end, end)
    within = page.text[low:high]
    seen = low + len(within) - len(within.lstrip())
    quotes = [each for each in page.marks if each.kind is Kind.QUOTE and each.start <= mark.start < each.end]
    opens_a_quote = any(not page.text[each.start : mark.start].strip() for each in quotes)
    low = low if mark.kind is Kind.BLOCK and not opens_a_quote else seen
    return Mark(mark.kind, low, low + len(page.text[low:high].rstrip()), mark.detail)


def _entity(text: str, mark: Mark, origin: int) -> Entity:
    before, within = text[: mark.start - origin], text[mark.start - origin : mark.end - origin]
    return Entity(
        type=TYPES[mark.kind],
        offset=units(before),
        length=units(within),
        language=mark.detail or None if mark.kind is Kind.BLOCK else None,
        url=quote(mark.detail, safe=URL_SAFE) if mark.kind is Kind.LINK else None,
    )
