"""Telling an agent to end: SIGTERM to its process, and only while that is proven to be the one.

Rule: the process is held by a handle before it is looked at, so nobody else can have got its number when the signal
goes. Its pane, where it has one, must still be the one that its hooks named, with the process in it; if that pane is
gone, then so must be the terminal the process had. A pane is never touched, and whoever is in it now, unless it was
made here for this agent, bears the mark of that, and the agent goes on though it was told to end.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final

from daemon.callers import processes
from daemon.callers.processes import Process
from daemon.callers.watch import Handle, opened
from daemon.core.errors import NotAllowed, Unavailable
from daemon.core.model import Pane, Session, Spawn
from daemon.panes import is_same
from daemon.tmux import Tmux, TmuxFailed, TmuxSilent

WITHIN_S: Final = 5.0
BY_HAND: Final = "end it by hand, then `peerline peer forget` takes it off the line"


@dataclass(frozen=True, slots=True)
class Ended:
    """Whether its process was seen to end, and what was looked at before it was told to."""

    ended: bool
    evidence: str


async def end(
    session: Session,
    *,
    own: Spawn | None = None,
    within_s: float = WITHIN_S,
    handle: Callable[[int], Handle] = opened,
) -> Ended:
    """Tell the session's process to end, and wait for that. ``own``: the start it lives by, if that was ours.

    Raises:
        NotAllowed: it is not proven to be the one; nothing was done.
        Unavailable: it cannot be found out now.

    """

    async def proven() -> str:
        return await _proven(session)

    wanted = Process(session.pid, session.started)
    return await _end(wanted, proven, own, within_s=within_s, handle=handle)


async def end_start(
    spawn: Spawn, *, within_s: float = WITHIN_S, handle: Callable[[int], Handle] = opened
) -> Ended:
    """The same for one that was started from here, by its pane alone: its hooks have said nothing yet."""
    pane = spawn.pane
    if pane is None:
        raise Unavailable("its pane is just being made", "try again in a moment")

    async def proven() -> str:
        return await _bears(spawn, pane)

    wanted = Process(pane.pane_pid, pane.pane_started)
    told = await _end(wanted, proven, spawn, within_s=within_s, handle=handle)
    if told.ended:  # a pane whose program has not arrived stays, to show its last words
        with suppress(TmuxFailed):
            await Tmux(pane.tmux).close(pane.pane_id, pane)
    return told


async def prove(session: Session, *, handle: Callable[[int], Handle] = opened) -> str:
    """What shows that the session's process is the one; nothing is done. Raises as ``end`` does."""
    with _held(session.pid, handle):
        return await _proven(session)


async def _end(
    wanted: Process,
    proven: Callable[[], Awaitable[str]],
    own: Spawn | None,
    *,
    within_s: float,
    handle: Callable[[int], Handle],
) -> Ended:
    with _held(wanted.pid, handle) as held:
        evidence = await proven()
        _signal(held, wanted)
        if await _over(held, within_s):
            return Ended(ended=True, evidence=evidence)
        if own is None or not await _close(own):
            return Ended(ended=False, evidence=evidence)
        how = f"{evidence}; it went on for {within_s:g} s, so the pane that was made for it was closed"
        return Ended(await _over(held, within_s), how)


@contextmanager
def _held(pid: int, handle: Callable[[int], Handle]) -> Iterator[Handle]:
    """Whoever has the number now, and nobody else as long as that is held."""
    try:
        held = handle(pid)
    except ProcessLookupError:
        raise NotAllowed(f"process {pid} has ended already", BY_HAND) from None
    except OSError as error:
        raise Unavailable(f"process {pid} cannot be held: {error}", BY_HAND) from error
    try:
        yield held
    finally:
        held.close()


async def _proven(session: Session) -> str:
    """What shows that it is the one. Raises: NotAllowed."""
    found = _one(session.pid, session.started)
    own = f"process {found.pid} ({found.command}) is the one that its hooks came from"
    return f"{own}; {await _in_pane(session.pane, found)}" if session.pane else own


def _one(pid: int, started: int) -> Process:
    """The process of that number and start, if it may be ended at all. Raises: NotAllowed."""
    found = processes.process(pid)
    if found != Process(pid, started):
        raise NotAllowed(f"process {pid} is another one by now", BY_HAND)
    if found in processes.ancestors(os.getpid()):
        raise NotAllowed("the daemon itself runs inside it", "end it by hand")
    if processes.owner_of(pid) != os.getuid():
        raise NotAllowed(f"process {pid} is another user's", BY_HAND)
    return found


async def _bears(spawn: Spawn, pane: Pane) -> str:
    """What shows that the process of the pane is the one that was started there. Raises: NotAllowed, Unavailable."""
    found = _one(pane.pane_pid, pane.pane_started)
    try:
        now = await Tmux(pane.tmux).describe(pane.pane_id)
        bears = await Tmux(pane.tmux).bears(pane.pane_id, spawn.spawn_id)
    except TmuxSilent as error:
        raise Unavailable(str(error), "try again in a moment") from error
    except (TmuxFailed, ValueError, OSError):
        raise NotAllowed(f"pane {pane.pane_id} is gone", BY_HAND) from None
    if not bears or not is_same(now, pane, processes.started):
        raise NotAllowed(f"pane {pane.pane_id} is another one by now", BY_HAND)
    return f"process {found.pid} ({found.command}) is that of pane {pane.pane_id}, which was made for it"


async def _close(own: Spawn) -> bool:
    """Close the pane that was made for it, if it still is that one; closing it hangs up on all that is in it."""
    if own.pane is None:
        return False
    try:
        await _bears(own, own.pane)
        await Tmux(own.pane.tmux).close(own.pane.pane_id, own.pane)
    except (NotAllowed, Unavailable, TmuxFailed):
        return False
    return True


async def _in_pane(pane: Pane, found: Process) -> str:
    try:
        now = await Tmux(pane.tmux).describe(pane.pane_id)
    except TmuxSilent as error:
        raise Unavailable(str(error), "try again in a moment") from error
    except (TmuxFailed, ValueError, OSError):
        return _without(pane, found, "gone")
    if not is_same(now, pane, processes.started):
        return _without(pane, found, "another one by now")
    if found.terminal != now.tty:
        raise NotAllowed(f"process {found.pid} is not in pane {pane.pane_id} any more", BY_HAND)
    return f"it is in pane {pane.pane_id}, as they said"


def _without(pane: Pane, found: Process, what: str) -> str:
    if processes.has_lost_terminal(found.pid):
        return f"pane {pane.pane_id} is {what}, and so is the terminal that it had"
    raise NotAllowed(
        f"pane {pane.pane_id} is {what}, but process {found.pid} has a terminal",
        f"a prompt typed into it tells anew where it is; or {BY_HAND}",
    )


def _signal(held: Handle, wanted: Process) -> None:
    """By the handle where the system can; else in the same breath as the last look."""
    if hasattr(signal, "pidfd_send_signal"):
        signal.pidfd_send_signal(held.fileno(), signal.SIGTERM)
    elif processes.alive(wanted):
        os.kill(wanted.pid, signal.SIGTERM)


async def _over(held: Handle, within_s: float) -> bool:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(held.fileno(), over.set)
    try:
        async with asyncio.timeout(within_s):
            return await over.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(held.fileno())


def has_ended(session: Session) -> bool:
    """Whether its process is gone, seen now."""
    return not processes.alive(Process(session.pid, session.started))
