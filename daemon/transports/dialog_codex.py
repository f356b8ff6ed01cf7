"""Codex's own dialogs on its screen (0.169.0), purely: a line that asks, what it is about, and numbered lines.

One of those stands behind U+203A; a digit acts at once. While a dialog is open there is no input line. Of a command too
long for the screen the beginning is shown, and how many lines it has. Behind an option stand the keys for it, or two
spaces and what it means. Of several questions one is shown, then the next.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from daemon.transports.dialog_shape import Dialog

_OPTION: Final = re.compile(r"^ *(\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK} )? *([1-9])\. (\S.*)$")
_HEAD: Final = re.compile(r"^  (Would you like to |Question \d+/\d+ |Implement this plan\?|Allow |Approve )")
_FOOT: Final = re.compile(r"enter (to|select)")
_BEHIND: Final = re.compile(r" {2,}.*$| \([a-z]+\)$")
_CLIPPED: Final = re.compile(r"\[… \d+ lines\]")


def read(screen: Sequence[str]) -> Dialog | None:
    """The dialog at the end of the screen; None when there is none."""
    lines = [line.rstrip() for line in screen]
    while lines and not lines[-1]:
        lines.pop()
    heads = [n for n, line in enumerate(lines) if _HEAD.match(line)]
    if not heads or not _FOOT.search(lines[-1].casefold()):
        return None
    found = [(n, match) for n, line in enumerate(lines) if n > heads[-1] and (match := _OPTION.match(line))]
    options = _last_list([(n, match[2], match[3]) for n, match in found])
    if not options or not any(match[1] for n, match in found if n >= options[0][0]):
        return None
    text = "\n".join(lines[heads[-1] : options[0][0]])
    labels = tuple((number, _BEHIND.sub("", label)) for _, number, label in options)
    return Dialog(text, labels, clipped=bool(_CLIPPED.search(text)), one_by_one=True)


def _last_list(found: list[tuple[int, str, str]]) -> list[tuple[int, str, str]]:
    """What is asked about may look like options, too: those are the last that count from 1."""
    first = [at for at, (_, number, _label) in enumerate(found) if number == "1"]
    listed = found[first[-1] :] if first else []
    numbers = [number for _, number, _label in listed]
    return listed if numbers == [str(n) for n in range(1, len(numbers) + 1)] else []
