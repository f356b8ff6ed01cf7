"""What a usage limit keeps back: nothing that would start a turn is carried to an agent whose account is out of use.

Rule: it waits, at the cost of no attempt, for the moment at which the account may be free again, or until a turn of it
goes well before that.
"""

from __future__ import annotations

from typing import Final

from daemon.core.model import Account, Delivery, Event, Peer
from daemon.core.rules import delivery as d
from daemon.core.rules import usage
from daemon.core.rules.timetable import place
from daemon.core.view import Plan

LIMIT: Final = "usage limit of "


def account_of(plan: Plan, backend: str, circle: str) -> Account:
    """By which it is paid."""
    return plan.account(usage.name_of(plan.rota(), backend, circle))


def limit_of(plan: Plan, backend: str, circle: str) -> str:
    """That nothing is left to use, and until when; "": nobody said so."""
    account = account_of(plan, backend, circle)
    return told(plan, account) if account.state == usage.State.LIMITED else ""


def limits(plan: Plan) -> list[str]:
    """Of all accounts."""
    return [told(plan, x) for x in plan.view.accounts() if x.state == usage.State.LIMITED]


def told(plan: Plan, account: Account) -> str:
    """``usage limit of claude-code until 04:00``, by the wall of this machine; another day with its name."""
    zone = place(plan.rota().zone)
    until, today = (account.until_at or plan.now).astimezone(zone), plan.now.astimezone(zone).date()
    at = f"{until:%H:%M}" if until.date() == today else f"{until:%a %H:%M}"
    return f"{LIMIT}{account.name} until {at if account.told else f'about {at}'}"


def leaves(plan: Plan, delivery: Delivery, peer: Peer) -> bool:
    """Whether it may be carried there now; else it is held until the account may be free again."""
    account = account_of(plan, peer.backend, peer.circle)
    until = account.until_at if account.state == usage.State.LIMITED else None
    if until is None or until <= plan.now or delivery.state not in {d.State.QUEUED, d.State.HELD}:
        return True
    free = plan.fresh(delivery)
    if free.state == d.State.HELD:  # by something that has passed
        free = d.advance(free, d.Release(), now=plan.now)
    held = d.advance(free, d.Hold(None, told(plan, account), until), now=plan.now)
    plan.put(held)
    plan.tell(Event(held.state, held.envelope_id, held.peer_id, held.state, held.reason))
    return False


def freed(plan: Plan, account: Account) -> None:
    """What waited for it goes on."""
    for peer in plan.peers():
        if account_of(plan, peer.backend, peer.circle).name == account.name:
            for delivery in plan.view.waiting(peer.peer_id):
                if delivery.state == d.State.HELD and delivery.reason.startswith(LIMIT):
                    plan.put(d.advance(plan.fresh(delivery), d.Wait(plan.now), now=plan.now))
