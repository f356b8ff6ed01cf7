"""How each agent goes on with a conversation, and whether its own data of it are there, before anything ends.

Rule: the data must lie where a program that is started from here will look for them, be a plain file of this user that
is reached without links, and name that conversation itself. What is only believed to be there is refused.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daemon.core.errors import NotAllowed
from daemon.core.model import Peer, Session

FIRST: Final = 4 * 1024 * 1024  #: bytes in which the first words of a conversation are looked for
_ID: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,127}")
SPOKEN: Final = frozenset({"user", "assistant"})
Environment = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Way:
    """``words``: what follows the configured command. ``proven``: raises ``NotAllowed``, or returns what was seen."""

    words: Callable[[str], tuple[str, ...]]
    proven: Callable[[Session, Environment], str]


def words(backend: str, session_id: str) -> tuple[str, ...]:
    """What makes the agent go on with that conversation. Raises: NotAllowed."""
    if not _ID.fullmatch(session_id):
        raise NotAllowed(
            "its session has no id that its program would take", "start it anew: `peerline peer new`"
        )
    return WAYS[backend].words(session_id)


def proven(peer: Peer, session: Session, environment: Environment) -> str:
    """What shows that its conversation can be gone on with, now.

    Args:
        peer: whose it is.
        session: the one to go on with.
        environment: that of whatever is started from here.

    Raises:
        NotAllowed: it cannot; the sentence says what is missing.

    """
    words(peer.backend, session.session_id)
    try:
        return WAYS[peer.backend].proven(session, environment)
    except (OSError, ValueError, sqlite3.Error) as error:
        raise _missing(f"cannot be read: {error}") from error


def _claude_code(session: Session, environment: Environment) -> str:
    folder = _home(session, environment, "CLAUDE_CONFIG_DIR", ".claude")
    path = _inside(session.transcript, folder / "projects", f"{session.session_id}.jsonl")
    told = (each for each in _records(path) if each.get("sessionId") == session.session_id)
    if not any(each.get("type") in SPOKEN for each in told):
        raise _missing("is empty: nothing was said in it yet")
    return f"its transcript {path} is there"


def _codex(session: Session, environment: Environment) -> str:
    folder = _home(session, environment, "CODEX_HOME", ".codex")
    path = _inside(session.transcript, folder / "sessions", f"-{session.session_id}.jsonl")
    first = next(_records(path), {}).get("payload")
    if not isinstance(first, dict) or first.get("id") != session.session_id:
        raise _missing("is that of another session")
    return f"its rollout {path} is there"


def _gemini(session: Session, environment: Environment) -> str:
    folder = _home(session, environment, "", ".gemini")
    path = _inside(session.transcript, folder / "tmp", ".jsonl")
    records = _records(path)
    if next(records, {}).get("sessionId") != session.session_id:
        raise _missing("is that of another session")
    if not any(each.get("type") in {"user", "gemini"} for each in records):
        raise _missing("is empty: nothing was said in it yet")
    return f"its chat {path} is there"


def _opencode(session: Session, environment: Environment) -> str:
    """Its store is asked as SQLite may be asked by anybody: for reading, while it is written."""
    data = environment.get("XDG_DATA_HOME") or f"{environment.get('HOME', '')}/.local/share"
    path = Path(data) / "opencode/opencode.db"
    _plain(path)
    conn = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=2)
    try:
        said = conn.execute(
            "SELECT count(*) FROM message WHERE session_id = ?", (session.session_id,)
        ).fetchone()[0]
        known = conn.execute("SELECT 1 FROM session WHERE id = ?", (session.session_id,)).fetchone()
    finally:
        conn.close()
    if not known or not said:
        raise _missing(f"is not in {path}" if not known else "is empty: nothing was said in it yet")
    return f"its store {path} has {said} messages of it"


WAYS: Final[Mapping[str, Way]] = {
    "claude-code": Way(lambda session_id: ("--resume", session_id), _claude_code),
    "codex": Way(lambda session_id: ("resume", session_id), _codex),
    "gemini": Way(lambda session_id: ("--resume", session_id), _gemini),
    "opencode": Way(lambda session_id: ("--session", session_id), _opencode),
}


def _home(session: Session, environment: Environment, variable: str, usual: str) -> Path:
    """The agent's own folder, if whatever is started from here has the same."""
    home = environment.get("GEMINI_CLI_HOME", "") if usual == ".gemini" else ""
    its = environment.get(variable, "") if variable else ""
    folder = Path(its or Path(home or environment.get("HOME", "")) / usual).resolve()
    if not session.config_dir or Path(session.config_dir).resolve() != folder:
        raise _missing(
            f"is kept in {session.config_dir or 'no known folder'}, and one started from here has {folder}"
        )
    return folder


def _inside(told: str, folder: Path, ending: str) -> Path:
    """The file, if it is the one that it says to be, below that folder, with no link on the way there."""
    path = Path(told)
    if not told or not path.is_absolute():
        raise _missing("was never named by its hooks")
    if not path.name.endswith(ending):
        raise _missing(f"is said to be in {path.name}, which is another's")
    real = path.parent.resolve() / path.name
    if not real.is_relative_to(folder):
        raise _missing(f"is out of place: {path} is not below {folder}")
    _plain(real)
    return real


def _plain(path: Path) -> None:
    """Raises ``NotAllowed`` unless it is a file of ours with something in it."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise _missing(f"is gone: there is no {path}") from None
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.getuid():
        raise _missing(f"is no plain file of yours: {path}")
    if not found.st_size:
        raise _missing(f"is empty: {path}")


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """Its first lines, as far as they are objects."""
    opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(opened, "rb") as file:  # noqa: PTH123  (Path cannot open a descriptor)
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise _missing(f"is no plain file: {path}")
        read = 0
        for line in file:
            read += len(line)
            if read > FIRST:
                return
            try:
                told = json.loads(line)
            except ValueError:
                continue
            if isinstance(told, dict):
                yield told


def _missing(what: str) -> NotAllowed:
    return NotAllowed(
        f"its conversation {what}",
        "it is not restarted, since it would begin anew; nothing was touched. Start one anew: `peerline peer new`",
    )
