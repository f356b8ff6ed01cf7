"""Who tells of itself only with its first prompt, and when that may be typed. Pure.

Codex 0.169.0 fires no hook before its first prompt. Its input line begins with U+203A and shows a hint, dim; below it
stands a line about its model, once it has looked at its hooks. A dialog has no such line, or a number behind the sign.

Rule: nothing is typed but into an empty input line in which the cursor stands, and that is seen to be so twice.
"""

from __future__ import annotations

from typing import Final

from daemon.core.model import Peer
from daemon.panes import Look
from daemon.transports import dialog_codex
from daemon.transports.prompt import bright, plain

SEEDED: Final = frozenset({"codex"})
_SIGN: Final = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"
_CURSOR_X: Final = 2  #: behind the sign and a space, in an empty one


def text_for(peer: Peer) -> str:
    """Short, in plain words, and without any wish but for an answer."""
    return f"You are {peer.name} in circle {peer.circle} on the Peerline. Say only: ready."


def is_empty(look: Look) -> bool:
    """Whether keys would go into an empty input line."""
    return draft(look) == "" and look.now.cursor_x == _CURSOR_X


def draft(look: Look) -> str | None:
    """What lies in the input line, as far as its first row shows it; None when keys do not go there."""
    lines = [plain(line).rstrip() for line in look.screen]
    row = look.now.cursor_y
    first = next((n for n in range(min(row, len(lines) - 1), -1, -1) if lines[n].startswith(_SIGN)), None)
    if first is None or row - first > 2 or dialog_codex.read(lines) or not any(lines[row + 1 :]):  # noqa: PLR2004
        return None
    words = " ".join(bright(line).strip() for line in look.screen[first : row + 1])
    return words.removeprefix(_SIGN).strip()
