"""A topic of its own for every agent, in a chat that has topics: made, renamed, closed and opened again with it.

The chat is the first group of the config that sees the agent, else the owner's own. A line written in the topic is for
the agent, and what the agent says to the chat of its own accord is shown there. Rule: what the platform refuses is left
alone until the config is read again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import addressing, digest, hosting, settling, threads
from daemon.core import commands as c
from daemon.core.model import (
    AGENTS,
    Ask,
    Authority,
    Conversation,
    Delivery,
    Event,
    Follow,
    Kind,
    Peer,
    Status,
)
from daemon.core.posting import LINE, Letter, post, topic_of
from daemon.core.rules import presence
from daemon.core.view import Plan

TOPIC: Final = "topic"
SETTLES: Final = timedelta(seconds=3)  #: a session that is cleared or resumed ends and begins
MAKE, RENAME, CLOSE, REOPEN = "make", "rename", "close", "reopen"
CLOSED: Final = "closed: "  #: before the name of a topic that is


def configure(plan: Plan, surface: str, *, wanted: bool) -> None:
    """Say in which chats of the surface agents have topics."""
    for peer in plan.peers():
        conversation = plan.conversation(peer.peer_id)
        if conversation and conversation.surface == surface:
            plan.put(replace(conversation, topics=wanted and _may_have(plan, peer, conversation)))
    for peer in plan.peers():
        moved(plan, peer)


def moved(plan: Plan, peer: Peer) -> None:
    """Something about a peer changed that its topic may show."""
    if peer.role not in AGENTS or not peer.lasting:
        return
    found = [each for each in plan.view.follows(peer.peer_id) if each.what == TOPIC]
    for follow in found:
        plan.put(replace(follow, due_at=follow.due_at or plan.now + SETTLES))
    rooms = [plan.conversation(follow.conversation) for follow in found]
    if not any(room and room.topics and _sees(plan, room, peer) for room in rooms):
        _begin(plan, peer)


def due(plan: Plan, follow: Follow) -> None:
    """Bring the topic to what the agent is now."""
    peer, room = plan.peer(follow.peer_id), plan.conversation(follow.conversation)
    follow = replace(follow, due_at=None)
    plan.put(follow)
    if peer is None or room is None or not room.topics:
        plan.put(replace(follow, ended_at=plan.now))
        return
    here = _sees(plan, room, peer) and _is_there(plan, peer)
    if topic := topic_of(plan, room, peer.peer_id):
        _bring(plan, follow, topic, _title(plan, room, peer) if here else "")
    elif here and not follow.envelope_id:
        _make(plan, follow, room, peer)


def shown(plan: Plan, command: c.AckDelivery) -> Delivery:
    """What was to be shown is; a new topic is a conversation from now on, and its address is its receipt."""
    delivery = settling.ack(plan, command)
    envelope = plan.envelope(delivery.envelope_id)
    if envelope and envelope.kind is Kind.TOPIC and envelope.options == (MAKE,):
        room, agent = plan.conversation(delivery.peer_id), plan.peer(envelope.correlation_id or "")
        if room and agent:
            _open(plan, room, agent, command.receipt)
            _noted(plan, agent, shown=envelope.body, due_at=plan.now)
    if envelope and envelope.kind is Kind.REPLY:
        _begin_thread(plan, delivery, plan.ask(envelope.correlation_id), command.receipt)
        digest.shown(plan, delivery)
    return delivery


def refused(plan: Plan, command: c.RejectDelivery) -> Delivery:
    """What the platform will not have: a chat without topics has none, and a topic that is gone is nobody's."""
    delivery = settling.reject(plan, command)
    digest.missed(plan, delivery)
    envelope, conversation = plan.envelope(delivery.envelope_id), plan.conversation(delivery.peer_id)
    agent = plan.peer(envelope.correlation_id or "") if envelope and envelope.kind is Kind.TOPIC else None
    if envelope and agent and conversation:
        _noted(plan, agent, ended_at=plan.now)
        plan.put(replace(conversation, topics=False, topic_of=""))
        plan.tell(Event("no_topic", agent.peer_id, conversation.peer_id, envelope.body, command.reason))
        if envelope.options == (MAKE,):
            _begin(plan, agent)
    return delivery


def meant(plan: Plan, here: Conversation, receipt: str) -> Conversation:
    """Where a card belongs that is seen in a topic or thread: what was said to the whole chat may stand there."""
    if not (here.topic_of or here.thread) or not receipt or plan.view.shown(here.peer_id, receipt):
        return here
    room = plan.view.conversation_at(here.surface, here.address.partition("/")[0])
    return room if room and plan.view.shown(room.peer_id, receipt) else here


