"""Reading Gemini CLI's prompt from a screen (0.61.0), purely: whether it is empty, and whose text lies in it.

Below the last rule of ``─`` stands a line about its mode, and then the input: ``>`` (``*`` where it asks nobody, ``!``
for a shell's command, ``(r:)`` while history is searched), its further lines indented like the first. An empty one
shows a hint behind the cell of its cursor. A paste of more than 5 lines shows as ``[Pasted Text: 6 lines]``, another
of more than 500 characters as ``[Pasted Text: 501 chars]``. What runs can be cancelled, and a line above the rule says
so; while a dialog is open there is no input at all. An Enter that it reads before it has done with a paste (its own
guard: 40 ms, and until it has drawn anew) is a new line in the draft; of those at the end it sends none.

Rule: keys go to the cursor, and a prompt is one only while the cursor is in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daemon.transports.prompt import plain, surely_shown

HINT: Final = " >   Type your message or @path/to/file"
BUSY: Final = "(esc to cancel"
NEAR: Final = 8  #: lines above the rule in which it says what it does
_RULE: Final = re.compile(r"^─{10,}$")
_FIRST: Final = re.compile(r"^ [>*] ")
_INDENT: Final = "   "
_COLLAPSED: Final = re.compile(r"^\[Pasted Text: (\d+) (lines|chars)(?: #\d+)?\]$")


@dataclass(frozen=True, slots=True)
class GeminiPrompt:
    """What lies in the input: "" for empty."""

    text: str

    def is_paste_of(self, pasted: str) -> bool:
        """Whether this is what is left of pasting ``pasted``, and nothing else."""
        if collapsed := _COLLAPSED.match(self.text):
            lines, units = pasted.count("\n") + 1, len(pasted.encode("utf-16-le")) // 2
            return int(collapsed[1]) == (lines if collapsed[2] == "lines" else units)
        same = surely_shown(self.text) == surely_shown(pasted)
        return same and (self.text[:1], self.text[-1:]) == (pasted[:1], pasted[-1:])


def read(screen: Sequence[str], cursor_y: int) -> GeminiPrompt | None:
    """The prompt on the screen, or None when keys would not go there."""
    lines = [plain(line).rstrip() for line in screen]
    first = _first(lines)
    if first is None:
        return None
    if lines[first] == HINT:
        return GeminiPrompt("") if cursor_y == first else None
    rest = _indented(lines[first + 1 :])
    last = first + len(rest)
    # An Enter that it took for a new line leaves the cursor below, in an empty line with another behind it.
    below = cursor_y > last and not any(lines[last + 1 : cursor_y + 2])
    if not (first <= cursor_y <= last or below):
        return None
    return GeminiPrompt("\n".join(line[len(_INDENT) :].strip() for line in (lines[first], *rest)).strip())


def is_there(screen: Sequence[str]) -> bool:
    """Whether there is an input at all; while a dialog is open there is none."""
    return _first([plain(line).rstrip() for line in screen]) is not None


def is_busy(screen: Sequence[str]) -> bool:
    """Whether it says that what it does can be cancelled."""
    lines = [plain(line).strip() for line in screen]
    rule = _last_rule(lines)
    return any(BUSY in line for line in lines[max(0, rule - NEAR) : rule])


def _first(lines: Sequence[str]) -> int | None:
    """The row in which the input begins, two to four below the rule."""
    rule = _last_rule(lines)
    below = range(rule + 1, min(rule + 5, len(lines))) if rule >= 0 else ()
    return next((row for row in below if _FIRST.match(f"{lines[row]} ")), None)


def _last_rule(lines: Sequence[str]) -> int:
    return max((row for row, line in enumerate(lines) if _RULE.match(line.strip())), default=-1)


def _indented(lines: Sequence[str]) -> Sequence[str]:
    """Up to the last indented line before the first that is not; empty lines may stand between."""
    end = next((n for n, line in enumerate(lines) if line and not line.startswith(_INDENT)), len(lines))
    while end and not lines[end - 1]:
        end -= 1
    return lines[:end]
