"""The only place that speaks to tmux.

Rule: nothing a user wrote is ever an argument here, since tmux expands formats, and runs ``#(…)``, in many of
them: text goes in by standard input, targets are pane ids of the form ``%7``. Before a pane is written to,
the tmux server itself looks, in the same command, whether that may be (still that pane, not in copy mode, not
mirrored): nothing lies between the look and the act. A pane is known by its server's pid, its own pid and
both start times, since numbers begin again after a restart. Each method is one process (tmux 3.3a: 1 ms).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Protocol

TIMEOUT_S: Final = 5.0
_PANE: Final = re.compile(r"%[0-9]{1,9}")
_KEY: Final = re.compile(r"[1-9]|Escape")
_UNCLEAN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_NUMBERS: Final = (
    "#{pid} #{pane_id} #{pane_pid} #{?pane_in_mode,1,0} #{?pane_dead,1,0} #{cursor_x} #{cursor_y}"
    " #{pane_width} #{pane_height} #{?pane_synchronized,1,0} #{?pane_input_off,1,0} #{session_id} #{pane_tty}"
    " B#{bracket_paste_flag}"  # "B" alone before tmux 3.7, which does not know the flag
)
# Free text comes last: a session's name cannot hold a ":", a command anything.
_FIELDS: Final = _NUMBERS + " :#{session_name}:#{pane_current_command}"
#: Why a pane must not be written to; tmux says the letters in the moment of the act, the first here counts.
_OBSTACLES: Final = {
    "g": "the pane is gone",
    "o": "the pane is another one by now",
    "d": "the pane's program has ended",
    "m": "the pane is in copy mode",
    "s": "the pane's keys go to other panes, too",
    "i": "the pane takes no input",
}
_ALWAYS: Final = (
    "#{?pane_pid,,g}#{?pane_dead,d,}#{?pane_in_mode,m,}#{?pane_synchronized,s,}#{?pane_input_off,i,}"
)


class TmuxFailed(Exception):
    """tmux said no; unless it is ``TmuxSilent``, nothing was done."""


class TmuxSilent(TmuxFailed):
    """tmux did not answer in time; what was asked for may have happened."""


class PaneNotReady(TmuxFailed):
    """The pane is there, or was, but nothing may be written into it now; nothing was."""


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


class Tmux:
    """One tmux server, by its socket's path."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    async def describe(self, pane_id: str) -> PaneNow:
        """The pane, asked now.

        Raises:
            TmuxFailed: there is no such pane, or no server.

        """
        told = await self._run("display-message", "-p", "-t", _checked(pane_id), _FIELDS)
        found = _pane(told.removesuffix("\n"))
        if found is None or found.pane_id != pane_id:
            raise TmuxFailed(f"no pane {pane_id}")
        return found

    async def verify(self, ref: PaneRef, started: Callable[[int], int | None]) -> str:
        """Why the pane of that identity is not there any more, or cannot be written to; "" if all is well.

        Args:
            ref: whom it should be.
            started: the start time of a live process; None when there is none.

        """
        try:
            now = await self.describe(ref.pane_id)
        except TmuxFailed as error:
            return str(error)
        was = (ref.server_pid, ref.server_started, ref.pane_pid, ref.pane_started)
        if was != (now.server_pid, started(now.server_pid), now.pane_pid, started(now.pane_pid)):
            return _OBSTACLES["o"]
        return _obstacle(now)

    async def capture(self, pane_id: str, *, escapes: bool = False) -> str:
        """The visible text; with ``escapes``, its colours and so on, too."""
        how = ("-p", "-e") if escapes else ("-p",)
        return await self._run("capture-pane", *how, "-t", _checked(pane_id))

    async def screen(self, pane_id: str) -> list[str]:
        """The visible lines with their escapes: dim text is no draft."""
        return (await self.capture(pane_id, escapes=True)).split("\n")

    async def client_activity(self, pane_id: str) -> datetime | None:
        """When somebody who sees this pane last pressed a key, or attached (to the second); None: nobody."""
        told = await self._run("list-clients", "-F", "#{client_activity} #{pane_id}")
        pairs = (line.split(" ") for line in told.splitlines())
        seen = [int(at) for at, pane in pairs if pane == _checked(pane_id)]
        return datetime.fromtimestamp(max(seen), UTC) if seen else None

    async def paste(self, pane_id: str, text: str, *, ref: PaneRef | None = None) -> None:
        """Paste as one bracketed paste; no Enter. The program reads the text byte for byte, newlines as LF.

        Without ``-r`` tmux sends CR for each newline: an Enter each, to a program that knows no bracketed
        paste. In copy mode tmux 3.3a leaves the brackets out, so that is refused.

        Raises:
            ValueError: the text is empty or holds control characters; it was to be cleaned long before.
            PaneNotReady: the pane cannot take it now, or is not the one of ``ref``.
            TmuxFailed: tmux refused.

        """
        if not text or _UNCLEAN.search(text):
            raise ValueError("control characters in a paste, or nothing at all")
        typed = text.encode()
        buffer = f"peerline-{secrets.token_hex(8)}"
        act = f"paste-buffer -p -r -d -b {buffer} -t {_checked(pane_id)}"
        load, drop = ("load-buffer", "-b", buffer, "-"), f"delete-buffer -b {buffer}"
        try:
            await self._guarded(pane_id, act, ref, before=(*load, ";"), otherwise=f"{drop} ; ", stdin=typed)
        except TmuxFailed as error:
            if not isinstance(error, PaneNotReady | TmuxSilent):
                # No words of ours are left behind in a buffer that anybody may paste.
                with contextlib.suppress(TmuxFailed):
                    await self._run("delete-buffer", "-b", buffer)
            raise

    async def enter(self, pane_id: str, *, ref: PaneRef | None = None) -> None:
        """Press Enter.

        Raises:
            PaneNotReady: the pane cannot take it now, or is not the one of ``ref``.
            TmuxFailed: tmux refused.

        """
        await self._guarded(pane_id, f"send-keys -t {_checked(pane_id)} Enter", ref)

    async def press(self, pane_id: str, key: str, *, ref: PaneRef | None = None) -> None:
        """Press one key of a dialog: a digit, or Escape. Raises as ``enter`` does, and ValueError for other keys."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key of a dialog")
        await self._guarded(pane_id, f"send-keys -t {_checked(pane_id)} {key}", ref)

    async def _guarded(
        self,
        pane_id: str,
        act: str,
        ref: PaneRef | None,
        *,
        before: tuple[str, ...] = (),
        otherwise: str = "",
        stdin: bytes | None = None,
    ) -> None:
        """Do ``act`` unless the server itself, in the same command, finds an obstacle."""
        obstacles = _ALWAYS if ref is None else _ALWAYS + _other_than(ref)
        say = f'{otherwise}display-message -p -t {pane_id} "no {obstacles}"'
        told = await self._run(
            *before, "if-shell", "-F", "-t", _checked(pane_id), obstacles, say, act, stdin=stdin
        )
        if told.startswith("no "):
            found = (words for letter, words in _OBSTACLES.items() if letter in told[3:])
            raise PaneNotReady(next(found, "the pane is not ready"))

    async def _run(self, *argv: str, stdin: bytes | None = None) -> str:
        transport, told = await self._begin(argv, stdin)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await told.all
        except TimeoutError as error:
            raise TmuxSilent("tmux did not answer") from error
        finally:
            transport.close()
        if ended := transport.get_returncode():
            raise TmuxFailed(told.errors.decode(errors="replace").strip() or f"tmux ended with {ended}")
        return told.output.decode(errors="replace")

    async def _begin(
        self, argv: tuple[str, ...], stdin: bytes | None
    ) -> tuple[asyncio.SubprocessTransport, _Told]:
        pipe = asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE
        # Without -u and a UTF-8 locale tmux turns what is not ASCII, and tabs, into "_".
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        words = ("tmux", "-u", "-S", self._socket, *argv)
        try:
            transport, told = await asyncio.get_running_loop().subprocess_exec(
                _Told, *words, env=environment, stdin=pipe
            )
        except OSError as error:
            raise TmuxFailed(f"tmux cannot be started: {error}") from error
        typed = transport.get_pipe_transport(0)
        if isinstance(typed, asyncio.WriteTransport):
            typed.write(stdin or b"")
            typed.write_eof()
        return transport, told


class _Told(asyncio.SubprocessProtocol):
    """All that one tmux process says.

    Not ``asyncio.subprocess``: that waits for its pipes to close, and tmux gives them to its server, which may hang.
    """

    def __init__(self) -> None:
        self.output, self.errors = bytearray(), bytearray()
        self.all: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def hear(self, fd: int, data: bytes) -> None:
        (self.output if fd == 1 else self.errors).extend(data)

    pipe_data_received = hear  # asyncio's name for it

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  (the protocol's name)
        if not self.all.done():
            self.all.set_result(None)


def server_of(variable: str) -> str:
    """The socket's path in the value of ``TMUX``: ``path,server pid,session``; a path may hold commas."""
    return variable.rsplit(",", 2)[0]


