"""An agent's Markdown for a terminal: styled fragments, or plain text.

The rule: nothing from here can move a cursor, change a title or hide a line. Control characters are taken
out last of all, whatever came before.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from bots.layout import Kind, Look, Mark, Page, lay_out
from bots.markdown import parse
from bots.tree import aside

Fragment = tuple[str, str]

TERMINAL: Final = Look(lined_quotes=True, indented_code=True)
TAB: Final = "    "
CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def fragments(markdown: str) -> list[Fragment]:
    """Return (style, text) pairs as prompt_toolkit takes them.

    A style names the classes `strong emphasis strike code block link heading quote target` that hold.
    """
    page = lay_out(parse(markdown), TERMINAL)
    return [(style, harmless(text)) for style, text in _styled(page) if text]


def plain_text(markdown: str) -> str:
    """Return what the fragments say, for a terminal without colours and for a log."""
    return "".join(text for _, text in fragments(markdown))


def harmless(text: str) -> str:
    """Return the text without anything a terminal obeys; tabs become spaces, new lines stay."""
    return CONTROLS.sub("", text.replace("\t", TAB))


def _styled(page: Page) -> Iterator[Fragment]:
    """Sweep over the places where a mark begins or ends; a link's target follows where the link ends."""
    waiting, standing = deque(page.marks), list[Mark]()
    edges = {0, len(page.text), *(at for mark in page.marks for at in (mark.start, mark.end))}
    for start, end in pairwise(sorted(edges)):
        while waiting and waiting[0].start == start:
            standing.append(waiting.popleft())
        yield _style(standing), page.text[start:end]
        yield from (_target(page, mark) for mark in standing if mark.end == end and mark.kind is Kind.LINK)
        standing = [mark for mark in standing if mark.end > end]


def _style(standing: Sequence[Mark]) -> str:
    return " ".join(f"class:{mark.kind}" for mark in standing)


def _target(page: Page, link: Mark) -> Fragment:
    return "class:target", aside(page.text[link.start : link.end], link.detail)
