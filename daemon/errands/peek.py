"""What an agent last said, as its transcript has it or as it told, and what it is doing now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Final

from daemon.callers import gemini_chat, rollout, transcript
from daemon.callers.transcript import LastWords
from daemon.core.model import Session, Turn
from daemon.core.rules.cleaning import line
from daemon.core.rules.measures import ago, counted
from daemon.errands.interface import Found, Sight
from daemon.errands.showing import inline

DOING = {
    Turn.IDLE: "is idle",
    Turn.WORKING: "is working",
    Turn.AWAITING_INPUT: "waits for a person at its terminal",
    Turn.PENDING_FIRST_TURN: "has not begun its first turn",
    Turn.UNKNOWN: "does not tell what it is doing",
}
LONGEST_DOING = 200
TELLS = frozenset({"opencode"})  #: what they said last is told, since it is not to be read
#: Where an agent's last words are read, in its transcript; any other writes what Claude Code does.
READERS: Final[Mapping[str, Callable[[str], LastWords | None]]] = {
    "codex": rollout.last_words,
    "gemini": gemini_chat.latest_words,
}


async def peek(sight: Sight) -> Found:
    """Read the end of the transcript; a long one is read in a thread."""
    path = sight.session.transcript if sight.session else ""
    words = await asyncio.to_thread(_last_words, sight.session) if sight.session else None
    return Found("\n".join([*_now(sight), "", *_said(sight, path, words)]))


def _last_words(session: Session) -> LastWords | None:
    if session.transcript:
        return READERS.get(session.backend, transcript.last_words)(session.transcript)
    return LastWords(session.said, session.said_at) if session.said else None


def _now(sight: Sight) -> Iterator[str]:
    name, session = inline(sight.peer.name), sight.session
    if session is None:
        yield f"{name} has no session"
    elif session.ended_at:
        yield f"{name} is offline since {ago(session.ended_at, sight.now)}"
    else:
        yield f"{name} {_turn(session, sight.now)}"
        if session.doing and session.turn is not Turn.IDLE:
            yield f"now: {inline(line(session.doing, LONGEST_DOING))}"
        if session.stopped:
            yield f"its tool calls are refused: {line(session.stopped, LONGEST_DOING)}"
    yield from (f"waits for a decision: {each.what} {inline(each.tool)}" for each in sight.approvals)
    if sight.waiting:
        yield f"{sight.waiting} message{'s wait' if sight.waiting > 1 else ' waits'} for it"


def _turn(session: Session, now: datetime) -> str:
    began = session.turn_began_at if session.turn is Turn.WORKING else None
    calls = f", {counted(session.calls, 'tool call')}" if session.calls and began else ""
    return f"{DOING[session.turn]} since {ago(began or session.turn_at, now)}{calls}"


def _said(sight: Sight, path: str, words: LastWords | None) -> Iterator[str]:
    if words is None:
        nothing = "it has not said anything yet"
        told = path or not sight.session or sight.session.backend in TELLS
        yield nothing if told else "it keeps no transcript that can be read here"
        return
    yield f"it said{f' {ago(words.at, sight.now)} ago' if words.at else ''}:"
    yield ""
    yield words.text