def _pane(told: str) -> PaneNow | None:
    """Read what ``_FIELDS`` yields; None for what is no pane: then most fields are empty."""
    numbers, _, names = told.partition(" :")
    parts = numbers.split(" ")
    if len(parts) != _NUMBERS.count(" ") + 1 or not parts[2]:
        return None
    session, _, command = names.partition(":")
    server, pane_id, pane, mode, dead, x, y, width, height, mirrored, off, session_id, tty, flag = parts
    return PaneNow(
        *(int(server), pane_id, int(pane), mode == "1", dead == "1", int(x), int(y), command, session),
        *(int(width), int(height), mirrored == "1", off == "1", session_id, tty),
        bracketed={"B0": False, "B1": True}.get(flag),
    )


def _obstacle(now: PaneNow) -> str:
    """The same question as ``_ALWAYS``, of a pane that was described."""
    found = {"d": now.dead, "m": now.in_mode, "s": now.synchronized, "i": now.input_off}
    return next((_OBSTACLES[letter] for letter, so in found.items() if so), "")


def _other_than(ref: PaneRef) -> str:
    """Found where the pane's number is held by another program, or by another server."""
    return f"#{{?#{{==:#{{pid}} #{{pane_pid}},{ref.server_pid:d} {ref.pane_pid:d}}},,o}}"


def _checked(pane_id: str) -> str:
    if not _PANE.fullmatch(pane_id):
        raise ValueError(f"{pane_id!r} is no pane id")
    return pane_id
