"""What time brings about: leases lapse, mail and asks expire, proofs are overdue; and what a crash left behind."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from daemon.core import closing, digest, escalating, following, settling, waiting
from daemon.core import commands as c
from daemon.core.model import Delivery, Parcel, Road
from daemon.core.rules import delivery as d
from daemon.core.rules.presence import OWN_SCREENS
from daemon.core.view import Plan


def tick(plan: Plan, command: c.Tick) -> tuple[Parcel, ...]:
    """Everything whose time has come; returns what was handed over and is to be looked for."""
    overdue = []
    for delivery in plan.view.unsettled(plan.now):
        if delivery.state == d.State.LEASED and plan.live(delivery.session_id):
            overdue.append(_perhaps_given(plan, delivery, "its carrier went quiet in the middle of it"))
        elif delivery.state == d.State.LEASED:
            _lapsed(plan, delivery, "lease lapsed")
        elif delivery.expires_at <= plan.now and d.can(delivery, d.Expire):
            settling.expire(plan, delivery)
            digest.missed(plan, plan.fresh(delivery))
        elif delivery.state == d.State.HANDED:
            overdue.append(delivery)
    for ask in plan.view.overdue_asks(plan.now):
        closing.expire(plan, ask)
    following.due(plan)
    digest.due(plan)
    escalating.due(plan)
    return tuple(settling.parcel(plan, delivery) for delivery in overdue)


def recover(plan: Plan, command: c.Recover) -> int:
    """A new run of the daemon: what the last one held is looked for, freed, or told to be uncertain."""
    if command.gone:
        waiting.forget(plan)
    left = plan.view.leased(command.holder_prefix)
    for delivery in left:
        if command.gone or delivery.reason != d.IN_HAND:
            _recovered(plan, delivery)
    return len(left)


def _recovered(plan: Plan, delivery: Delivery) -> None:
    if delivery.road is not Road.CHAT:
        _perhaps_given(plan, delivery, "the daemon ended in the middle of it")
    else:
        spared = replace(delivery, attempts=max(0, delivery.attempts - 1))
        _lapsed(plan, spared, "the daemon ended before it was sent")


def _perhaps_given(plan: Plan, delivery: Delivery, why: str) -> Delivery:
    """The road may have taken it or not. It counts as handed, and the proof is looked for at once."""
    return settling.give(plan, delivery, d.Give(None, proof_within=timedelta()), why).delivery


def _lapsed(plan: Plan, delivery: Delivery, why: str) -> None:
    """Free again; but what a platform may have taken already is in doubt. A change made twice is one change."""
    here = plan.conversation(delivery.peer_id)
    harmless = here is None or here.surface in OWN_SCREENS or settling.parcel(plan, delivery).shown_as
    if delivery.reason == d.IN_HAND and not harmless:
        reason = "its sender was gone while it was being sent"
        settling.doubt(plan, c.DoubtDelivery(delivery_id=delivery.delivery_id, holder=None, reason=reason))
    else:
        settling.lapse(plan, delivery, why)
