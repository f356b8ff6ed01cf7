"""The only place that speaks to tmux.

Rule: nothing a user wrote is ever an argument here, since tmux expands formats, and runs ``#(…)``, in many of them:
text goes in by standard input, targets are pane ids of the form ``%7``. Before a pane is written to, the tmux server
itself looks, in the same command, whether that may be (still that pane, not in copy mode, not mirrored): nothing lies
between the look and the act. A pane is known by its server's pid, its own pid and both start times, since numbers
begin again after a restart. Each method is one process (tmux 3.3a: 1 ms).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Final

from daemon import panes
from daemon.panes import Look, PaneNow, PaneRef

TIMEOUT_S: Final = 5.0
_PANE: Final = re.compile(r"%[0-9]{1,9}")
_KEY: Final = re.compile(r"[1-9]|Escape")
_WORD: Final = re.compile(r"[a-z0-9_-]{1,80}")
_UNCLEAN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class TmuxFailed(Exception):
    """tmux said no; unless it is ``TmuxSilent``, nothing was done."""


class TmuxSilent(TmuxFailed):
    """tmux did not answer in time; what was asked for may have happened."""


class PaneNotReady(TmuxFailed):
    """The pane is there, or was, but nothing may be written into it now; nothing was."""


class Tmux:
    """One tmux server, by its socket's path."""

    def __init__(self, socket: str) -> None:
        self._socket = socket

    async def describe(self, pane_id: str) -> PaneNow:
        """The pane, asked now.

        Raises:
            TmuxFailed: there is no such pane, or no server.

        """
        told = await self._run("display-message", "-p", "-t", _checked(pane_id), panes.FIELDS)
        found = panes.pane(told.removesuffix("\n"))
        if found is None or found.pane_id != pane_id:
            raise TmuxFailed(f"no pane {pane_id}")
        return found

    async def look(self, pane_id: str) -> Look:
        """Everything at once, so that nothing of it is older than the rest.

        Raises:
            TmuxFailed: there is no such pane, or no server.

        """
        describe = ("display-message", "-p", "-t", _checked(pane_id), panes.FIELDS)
        clients, capture = ("list-clients", "-F", panes.CLIENT), ("capture-pane", "-p", "-e", "-t", pane_id)
        told = await self._run(
            *describe, ";", *clients, ";", "display-message", "-p", panes.CUT, ";", *capture
        )
        if found := panes.look(told, pane_id):
            return found
        raise TmuxFailed(f"no pane {pane_id}")

    async def paste(
        self, pane_id: str, text: str, *, ref: PaneRef | None = None, seen: PaneNow | None = None
    ) -> None:
        """Paste as one bracketed paste; no Enter. The program reads the text byte for byte, newlines as LF.

        ``seen``: only if since that look nobody pressed a key, and neither program nor cursor changed.

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
            await self._guarded(
                pane_id,
                act,
                panes.other_than(ref, seen),
                before=(*load, ";"),
                otherwise=f"{drop} ; ",
                stdin=typed,
            )
        except TmuxFailed as error:
            if not isinstance(error, PaneNotReady | TmuxSilent):
                # No words of ours are left behind in a buffer that anybody may paste.
                with contextlib.suppress(TmuxFailed):
                    await self._run("delete-buffer", "-b", buffer)
            raise

    async def enter(self, pane_id: str, *, ref: PaneRef | None = None, seen: PaneNow | None = None) -> None:
        """Press Enter; ``seen`` as for ``paste``.

        Raises:
            PaneNotReady: the pane cannot take it now, or is not the one of ``ref``.
            TmuxFailed: tmux refused.

        """
        await self._guarded(pane_id, f"send-keys -t {_checked(pane_id)} Enter", panes.other_than(ref, seen))

    async def press(
        self, pane_id: str, key: str, *, ref: PaneRef | None = None, seen: PaneNow | None = None
    ) -> None:
        """Press one key of a dialog: a digit, or Escape. Raises as ``enter`` does, and ValueError for other keys."""
        if not _KEY.fullmatch(key):
            raise ValueError(f"{key!r} is no key of a dialog")
        await self._guarded(pane_id, f"send-keys -t {_checked(pane_id)} {key}", panes.other_than(ref, seen))

    async def bears(self, pane_id: str, spawn_id: str) -> bool:
        """Whether the pane was made for that start. Raises as ``describe`` does."""
        asked = ("display-message", "-p", "-t", _checked(pane_id), panes.bears(spawn_id))
        return await self._run(*asked) == "1\n"

    async def open(
        self, session: str, name: str, argv: Sequence[str], environment: Mapping[str, str]
    ) -> PaneNow:
        """Run a program in a new window of that session, made if it is not there; no view changes, no shell runs it.

        The window stays in the folder of whoever calls: tmux would expand any that is named.

        Args:
            session: a plain word.
            name: the window's, another.
            argv: the program and its arguments.
            environment: a new server's, and the way on which the program is looked for.

        Raises:
            TmuxFailed: tmux refused; unless it is ``TmuxSilent``, nothing was begun.

        """
        if not (_WORD.fullmatch(session) and _WORD.fullmatch(name)):
            raise ValueError(f"{session!r} or {name!r} is no plain word")
        make: tuple[str, ...] = ("new-window", "-d", "-t", f"={session}:")
        try:
            await self._run("has-session", "-t", f"={session}")
        except TmuxSilent:
            raise
        except TmuxFailed:
            make = ("new-session", "-d", "-x", "200", "-y", "50", "-s", session)
        make = (*make, "-n", name, "-P", "-F", panes.FIELDS, "--", *argv)
        told = await self._run(*make, environment=environment)
        if (found := panes.pane(told.removesuffix("\n"))) is None:
            raise TmuxFailed(f"tmux told of no pane but {told!r}")
        return found

    async def running(self) -> list[tuple[str, str]]:
        """Every pane, and the command that it was made with.

        Raises:
            TmuxFailed: there is no server.

        """
        told = await self._run("list-panes", "-a", "-F", "#{pane_id} #{pane_start_command}")
        lines = (line.partition(" ") for line in told.splitlines())
        return [(pane_id, command) for pane_id, _, command in lines if _PANE.fullmatch(pane_id)]

    async def keep(self, pane_id: str, mark: str) -> None:
        """Let the pane stay when its program ends, and bear a mark that people can see. ``mark``: a plain word."""
        if not _WORD.fullmatch(mark):
            raise ValueError(f"{mark!r} is no plain word")
        stays = ("set-option", "-p", "-t", _checked(pane_id), "remain-on-exit", "on")
        await self._run(*stays, ";", "set-option", "-p", "-t", pane_id, panes.MARK, mark)

    async def keep_not(self, pane_id: str) -> None:
        """Let it go with its program again."""
        await self._run("set-option", "-p", "-u", "-t", _checked(pane_id), "remain-on-exit")

    async def ended_how(self, pane_id: str) -> str:
        """The exit status or signal of a pane's program that has ended, in words; "" where tmux does not know."""
        told = await self._run("display-message", "-p", "-t", _checked(pane_id), panes.ENDED)
        status, _, number = told.removesuffix("\n").partition(" ")
        return f"signal {number}" if number else f"exit status {status}" if status else ""

    async def tail(self, pane_id: str) -> list[str]:
        """What its screen shows, and a little of what was above: tmux itself writes below what ended."""
        return (await self._run("capture-pane", "-p", "-S", "-10", "-t", _checked(pane_id))).splitlines()

    async def close(self, pane_id: str, ref: PaneRef) -> None:
        """Close the pane, if it is the one of ``ref``.

        Raises:
            PaneNotReady: it is another one by now.
            TmuxFailed: there is no such pane, or no server.

        """
        same = f"#{{==:#{{pid}} #{{pane_pid}},{ref.server_pid:d} {ref.pane_pid:d}}}"
        close, say = f"kill-pane -t {_checked(pane_id)}", f'display-message -p -t {pane_id} "no"'
        if await self._run("if-shell", "-F", "-t", pane_id, same, close, say):
            raise PaneNotReady("the pane is another one by now")

    async def _guarded(
        self,
        pane_id: str,
        act: str,
        other: str,
        *,
        before: tuple[str, ...] = (),
        otherwise: str = "",
        stdin: bytes | None = None,
    ) -> None:
        """Do ``act`` unless the server itself, in the same command, finds an obstacle."""
        obstacles = panes.ALWAYS + other
        say = f'{otherwise}display-message -p -t {pane_id} "no {obstacles}"'
        told = await self._run(
            *before, "if-shell", "-F", "-t", _checked(pane_id), obstacles, say, act, stdin=stdin
        )
        if told.startswith("no "):
            raise PaneNotReady(panes.in_words(told[3:]) or "the pane is not ready")

    async def _run(
        self, *argv: str, stdin: bytes | None = None, environment: Mapping[str, str] | None = None
    ) -> str:
        transport, told = await self._begin(argv, stdin, environment)
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
        self, argv: tuple[str, ...], stdin: bytes | None, given: Mapping[str, str] | None = None
    ) -> tuple[asyncio.SubprocessTransport, _Told]:
        pipe = asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE
        # Without -u and a UTF-8 locale tmux turns what is not ASCII, and tabs, into "_".
        environment = given or {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        words, loop = ("tmux", "-u", "-S", self._socket, *argv), asyncio.get_running_loop()
        try:
            transport, told = await loop.subprocess_exec(_Told, *words, env=environment, stdin=pipe)
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


def default_socket(environment: Mapping[str, str]) -> str:
    """The socket's path of this user's own server."""
    return f"{environment.get('TMUX_TMPDIR') or '/tmp'}/tmux-{os.getuid()}/default"  # noqa: S108 -- as tmux has it


def _checked(pane_id: str) -> str:
    if not _PANE.fullmatch(pane_id):
        raise ValueError(f"{pane_id!r} is no pane id")
    return pane_id
