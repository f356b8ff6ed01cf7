"""The agents that are peers of Claude Code, as rows: what a test that holds for all of them needs to know of each.

Rule: a row says how a thing is done there, never whether it works; that is the test's to find out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.agents.codex import UNREVIEWED, Codex, codex_binary
from tests.agents.codex import HookTap as CodexTap
from tests.agents.gemini import GeminiCli, gemini_binary
from tests.agents.gemini import HookTap as GeminiTap
from tests.agents.hook_tap import Tap
from tests.agents.opencode import OpenCode, PluginTap, opencode_binary
from tests.agents.real_agent import RealAgent


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    binary: Callable[[], Path]
    start: Callable[..., RealAgent]  # home, cwd, model's address, tmux socket, session
    resume: Callable[[str], dict[str, Any]]  # a session's id -> what `start` takes more
    tap: Callable[[Path, Path], Tap]  # home, folder of records
    dialog: str  # in the permission dialog for a shell command
    interrupted: str  # what it shows then
    prompted: str  # the event that a prompt brings about
    finished: str  # the event at a turn's end
    leave: str  # the command that ends it


KINDS = (
    Kind(
        name="codex",
        binary=codex_binary,
        start=lambda *places, args=(), **more: Codex(*places, args=(UNREVIEWED, *args), **more),
        resume=lambda session_id: {"args": ("resume", session_id)},
        tap=CodexTap,
        dialog="Would you like to run the following command?",
        interrupted="Conversation interrupted",
        prompted="UserPromptSubmit",
        finished="Stop",
        leave="/quit",
    ),
    Kind(
        name="gemini",
        binary=gemini_binary,
        start=GeminiCli,
        resume=lambda session_id: {"resume": session_id},
        tap=GeminiTap,
        dialog="Allow execution of",
        interrupted="Request cancelled",
        prompted="BeforeAgent",
        finished="AfterAgent",
        leave="/quit",
    ),
    Kind(
        name="opencode",
        binary=opencode_binary,
        start=OpenCode,
        resume=lambda session_id: {"args": ("--session", session_id)},
        tap=PluginTap,
        dialog="Permission required",
        interrupted="interrupted",
        prompted="chat.message",
        finished="session.idle",
        leave="/exit",
    ),
)
