"""Gemini CLI's own dialog on its screen (0.61.0), purely: a box, and in it numbered lines, one of them behind ``●``.

While it is open there is no prompt on the screen. A digit acts at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from daemon.transports.dialog_shape import Dialog

_OPTION: Final = re.compile(r"^(● )?\s*([1-9])\. (\S.*)$")
_TOP: Final = re.compile(r"^╭─{10,}╮$")
_EDGE: Final = "│"


def read(screen: Sequence[str]) -> Dialog | None:
    """The dialog on the screen; None when there is none."""
    lines = [line.strip() for line in screen]
    found = [(n, match) for n, line in enumerate(lines) if (match := _OPTION.match(_inside(line)))]
    marked = [n for n, match in found if match[1]]
    # The outermost box: of what it shows, a part may be framed again.
    tops = [n for n, line in enumerate(screen) if _TOP.match(line.rstrip())]
    if not marked or not tops or tops[-1] > marked[-1]:
        return None
    options = tuple((match[2], match[3].strip()) for n, match in found if n > tops[-1])
    first = min(n for n, _ in found if n > tops[-1])
    numbers = [number for number, _ in options]
    text = "\n".join(_inside(line) for line in lines[tops[-1] + 1 : first])
    return Dialog(text, options) if len(set(numbers)) == len(numbers) else None


def _inside(line: str) -> str:
    return line.removeprefix(_EDGE).removesuffix(_EDGE).strip() if line.startswith(_EDGE) else ""
