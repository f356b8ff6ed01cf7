"""When somebody was last heard of, and by what: the evidence that a peer is there, or is not.

Rule: nothing is said of a peer but what somebody told, with the time of the telling and who told it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.core.model import Peer, Session, Status, Turn
from daemon.core.rules import presence
from daemon.core.rules.measures import ago
from daemon.core.view import Plan

SILENT_FOR: Final = timedelta(minutes=10)  #: after that nobody counts on a sign any more


@dataclass(frozen=True, slots=True)
class LastSign:
    """The last sign of a peer; ``how``: who told it."""

    at: datetime
    how: str


@dataclass(frozen=True, slots=True)
class Found:
    """How a peer is, and how that is known."""

    status: Status
    turn: Turn
    sign: LastSign
    why_offline: str = ""

    def silent(self, now: datetime) -> bool:
        """Whether it is there, does nothing that could take long, and gave no sign for so long."""
        resting = self.status is not Status.OFFLINE and self.turn is not Turn.WORKING
        return resting and now - self.sign.at >= SILENT_FOR

    def gone(self, now: datetime) -> bool:
        """Whether its place may be taken."""
        return self.status is Status.OFFLINE or self.silent(now)

    def evidence(self, now: datetime) -> str:
        """``working, last sign 3 s ago (hook)``, ``offline (its process ended), last sign 2 h ago (…)``."""
        state = f"offline ({self.why_offline})" if self.why_offline else self._state()
        return f"{state}, last sign {ago(self.sign.at, now)} ago ({self.sign.how})"

    def _state(self) -> str:
        return self.status if self.status is Status.OFFLINE else self.turn or self.status


def of(plan: Plan, peer: Peer) -> Found:
    session, conversation = plan.session(peer.session_id), plan.conversation(peer.peer_id)
    status = presence.status(peer, session, conversation, plan.now)
    signs = [*_of_session(session), LastSign(peer.last_seen, "it was seen")]
    if conversation and conversation.beat_at:
        signs.append(LastSign(conversation.beat_at, "its round trip"))
    over = session.ended_why if session and session.ended_at else ""
    turn = session.turn if session and status is not Status.OFFLINE else Turn.UNKNOWN
    last = max(signs, key=lambda each: each.at)
    return Found(status, turn, last, over if status is Status.OFFLINE else "")


def _of_session(session: Session | None) -> list[LastSign]:
    if session is None:
        return []
    signs = [LastSign(session.turn_at, session.turn_source or "its registration")]
    signs += [LastSign(each.at, f"something arrived by {each.road}") for each in session.arrivals]
    if session.said_at:
        signs.append(LastSign(session.said_at, "its last words"))
    return signs
