"""Texts as agents write them, and worse: seeded Markdown of which it is known what a reader must find in it.

Every visible piece is a token of its own (``ä17漢``), so a loss, a repeat or a wrong order is seen whatever the
markup around it was.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field

TOKEN = re.compile(r"t[0-9]+q")
_GARNISH = (
    "",
    "",
    "",
    "é",
    "漢字",
    "👍🏽",
    "👨‍👩‍👧‍👦",
    "🇵🇹",
    "e\u0301",
    "ש",
    "ω",
    "\u200b",
    "\u00a0",
    "\U0001d518",
)
_NOISE = (
    "*", "**", "_", "__", "~~", "`", "``", "```", "[", "](", ")", "![", "<", ">", "|", "\\", "#", "- ", "1. ", "> ",
    "&", "&amp;", "&#35;", "<b>", "</b>", "<!-- ", " -->", "<!channel>", "<@U1>", "\t", "  \n", "\n", "\n\n", "---",
    "===", "\r\n", "\x00", "\x07", "\u202e", "\u2028", "\ufeff", "\x85", ":", "@", "/", "{", "}", "$", "\u0333", "·",
)  # fmt: skip


@dataclass(slots=True)
class Writer:
    """``text()`` is a new text; ``tokens`` what the latest shows as text, in order; ``hidden`` what it may hold in a
    link's address or a code's language instead."""

    chance: random.Random
    tokens: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    _number: int = 0

    def text(self, most_blocks: int = 12) -> str:
        self.tokens, self.hidden = [], []
        blocks = [self._block() for _ in range(self.chance.randint(1, most_blocks))]
        return self.chance.choice(("\n\n", "\n\n", "\n\n\n", "\n\n\n\n")).join(blocks)

    def noise(self, most: int = 80) -> str:
        """Anything at all: of this only letters and signs outside ASCII are sure to be seen."""
        pieces = []
        for _ in range(self.chance.randint(0, most)):
            kind = self.chance.random()
            pieces.append(
                self.chance.choice(_NOISE)
                if kind < 0.6
                else chr(self.chance.choice((*range(32, 0x500), *range(0x2000, 0x2100), 0x1F600, 0x1F44D)))
                if kind < 0.8
                else self._garnished()
            )
        return "".join(pieces)

    def _garnished(self) -> str:
        return f"{self.chance.choice('abc')}{self.chance.choice(_GARNISH)}"

    def _token(self) -> str:
        self._number += 1
        return f"t{self._number}q"

    def _word(self) -> str:
        self.tokens.append(token := self._token())
        return f"{token}{self.chance.choice(_GARNISH)}"

    def _words(self, least: int = 1, most: int = 6) -> str:
        return " ".join(self._word() for _ in range(self.chance.randint(least, most)))

    def _hidden(self) -> str:
        self.hidden.append(token := self._token())
        return token

    def _block(self) -> str:
        kinds: tuple[tuple[Callable[[], str], int], ...] = (
            (self._paragraph, 8), (self._heading, 2), (self._list, 4), (self._quote, 2), (self._code, 3),
            (self._table, 2), (self._rule, 1), (self._long_line, 1), (self._indented, 1),
        )  # fmt: skip
        blocks, weights = zip(*kinds, strict=True)
        block: Callable[[], str] = self.chance.choices(blocks, weights)[0]
        return block()

    def _paragraph(self) -> str:
        lines = [
            " ".join(self._inline() for _ in range(self.chance.randint(1, 8))) for _ in range(self._few())
        ]
        return self.chance.choice(("\n", "  \n", "\\\n")).join(lines)

    def _few(self) -> int:
        return self.chance.choice((1, 1, 2, 3, 9))

    def _inline(self, depth: int = 0) -> str:
        if depth > 3 or self.chance.random() < 0.5:
            return self._words()
        inner = self._inline(depth + 1)
        match self.chance.randrange(8):
            case 0 | 1:
                return f"**{inner}**"
            case 2:
                return f"*{inner}*"
            case 3:
                return f"~~{inner}~~"
            case 4:
                return f"{inner} `{self._words()} <b>`"
            case 5:
                return f"{inner} [{self._words()}](https://example.org/{self._hidden()})"
            case 6:
                return f"{inner} [{self._words()}](docs/{self._hidden()}.md)"
            case _:
                return f"{inner} Vec<{self._word()}> {self._word()}_{self._word()} 2*{self._word()}*3"

    def _heading(self) -> str:
        return f"{'#' * self.chance.randint(1, 6)} {self._inline(2)}"

    def _list(self) -> str:
        sign = self.chance.choice(("-", "*", "+", "1.", "7)"))
        items = []
        for _ in range(self.chance.randint(1, 7)):
            items.append(f"{sign} {self._inline(2)}")
            if self.chance.random() < 0.3:
                items.append(f"{' ' * (len(sign) + 1)}{sign} {self._words()}")
        return "\n".join(items)

    def _quote(self) -> str:
        return "\n".join(f"{'> ' * self.chance.randint(1, 2)}{self._inline(2)}" for _ in range(self._few()))

    def _code(self) -> str:
        language = self.chance.choice(("", "", "py", "rust", "c++"))
        lines = [
            f"{'  ' * self.chance.randrange(4)}{self._words()} **x** <T>" for _ in range(self._few() * 4)
        ]
        return "\n".join((f"```{language}", *lines, "```"))

    def _indented(self) -> str:
        return "\n".join(f"    {self._words()}" for _ in range(self._few()))

    def _table(self) -> str:
        width = self.chance.randint(1, 4)
        rows = [[self._inline(3) for _ in range(width)] for _ in range(self.chance.randint(1, 6))]
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        return "\n".join((lines[0], "|" + "---|" * width, *lines[1:]))

    def _rule(self) -> str:
        return f"{self._words()}\n\n---"

    def _long_line(self) -> str:
        """No place to break for a long way."""
        if self.chance.random() < 0.5:
            return "".join(self._word() for _ in range(self.chance.randint(300, 1200)))
        return f"```\n{''.join(self._word() for _ in range(self.chance.randint(300, 1200)))}\n```"
