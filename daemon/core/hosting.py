"""Conversations: where people see and type. The same address on a surface is the same peer for ever."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daemon.core import addressing, deciding
from daemon.core import commands as c
from daemon.core.model import Authority, Conversation, Event, Peer, Person, Role, Status
from daemon.core.rules import presence
from daemon.core.view import Plan

ALL_RIGHTS: Final = ("talk", "approve", "spawn")
#: Surfaces whose first channel bears their name, and where only the channels of the config are heard.
CHANNELED: Final = frozenset({"slack"})


def open_conversation(plan: Plan, command: c.OpenConversation) -> Peer:
    """The peer behind an address of a surface; the same for ever."""
    found = plan.view.conversation_at(command.surface, command.address)
    if found is None and command.shared:
        found = _vacant(plan, command)
    peer = plan.peer(found.peer_id) if found else None
    peer = peer or _conversation_peer(plan, command)
    if peer.forgotten_at:  # somebody may have its name by now
        peer = replace(peer, name=addressing.free_name(peer.wish, peer.circle, plan.peers()))
    peer = replace(peer, last_seen=plan.now, authority=command.authority, forgotten_at=None)
    conversation = Conversation(
        peer_id=peer.peer_id,
        surface=command.surface,
        # Whoever takes over a console's conversation takes over its address: that never changes.
        address=found.address if found else command.address,
        host=command.host,
        circles=command.circles,
        beat_at=plan.now if command.live else (found.beat_at if found else None),
        trusted=command.trusted,
        topic_of=found.topic_of if found else "",
        topics=found.topics if found else False,
        thread=command.thread,
    )
    plan.put(peer)
    plan.put(conversation)
    if command.account:  # whoever types there is whom the edge found at the other end of the socket
        plan.put(_typist(command))
    plan.tell(Event("registered", peer.peer_id, peer.peer_id, peer.name, command.surface))
    if not command.thread:
        deciding.join(plan, peer)
    return peer


def within(plan: Plan, surface: str, address: str) -> list[Conversation]:
    """The conversations of one chat: it itself, and its topics."""
    return [x for x in plan.view.conversations(surface) if x.address.partition("/")[0] == address]


def close_conversation(plan: Plan, command: c.CloseConversation) -> None:
    conversation = plan.conversation(command.peer_id)
    if conversation and conversation.host == command.host:
        plan.put(replace(conversation, beat_at=None))
        plan.tell(Event("left", command.peer_id, command.peer_id, "closed", command.host))


def _vacant(plan: Plan, command: c.OpenConversation) -> Conversation | None:
    vacant = [
        conversation
        for conversation in plan.view.conversations(command.surface)
        if (peer := plan.peer(conversation.peer_id))
        and peer.wish == command.wish
        and presence.status(peer, None, conversation, plan.now) is Status.OFFLINE
    ]
    return next(iter(vacant), None)


def _typist(command: c.OpenConversation) -> Person:
    owner = command.authority is Authority.OWNER
    return Person(
        surface=command.surface,
        account=command.account,
        name=command.person or ("owner" if owner else command.account),
        rights=ALL_RIGHTS if owner else ("talk",),
        owner=owner,
    )


def _conversation_peer(plan: Plan, command: c.OpenConversation) -> Peer:
    return Peer(
        peer_id=plan.new_id("p"),
        name=addressing.free_name(command.wish, addressing.DEFAULT_CIRCLE, plan.peers()),
        wish=command.wish,
        circle=addressing.DEFAULT_CIRCLE,
        role=Role.SERVICE if command.role_service else Role.HUMAN,
        backend=command.surface,
        authority=command.authority,
        registered_at=plan.now,
        last_seen=plan.now,
        machine=command.machine,
        person=command.person,
    )
