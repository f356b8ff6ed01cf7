"""What an agent is doing: a fold over what its hooks and the operating system tell.

Rule: a turn is what was last *told*, with the source and the time of the telling; what nobody told is unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core.model import Conversation, Peer, Role, Session, Status, Turn

IN_TURN: Final = frozenset({Turn.WORKING, Turn.AWAITING_INPUT})
PERHAPS_IN_TURN: Final = IN_TURN | {Turn.UNKNOWN}
OWN_SCREENS: Final = frozenset(
    {"console", "cli"}
)  #: surfaces of this machine: whoever comes back begins anew
#: A tool call, as ``doing`` tells it, by which an agent merely talks on the line: by a tool of ours, or by our command.
TALKS: Final = re.compile(
    r"(?:\w*peerline[_.]+(?:ask(?:_peer)?|wait_for|ack|notify_peer|broadcast|check_messages|send_message|whoami"
    r"|list_peers|set_description|set_summary)"
    r"|\w+: peerline (?:ask|ack|notify|broadcast|inbox|cancel|asks)\b[^&;|`$]*)$"
)
FRESH_FOR: Final = timedelta(seconds=90)  #: a chat is online while its last round trip is younger


@dataclass(frozen=True, slots=True)
class Began:
    """A prompt was taken. ``ask_id``: the ask it carried, if it carried one."""

    ask_id: str | None
    prompt_id: str = ""
    automatic: bool = False
    cause: str = ""  #: the envelope that it acts upon from now on; "": a person spoke


@dataclass(frozen=True, slots=True)
class Went:
    """Something inside the turn happened; ``doing``: the tool call that begins."""

    doing: str = ""
    batch_over: bool = False


@dataclass(frozen=True, slots=True)
class Waited:
    """The agent waits for a person."""


@dataclass(frozen=True, slots=True)
class Rested:
    """The turn is over."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Seen from outside, without a hook: the agent's own registry says so."""

    turn: Turn


@dataclass(frozen=True, slots=True)
class Ended:
    why: str


Sign = Began | Went | Waited | Rested | Observed | Ended


def fold(session: Session, sign: Sign, source: str, now: datetime) -> Session:
    match sign:
        case Began():
            return _begun(session, sign, source, now)
        case Went(doing, batch_over):
            going = replace(
                session if session.turn_began_at else _fresh(session, now),
                doing=doing or session.doing,
                calls=session.calls + bool(doing),
                works=session.works + bool(doing and not TALKS.match(doing)),
                halted_at=None if batch_over else session.halted_at,
            )
            return _turned(going, Turn.WORKING, source, now, session.turn_ask)
        case Waited():
            return _turned(session, Turn.AWAITING_INPUT, source, now, session.turn_ask)
        case Rested():
            return _turned(_done(session), Turn.IDLE, source, now, None)
        case Observed(turn):
            if turn is Turn.IDLE:
                return _turned(_done(session), turn, source, now, None)
            return _turned(session, turn, source, now, session.turn_ask)
        case Ended(why):
            over = _turned(_done(session), Turn.UNKNOWN, source, now, None)
            return replace(over, ended_at=now, ended_why=why)


def status(peer: Peer, session: Session | None, conversation: Conversation | None, now: datetime) -> Status:
    """An agent by its session, a chat by the age of its last proven round trip."""
    if conversation is not None:
        beats = conversation.beat_at is not None and now - conversation.beat_at < FRESH_FOR
        live = beats and not conversation.closed
        return Status.ONLINE if live else Status.OFFLINE
    if session is None or session.ended_at is not None:
        return Status.ONLINE if peer.role is Role.SERVICE and not peer.session_id else Status.OFFLINE
    busy = session.turn in IN_TURN
    return Status.BUSY if busy else Status.ONLINE


def _begun(session: Session, sign: Began, source: str, now: datetime) -> Session:
    """A prompt without an ask may be queued behind the turn that works on one.

    The turn's end tells by its prompt's id whose it was.
    """
    ongoing = session.turn in IN_TURN and sign.ask_id is None
    # A brake holds until somebody says something new: what runs in the background may call tools after the turn.
    heard = _caused(session if sign.automatic else replace(session, stopped=""), sign, now)
    if ongoing:
        return _turned(heard, Turn.WORKING, source, now, session.turn_ask)
    begun = _fresh(replace(heard, turn_prompt=sign.prompt_id), now)
    return _turned(begun, Turn.WORKING, source, now, sign.ask_id)


def _caused(session: Session, sign: Began, now: datetime) -> Session:
    if sign.automatic and not sign.cause:
        return session  # nobody said anything: it goes on with what it was at
    return replace(session, turn_cause=sign.cause, caused_at=now if sign.cause else None, works=0)


def _fresh(session: Session, now: datetime) -> Session:
    """A turn begins: nothing of the one before holds for it."""
    return replace(_done(session), turn_began_at=now, calls=0, failed_at=None)


def _done(session: Session) -> Session:
    return replace(session, turn_began_at=None, doing="", halted_at=None)


def _turned(session: Session, turn: Turn, source: str, now: datetime, ask_id: str | None) -> Session:
    return replace(session, turn=turn, turn_source=source, turn_at=now, turn_ask=ask_id)
