"""Threads of a chat that has them: what is said to us at top level begins one, and all that belongs to it stays there.

A thread is a conversation like any other, but in no list. Rule: its first ask gives it its peer, and every line there
goes to that one, unless whoever speaks chose another for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Final

from daemon.core import commands as c
from daemon.core.model import Ask, Conversation, Event, Peer
from daemon.core.posting import LINE
from daemon.core.rules import asking
from daemon.core.rules.cleaning import clean
from daemon.core.rules.words import BY_NAME, parsed
from daemon.core.view import Plan

AWAKE: Final = timedelta(days=1)  #: so long after its last word a thread counts as alive with its surface
STIRS: Final = timedelta(hours=1)
FORGOTTEN: Final = timedelta(days=30)  #: speaking there brings it back
AT_ONCE: Final = 100


def placed(said: c.Say) -> c.Say:
    """The same words where they belong: what is said at top level in a thread of its own, but for commands."""
    if not said.thread or said.thread == said.address:
        return said
    command = None if said.forwarded else parsed(clean(said.text).strip())
    return said if command and command[0] in BY_NAME else replace(said, address=said.thread)


def begins(said: c.Say) -> bool:
    """Whether these words are the first of their thread."""
    return bool(said.thread) and said.receipt == said.thread


def title(thread: str) -> str:
    """The end of its name: when it began, in seconds."""
    return thread.partition(".")[0]


def room(plan: Plan, here: Conversation) -> Conversation | None:
    """The whole chat that it is a thread of."""
    return plan.view.conversation_at(here.surface, here.address.partition("/")[0]) if here.thread else None


def is_thread(plan: Plan, peer: Peer) -> bool:
    here = plan.conversation(peer.peer_id)
    return here is not None and here.thread


def listed(plan: Plan, peers: Iterable[Peer]) -> list[Peer]:
    """Without those that are met by name alone."""
    return [peer for peer in peers if not is_thread(plan, peer)]


def stirred(plan: Plan, peer: Peer, here: Conversation) -> None:
    """Somebody speaks there; written now and then."""
    if here.thread and plan.now - peer.last_seen > STIRS:
        plan.put(replace(peer, last_seen=plan.now))
        plan.put(replace(here, beat_at=plan.now))


def is_awake(plan: Plan, here: Conversation) -> bool:
    """Whether it is kept up to date with its surface: old threads are many."""
    peer = plan.peer(here.peer_id) if here.thread else None
    return peer is None or plan.now - peer.last_seen < AWAKE


def forget(plan: Plan, command: c.ForgetThreads) -> int:
    """Some of those in which nothing is open and nobody has spoken for long."""
    over = (peer for peer in plan.view.peers() if _is_idle(plan, peer) and is_thread(plan, peer))
    idle = list(islice((peer for peer in over if not _is_open(plan, peer)), AT_ONCE))
    for peer in idle:
        plan.put(replace(peer, forgotten_at=plan.now))
        plan.tell(Event("forgotten", peer.peer_id, peer.peer_id, peer.name))
    return len(idle)


def _is_idle(plan: Plan, peer: Peer) -> bool:
    return plan.now - peer.last_seen >= FORGOTTEN


def _is_open(plan: Plan, peer: Peer) -> bool:
    """Something waits to be shown there, or what was asked there or of those there is unanswered."""
    view, here = plan.view, peer.peer_id
    return bool(view.open_asks_to(here) or view.open_asks_by(here) or view.waiting_count(here))


def belongs_to(plan: Plan, here: Peer, peer: Peer) -> None:
    """Somebody was asked there: the first one's it is."""
    conversation = plan.conversation(here.peer_id)
    if conversation and conversation.thread and not conversation.topic_of:
        plan.put(replace(conversation, topic_of=peer.peer_id))


def is_new(plan: Plan, said: c.Say) -> bool:
    """Whether these words stand in a thread in which nobody was asked yet."""
    here = plan.view.conversation_at(said.surface, said.thread) if said.thread else None
    return bool(said.thread) and not (here and here.topic_of)


def question(plan: Plan, here: Conversation) -> Ask | None:
    """The one question that waits there for words; approvals are only ever decided where they stand."""
    asked = [
        ask
        for ask in plan.view.open_asks_to(here.peer_id)
        if ask.asker != LINE.peer_id and plan.approval_of(ask.ask_id) is None
    ]
    return asked[0] if here.thread and len(asked) == 1 and not asking.is_over(asked[0]) else None
