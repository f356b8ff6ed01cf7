"""What waits to be shown to people: in which order, one part at a time, and when a room is left alone.

Rule: a platform's wish to be left alone is kept in full, by every conversation of the room, whatever ends meanwhile.
"""

from __future__ import annotations

from typing import Final

from daemon.core import commands as c
from daemon.core import settling
from daemon.core.model import Delivery, Kind, Quiet, Urgency
from daemon.core.rules.delivery import Nak, State, Wait, advance, can
from daemon.core.view import Plan

IN_HAND: Final = -1
URGENT: Final = 0  #: approvals, and what is sent as such
ANSWERS: Final = 1  #: what a person waits for: words of the line, answers, how a card was decided
WORDS: Final = 2  #: what somebody says of their own accord
PROGRESS: Final = 3  #: changes that show how something gets on


def lane(delivery: Delivery) -> int:
    """The smaller, the sooner; within a lane the oldest first. The store has the same in an index."""
    if delivery.state == State.LEASED:
        return IN_HAND
    if delivery.urgency is Urgency.URGENT:
        return URGENT
    if delivery.kind is Kind.CHANGE:
        return PROGRESS if delivery.urgency is Urgency.FYI else ANSWERS
    return ANSWERS if delivery.kind in {Kind.REPLY, Kind.ANSWER} else WORDS


def nak(plan: Plan, command: c.NakDelivery) -> Delivery:
    """Not now; and if the platform wants to be left alone, nothing else goes there before that is over."""
    delivery = settling.known(plan, command.delivery_id)
    here = plan.conversation(delivery.peer_id)
    if not (command.quiet and command.after and here):
        return settling.nak(plan, command)
    room, until = room_of(here.address), plan.now + command.after
    known = plan.quiet(here.surface, room)
    plan.put(Quiet(surface=here.surface, room=room, until=max(until, known.until) if known else until))
    # It may be over, or somebody else's, by now; what the platform wishes holds all the same.
    return (
        settling.nak(plan, command) if delivery.holder == command.holder and can(delivery, Nak) else delivery
    )


def is_quiet(plan: Plan, delivery: Delivery) -> bool:
    """Whether nothing is to be sent where it goes; then it waits until that is over."""
    here = plan.conversation(delivery.peer_id)
    quiet = plan.quiet(here.surface, room_of(here.address)) if here else None
    if quiet:
        plan.put(advance(delivery, Wait(quiet.until), now=plan.now))
    return quiet is not None


def room_of(address: str) -> str:
    """The chat that a topic belongs to: platforms count by chats."""
    return address.partition("/")[0]
