"""Telling an agent to end: SIGTERM to its process, and only while that is proven to be the one.

Rule: the process is held by a handle before it is looked at, so nobody else can have got its number when the signal
goes. Its pane, where it has one, must still be the one that its hooks named, with the process in it; if that pane is
gone, then so must be the terminal the process had. The pane itself, and whoever is in it now, is never touched.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daemon.callers import processes
from daemon.callers.processes import Process
from daemon.callers.watch import Handle, opened
from daemon.core.errors import NotAllowed, Unavailable
from daemon.core.model import Pane, Session
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
    session: Session, *, within_s: float = WITHIN_S, handle: Callable[[int], Handle] = opened
) -> Ended:
    """Tell the session's process to end, and wait for that.

    Raises:
        NotAllowed: it is not proven to be the one; nothing was done.
        Unavailable: it cannot be found out now.

    """
    wanted = Process(session.pid, session.started)
    try:
        held = handle(session.pid)
    except ProcessLookupError:
        raise NotAllowed(f"process {session.pid} has ended already", BY_HAND) from None
    except OSError as error:
        raise Unavailable(f"process {session.pid} cannot be held: {error}", BY_HAND) from error
    try:
        evidence = await _proven(session, wanted)
        _signal(held, wanted)
        return Ended(await _over(held, within_s), evidence)
    finally:
        held.close()


async def _proven(session: Session, wanted: Process) -> str:
    """What shows that it is the one. Raises: NotAllowed."""
    found = processes.process(session.pid)
    if found != wanted:
        raise NotAllowed(f"process {session.pid} is another one by now", BY_HAND)
    if found in processes.ancestors(os.getpid()):
        raise NotAllowed("the daemon itself runs inside it", "end it by hand")
    own = f"process {found.pid} ({found.command}) is the one that its hooks came from"
    return f"{own}; {await _in_pane(session.pane, found)}" if session.pane else own


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
