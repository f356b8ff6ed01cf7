"""Sending: asks, notices, broadcasts. Who is meant, what is allowed, what the sender is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import addressing, glance, ladder, waiting
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed, NotFound
from daemon.core.model import Ask, AskShown, Conversation, Kind, Peer, Role, Sender, Sent, Status
from daemon.core.posting import LIFE, LIFE_WITH_PEOPLE, Letter, carriages, post, stamp
from daemon.core.rules import asking, presence
from daemon.core.rules.cleaning import body, clean, line
from daemon.core.view import Plan

OPTIONS_LIMIT: Final = 10
OPTION_LENGTH: Final = 64
RECIPIENTS_LIMIT: Final = 100


def send_ask(plan: Plan, command: c.SendAsk) -> AskShown:
    """One question to one peer or several; one object, one answer to wait for.

    Raises:
        UnknownPeer, AmbiguousPeer, NotAllowed: by the names.
        Malformed: by text, options, need or deadline.
        WaitingRing: it is to be waited for, and who is asked waits for the asker.
        ChainTooLong: by what led to it.

    """
    sender = sender_of(plan, command.sender)
    who = addressing.standpoint_of(plan, sender)
    to = addressing.several(plan, who, command.to, command.circle)
    return ask_of(plan, stamp(plan, sender, command.person), to, command)


def ask_of(
    plan: Plan,
    sender: Sender,
    to: Sequence[Peer],
    command: c.SendAsk,
    *,
    subject: str = "",
    alone: str = "",
    near: str = "",
) -> AskShown:
    """The same, with the recipients found already.

    ``alone``: the account of the one person who is to see it; ``near``: the message by which it is shown.
    """
    for peer in to:
        _may_be_asked(plan, peer, sender)
    life = _life(command.deadline, to)
    ask = Ask(
        ask_id=plan.new_id("a"),
        asker=sender.peer_id,
        to=tuple(peer.peer_id for peer in to),
        state=asking.State.OPEN,
        need=asking.needed(command.need, len(to)),
        created_at=plan.now,
        deadline_at=plan.now + life,
        question=body(command.question),
        options=_options(command.options),
        default=clean(command.default) if command.default else None,
        subject=subject,
    )
    ask = waiting.held(plan, sender, ask, command.wait)
    ladder.begin(plan, ask)
    letter = replace(_letter(command, ask), reply_to=near or command.reply_to, life=life, alone=alone)
    envelope, deliveries = post(plan, sender, to, letter, envelope_id=ask.ask_id)
    glance.moved(plan)
    return AskShown(ask, tuple(to), carriages(plan, envelope, deliveries))


def _letter(command: c.SendAsk, ask: Ask) -> Letter:
    return Letter(
        kind=Kind.ASK,
        text=command.question,
        urgency=command.urgency,
        options=ask.options,
        correlation_id=command.reply_to,
        schedule=command.schedule,
    )


def send_notice(plan: Plan, command: c.SendNotice) -> Sent:
    """Kept and carried like an ask, but nothing comes back."""
    sender = sender_of(plan, command.sender)
    who = addressing.standpoint_of(plan, sender)
    to = addressing.several(plan, who, command.to, command.circle)
    letter = Letter(kind=Kind.NOTICE, text=command.text, urgency=command.urgency)
    envelope, deliveries = post(plan, stamp(plan, sender, command.person), to, letter)
    return Sent(envelope, carriages(plan, envelope, deliveries))


def send_broadcast(plan: Plan, command: c.SendBroadcast) -> Sent:
    """One notice to every agent and every conversation that is not offline; people get it without sound."""
    sender = sender_of(plan, command.sender)
    who = addressing.standpoint_of(plan, sender)
    meant = addressing.audience(plan, who, command.circle, sender)
    to = [peer for peer in meant if _is_there(plan, peer)]
    letter = Letter(kind=Kind.BROADCAST, text=command.text, silent=True)
    envelope, deliveries = post(plan, stamp(plan, sender, command.person), to, letter)
    return Sent(envelope, carriages(plan, envelope, deliveries))


def _is_there(plan: Plan, peer: Peer) -> bool:
    conversation = plan.conversation(peer.peer_id)
    return presence.status(peer, plan.session_of(peer), conversation, plan.now) is not Status.OFFLINE


def sender_of(plan: Plan, peer_id: str) -> Peer:
    peer = plan.peer(peer_id)
    if peer is None or peer.forgotten_at:
        raise NotFound(f'the sender "{peer_id}" is not registered', "register first")
    return peer


def _may_be_asked(plan: Plan, peer: Peer, sender: Sender) -> None:
    if peer.peer_id == sender.peer_id:
        raise NotAllowed("a peer cannot ask itself", "ask somebody else")
    if peer.role is Role.SERVICE:
        surface = peer.backend
        hosted: Sequence[Conversation] = plan.view.conversations(surface)
        names = [
            p.name for x in hosted if not x.thread and (p := plan.peer(x.peer_id)) and p.role is Role.HUMAN
        ]
        right = f"ask {', '.join(names)}" if names else "nobody is paired there yet"
        raise NotAllowed(f'"{peer.name}" is a service and answers nothing', right)


def _life(deadline: timedelta | None, to: Sequence[Peer]) -> timedelta:
    longest = LIFE_WITH_PEOPLE if any(peer.role is Role.HUMAN for peer in to) else LIFE
    if deadline is None:
        return longest
    if not timedelta(0) < deadline <= LIFE_WITH_PEOPLE:
        seconds = int(deadline.total_seconds())
        raise Malformed(f"a deadline of {seconds} s", "say between 1 second and 30 days")
    return deadline


def _options(labels: Sequence[str]) -> tuple[str, ...]:
    cleaned = tuple(line(label, OPTION_LENGTH) for label in labels)
    if len(cleaned) > OPTIONS_LIMIT or len(set(cleaned)) < len(cleaned) or "" in cleaned:
        raise Malformed(f"{len(cleaned)} options", f"give up to {OPTIONS_LIMIT} different, non-empty labels")
    return cleaned
