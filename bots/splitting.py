"""A document in parts that each fit a message, cut on the tree.

The rule: a block or span that would fit a message of its own is never cut. What is larger is cut where it
hurts least: between items, rows or lines, then sentences, then words, and only then anywhere; code and
quotes are closed and opened again. Limits come as questions: `fits` (with what the part holds already)
and `alone` (in a part of its own).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from bots.layout import lay_out, table_text
from bots.tree import (
    Block,
    Code,
    CodeBlock,
    Document,
    Heading,
    Item,
    List,
    Paragraph,
    Quote,
    Rule,
    Span,
    Table,
    Text,
    joined,
)

Blocks = tuple[Block, ...]
Cut = tuple[Blocks, Blocks]
Fits = Callable[[Blocks], bool]

NEWLINE: Final = re.compile(r"\n+")
SENTENCE: Final = re.compile(r"[.!?…]['\")\]]*\s+|[。！？]")  # noqa: RUF001 -- Chinese sentences end too
SPACE: Final = re.compile(r"\s+")
LONGEST_GRAPHEME: Final = 32


def units(text: str) -> int:
    """Return how long the text is as platforms count: in UTF-16, where a character outside the first plane is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def split(document: Document, limit: int, measure: Callable[[Document], int]) -> list[Document]:
    """Return the parts in order, each of them `limit` long at most as `measure` counts."""

    def fits(blocks: Blocks) -> bool:
        return measure(Document(blocks)) <= limit

    parts, rest = [], document.blocks
    while rest:
        part, rest = _fill(rest, fits, fits)
        if not part:
            part, rest = _forced(rest, fits)
        if rest and len(part) > 1 and isinstance(part[-1], Heading):
            part, rest = part[:-1], (part[-1], *rest)  # a heading stays with what it is about
        parts.append(Document(part))
    return parts


def _fill(blocks: Blocks, fits: Fits, alone: Fits) -> Cut:
    """Take as many blocks as fit; begin the next one only if it could not stand whole in any part."""
    count = _most(len(blocks), lambda n: fits(blocks[:n]))
    head, rest = blocks[:count], blocks[count:]
    if not rest or alone(rest[:1]):
        return head, rest
    first, second = _cut(rest[0], lambda part: fits((*head, *part)), alone)
    return (*head, *first), (*second, *rest[1:])


def _most(count: int, fits: Callable[[int], bool]) -> int:
    """Return the largest n up to count that fits, looking at little more than fits: a text may be long."""
    low, high = 0, 1
    while high < count and fits(high):
        low, high = high, high * 2
    high = min(high, count)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _cut(block: Block, fits: Fits, alone: Fits) -> Cut:
    match block:
        case Paragraph(spans) | Heading(_, spans):
            return _cut_spans(block, spans, fits, alone)
        case CodeBlock():
            return _cut_code(block, fits, alone)
        case Quote(blocks):
            first, second = _fill(
                blocks, lambda part: fits((Quote(part),)), lambda part: alone((Quote(part),))
            )
            return _kept(Quote(first), first), _kept(Quote(second), second)
        case List(items):
            return _cut_list(items, fits, alone)
        case Table():
            return _cut_table(block, fits, alone)
        case Rule():
            return (), (block,)


def _kept(block: Block, content: Sequence[object]) -> Blocks:
    return (block,) if content else ()


def _cut_list(items: tuple[Item, ...], fits: Fits, alone: Fits) -> Cut:
    count = _most(len(items), lambda n: fits((List(items[:n]),)))
    head, rest = items[:count], items[count:]
    if rest and not alone((List(rest[:1]),)):
        first, second = _fill(
            rest[0].blocks,
            lambda part: fits((List((*head, replace(rest[0], blocks=part))),)),
            lambda part: alone((List((replace(rest[0], blocks=part),)),)),
        )
        if first:
            head = (*head, replace(rest[0], blocks=first))
            rest = (*((Item("", second),) if second else ()), *rest[1:])
    return _kept(List(head), head), _kept(List(rest), rest)


def _cut_table(table: Table, fits: Fits, alone: Fits) -> Cut:
    count = _most(len(table.rows), lambda n: fits((replace(table, rows=table.rows[:n]),)))
    if count:
        rest = replace(table, header=(), rows=table.rows[count:])
        return (replace(table, rows=table.rows[:count]),), _kept(rest, rest.rows)
    if table.rows and alone((replace(table, rows=table.rows[:1]),)):
        return (), (table,)
    return _cut(CodeBlock(table_text(table)), fits, alone)  # one row is too long already


def _cut_code(block: CodeBlock, fits: Fits, alone: Fits) -> Cut:
    text = block.text
    longest = _most(len(text), lambda n: fits((replace(block, text=text[:n]),)))
    at = text.rfind("\n", 0, longest + 1)
    if at > 0 and text[:at].strip():
        first, second = text[:at], text[at + 1 :]
    elif longest < _most(len(text), lambda n: alone((replace(block, text=text[:n]),))):
        return (), (block,)
    else:
        at = whole_graphemes(text, longest)
        first, second = text[:at], text[at:]
    return _kept(replace(block, text=first), first), _kept(replace(block, text=second), second.strip())


