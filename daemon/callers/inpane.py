"""Which agent runs in a tmux pane, and which session it has: by the processes at its terminal and its own files.

Rule: only what the pane's terminal has in the foreground counts, and only processes of this user; a program's name
tells which agent it is, its own registry or open files which session, and where neither does nothing is guessed.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import stat
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from daemon.callers import codex, folders, processes, registry, terminals, unguarded, whole
from daemon.callers.incarnation import PROGRAMS
from daemon.callers.processes import Process
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, NotFound, Unavailable
from daemon.panes import PaneNow
from daemon.tmux import Tmux, TmuxFailed, TmuxSilent

_ROLLOUT: Final = re.compile(r"rollout-.*-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.jsonl")


async def seen(tmux: str, pane_id: str) -> c.Adopt:
    """What runs in the pane of that number, on the server at that socket.

    Raises:
        NotFound: there is no such pane.
        NotAllowed: no agent runs in it, or several do, or it is not this user's.
        Unavailable: tmux does not answer.

    """
    _is_own_socket(tmux)
    try:
        now = await Tmux(tmux).describe(pane_id)
    except TmuxSilent as error:
        raise Unavailable(str(error), "try again in a moment") from error
    except (TmuxFailed, ValueError, OSError):
        raise NotFound(f"there is no pane {pane_id}", "`tmux list-panes -a` shows them") from None
    found = await asyncio.to_thread(_looked, tmux, now)
    after = await Tmux(tmux).describe(pane_id)
    if (after.pane_pid, after.server_pid, after.tty) != (now.pane_pid, now.server_pid, now.tty):
        raise Unavailable(f"pane {pane_id} has changed meanwhile", "look at it, and try again")
    return found


def _is_own_socket(path: str) -> None:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        raise NotFound("there is no tmux server", "name its socket: --tmux PATH") from None
    if not stat.S_ISSOCK(found.st_mode) or found.st_uid != os.getuid():
        raise NotAllowed("that is no tmux server of yours", "name its socket: --tmux PATH")


def _looked(tmux: str, now: PaneNow) -> c.Adopt:
    pane = whole.pane_of(tmux, now)
    if pane is None:
        raise NotAllowed(f"nothing runs in pane {now.pane_id}", "name another pane")
    agent = _agent(now)
    if processes.owner_of(agent.pid) != os.getuid():
        raise NotAllowed(f"process {agent.pid} is another user's", "nothing of theirs is taken over")
    if agent in processes.ancestors(os.getpid()):
        raise NotAllowed("the daemon itself runs inside it", "start the daemon elsewhere")
    path = processes.folder_of(agent.pid)
    checkout = folders.checkout_of(path)
    told = c.Adopt(
        pane=pane,
        backend=_backend(agent),
        pid=agent.pid,
        started=agent.started,
        path=path,
        repo=checkout.repo,
        branch=checkout.branch,
        machine=platform.node(),
    )
    return SESSIONS.get(told.backend, lambda _, adopt: adopt)(agent, told)


def _agent(now: PaneNow) -> Process:
    """The one agent that has the pane's keys: below a program that only starts another of its kind, that one."""
    at = [each for each in terminals.at_terminal(now.tty) if each.foreground and _backend(each)]
    below = {each.parent for each in at}
    leading = [each for each in at if not any(other.pid == each.parent for other in at)]
    if len(leading) != 1:
        what = "no agent runs" if not leading else "several agents run"
        raise NotAllowed(f"{what} in the foreground of pane {now.pane_id}", "name the pane of one agent")
    found = leading[0]
    while found.pid in below and found.command not in PROGRAMS:
        found = _child(found, at)
    return found


def _child(parent: Process, at: Sequence[Process]) -> Process:
    found = [each for each in at if each.parent == parent.pid]
    if len(found) != 1:
        raise NotAllowed(f"several agents run below process {parent.pid}", "name the pane of one agent")
    return found[0]


def _backend(process: Process) -> str:
    return PROGRAMS.get(process.command) or PROGRAMS.get(processes.script_of(process.pid), "")


def _claude_code(agent: Process, told: c.Adopt) -> c.Adopt:
    environment = terminals.environment_of(agent.pid, ("HOME", "CLAUDE_CONFIG_DIR"))
    folder = registry.config_dir(environment.get("HOME", ""), environment.get("CLAUDE_CONFIG_DIR", ""))
    session = registry.read_session(folder, agent.pid)
    if session is None or not session.session_id:
        return told
    path = session.cwd or told.path
    closed = unguarded.keeps_back("", agent.pid, folder, path)
    return replace(
        told,
        session_id=session.session_id,
        path=path,
        config_dir=str(folder),
        transcript=_transcript(folder, path, session.session_id),
        inbox="" if closed else session.messaging_socket,
        turn=registry.turn_of(session),
    )


def _transcript(folder: Path, cwd: str, session_id: str) -> str:
    """Where its hooks would say that it is, if it is there."""
    path = folder / "projects" / re.sub(r"[^A-Za-z0-9]", "-", cwd) / f"{session_id}.jsonl"
    return str(path) if path.is_file() else ""


def _codex(agent: Process, told: c.Adopt) -> c.Adopt:
    """It keeps the file of its session open, once something was said in it."""
    program = codex.told_of(agent.pid)
    if program.shared:
        return told
    rollouts = {path for path in terminals.open_files(agent.pid) if _ROLLOUT.fullmatch(Path(path).name)}
    if len(rollouts) != 1:
        return told
    path = rollouts.pop()
    named = _ROLLOUT.fullmatch(Path(path).name)
    environment = terminals.environment_of(agent.pid, ("HOME", "CODEX_HOME"))
    return replace(
        told,
        session_id=named[1] if named else "",
        config_dir=str(codex.folder(environment.get("HOME", ""), environment.get("CODEX_HOME", ""))),
        transcript=path,
        inbox=codex.queue_of(program),
    )


SESSIONS: Final = {"claude-code": _claude_code, "codex": _codex}
