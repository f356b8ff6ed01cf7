"""Names, code and sizes as Markdown that stays what it is, whatever stands in them."""

from __future__ import annotations

import re
from typing import Final

from daemon.core.rules.cleaning import clean, line

LONGEST_NAME: Final = 200
_UNSEEN: Final = re.compile("[\u2028-\u202e\u2066-\u2069]")  #: would reorder or break what a person reads


def named(text: str, limit: int = LONGEST_NAME) -> str:
    """One line that says what it says: no controls, nothing that turns the reading round."""
    return line(_UNSEEN.sub("", text), limit) or "?"


def inline(text: str) -> str:
    """A name or command inside a sentence."""
    words = named(text)
    fence = "`" * (_longest_run(words, "`") + 1)
    pad = " " if len(fence) > 1 else ""
    return f"{fence}{pad}{words}{pad}{fence}"


def block(text: str, language: str = "") -> str:
    """Code that nothing inside it can end."""
    code = clean(text).rstrip()  # first: what is taken out could join two short runs to a long one
    fence = "`" * max(3, _longest_run(code, "`") + 1)
    return f"{fence}{language}\n{code}\n{fence}"


def _longest_run(text: str, sign: str) -> int:
    return max(map(len, re.findall(f"{re.escape(sign)}+", text)), default=0)
