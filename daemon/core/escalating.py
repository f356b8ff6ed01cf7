"""What is done about an ask that a person does not answer: one step of the ladder each so often, until it is over.

    nudge         the person is reminded where they were asked
    elsewhere     it is put before them on their other surfaces, too
    orchestrator  whoever holds that role may answer; of an approval they are only told
    default       its default is its answer

Rule: while it is held back for a digest the person cannot know of it, so nothing is done meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import asking, attending, closing
from daemon.core.cleaning import gist
from daemon.core.delivery import State
from daemon.core.measures import ago
from daemon.core.model import Answer, Ask, Escalation, Event, Kind, Peer, Role
from daemon.core.posting import LINE, Letter, addressed, post, reply
from daemon.core.view import Plan

BRIEF: Final = 120


def due(plan: Plan) -> None:
    for found in plan.view.escalations_due(plan.now):
        ask, after = plan.ask(found.ask_id), plan.custom().escalate_after_s
        if ask is None or asking.is_over(ask) or not after:
            plan.put(replace(found, at=None))
        elif _is_kept(plan, ask):
            plan.put(replace(found, at=plan.now + timedelta(seconds=after)))
        else:
            _step(plan, ask, found, timedelta(seconds=after))


def _step(plan: Plan, ask: Ask, found: Escalation, after: timedelta) -> None:
    """What a step can do nothing about is left to the next, at once."""
    for step in range(found.step, len(LADDER)):
        name, deed = LADDER[step]
        if deed(plan, ask):
            plan.tell(Event("escalated", ask.ask_id, what=name))
            more = plan.now + after if step + 1 < len(LADDER) else None
            plan.put(replace(found, step=step + 1, at=more))
            return
    plan.put(replace(found, step=len(LADDER), at=None))


def _nudge(plan: Plan, ask: Ask) -> bool:
    heard, nudged = {each.sender.peer_id for each in ask.answers}, False
    for delivery in plan.view.deliveries_of(ask.ask_id):
        here = plan.peer(delivery.peer_id)
        if here and here.role is Role.HUMAN and here.peer_id not in heard and delivery.receipt:
            asker = plan.peer(ask.asker)
            told = f"{asker.name if asker else 'somebody'} has waited for {ago(ask.created_at, plan.now)}"
            reply(plan, here, f"{told}: {gist(ask.question, BRIEF)}", to=delivery.receipt, aloud=True)
            nudged = True
    return nudged


def _elsewhere(plan: Plan, ask: Ask) -> bool:
    asked = [peer for each in ask.to if (peer := plan.peer(each))]
    people = {attending.whose(peer) for peer in asked} - {""}
    others = [room for who in sorted(people) for room in attending.rooms(plan, who) if room not in asked]
    return _ask_too(plan, ask, others)


def _orchestrator(plan: Plan, ask: Ask) -> bool:
    asker = plan.peer(ask.asker)
    holders = [
        peer
        for peer in plan.peers()
        if peer.role is Role.ORCHESTRATOR
        and plan.session_of(peer)
        and peer.peer_id not in {ask.asker, *ask.to}
    ]
    holder = next((x for x in holders if asker and x.circle == asker.circle), next(iter(holders), None))
    if holder is None:
        return False
    if ask.subject != attending.APPROVAL:
        return _ask_too(plan, ask, [holder])
    who = f"{asker.circle}/{asker.name}" if asker else "an agent"
    told = f"{who} has waited for {ago(ask.created_at, plan.now)} for a person's decision: {gist(ask.question, BRIEF)}"
    post(plan, LINE, [holder], Letter(kind=Kind.NOTICE, text=told))
    return True


def _default(plan: Plan, ask: Ask) -> bool:
    if not ask.default or ask.subject == attending.APPROVAL:
        return False
    option = asking.option_meant(ask, ask.default)
    answer = Answer(sender=LINE, text=ask.default, how=asking.State.ANSWERED, at=plan.now, option=option)
    closing.answered(plan, replace(ask, need=min(ask.need, len(ask.answers) + 1)), answer)
    return True


def _ask_too(plan: Plan, ask: Ask, others: list[Peer]) -> bool:
    """The same ask, of more: where one answer is enough."""
    envelope = plan.envelope(ask.ask_id)
    if envelope is None or ask.need > 1 or not others:
        return False
    plan.put(replace(ask, to=(*ask.to, *(each.peer_id for each in others))))
    for each in others:
        addressed(plan, envelope, each)
    return True


def _is_kept(plan: Plan, ask: Ask) -> bool:
    return any(each.kept and each.state == State.HELD for each in plan.view.deliveries_of(ask.ask_id))


LADDER: Final[tuple[tuple[str, Callable[[Plan, Ask], bool]], ...]] = (
    ("nudge", _nudge),
    ("elsewhere", _elsewhere),
    ("orchestrator", _orchestrator),
    ("default", _default),
)
