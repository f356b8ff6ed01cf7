"""How each agent's screen is read: whether it is idle, what lies in its prompt, and how its keys want to be pressed.

One row per agent. Claude Code says in its registry what it does; where an agent has none, its screen tells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from daemon.callers import registry
from daemon.core.model import Session
from daemon.panes import Look
from daemon.transports import dialog_codex, prompt, prompt_gemini

LONG: Final = 2_000  #: characters; what takes longer to be drawn


class Draft(Protocol):
    """What lies in a prompt."""

    @property
    def text(self) -> str:
        """All of it as far as it is shown: "" for empty."""
        ...

    def is_paste_of(self, pasted: str) -> bool:
        """Whether this is what is left of pasting ``pasted``, and nothing else."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """``status`` is ``idle``, ``busy``, ``waiting`` or in words, ``at`` since when, where the agent says so."""

    status: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """How one agent is read.

    Args:
        standing: what it does, or why it is not the agent that is meant; may read files.
        prompt: what lies in its prompt, by the lines and the cursor's row; None when keys would not go there.
        settles_s: how long a paste must have been shown before Enter counts; a long one, ``long_settles_s``.
        shown_s: how long a paste takes to show, at most.
        enters: how often Enter is pressed at most while the paste lies there; in an empty prompt it does nothing.
        redraws: its prompt may be gone for a moment while it draws.

    """

    standing: Callable[[Session, Look], Standing | str]
    prompt: Callable[[list[str], int], Draft | None]
    settles_s: float = 0.0
    long_settles_s: float = 0.0
    shown_s: float = 2.0
    enters: int = 2
    redraws: bool = False

    def pause_s(self, pasted: str) -> float:
        return self.long_settles_s if len(pasted) > LONG else self.settles_s


def screen_of(session: Session) -> Screen:
    return SCREENS.get(session.backend, CLAUDE_CODE)


def _registered(session: Session, look: Look) -> Standing | str:  # noqa: ARG001 -- as its row
    told = registry.read_session(Path(session.config_dir), session.pid)
    if told is None:
        return "the agent is gone"
    if told.session_id != session.session_id:
        return "the agent is in another session by now"
    return Standing(told.status, told.status_at)


def _gemini(session: Session, look: Look) -> Standing:  # noqa: ARG001 -- as its row
    if prompt_gemini.is_busy(look.screen):
        return Standing("busy")
    return Standing("idle" if prompt_gemini.is_there(look.screen) else "waiting")


def _codex(session: Session, look: Look) -> Standing:  # noqa: ARG001 -- as its row
    """Its hooks tell what it does; of its screen only whether a dialog is open counts."""
    asks = dialog_codex.read([prompt.plain(line) for line in look.screen])
    return Standing("waiting" if asks else "at no dialog")


def _untyped(lines: list[str], cursor_y: int) -> None:  # noqa: ARG001 -- as its row
    return None  # it has a queue


CLAUDE_CODE: Final = Screen(_registered, prompt.read)
#: An Enter that comes too soon after a paste is a new line to it, and on a busy machine soon is late (0.61.0).
GEMINI: Final = Screen(
    _gemini, prompt_gemini.read, settles_s=0.15, long_settles_s=0.5, shown_s=5.0, enters=8, redraws=True
)
CODEX: Final = Screen(_codex, _untyped)
SCREENS: Final[Mapping[str, Screen]] = {"codex": CODEX, "gemini": GEMINI}
