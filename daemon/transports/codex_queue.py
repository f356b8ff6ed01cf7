"""Codex's own queue of messages for a session, which its terminal takes from when it is idle.

Measured on 0.169.0: ``codex queue`` only stores (a thread that nobody has open keeps it until it is resumed), so its
success is no evidence; the prompt hook with the mark is. An idle terminal looks into the queue every 10 s, with the
shared daemon at once. What still lies there can be taken back (``codex app-server``: thread/queue/list and delete).

Rule: nothing is put there twice: before another try, what the one before left is taken out.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from daemon.callers.codex import QUEUE
from daemon.core.model import Parcel, Session, Turn
from daemon.core.rules.frame import framed, marks_in
from daemon.transports.eye import holds
from daemon.transports.interface import Carried, Failed, Gone, Outcome, Proof, Sighting

PROOF_WITHIN: Final = timedelta(seconds=20)
RUN_S: Final = 20.0
SETTLES_S: Final = 2.0  #: an agent idle for that long has written down what it took
LONGEST: Final = 100_000  #: bytes; the system lets no argument be longer than 131,072
REMEMBERED: Final = 1000  #: tries of which it is known in whose queue they may lie
CLIENT: Final = {
    "clientInfo": {"name": "peerline", "version": "1"},
    "capabilities": {"experimentalApi": True},
}


class CodexQueue:
    """A ``Transport``."""

    def __init__(self) -> None:
        self._left: dict[str, Session] = {}  #: by envelope: in whose queue a try put it

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        program, envelope_id = program_of(session), parcel.envelope.envelope_id
        if not program:
            return Gone("its program is not there any more")
        try:
            async with asyncio.timeout(RUN_S):
                before = self._left.get(envelope_id, session if again else None)
                if before:
                    await withdrawn(before)
                self._remember(envelope_id, session)
                trouble = await _queued(program, session, framed(parcel))
        except (OSError, TimeoutError, ValueError) as error:
            return Failed(f"codex queue: {error!r}")
        return Failed(f"codex queue: {trouble}") if trouble else Carried(PROOF_WITHIN)

    def _remember(self, envelope_id: str, session: Session) -> None:
        self._left[envelope_id] = session
        while len(self._left) > REMEMBERED:
            del self._left[next(iter(self._left))]

    async def prove(self, session: Session) -> Proof:
        """Its queue can be read, and nothing of ours lies in it."""
        if not program_of(session):
            return Proof("its program is not known", works=False)
        try:
            async with asyncio.timeout(RUN_S):
                left = len(await ours_in(session))
        except (OSError, TimeoutError, ValueError) as error:
            return Proof(f"its queue cannot be read: {error!r}", works=False)
        waits = f"; {left} of ours wait in it" if left else ""
        return Proof(f"its queue can be read{waits}")


class CodexEye:
    """An ``Eye``: Codex tells nobody what it does, but its hooks always do; its rollout tells what has arrived."""

    def __init__(self, settles_s: float = SETTLES_S) -> None:
        self._settles_s = settles_s

    async def turn_of(self, session: Session) -> Turn:  # noqa: ARG002 -- it has no registry
        return Turn.UNKNOWN

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        """Absent only when it lies in the queue no more and an idle agent has not written it down."""
        mark = f"[end #{parcel.delivery.mark}]"
        if await asyncio.to_thread(holds, session.transcript, mark):
            return Sighting.SEEN
        if session.turn is not Turn.IDLE:
            return Sighting.UNKNOWN
        try:
            async with asyncio.timeout(RUN_S):
                if parcel.delivery.mark in await ours_in(session):
                    return Sighting.UNKNOWN
        except (OSError, TimeoutError, ValueError):
            return Sighting.UNKNOWN
        await asyncio.sleep(self._settles_s)
        seen = await asyncio.to_thread(holds, session.transcript, mark)
        return Sighting.SEEN if seen else Sighting.ABSENT


def program_of(session: Session) -> str:
    """The program that is to queue for that session, "" if it is gone."""
    path = session.inbox.removeprefix(QUEUE) if session.inbox.startswith(QUEUE) else ""
    return path if path and Path(path).exists() else ""


async def ours_in(session: Session) -> dict[str, str]:
    """What of ours lies in its queue: the number it has there, by mark. Raises: OSError, ValueError."""
    async with _server(session) as ask:
        return await _ours(ask, session)


async def withdrawn(session: Session) -> None:
    """Take out all of ours that its queue still holds. Raises: OSError, ValueError."""
    async with _server(session) as ask:
        for number in set((await _ours(ask, session)).values()):
            where = {"threadId": session.session_id, "queuedSubmissionId": number}
            await ask("thread/queue/delete", where)


async def _ours(ask: Any, session: Session) -> dict[str, str]:
    told = await ask("thread/queue/list", {"threadId": session.session_id, "limit": 100})
    return {
        mark: str(each["id"])
        for each in told.get("data", ())
        for piece in each.get("input", ())
        for mark in marks_in(str(piece.get("text", "")))
    }


async def _queued(program: str, session: Session, text: str) -> str:
    """Why not, "" if it was."""
    if len(text.encode()) > LONGEST:
        async with _server(session) as ask:
            pieces = [{"type": "text", "text": text}]
            where = {"threadId": session.session_id, "clientUserMessageId": os.urandom(8).hex()}
            await ask("thread/queue/add", {**where, "input": pieces})
        return ""
    child = await asyncio.create_subprocess_exec(
        *(program, "queue", "--thread", session.session_id, f"--message={text}"),
        **_place(session),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with _ended(child):
        _, told = await child.communicate()
    said = told.decode(errors="replace").strip().splitlines()
    return (said[-1] if said else f"it ended with {child.returncode}") if child.returncode else ""


@asynccontextmanager
async def _server(session: Session) -> AsyncIterator[Any]:
    """A server of its own, over its standard input and output, with which it ends."""
    child = await asyncio.create_subprocess_exec(
        *(program_of(session), "app-server"),
        **_place(session),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=2**24,
    )
    async with _ended(child):
        asking = _Asking(child)
        await asking("initialize", CLIENT)
        asking.tell({"method": "initialized"})
        yield asking


class _Asking:
    """One request after another."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._number = 0

    async def __call__(self, method: str, parameters: Mapping[str, Any]) -> Any:
        self._number += 1
        self.tell({"id": self._number, "method": method, "params": parameters})
        if self._child.stdout is None:
            raise ConnectionError(method)
        async for line in self._child.stdout:
            told = json.loads(line)
            if told.get("id") == self._number and "method" not in told:
                if "error" in told:
                    raise ValueError(f"{method}: {told['error'].get('message')}")
                return told["result"]
        raise ConnectionError(f"{method}: it ended without an answer")

    def tell(self, line: Mapping[str, Any]) -> None:
        if self._child.stdin:
            self._child.stdin.write(json.dumps(line).encode() + b"\n")


@asynccontextmanager
async def _ended(child: asyncio.subprocess.Process) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        if child.returncode is None:
            child.kill()
        raise
    finally:
        if child.stdin:
            child.stdin.close()
        await child.wait()


def _place(session: Session) -> dict[str, Any]:
    return {"env": {**os.environ, "CODEX_HOME": session.config_dir}, "cwd": session.config_dir}
