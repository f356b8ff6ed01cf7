"""Spans as the source of one paragraph, heading or cell of Slack's Markdown.

The rule: a sign is escaped only where it would mean something, since people also see sources; and a style is marked
only where its marks can be read as such (CommonMark §6.2), else its words stand plain.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby, pairwise
from typing import Final, assert_never
from urllib.parse import quote

from bots.tree import Code, Emphasis, Link, Span, Strike, Strong, Text, plain

UNSEEN: Final = "\u2060"  #: a word joiner: it has no width
STAY: Final = "\u00a0"  #: a space that begins a line and is kept
BREAK: Final = "  \n"
PUNCTUATION: Final = frozenset(string.punctuation)
URL_SAFE: Final = ":/?#@$&+,;=%~.-_"
MARKS: Final = {Strong: "**", Emphasis: "_", Strike: "~~"}
ELSE: Final = {"_": "*"}  #: what else may mark it, within a word
_LIVE: Final = re.compile(r"<(?=!(?:channel|here|everyone|group|subteam|date)|[@#]\w)", re.IGNORECASE)
ENTITIES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_STARTS: Final = (
    (re.compile(r"(?=#{1,6}(?:\s|$)|[-+*](?:\s|$)|=+\s*$|_(?:\s*_){2,}\s*$)"), "\\\\"),
    (re.compile(r"(\d{1,9})(?=[.)](?:\s|$))"), r"\1\\"),
    (re.compile(r"([|:\s]*)(?=-[-|:\s]*$)"), r"\1\\"),
)


class Part(Enum):
    WORDS = auto()  #: to be escaped
    CODE = auto()
    OPENS = auto()
    CLOSES = auto()
    LINK = auto()  #: a bracket of a link


@dataclass(frozen=True, slots=True)
class Piece:
    part: Part
    text: str
    pair: int = 0  #: which opening mark belongs to which closing one
    linked: bool = False


Pieces = list[Piece]


def inline(spans: Sequence[Span]) -> str:
    """Several lines; none of them begins anything but the paragraph."""
    pieces = _marked(_pieces(spans))
    lines = _written(pieces).split("\n")
    if any(piece.part is not Part.WORDS for piece in pieces):  # no mark holds over an empty line
        lines = [line for line in lines if line.strip()]
    return "\n".join(_begun(line) for line in lines).strip(" ")


def one_line(spans: Sequence[Span], *, within_table: bool = False, closing: str = "") -> str:
    """All of it in a line; ``closing``: a sign that would vanish at its end."""
    written = _written(_marked(_pieces(spans))).replace(BREAK, " ").strip(" ")
    if within_table:
        written = written.replace("|", "\\|")
    return f"{written[:-1]}\\{closing}" if closing and written.endswith(closing) else written


def neutral(code: str) -> str:
    """Code in which nobody is called: within ``<!here>`` or ``<@U1>`` stands something that is not seen."""
    return _LIVE.sub(f"<{UNSEEN}", code)


def _pieces(spans: Sequence[Span]) -> Pieces:
    return list(_flat(spans, frozenset(), linked=False))


def _flat(spans: Sequence[Span], within: frozenset[type], *, linked: bool) -> Iterator[Piece]:
    for span in spans:
        match span:
            case Text(text):
                yield Piece(Part.WORDS, text, linked=linked)
            case Code(text):
                yield Piece(Part.CODE, _code(text))
            case Link(inner, target):
                yield Piece(Part.LINK, "[")
                yield from _flat(inner, within, linked=True)
                yield Piece(Part.LINK, f"]({quote(target, safe=URL_SAFE).replace('&', '&amp;')})")
            case Strong(inner) | Emphasis(inner) | Strike(inner):
                yield from _styled(span, inner, within, linked=linked)
            case _:
                assert_never(span)


def _styled(
    span: Strong | Emphasis | Strike, inner: Sequence[Span], within: frozenset[type], *, linked: bool
) -> Iterator[Piece]:
    """The marks stand at the words: white space at the ends is outside."""
    pieces = list(_flat(inner, within | {type(span)}, linked=linked))
    if type(span) in within or not plain(inner).strip():
        yield from pieces
        return
    first, last = pieces[0], pieces[-1]
    before = _edge(first, first.text[: len(first.text) - len(first.text.lstrip())])
    after = _edge(last, last.text[len(last.text.rstrip()) :])
    pieces[0] = _cut(first, len(before), len(first.text))
    pieces[-1] = _cut(pieces[-1], 0, len(pieces[-1].text) - len(after))
    mark, pair = MARKS[type(span)], id(span)
    yield from (Piece(Part.WORDS, before), Piece(Part.OPENS, mark, pair), *pieces)
    yield from (Piece(Part.CLOSES, mark, pair), Piece(Part.WORDS, after))


def _edge(piece: Piece, text: str) -> str:
    return text if piece.part is Part.WORDS else ""


def _cut(piece: Piece, start: int, end: int) -> Piece:
    return Piece(piece.part, piece.text[start:end], piece.pair, piece.linked)


def _code(text: str) -> str:
    content = neutral(text.replace("\n", " "))
    runs = {len(list(run)) for sign, run in groupby(content) if sign == "`"}
    fence = "`" * next(n for n in range(1, len(runs) + 2) if n not in runs)
    edges = content[:1] + content[-1:]
    pad = " " if "`" in edges or (edges == "  " and content.strip()) else ""
    return f"{fence}{pad}{content}{pad}{fence}"


def _marked(pieces: Pieces) -> Pieces:
    """The pieces with those marks only that are read as marks; one that is left out may free another."""
    pieces = _unique([piece for piece in pieces if piece.text])
    while (bad := _misread(pieces)) is not None:
        pieces = _without(pieces, bad)
    return [piece for pair in pairwise((None, *pieces)) for piece in _apart(*pair)]


def _unique(pieces: Pieces) -> Pieces:
    """Equal spans may be one object: each opening mark is told from every other."""
    made, standing = Pieces(), list[int]()
    for number, piece in enumerate(pieces):
        if piece.part is Part.OPENS:
            standing.append(number)
        pair = standing.pop() if piece.part is Part.CLOSES else standing[-1] if standing else 0
        made.append(Piece(piece.part, piece.text, pair, piece.linked))
    return made


def _apart(before: Piece | None, piece: Piece | None) -> Iterator[Piece]:
    """Code after code would be one code."""
    if before and piece and before.part is Part.CODE and piece.part is Part.CODE:
        yield Piece(Part.WORDS, UNSEEN)
    if piece:
        yield piece


def _misread(pieces: Pieces) -> int | None:
    """The number of a pair that would not be read as one, and has no other marks to try."""
    for at, piece in enumerate(pieces):
        if piece.part not in {Part.OPENS, Part.CLOSES}:
            continue
        before = _last(pieces[at - 1]) if at else ""
        after = pieces[at + 1].text[0] if at + 1 < len(pieces) else ""
        near, far = (after, before) if piece.part is Part.OPENS else (before, after)
        if not _flanks(piece.text, near, far):
            return at
    return None


def _last(piece: Piece) -> str:
    return piece.text[-1]


def _flanks(mark: str, near: str, far: str) -> bool:
    """Whether it stands at what it marks (``near``), and is apart from what is outside (``far``)."""
    if not near or near.isspace() or mark[0] in {near, far}:
        return False
    outside = not far or far.isspace() or _is_sign(far)
    return outside if mark == "_" or not _is_word(near) else True


def _without(pieces: Pieces, at: int) -> Pieces:
    """The pair marked in another way, or not at all."""
    mark, pair = pieces[at].text, pieces[at].pair
    marks = {Part.OPENS, Part.CLOSES}
    other = ELSE.get(mark, "")
    changed = (
        Piece(piece.part, other, piece.pair, piece.linked)
        if piece.part in marks and piece.pair == pair
        else piece
        for piece in pieces
    )
    return [piece for piece in changed if piece.text]


def _is_word(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"


def _is_sign(char: str) -> bool:
    """Punctuation by everybody's definition."""
    return char in PUNCTUATION or unicodedata.category(char).startswith("P")