def _begin(plan: Plan, peer: Peer) -> None:
    room = next((each for each in _rooms(plan) if _sees(plan, each, peer)), None)
    if room and _is_there(plan, peer):
        follow = Follow(
            conversation=room.peer_id, peer_id=peer.peer_id, what=TOPIC, since=plan.now, due_at=plan.now
        )
        plan.put(follow)


def _make(plan: Plan, follow: Follow, room: Conversation, peer: Peer) -> None:
    envelope_id = _say(plan, room, peer.peer_id, _title(plan, room, peer), MAKE)
    plan.put(replace(follow, envelope_id=envelope_id))


def _bring(plan: Plan, follow: Follow, topic: Conversation, title: str) -> None:
    """``title``: what it is to be called; "": it is to be closed."""
    was, is_closed = follow.shown.removeprefix(CLOSED), follow.shown.startswith(CLOSED)
    if not title:
        if not is_closed:
            _say(plan, topic, follow.peer_id, was, CLOSE)
        plan.put(replace(follow, shown=f"{CLOSED}{was}"))
        return
    if is_closed:
        _say(plan, topic, follow.peer_id, title, REOPEN)
    if title != was:
        _say(plan, topic, follow.peer_id, title, RENAME)
    plan.put(replace(follow, shown=title))


def _say(plan: Plan, where: Conversation, about: str, title: str, deed: str) -> str:
    there = plan.peer(where.peer_id)
    letter = Letter(
        kind=Kind.TOPIC, text=title or "agent", options=(deed,), correlation_id=about, silent=True
    )
    envelope, _ = post(plan, LINE, [there] if there else [], letter)
    return envelope.envelope_id


def _open(plan: Plan, room: Conversation, agent: Peer, address: str) -> None:
    owner = plan.peer(room.peer_id)
    if owner is None:
        return
    command = c.OpenConversation(
        surface=room.surface,
        address=address,
        host=room.host,
        wish=f"{owner.name}-{agent.name}",
        authority=owner.authority,
        person=owner.person,
        live=True,
        circles=room.circles,
        trusted=room.trusted,
    )
    peer = hosting.open_conversation(plan, command)
    if opened := plan.conversation(peer.peer_id):
        plan.put(replace(opened, topic_of=agent.peer_id))


def _begin_thread(plan: Plan, delivery: Delivery, ask: Ask | None, receipt: str) -> None:
    """What somebody asked out of sight stands in the channel now: all that belongs to it is said below it."""
    room = plan.conversation(delivery.peer_id)
    if ask is None or room is None or ask.said_as or ask.asker != room.peer_id:
        return
    plan.put(replace(ask, said_as=receipt))
    place = plan.place(room.surface, room.address)
    if place is None or place.surface not in hosting.CHANNELED:
        return
    title = threads.title(receipt.rpartition("/")[2])
    command = c.OpenConversation(
        surface=room.surface,
        address=receipt,
        host=room.host,
        wish=addressing.slug("-".join(filter(None, [room.surface, place.name, title]))),
        authority=Authority.PERSON,
        live=True,
        circles=room.circles,
        thread=True,
    )
    peer = hosting.open_conversation(plan, command)
    if opened := plan.conversation(peer.peer_id):
        plan.put(replace(opened, topic_of=ask.to[0]))


def _noted(plan: Plan, agent: Peer, **news: object) -> None:
    for follow in plan.view.follows(agent.peer_id):
        if follow.what == TOPIC:
            plan.put(replace(follow, envelope_id="", **news))  # type: ignore[arg-type]


def _rooms(plan: Plan) -> list[Conversation]:
    """The chats with topics, groups first."""
    found = [(peer, plan.conversation(peer.peer_id)) for peer in plan.peers()]
    rooms = [(peer, each) for peer, each in found if each and each.topics]
    return [
        each
        for _, each in sorted(rooms, key=lambda x: (x[0].authority is Authority.OWNER, x[0].registered_at))
    ]


def _may_have(plan: Plan, peer: Peer, conversation: Conversation) -> bool:
    place = plan.place(conversation.surface, conversation.address)
    return place.listed if place else peer.authority is Authority.OWNER and "/" not in conversation.address


def _sees(plan: Plan, room: Conversation, peer: Peer) -> bool:
    owner = plan.peer(room.peer_id)
    return owner is not None and addressing.standpoint_of(plan, owner).meets(peer)


def _is_there(plan: Plan, peer: Peer) -> bool:
    status = presence.status(peer, plan.session_of(peer), None, plan.now)
    return peer.forgotten_at is None and status is not Status.OFFLINE


def _title(plan: Plan, room: Conversation, peer: Peer) -> str:
    """Its name, and its circle where another of that name is seen there."""
    same = [x for x in plan.peers() if x.name == peer.name and x.role in AGENTS and _sees(plan, room, x)]
    return f"{peer.name}@{peer.circle}" if len(same) > 1 else peer.name
