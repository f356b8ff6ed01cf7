"""What the line says of words that wait: to whom they go, behind how many, and what may still be done about them.

A slip is a question of the line that needs no answer, beside the ask it is about, and ends with it. Rule: only a finger
chooses from it; a bare word or number means something else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core import listing, sending, settling
from daemon.core.model import AGENTS, Answer, Ask, Carriage, Peer, Sender, Status, Urgency
from daemon.core.posting import LIFE, LINE, change_card
from daemon.core.rules import asking
from daemon.core.rules.presence import IN_TURN
from daemon.core.view import Plan

SUBJECT: Final = "sent"
ROUTE: Final = "route"  #: subject of a choice: the words after it go to whom is chosen
CHOICE_LIFE: Final = timedelta(minutes=30)
MOST_CHOICES: Final = 8
INTERRUPT: Final = "interrupt"
MOVE: Final = "move to…"
WITHDRAW: Final = "withdraw"


def waits(carriage: Carriage) -> bool:
    """Whether it will lie there long enough for somebody to change their mind."""
    busy = carriage.status is not Status.ONLINE or carriage.turn in IN_TURN
    return busy or carriage.ahead > 0


def offer(
    plan: Plan, here: Peer, ask: Ask, carriage: Carriage, text: str, *, brakes: bool, alone: str = ""
) -> None:
    """Put the slip of an ask; ``brakes``: whoever asked may stop the turn that it waits for."""
    options = (*([INTERRUPT] if brakes and carriage.turn in IN_TURN else []), MOVE, WITHDRAW)
    command = c.SendAsk(
        sender=LINE.peer_id, to=(), question=text, options=options, urgency=Urgency.FYI, deadline=LIFE
    )
    slip = sending.ask_of(plan, LINE, [here], command, subject=f"{SUBJECT}\n{ask.ask_id}", alone=alone).ask
    plan.put(replace(ask, slip=slip.ask_id))


def choice(
    plan: Plan,
    here: Peer,
    question: str,
    choices: Sequence[Peer],
    subject: str,
    *,
    alone: str = "",
    near: str = "",
) -> Ask:
    """Ask a person whom they mean, by their message ``near``; ``subject``: what becomes of it, and what it is about."""
    names = [(f"{peer.circle}/{peer.name}", peer.peer_id) for peer in choices[:MOST_CHOICES]]
    options = tuple(name if len(name) <= sending.OPTION_LENGTH else peer_id for name, peer_id in names)
    command = c.SendAsk(sender=LINE.peer_id, to=(), question=question, options=options, deadline=CHOICE_LIFE)
    return sending.ask_of(plan, LINE, [here], command, subject=subject, alone=alone, near=near).ask


def elsewhere(plan: Plan, ask: Ask) -> None:
    """Whoever a person asked is gone for good: perhaps somebody else is meant now."""
    here = plan.peer(ask.asker)
    if here is None or here.forgotten_at or plan.conversation(ask.asker) is None:
        return
    others = [x for x in listing.there(plan, here) if x.role in AGENTS and x.peer_id not in ask.to]
    if others:
        choice(plan, here, "That reached nobody. To whom instead?", others, f"{ROUTE}\n{ask.question}")


def is_slip(ask: Ask) -> bool:
    return ask.subject.startswith(f"{SUBJECT}\n")


def end(plan: Plan, ask: Ask, by: Sender) -> None:
    """The ask is over: its slip says so, and offers nothing more."""
    slip = plan.ask(ask.slip)
    if slip is None or asking.is_over(slip):
        return
    answer = Answer(sender=by, text=ask.state, how=asking.State.ACKNOWLEDGED, at=plan.now)
    over = asking.advance(slip, asking.Reply(answer), now=plan.now)
    plan.put(over)
    settling.close(plan, over)
    for delivery in plan.view.deliveries_of(over.ask_id):
        card = plan.fresh(delivery)
        change_card(plan, over, card.peer_id, card.receipt)
