"""Where a hook ran: the agent among the ancestors of its process, the pane, the folder. Found, then handed on."""

from __future__ import annotations

import asyncio
import os
import platform
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

from daemon import tmux
from daemon.agents.interface import Surroundings
from daemon.api.guards import Placed
from daemon.callers import folders, gemini_chat, incarnation, processes, rollout, transcript, whole
from daemon.callers.incarnation import REAPERS
from daemon.callers.processes import Process
from daemon.core import commands as c
from daemon.core.addressing import DEFAULT_CIRCLE
from daemon.core.model import Pane, Session
from daemon.core.rules.presence import IN_TURN

PREFIX: Final = "peerline-env-"
SECONDS: Final = "peerline-seconds"
#: At a turn's end, or later: no other must come after it.
ENDS: Final = frozenset({"Stop", "StopFailure", "AfterAgent", "SessionEnd", "session.idle"})
HERE: Final = "here"  #: how a plugin says what the turn is at that moment
TRANSCRIBED: Final = frozenset(
    {"claude-code", "practice"}
)  #: whose transcript tells what was said in which turn
PAUSES_S: Final = (
    0.02,
    0.03,
    0.05,
    0.1,
    0.1,
)  #: between looks into a transcript; the pipe waits half a second


def is_over(event: str, payload: Mapping[str, Any] | None = None) -> bool:
    """Whether no other hook must come after this one, as far as its payload says."""
    return event in ENDS or (event == HERE and str((payload or {}).get("turn")) not in IN_TURN)


async def surroundings(
    event: str,
    headers: Mapping[str, str],
    payload: Any,
    placed: Placed | None,
    *,
    live: bool,
    agent: str = "claude-code",
) -> Surroundings:
    """Gather what is known of the agent a hook belongs to.

    Args:
        event: the agent's name for it.
        headers: the pipe's, with the agent's environment in them.
        payload: the hook's JSON, for the session id and folder only.
        placed: the process at the other end; None when replayed.
        live: whether the hook waits for an answer.
        agent: whose hook it is.

    """
    told = payload if isinstance(payload, Mapping) else {}
    environment = environment_of(headers)
    line = _above(placed, _pid(headers))
    looked = await asyncio.to_thread(_looked, event, agent, line, environment, told)
    found, checkout, real, said, plan = looked
    process = found.process
    # Of several terminals the variables are those of the first.
    alone = {} if found.shared else environment
    pane, terminal = await _pane(alone)
    return Surroundings(
        pid=process.pid if process else 0,
        started=process.started if process else 0,
        machine=platform.node(),
        circle=alone.get("PEERLINE_CIRCLE") or (pane.tmux_session if pane else "") or DEFAULT_CIRCLE,
        wish=alone.get("PEERLINE_NAME", ""),
        repo=checkout.repo,
        branch=checkout.branch,
        config_dir=str(found.folder),
        # The variables are inherited: an agent started from a pane, but with a terminal of its own, is not in it.
        pane=pane if process and process.terminal == terminal else None,
        inbox=found.inbox,
        lasting=found.lasting,
        shared=found.shared,
        turn=found.turn,
        environment=environment,
        spoke=event != "Stop" or agent not in TRANSCRIBED or await _spoke(told, live=live),
        said=said,
        real=real,
        plan=plan,
        live=live,
    )


def really(command: c.Command, around: Surroundings) -> c.Command:
    """The command, with the folder it registers as the one it is: two ways to one folder are no two folders."""
    if not isinstance(command, c.RegisterSession) or command.path not in around.real:
        return command
    return replace(command, path=around.real[command.path])


def _looked(
    event: str,
    agent: str,
    line: tuple[Process, ...],
    environment: Mapping[str, str],
    told: Mapping[str, Any],
) -> tuple[incarnation.Incarnation, folders.Checkout, dict[str, str], str, str]:
    """The agent, its folder and that one's other name, what it said, and what it plans: all that files tell."""
    found = incarnation.found(agent, line, environment, told)
    checkout, real = _folder(str(told.get("cwd", "")))
    return found, checkout, real, _said(event, told), _planned(agent, event, told)


