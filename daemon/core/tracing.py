"""Which chain of messages one belongs to, how long the chain is, and what in it is a mere echo.

A person's words, and what a schedule says, begin a chain: nothing stands before them. What an agent sends is one hop
further than what it acts upon, and the first of a chain where it acts upon nothing that came by the line. An answer
goes back over the hop of its ask, so it has the same number; who worked with it goes on from where it asked, and who
merely passes it on is one hop further. What an agent says upon a message of an agent, without a tool call that did
anything else, is talk. So each chain in which nobody works and no person speaks comes to its end, and soon.

Rules: a message of an agent to agents is refused where it would be one hop too many, or once too often mere talk of
that agent; to people it never is, and what ends an ask never is. An answer to an answer wakes nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from daemon.core.errors import ChainTooLong
from daemon.core.model import AGENTS, Envelope, Kind, Peer, Role, Sender, Session
from daemon.core.rules.presence import IN_TURN
from daemon.core.view import Plan

HOP_LIMIT: Final = 8
TALK_LIMIT: Final = (
    20  #: messages of one agent in one chain: each may lead to two, which would double with every hop
)
#: How long what was last read counts for who is in no turn that we see.
HOLDS: Final = timedelta(minutes=10)
ECHO: Final = "an answer to an answer wakes nobody; it goes with the next message"


@dataclass(frozen=True, slots=True)
class Course:
    """Where a message stands. ``trace``: the id of what began the chain; "": it begins one itself."""

    trace: str = ""
    hops: int = 0
    talk: bool = False


def course(plan: Plan, sender: Sender, kind: Kind, about: str | None, *, scheduled: bool = False) -> Course:
    """Where something that is sent now stands; ``about``: the envelope it correlates with."""
    if kind is Kind.ANSWER:
        return Course() if sender.role is Role.HUMAN else _of(plan, about)
    if scheduled:
        return Course()
    if sender.role in AGENTS:
        return course_of(plan, sender.peer_id)
    return _of(plan, about) if sender.role is Role.SERVICE else Course()


def course_of(plan: Plan, peer_id: str) -> Course:
    """The same of what an agent sends of its own accord."""
    session = _session(plan, peer_id)
    cause = cause_of(plan, session)
    if session is None or cause is None:
        return Course(hops=1)
    worked = _worked(session)
    hops = max(1, cause.hops + (not (worked and cause.kind is Kind.ANSWER)))
    return Course(cause.trace or cause.envelope_id, hops, talk=cause.hops > 0 and not worked)


def cause_of(plan: Plan, session: Session | None) -> Envelope | None:
    """What it acts upon, if that came by the line."""
    if session is None or not session.turn_cause or session.caused_at is None:
        return None
    if session.turn not in IN_TURN and plan.now - session.caused_at >= HOLDS:
        return None
    return plan.envelope(session.turn_cause)


def check(plan: Plan, at: Course, sender: str, to: Iterable[Peer]) -> None:
    """Refuse what would be one too many.

    Raises:
        ChainTooLong: it would be, and an agent is to get it.

    """
    if any(peer.role in AGENTS for peer in to) and (why := excess(plan, at, sender)):
        raise ChainTooLong(
            why, "stop here, or ask your person how to go on; you may when a person has spoken to you"
        )


def excess(plan: Plan, at: Course, sender: str) -> str:
    """Which limit of a chain is reached, if one is."""
    if at.hops > HOP_LIMIT:
        return (
            f"the hop limit is {HOP_LIMIT}: so many messages of agents led to each other, one after another, "
            "without a person in between"
        )
    if at.talk and plan.view.talked(at.trace, sender) >= TALK_LIMIT:
        return (
            f"the talk limit is {TALK_LIMIT}: so many messages of yours merely answered agents' messages that one "
            "word began, without any work in between"
        )
    return ""


def echoes(plan: Plan, envelope: Envelope, to: Iterable[Peer]) -> frozenset[str]:
    """Ids of the recipients for whom it is a mere echo, so that it is not to wake them.

    It is one if it replies to an answer by that answer's own id; if it is a notice to whoever gave the answer that its
    sender acts upon, and nothing but talking came in between; or a broadcast in the same way upon a broadcast. A
    question is none, unless it says that it replies to an answer: whoever is asked is to answer it.
    """
    if envelope.sender.role not in AGENTS or envelope.schedule:
        return frozenset()
    agents = frozenset(peer.peer_id for peer in to if peer.role in AGENTS)
    about = plan.envelope(envelope.reply_to or "")
    if about is not None and about.kind is Kind.ANSWER:
        return agents
    session = _session(plan, envelope.sender.peer_id)
    cause = cause_of(plan, session)
    if session is None or cause is None or _worked(session):
        return frozenset()
    return agents & _echoed(plan, envelope, cause, agents)


def leading(envelopes: Sequence[Envelope]) -> str:
    """Of several that begin a turn together, the id of the one that decides where it stands; "" of none.

    A person's words; else the longest chain.
    """
    found = max(envelopes, key=lambda x: (_is_said(x), x.hops, x.kind is not Kind.ANSWER), default=None)
    return found.envelope_id if found else ""


def reach(plan: Plan, session_id: str | None, envelopes: Sequence[Envelope]) -> None:
    """Something came in the midst of its turn, or to who is in none; a person's words, or the longer chain counts."""
    session, came = plan.live(session_id), plan.envelope(leading(envelopes))
    if session is None or came is None:
        return
    before = cause_of(plan, session)
    if before is None or session.turn not in IN_TURN or _is_said(came) or came.hops > before.hops:
        plan.put(replace(session, turn_cause=came.envelope_id, caused_at=plan.now, works=0))


def _is_said(envelope: Envelope) -> bool:
    return envelope.sender.role is Role.HUMAN


def _of(plan: Plan, about: str | None) -> Course:
    found = plan.envelope(about) if about else None
    return Course(found.trace or found.envelope_id, found.hops) if found else Course()


def _session(plan: Plan, peer_id: str) -> Session | None:
    peer = plan.peer(peer_id)
    return plan.session_of(peer) if peer else None


def _worked(session: Session) -> bool:
    """Of who is in no turn that we see, it is not known, and so believed."""
    return session.works > 0 or session.turn not in IN_TURN


def _echoed(plan: Plan, envelope: Envelope, cause: Envelope, agents: frozenset[str]) -> frozenset[str]:
    if envelope.kind is Kind.BROADCAST and cause.kind is Kind.BROADCAST:
        return agents if cause.sender.role in AGENTS else frozenset()
    if envelope.kind is Kind.ASK or cause.kind is not Kind.ANSWER:
        return frozenset()
    ask = plan.ask(cause.correlation_id)
    return frozenset({cause.sender.peer_id, *(each.sender.peer_id for each in (ask.answers if ask else ()))})
