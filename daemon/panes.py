"""Panes: what is asked of tmux about one, what its answer says, and what forbids to write into it. Pure.

Rule: formats are made of numbers and plain words only, since tmux expands whatever stands in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

_NUMBERS: Final = (
    "#{pid} #{pane_id} #{pane_pid} #{?pane_in_mode,1,0} #{?pane_dead,1,0} #{cursor_x} #{cursor_y}"
    " #{pane_width} #{pane_height} #{?pane_synchronized,1,0} #{?pane_input_off,1,0} #{session_id} #{pane_tty}"
    " #{session_activity} B#{bracket_paste_flag}"  # "B" alone before tmux 3.7, which does not know the flag
)
# Free text comes last: a session's name cannot hold a ":", a command anything.
FIELDS: Final = _NUMBERS + " :#{session_name}:#{pane_current_command}"
#: Why a pane must not be written to; tmux says the letters in the moment of the act, the first here counts.
_OBSTACLES: Final = {
    "g": "the pane is gone",
    "o": "the pane is another one by now",
    "d": "the pane's program has ended",
    "m": "the pane is in copy mode",
    "s": "the pane's keys go to other panes, too",
    "i": "the pane takes no input",
    "k": "somebody is typing there",
    "c": "another program has the pane's keys by now",
    "x": "the screen has changed meanwhile",
}
GONE: Final = "#{?pane_pid,,g}"
ALWAYS: Final = GONE + "#{?pane_dead,d,}#{?pane_in_mode,m,}#{?pane_synchronized,s,}#{?pane_input_off,i,}"
_STARTED: Final = re.compile(r"[a-z0-9-]{1,64}")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.+-]+")  #: what tmux compares as it stands
CLIENT: Final = "#{client_activity} #{pane_id}"
MARK: Final = "@peerline-spawn"  #: an option of a pane in which somebody was started from here
ENDED: Final = "#{pane_dead_status} #{pane_dead_signal}"
CUT: Final = "++"  #: stands between the clients and the screen


class PaneRef(Protocol):
    """The full identity of a pane. Start times are those of the two processes, in the system's own unit."""

    @property
    def server_pid(self) -> int: ...
    @property
    def server_started(self) -> int: ...
    @property
    def pane_id(self) -> str: ...
    @property
    def pane_pid(self) -> int: ...
    @property
    def pane_started(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PaneNow:
    """A pane as tmux sees it at this moment."""

    server_pid: int
    pane_id: str
    pane_pid: int
    in_mode: bool  #: copy mode or another: keys and pastes would not reach the program as they should
    dead: bool
    cursor_x: int
    cursor_y: int
    command: str
    session: str
    width: int = 0
    height: int = 0
    synchronized: bool = False  #: keys go to every pane of the window
    input_off: bool = False
    session_id: str = ""  #: ``$3``; stays when the session is renamed
    tty: str = ""
    bracketed: bool | None = None  #: the program wants bracketed paste; None where tmux cannot tell
    keyed_at: int = 0  #: when a key was last pressed in its session, unix seconds


@dataclass(frozen=True, slots=True)
class Look:
    """A pane in one moment."""

    now: PaneNow
    screen: list[str]  #: the visible lines with their escapes: dim text is no draft
    touched_at: (
        datetime | None
    )  #: when who sees it last pressed a key, or attached, to the second; None: nobody


def pane(told: str) -> PaneNow | None:
    """Read what ``FIELDS`` yields; None for what is no pane: then most fields are empty."""
    numbers, _, names = told.partition(" :")
    parts = numbers.split(" ")
    if len(parts) != _NUMBERS.count(" ") + 1 or not parts[2]:
        return None
    session, _, command = names.partition(":")
    server, pane_id, pane, mode, dead, x, y, width, height, mirrored, off, session_id, tty, keyed, flag = (
        parts
    )
    return PaneNow(
        *(int(server), pane_id, int(pane), mode == "1", dead == "1", int(x), int(y), command, session),
        *(int(width), int(height), mirrored == "1", off == "1", session_id, tty),
        bracketed={"B0": False, "B1": True}.get(flag),
        keyed_at=int(keyed or 0),
    )


def look(told: str, pane_id: str) -> Look | None:
    """Read one line of ``FIELDS``, one of ``CLIENT`` for each client, ``CUT``, and the screen."""
    first, *lines = told.split("\n")
    now = pane(first)
    if now is None or now.pane_id != pane_id or CUT not in lines:
        return None
    end = lines.index(CUT)
    told_by = (line.split(" ") for line in lines[:end])
    keyed = max((int(at) for at, seen in told_by if seen == pane_id), default=None)
    touched_at = None if keyed is None else datetime.fromtimestamp(keyed, UTC)
    return Look(now, lines[end + 1 :], touched_at)


def is_same(now: PaneNow, ref: PaneRef, started: Callable[[int], int | None]) -> bool:
    """Whether a pane is the one of that identity; arguments as of ``obstacle``."""
    was = (ref.server_pid, ref.server_started, ref.pane_pid, ref.pane_started)
    return was == (now.server_pid, started(now.server_pid), now.pane_pid, started(now.pane_pid))


def obstacle(now: PaneNow, ref: PaneRef, started: Callable[[int], int | None]) -> str:
    """Why a pane is not the one of that identity, or cannot be written to; "" if all is well.

    Args:
        now: the pane of that number.
        ref: whom it should be.
        started: the start time of a live process; None when there is none.

    """
    if not is_same(now, ref, started):
        return _OBSTACLES["o"]
    letters = {"d": now.dead, "m": now.in_mode, "s": now.synchronized, "i": now.input_off}
    return in_words("".join(letter for letter, so in letters.items() if so))


def in_words(letters: str) -> str:
    """The first of the obstacles that these letters name; "" for none."""
    return next((words for letter, words in _OBSTACLES.items() if letter in letters), "")


def other_than(ref: PaneRef | None, seen: PaneNow | None) -> str:
    """Found where the pane's number is held by another program, by another server, or it is not as it was seen.

    A session's time of its last key is to the second, which is enough: who is typing was asked about before.
    """
    found = ""
    if ref is not None:
        found += f"#{{?#{{==:#{{pid}} #{{pane_pid}},{ref.server_pid:d} {ref.pane_pid:d}}},,o}}"
    if seen is not None:
        keyed = f"#{{!=:#{{session_activity}},{seen.keyed_at:d}}}"
        found += f"#{{?#{{&&:#{{&&:#{{window_active}},#{{pane_active}}}},{keyed}}},k,}}"
        found += f"#{{?#{{==:#{{cursor_x}} #{{cursor_y}},{seen.cursor_x:d} {seen.cursor_y:d}}},,x}}"
        if _PLAIN.fullmatch(seen.command):
            found += f"#{{?#{{==:#{{pane_current_command}},{seen.command}}},,c}}"
    return found


def bears(spawn_id: str) -> str:
    """The format that yields 1 for a pane that was made for that start, and 0 for any other."""
    if not _STARTED.fullmatch(spawn_id):
        raise ValueError(f"{spawn_id!r} is no id of a start")
    return f"#{{==:#{{{MARK}}},{spawn_id}}}"
