"""Which road would carry a message to a peer now, and why no other.

Whose words they are decides: the owner's reach an agent as its user's words (the terminal), everybody else's go by
the agent's own inbox, or where it has none by waking it. Into a turn that runs nothing is pushed: what waits is
handed out at its end.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from daemon.core.model import (
    Authority,
    Conversation,
    Envelope,
    Peer,
    Reach,
    Road,
    Session,
    Status,
    Turn,
    Urgency,
)
from daemon.core.rules.presence import IN_TURN

#: Whose terminal is not typed into: their own way in takes the owner's words as well as a prompt.
UNTYPED: Final = frozenset({"codex", "opencode"})
TOOLS_ALONE: Final = "tools"  #: a session of an agent of which only its MCP client is known
#: Roads that some agents have not: an inbox, something that waits in the background, a pane that is typed into.
LACKING: Final[Mapping[str, frozenset[Road]]] = {
    "codex": frozenset({Road.TERMINAL, Road.HOOK}),
    "gemini": frozenset({Road.INBOX, Road.HOOK}),
    "opencode": frozenset({Road.INBOX, Road.TERMINAL}),
}
WOKEN: Final = frozenset({"opencode"})  #: everything reaches them by what waits in them
UNSEEN: Final = "never seen to arrive"  #: the proof of a channel until something did
INTERRUPTED: Final = "interrupt"  #: the source of a turn's end that a person brought about with a key
#: Who takes nothing that we send after that until a person has said something there (Codex 0.169.0).
HELD_UP: Final = frozenset({"codex"})
POLLING: Final = frozenset({"mcp", "cli", "antigravity"})


@dataclass(frozen=True, slots=True)
class Wait:
    """No road now; it waits where it is until something changes. ``told``: its channel says that it does."""

    reason: str
    told: bool = False


def choose(envelope: Envelope, session: Session | None) -> Road | Wait:
    """The road by which an agent would be given this envelope now."""
    if session is None or session.ended_at is not None:
        return Wait("the recipient is offline")
    if session.turn in IN_TURN:
        return Wait("the recipient is busy; handed over at the end of the turn")
    if envelope.urgency is Urgency.FYI:
        return Wait("for information only; goes with the next message")
    return _pushed(envelope.sender.authority, session)


def because(road: Road, authority: Authority) -> str:
    """Why that road was chosen for words of that authority."""
    match road:
        case Road.TERMINAL if authority is Authority.OWNER:
            return "the owner's words go in as the agent's own prompt"
        case Road.TERMINAL:
            return "it has no inbox that takes them, and nothing waits to wake it"
        case Road.INBOX if authority is Authority.OWNER:
            return "it cannot be typed to now, and its inbox takes them"
        case Road.INBOX:
            return "what others say goes by its inbox"
        case Road.HOOK:
            return "it has no inbox that takes them; a hook that waits in its background wakes it"
        case _:
            return ""


def reach(
    peer: Peer,
    session: Session | None,
    conversation: Conversation | None,
    status: Status,
    authority: Authority,
) -> Reach:
    """What ``peer list`` and a send's reply tell: the road for words of ``authority``, its proof, the reason."""
    if conversation is not None:
        online = status is not Status.OFFLINE
        why = (
            conversation.closed
            or conversation.trouble
            or ("its surface is connected" if online else "its surface is not connected")
        )
        return Reach(
            road=Road.CHAT if online else Road.NONE, proof="round trip" if online else "", reason=why
        )
    gone = session is None or session.ended_at is not None
    if peer.backend in POLLING and not (gone and peer.session_id):
        reason = "waits until the client checks its messages"
        if session and session.turn_source == TOOLS_ALONE:
            reason += "; it is a coding agent, but none of its hooks was heard: see `peerline doctor`"
        return Reach(road=Road.POLL, proof=proof_of(session, Road.POLL), reason=reason)
    if session is None or session.ended_at is not None:
        return Reach(road=Road.NONE, proof="", reason="offline; kept until it is back")
    if session.turn in IN_TURN:
        proof = proof_of(session, Road.HOOK) or f"its last sign came by {session.turn_source}"
        return Reach(road=Road.HOOK, proof=proof, reason="in a turn; handed over at its end")
    pushed = _pushed(authority, session)
    if isinstance(pushed, Wait) and pushed.told:
        return Reach(
            road=Road.CHANNEL,
            proof=proof_of(session, Road.CHANNEL) or UNSEEN,
            reason=pushed.reason,
        )
    if isinstance(pushed, Wait):
        return Reach(road=Road.HOOK, proof=proof_of(session, Road.HOOK), reason=pushed.reason)
    by = "a hook waits in its background" if pushed is Road.HOOK else "idle"
    return Reach(road=pushed, proof=proof_of(session, pushed) or "nothing went by it yet", reason=by)


def proof_of(session: Session | None, road: Road) -> str:
    """When something was last seen to arrive by that road in this session; "" when nothing was."""
    seen = [each.at for each in session.arrivals if each.road is road] if session else []
    return f"something arrived by it at {max(seen):%Y-%m-%d %H:%M:%S} UTC" if seen else ""


def _pushed(authority: Authority, session: Session) -> Road | Wait:
    return _unready(session) or _way_in(authority, session)


def _unready(session: Session) -> Wait | None:
    """Why nothing is sent to it now, whatever roads there are."""
    if session.turn is Turn.UNKNOWN:
        return Wait("not known whether it is in a turn; it is looked at")
    if session.turn_source == INTERRUPTED and session.backend in HELD_UP:
        return Wait("it was interrupted, and takes nothing until its person has said something there")
    return None


def _way_in(authority: Authority, session: Session) -> Road | Wait:
    typed = session.pane is not None and session.turn is Turn.IDLE and session.backend not in UNTYPED
    if authority is Authority.OWNER and typed:
        return Road.TERMINAL
    if session.inbox:
        return Road.INBOX
    if session.wakes:
        return Road.HOOK
    if typed:
        return Road.TERMINAL
    if session.backend in WOKEN:
        return Wait("nothing listens in it now; it comes back by itself")
    if session.channel:
        return Wait(
            "its channel tells it that something waits; handed over when it asks, or its turn ends", told=True
        )
    return Wait("no road into an idle session; handed over at the end of its next turn")
