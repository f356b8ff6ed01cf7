"""How far a person's own message has come, as a sign on it: somebody has it, it is answered, or came to nothing.

A sign is a change of what the person said, carried like any other; a newer one takes the place of one that waits. Rule:
only where the surface tells which message it was, and where a message stays in sight.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from daemon.core.model import Ask, Kind, Parcel, Urgency
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules import asking, presence
from daemon.core.view import Plan

SEEN: Final = "seen"
ENDED: Final[Mapping[str, str]] = {
    asking.State.ANSWERED: "answered",
    asking.State.ACKNOWLEDGED: "answered",
    asking.State.DECLINED: "declined",
    asking.State.EXPIRED: "declined",
    asking.State.ORPHANED: "declined",
    asking.State.CANCELLED: "",  #: whoever took it back knows
}


def put(plan: Plan, ask: Ask, sign: str) -> None:
    """Put the sign on the message by which it was asked; "" takes it away."""
    where = ask.conversation or ""
    here, conversation = plan.peer(where), plan.conversation(where)
    if not ask.said_as or ask.asker != ask.conversation or here is None or conversation is None:
        return
    if conversation.surface in presence.OWN_SCREENS:
        return
    letter = Letter(
        kind=Kind.CHANGE,
        text=sign or "none",
        urgency=Urgency.FYI,
        correlation_id=ask.ask_id,
        reply_to=ask.said_as,
        silent=True,
    )
    post(plan, LINE, [here], letter)


def ended(plan: Plan, ask: Ask) -> None:
    put(plan, ask, ENDED[ask.state])


def is_sign(parcel: Parcel) -> bool:
    """Whether what is to be changed is the person's own message."""
    return parcel.ask is not None and bool(parcel.shown_as) and parcel.shown_as == parcel.ask.said_as
