"""The only place that speaks to tmux.

tmux expands formats, and runs ``#(…)``, in many arguments; so nothing a user wrote is ever an argument here: text goes
in by standard input, targets are pane ids of the form ``%7``. A pane is known by its server's pid, its own pid and
both start times, since numbers begin again after a restart.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import Final

TIMEOUT_S: Final = 5.0
_PANE: Final = re.compile(r"%\d{1,9}")
_UNCLEAN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FIELDS: Final = (
    "#{pid}",
    "#{pane_id}",
    "#{pane_pid}",
    "#{pane_in_mode}",
    "#{pane_dead}",
    "#{cursor_x}",
    "#{cursor_y}",
    "#{pane_current_command}",
    "#{session_name}",
)


class TmuxFailed(Exception):
    """tmux said no, or nothing in time."""


@dataclass(frozen=True, slots=True)
class PaneNow:
    """A pane as tmux sees it at this moment."""

    server_pid: int
    pane_id: str
    pane_pid: int
    in_mode: bool
    dead: bool
    cursor_x: int
    cursor_y: int
    command: str
    session: str


class Tmux:
    """One tmux server, by its socket's path."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    async def describe(self, pane_id: str) -> PaneNow:
        """The pane, asked now.

        Raises:
            TmuxFailed: there is no such pane, or no server.

        """
        told = await self._run("display-message", "-p", "-t", _checked(pane_id), "\t".join(_FIELDS))
        parts = told.rstrip("\n").split("\t", len(_FIELDS) - 1)
        if len(parts) < len(_FIELDS) or parts[1] != pane_id:
            raise TmuxFailed(f"no pane {pane_id}")
        return PaneNow(
            server_pid=int(parts[0]),
            pane_id=parts[1],
            pane_pid=int(parts[2]),
            in_mode=parts[3] not in {"", "0"},
            dead=parts[4] == "1",
            cursor_x=int(parts[5]),
            cursor_y=int(parts[6]),
            command=parts[7],
            session=parts[8],
        )

    async def screen(self, pane_id: str) -> list[str]:
        """The visible lines with their escapes: dim text is no draft."""
        told = await self._run("capture-pane", "-p", "-e", "-t", _checked(pane_id))
        return told.split("\n")

    async def paste(self, pane_id: str, text: str) -> None:
        """Paste as one bracketed paste; no Enter.

        Raises:
            ValueError: the text holds control characters; it was to be cleaned long before.
            TmuxFailed: tmux refused.

        """
        if _UNCLEAN.search(text):
            raise ValueError("control characters in a paste")
        buffer = f"peerline-{secrets.token_hex(8)}"
        target = _checked(pane_id)
        load = ("load-buffer", "-b", buffer, "-")
        await self._run(*load, ";", "paste-buffer", "-p", "-d", "-r", "-b", buffer, "-t", target, stdin=text)

    async def enter(self, pane_id: str) -> None:
        await self._run("send-keys", "-t", _checked(pane_id), "Enter")

    async def _run(self, *argv: str, stdin: str | None = None) -> str:
        process = await asyncio.create_subprocess_exec(
            "tmux",
            "-S",
            self._socket,
            *argv,
            stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(TIMEOUT_S):
                out, err = await process.communicate(stdin.encode() if stdin is not None else None)
        except TimeoutError as error:
            process.kill()
            await process.wait()
            raise TmuxFailed("tmux did not answer") from error
        if process.returncode:
            raise TmuxFailed(err.decode(errors="replace").strip() or f"tmux ended with {process.returncode}")
        return out.decode(errors="replace")


def server_of(variable: str) -> str:
    """The socket's path in the value of ``TMUX``: ``path,server pid,session``."""
    return variable.split(",", 1)[0]


def _checked(pane_id: str) -> str:
    if not _PANE.fullmatch(pane_id):
        raise ValueError(f"{pane_id!r} is no pane id")
    return pane_id