def _written(pieces: Pieces) -> str:
    made, before = list[str](), ""
    for piece, following in pairwise((*pieces, None)):
        if piece is None:
            continue
        if piece.part is Part.WORDS:
            after = following.text[0] if following else ""
            made.append(_escaped(piece, before, after))
        else:
            made.append(piece.text)
        before = _last(piece)
    return "".join(made)


def _escaped(piece: Piece, before: str, after: str) -> str:
    text = piece.text
    around = (before, *text, after)
    return "".join(_sign(around, n, piece.linked) for n in range(1, len(text) + 1))


def _sign(around: Sequence[str], n: int, linked: bool) -> str:  # noqa: FBT001
    char, before, after = around[n], around[n - 1], around[n + 1]
    if char in ENTITIES:
        return ENTITIES[char]
    if char == "\n":
        return BREAK
    if char in PUNCTUATION and _means(around, n, before, after, linked=linked):
        return f"\\{char}"
    return char


def _means(around: Sequence[str], n: int, before: str, after: str, *, linked: bool) -> bool:
    """Whether the sign would be more than itself there."""
    match around[n]:
        case "`":
            return True
        case "\\":
            return after in PUNCTUATION or after in {"", "\n"}
        case "*":
            return not (_is_open(before) and _is_open(after))
        case "_":
            return _is_mark(around, n)
        case "~":
            return not _is_open(before) or not (_is_open(after) or after == "/" or _is_word(after))
        case sign:
            return (linked and sign in "[]") or after in _CALLS.get(sign, ())


_CALLS: Final = {"!": ("[",), "]": ("(", "[", ":")}  #: what makes a link of a sign, right behind it


def _is_open(char: str) -> bool:
    return not char or char.isspace()


def _is_mark(around: Sequence[str], n: int) -> bool:
    """Underscores within a word, or alone, are none."""
    start, end = n, n
    while around[start] == "_" and start > 0:
        start -= 1
    while around[end] == "_" and end < len(around) - 1:
        end += 1
    left, right = around[start], around[end]
    if _is_open(left) and _is_open(right):
        return False
    return not (left and right and _is_word(left) and _is_word(right))


def _begun(line: str) -> str:
    """A line that begins nothing: no heading, list, rule or table, and no code by white space."""
    words = line.lstrip(" \t")
    if words != line:
        return STAY * (len(line) - len(words)) + words if words else ""
    for pattern, escape in _STARTS:
        if pattern.match(line):
            return pattern.sub(escape, line, count=1)
    return line