def _cut_spans(block: Paragraph | Heading, spans: tuple[Span, ...], fits: Fits, alone: Fits) -> Cut:
    length = _length(spans)
    longest = _most(length, lambda n: fits((replace(block, spans=_before(spans, n)),)))
    at = _gentle(spans, longest)
    if not at and longest < _most(length, lambda n: alone((replace(block, spans=_before(spans, n)),))):
        return (), (block,)  # a part of its own has more room, and needs no cut that hurts
    at = at or _rough(spans, longest)
    first, second = _before(spans, at), _after(spans, at)
    return _kept(replace(block, spans=first), first), _kept(replace(block, spans=second), second)


def _gentle(spans: Sequence[Span], longest: int) -> int:
    """Return the best place outside all entities, 0 if there is none."""
    text, closed = _text(spans)[: longest + 1], list(_entities(spans))
    free = [_last_free(pattern, text, longest, closed) for pattern in (NEWLINE, SENTENCE, SPACE)]
    roomy = (at for at in free if at and at >= longest // 2)
    edges = (at for edge in closed for at in edge if 0 < at <= longest)
    return next(roomy, 0) or free[-1] or max(edges, default=0)


def _last_free(pattern: re.Pattern[str], text: str, longest: int, closed: Sequence[tuple[int, int]]) -> int:
    """The last place that the pattern ends at outside all of them, 0 if there is none."""
    cuts = reversed([*_ends(pattern, text, longest)])
    return next((at for at in cuts if not any(start < at < end for start, end in closed)), 0)


def _rough(spans: Sequence[Span], longest: int) -> int:
    text = _text(spans)
    cuts = [at for at in _ends(SPACE, text[: longest + 1], longest) if at >= longest // 2]
    return cuts[-1] if cuts else whole_graphemes(text, longest)


def _ends(pattern: re.Pattern[str], text: str, longest: int) -> Iterator[int]:
    return (match.end() for match in pattern.finditer(text) if 0 < match.end() <= longest)


def whole_graphemes(text: str, at: int) -> int:
    """Move a cut back so that it separates no letter from its accent and no emoji from its parts."""
    for earlier in range(at, max(0, at - LONGEST_GRAPHEME), -1):
        if not _joins(text, earlier):
            return earlier
    return at


def _joins(text: str, at: int) -> bool:
    if not 0 < at < len(text):
        return False
    if _is_flag(text[at]) and _is_flag(text[at - 1]):
        run = at - len(text[:at].rstrip(FLAGS))
        return run % 2 == 1
    parts = unicodedata.category(text[at]).startswith("M") or text[at] in "\u200d\ufe0f"
    return parts or "\U0001f3fb" <= text[at] <= "\U0001f3ff" or text[at - 1] == "\u200d"


FLAGS: Final = "".join(map(chr, range(0x1F1E6, 0x1F200)))


def _is_flag(char: str) -> bool:
    return char in FLAGS


def _forced(blocks: Blocks, fits: Fits) -> Cut:
    """Cut a block whose frame alone leaves no room, such as a list twenty levels deep, as flat text."""
    text = lay_out(Document(blocks[:1])).text
    at = max(1, whole_graphemes(text, _most(len(text), lambda n: fits((Paragraph((Text(text[:n]),)),)))))
    first, second = Paragraph((Text(text[:at]),)), Paragraph((Text(text[at:]),))
    return (first,), (*_kept(second, text[at:]), *blocks[1:])


def _text(spans: Sequence[Span]) -> str:
    return "".join(_text_of(span) for span in spans)


def _text_of(span: Span) -> str:
    return span.text if isinstance(span, Text | Code) else _text(span.spans)


def _length(spans: Sequence[Span]) -> int:
    return len(_text(spans))


def _entities(spans: Sequence[Span]) -> Iterator[tuple[int, int]]:
    at = 0
    for span in spans:
        start, at = at, at + len(_text_of(span))
        if not isinstance(span, Text):
            yield start, at


def _before(spans: Sequence[Span], at: int) -> tuple[Span, ...]:
    return joined(_slices(spans, 0, at))


def _after(spans: Sequence[Span], at: int) -> tuple[Span, ...]:
    return joined(_slices(spans, at, _length(spans)))


def _slices(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    at = 0
    for span in spans:
        text = _text_of(span)
        low, high = max(start - at, 0), min(end - at, len(text))
        at += len(text)
        if low >= high:
            continue
        if isinstance(span, Text | Code):
            yield replace(span, text=text[low:high])
        else:
            yield replace(span, spans=tuple(_slices(span.spans, low, high)))