def _folder(cwd: str) -> tuple[folders.Checkout, dict[str, str]]:
    real = os.path.realpath(cwd) if cwd and "\0" not in cwd else cwd
    return folders.checkout_of(cwd), {cwd: real} if real != cwd else {}


def _said(event: str, payload: Mapping[str, Any]) -> str:
    """Gemini CLI's hook tells all that was said in a turn."""
    response, path = payload.get("prompt_response"), payload.get("transcript_path")
    if event != "AfterAgent" or not (isinstance(response, str) and isinstance(path, str)):
        return ""
    return gemini_chat.last_words(path, response)


def _planned(agent: str, event: str, payload: Mapping[str, Any]) -> str:
    """Codex's hook leaves out the plan that a turn ended with."""
    path, turn_id = payload.get("transcript_path"), payload.get("turn_id")
    if (agent, event) != ("codex", "Stop") or not (isinstance(path, str) and isinstance(turn_id, str)):
        return ""
    return rollout.plan_of(path, turn_id)


async def _spoke(payload: Mapping[str, Any], *, live: bool) -> bool:
    """Whether the last words of the hook are of its own turn.

    Only words that are known from an earlier turn, and from this one not even after a while, are not: a record that
    lags is no reason to doubt them.
    """
    words, path = payload.get("last_assistant_message"), payload.get("transcript_path")
    if not (isinstance(words, str) and words.strip() and isinstance(path, str)):
        return True
    since = "" if live else str(payload.get("prompt_id", ""))
    for pause in PAUSES_S:
        if await asyncio.to_thread(transcript.said, path, words, since=since) is not transcript.Said.BEFORE:
            return True
        await asyncio.sleep(pause)
    return False


def is_gone(session: Session) -> bool:
    """Whether its process has ended; of one without a process nobody knows."""
    return session.pid > 0 and not processes.alive(Process(session.pid, session.started))


def belongs_elsewhere(session: Session, around: Surroundings) -> bool:
    """Whether a hook names a session that another live process holds: nobody takes that over by saying its name."""
    holder = Process(session.pid, session.started)
    another = (around.pid, around.started) != (session.pid, session.started)
    return (
        session.ended_at is None
        and session.pid > 0
        and around.pid > 0
        and another
        and processes.alive(holder)
    )


def environment_of(headers: Mapping[str, str]) -> dict[str, str]:
    """The variables the pipe carries as headers; what no variable can hold is none of them."""
    return {
        name[len(PREFIX) :].upper().replace("-", "_"): value
        for name, told in headers.items()
        if name.lower().startswith(PREFIX) and "\0" not in (value := unquote(told))
    }


def header(headers: Mapping[str, str], wanted: str) -> str:
    """What the pipe says under that name, given in small letters; "" when it says nothing."""
    return next((value for name, value in headers.items() if name.lower() == wanted), "")


def _above(placed: Placed | None, ran_by: int) -> tuple[Process, ...]:
    """The processes above the pipe: found, or, for a spooled event, from whoever it says ran it.

    When that one has ended meanwhile, the system's own process is above the pipe, and no agent. A plugin runs inside
    its agent, and no pipe is between.
    """
    if placed is None:
        return processes.ancestors(ran_by)
    if placed.process.pid == ran_by:
        return placed.line
    line = placed.line[1:]
    orphaned = bool(line and ran_by) and line[0].pid != ran_by and line[0].parent in REAPERS
    return () if orphaned else line


async def _pane(environment: Mapping[str, str]) -> tuple[Pane | None, str]:
    """The tmux pane the variables name, with its full identity, and its terminal."""
    server, pane_id = tmux.server_of(environment.get("TMUX", "")), environment.get("TMUX_PANE", "")
    if not server or not pane_id:
        return None, ""
    try:
        now = await tmux.Tmux(server).describe(pane_id)
    except (tmux.TmuxFailed, ValueError, OSError):
        return None, ""
    found = whole.pane_of(server, now)
    return found, now.tty if found else ""


def seconds(headers: Mapping[str, str]) -> float:
    """How long the hook waits for us."""
    try:
        return max(0.0, float(header(headers, SECONDS)))
    except ValueError:
        return 0.0


def _pid(headers: Mapping[str, str]) -> int:
    told = header(headers, "peerline-pid")
    return int(told) if told.isdecimal() else 0
