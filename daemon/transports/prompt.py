"""Reading Claude Code's prompt from a screen (2.1.329), purely: whether it is empty, and whose text lies in it.

The input line is U+276F and a no-break space between the last two rules of ``─``. An empty one may show a suggestion:
dim text, perhaps with its first character reversed. A paste of four lines or more, or about 1,200 characters, shows as
``[Pasted text #1 +3 lines]``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_RULE: Final = re.compile(r"^─{10,}")
_ESCAPE: Final = re.compile(r"\x1b\[([0-9;]*)m")
_OTHER: Final = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)")
_PASTED: Final = re.compile(r"^\[Pasted text #\d+(?: \+(\d+) lines)?\]$")
_PROMPT: Final = "\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT}\N{NO-BREAK SPACE}"


@dataclass(frozen=True, slots=True)
class Prompt:
    """What lies in the input box: "" for empty."""

    text: str

    def is_paste_of(self, pasted: str) -> bool:
        """Whether this is what is left of pasting ``pasted``, and nothing else."""
        if collapsed := _PASTED.match(self.text):
            return int(collapsed[1] or 0) == pasted.count("\n")
        return "".join(self.text.split()) == "".join(pasted.split())


def read(screen: list[str]) -> Prompt | None:
    """The prompt on the screen, or None when there is none: a dialog, a menu, another program."""
    rules = [n for n, line in enumerate(screen) if _RULE.match(_plain(line).strip())]
    try:
        above, below = rules[-2:]
    except ValueError:
        return None
    box = screen[above + 1 : below]
    if not box or not _plain(box[0]).startswith(_PROMPT):
        return None
    lines = [_bright(box[0]).removeprefix(_PROMPT), *(_bright(line) for line in box[1:])]
    return Prompt("\n".join(line.strip() for line in lines).strip())


def _plain(line: str) -> str:
    return _OTHER.sub("", line)


def _bright(line: str) -> str:
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
    for code in (codes or "0").split(";"):
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
                pass  # colours
    return dim, reversed_
