"""Reading Claude Code's prompt from a screen (2.1.329), purely: whether it is empty, and whose text lies in it.

The input line is U+276F and a no-break space between the last two rules of ``─``. An empty one may show a suggestion:
dim text, perhaps with its first character reversed. A paste of four lines or more, or about 1,200 characters, shows as
``[Pasted text #1 +3 lines]``; of what is too tall only the end is shown, below a rule that says ``↑ 11 more``, or below
no rule at all.

Rule: keys go to the cursor. While history is searched, the prompt is drawn as if it were empty, but the cursor, and
Enter, are in the line below it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_RULE: Final = re.compile(r"^─{10,}")
_CLIPPED: Final = re.compile(r"^─{3,} ↑ \d+ more ─{3,}")
_INVISIBLE: Final = re.compile(r"[^!-~]+")  #: what a terminal may show as something else, or not at all
_ESCAPE: Final = re.compile(r"\x1b\[([0-9;:]*)m")
_OTHER: Final = re.compile(r"\x1b(?:\[[0-9;:?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_PASTED: Final = re.compile(r"^\[Pasted text #\d+(?: \+(\d+) lines)?\]$")
_COLOURS: Final = frozenset({"38", "48", "58"})
_PARTS: Final = {"5": 1, "2": 3}  #: how many numbers a colour has, in a palette or in red, green and blue
_PROMPT: Final = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What lies in the input box: "" for empty."""

    text: str
    clipped: bool = False  #: only the end of it is to be seen

    def is_paste_of(self, pasted: str) -> bool:
        """Whether this is what is left of pasting ``pasted``, and nothing else.

        Spaces are where the box wraps them, and signs without a width of their own may be lost on the screen, so
        only the rest is compared; but nothing may stand before the first sign, nor behind the last.
        """
        if collapsed := _PASTED.match(self.text):
            return int(collapsed[1] or 0) == pasted.count("\n")
        shown, whole = surely_shown(self.text), surely_shown(pasted)
        if self.text[-1:] != pasted[-1:]:
            return False
        if self.clipped:
            last_line = pasted.rpartition("\n")[2]
            return whole.endswith(shown) and shown.endswith(surely_shown(last_line))
        return self.text[:1] == pasted[:1] and shown == whole


def read(screen: list[str], cursor_y: int) -> Prompt | None:
    """The prompt on the screen, or None when keys would not go there: a dialog, a menu, another program."""
    above, below = _box(screen)
    if not above < cursor_y < below:
        return None
    first, *rest = screen[above + 1 : below]
    clipped = above < 0 or _CLIPPED.match(plain(screen[above])) is not None
    if not (_is_inside([first, *rest]) if clipped else plain(first).startswith(_PROMPT)):
        return None
    lines = [bright(first).removeprefix(_PROMPT), *(bright(line) for line in rest)]
    text = "\n".join(line.strip() for line in lines).strip()
    return Prompt(text, clipped) if text or not clipped else None


def _box(screen: list[str]) -> tuple[int, int]:
    """The rows of the last two rules; -1 for one that is not to be seen."""
    lines = [plain(line).strip() for line in screen]
    rules = [n for n, line in enumerate(lines) if _RULE.match(line) or _CLIPPED.match(line)]
    above, below = (-1, -1, *rules)[-2:]
    return above, below


def _is_inside(lines: list[str]) -> bool:
    """What follows the first line of a prompt is indented like it."""
    return all(not plain(line).strip() or plain(line).startswith("  ") for line in lines)


def surely_shown(text: str) -> str:
    """What every terminal shows of it, the same way."""
    return _INVISIBLE.sub("", unicodedata.normalize("NFC", text))


def plain(line: str) -> str:
    """The line without its escapes."""
    return _OTHER.sub("", line)


def bright(line: str) -> str:
    """The line without dim text, and without the cursor's reversed cell in front of dim text."""
    kept, dim, reversed_, at = "", False, False, 0
    pieces: list[tuple[str, bool, bool]] = []
    for match in (*_ESCAPE.finditer(line), None):
        piece = _OTHER.sub("", line[at : match.start() if match else len(line)])
        if piece:
            pieces.append((piece, dim, reversed_))
        if match:
            dim, reversed_ = _style(match[1], dim=dim, reversed_=reversed_)
            at = match.end()
    for n, (piece, is_dim, is_reversed) in enumerate(pieces):
        suggested = is_reversed and n + 1 < len(pieces) and pieces[n + 1][1]
        kept += "" if is_dim or suggested else piece
    return kept


def _style(codes: str, *, dim: bool, reversed_: bool) -> tuple[bool, bool]:
    for code in _without_colours(codes or "0"):
        match code:
            case "0" | "":
                dim = reversed_ = False
            case "2":
                dim = True
            case "22":
                dim = False
            case "7":
                reversed_ = True
            case "27":
                reversed_ = False
            case _:
                pass  # bold, underlined, one of the first colours
    return dim, reversed_


def _without_colours(codes: str) -> Iterator[str]:
    """Leave out ``38;5;N``, ``38;2;R;G;B`` and the like: what follows 38, 48 or 58 is no style of its own."""
    rest = iter(codes.split(";"))
    for code in rest:
        if code in _COLOURS:
            for _ in range(_PARTS.get(next(rest, ""), 0)):
                next(rest, "")
        else:
            yield code
