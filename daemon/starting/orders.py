"""By what command an agent is started, and with what environment.

Rule: commands and their arguments come from the config alone; nobody who wishes a start adds any. What an agent sets
for its own children does not reach one that is started from here, which is nobody's child.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from typing import Final

from daemon.core.errors import Malformed, NotAllowed
from daemon.core.model import Peer
from daemon.settings import Spawn as Rules

#: Set by agents for whatever they start; an agent that finds them takes itself for a part of another.
OF_AGENTS: Final = (
    "CLAUDECODE",
    "CLAUDE_CODE_SESSION_ID",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SSE_PORT",
    "CLAUDE_CODE_CHILD_SESSION",
    "CLAUDE_CODE_MESSAGING_SOCKET",
    "CLAUDE_CODE_MESSAGING_TOKEN",
    "CLAUDE_CODE_EXECPATH",
    "CLAUDE_PID",
    "CLAUDE_PROJECT_DIR",
    "CLAUDE_ENV_FILE",
    "AI_AGENT",
    "CODEX_THREAD_ID",
    "CODEX_SANDBOX",
    "CODEX_SANDBOX_NETWORK_DISABLED",
    "CODEX_CI",
    "CODEX_MANAGED_BY_NPM",
    "CODEX_MANAGED_PACKAGE_ROOT",
    "GEMINI_CLI",
    "GEMINI_SESSION_ID",
    "GEMINI_PROJECT_DIR",
    "GEMINI_CWD",
    "OPENCODE",
    "OPENCODE_PID",
    "OPENCODE_SERVER",
    "AGENT",
)
OURS: Final = "PEERLINE_"
OF_TMUX: Final = ("TMUX", "TMUX_PANE")
LINES: Final = """daemon:
  spawn:
    allowed_paths:
      - ~/projects
    commands:
      claude-code: claude"""


def refuse_unset(rules: Rules, config: str) -> None:
    """Raises: NotAllowed, where nobody can be started until the config says more."""
    missing = [name for name in ("allowed_paths", "commands") if not getattr(rules, name)]
    if missing:
        keys = " and ".join(f"daemon.spawn.{name}" for name in missing)
        raise NotAllowed(
            f"agents cannot be started from here: {keys} is not set" if len(missing) == 1
            else f"agents cannot be started from here: {keys} are not set",
            f"write into {config}, as it fits you:\n{LINES}",
        )  # fmt: skip


def backend_of(rules: Rules, backend: str, profile: str) -> str:
    """Whom to start: as said, else as the profile says, else the first of the config's commands.

    Raises:
        NotAllowed: there is no command, or no profile, of that name.
        Malformed: the profile is for another.

    """
    if profile and profile not in rules.profiles:
        known = ", ".join(rules.profiles) or "none is configured"
        raise NotAllowed(f'there is no profile "{_shown(profile)}"', f"known: {known}")
    of_profile = rules.profiles[profile].backend if profile else ""
    if backend and of_profile and backend != of_profile:
        raise Malformed(f'profile "{profile}" is for {of_profile}', "leave out one of the two")
    chosen = backend or of_profile or next(iter(rules.commands))
    if chosen not in rules.commands:
        raise NotAllowed(
            f'there is no command for "{_shown(chosen)}"',
            f"configured are: {', '.join(rules.commands)}; add daemon.spawn.commands.{_shown(chosen)}",
        )
    return chosen


def argv(rules: Rules, backend: str, profile: str) -> list[str]:
    """The command in words. Raises as ``backend_of``, and Malformed for one that cannot be split."""
    command = rules.commands[backend_of(rules, backend, profile)]
    try:
        words = shlex.split(command) if isinstance(command, str) else list(command)
    except ValueError as error:
        raise Malformed(
            f"daemon.spawn.commands.{backend}: {str(error).lower()}", "close its quotes"
        ) from error
    if not words or not words[0]:
        raise Malformed(f"daemon.spawn.commands.{backend} is empty", "as in `claude-code: claude`")
    arguments = rules.profiles[profile].args if profile else []
    return [os.path.expanduser(words[0]), *words[1:], *arguments]  # noqa: PTH111


def set_for(peer: Peer, environment: Mapping[str, str]) -> dict[str, str]:
    """What is told to the agent by its environment."""
    home = {"PEERLINE_HOME": environment["PEERLINE_HOME"]} if environment.get("PEERLINE_HOME") else {}
    return {"PEERLINE_NAME": peer.name, "PEERLINE_CIRCLE": peer.circle, **home}


def of_server(environment: Mapping[str, str]) -> dict[str, str]:
    """What tmux is given when it makes a pane: the daemon's own, without what is the daemon's or an agent's alone."""
    told = {
        name: value
        for name, value in environment.items()
        if not name.startswith(OURS) and name not in OF_AGENTS and name not in OF_TMUX
    }
    return told if told.keys() & {"LANG", "LC_ALL", "LC_CTYPE"} else {**told, "LANG": "C.UTF-8"}


def _shown(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name[:60])
