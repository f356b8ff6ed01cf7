"""What a pane shows, in few words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from daemon.core.rules.cleaning import line

LINES: Final = 3
LINE: Final = 200
_ESCAPES: Final = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_FRAME: Final = re.compile(r"[\u2500-\u259f\s]+")  #: boxes are drawn of these
_DEAD: Final = "Pane is dead"  #: what tmux itself writes there


def one_line(screen: Sequence[str]) -> str:
    """The first line with words in it: what a dialog asks."""
    return next(_with_words(screen), "")


def last_lines(screen: Sequence[str]) -> str:
    """The last lines with words in them."""
    return line(" / ".join(list(_with_words(screen))[-LINES:]), LINES * LINE)


def _with_words(screen: Sequence[str]) -> Iterator[str]:
    for each in screen:
        words = line(_FRAME.sub(" ", _ESCAPES.sub("", each)).strip(), LINE)
        if any(sign.isalnum() for sign in words) and not words.startswith(_DEAD):
            yield words
