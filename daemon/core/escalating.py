"""What is done about an ask that nobody answers: one step of the ladder each so often, until it is over.

    nudge         who was asked is reminded: a person where they were asked, an agent that has seen it and rests
    elsewhere     it is put before the person on their other surfaces, too
    orchestrator  whoever holds that role may answer; of an approval, and where several are needed, they are told
    person        the same for the owner, where agents asked agents
    default       its default is its answer

Rules: while it is held back for a digest the person cannot know of it, so nothing is done meanwhile; nor is it while
an agent is at work on it. An agent that is away, or has not been given it yet, is not reminded: the next step is taken.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import attending, closing, ladder, locking
from daemon.core.model import Answer, Ask, Escalation, Event, Kind, Peer, Role
from daemon.core.posting import LINE, Letter, addressed, post, reply
from daemon.core.rules import asking, presence
from daemon.core.rules.cleaning import gist
from daemon.core.rules.delivery import State
from daemon.core.rules.measures import ago
from daemon.core.view import Plan

BRIEF: Final = 120


def due(plan: Plan) -> None:
    for found in plan.view.escalations_due(plan.now):
        ask, after = plan.ask(found.ask_id), plan.custom().escalate_after_s
        if ask is None or asking.is_over(ask) or not after:
            plan.put(replace(found, at=None))
        elif _is_kept(plan, ask) or _is_at_work(plan, ask):
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
    return nudged or _remind(plan, ask)


def _remind(plan: Plan, ask: Ask) -> bool:
    """The agents that have seen it and do nothing about it."""
    asker = plan.peer(ask.asker)
    resting = [each for each in _resting(plan, ask) if not _is_reminded(plan, ask, each)]
    if not resting:
        return False
    told = f"{asker.name if asker else 'somebody'} has waited for {ago(ask.created_at, plan.now)}"
    text = f"{told} for your answer to ask {ask.ask_id} ({gist(ask.question, BRIEF)}); answer it now, or decline it"
    post(plan, LINE, resting, Letter(kind=Kind.NOTICE, text=text, correlation_id=ask.ask_id))
    return True


def _resting(plan: Plan, ask: Ask) -> list[Peer]:
    """The agents who were given it, are there, and are in no turn."""
    states = {x.peer_id: plan.fresh(x).state for x in plan.view.deliveries_of(ask.ask_id)}
    found = [peer for each in asking.awaited(ask) if (peer := plan.peer(each))]
    return [
        peer
        for peer in found
        if states.get(peer.peer_id) == State.SEEN
        and (session := plan.session_of(peer))
        and session.turn not in presence.IN_TURN
    ]


def _is_reminded(plan: Plan, ask: Ask, peer: Peer) -> bool:
    """A reminder waits for it already."""
    waiting = [plan.envelope(x.envelope_id) for x in plan.view.waiting(peer.peer_id)]
    return any(x and x.kind is Kind.NOTICE and x.correlation_id == ask.ask_id for x in waiting)


def _is_at_work(plan: Plan, ask: Ask) -> bool:
    """As many are at it as it still needs."""
    sessions = [plan.session_of(peer) for each in asking.awaited(ask) if (peer := plan.peer(each))]
    at_it = [x for x in sessions if x and x.turn_ask == ask.ask_id and x.turn in presence.IN_TURN]
    return bool(at_it) and len(at_it) >= asking.lacking(ask)


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
    return _ask_or_tell(plan, ask, [holder], approval=ask.subject == attending.APPROVAL)


def _person(plan: Plan, ask: Ask) -> bool:
    if ladder.is_of_a_person(plan, ask):
        return False
    rooms = [peer for peer in plan.peers() if locking.hears(plan, peer)]
    return bool(rooms) and _ask_or_tell(plan, ask, rooms)


def _ask_or_tell(plan: Plan, ask: Ask, others: list[Peer], *, approval: bool = False) -> bool:
    if not approval and _ask_too(plan, ask, others):
        return True
    asker, silent = plan.peer(ask.asker), [peer.name for x in asking.awaited(ask) if (peer := plan.peer(x))]
    who = f"{asker.circle}/{asker.name}" if asker else "an agent"
    what = "a person's decision" if approval else f"an answer from {', '.join(silent)}"
    told = f"{who} has waited for {ago(ask.created_at, plan.now)} for {what}: {gist(ask.question, BRIEF)}"
    post(plan, LINE, others, Letter(kind=Kind.NOTICE, text=told))
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
    ("person", _person),
    ("default", _default),
)
