"""The lock: nothing that is said or tapped in a chat is taken, until somebody unlocks at the machine.

What was taken before goes its way, and what is to be seen still goes out: agents among themselves, their hooks and the
machine's own terminal are not concerned. A word that was said or came while it was locked is never heard later
either: neither after the unlock, when it waited somewhere in between, nor when it is told to us only then.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from daemon.core import commands as c
from daemon.core.errors import Conflict
from daemon.core.model import Authority, Event, Kind, Lock, Peer, Role, Status
from daemon.core.posting import LINE, Letter, post, reply
from daemon.core.rules import presence
from daemon.core.view import Plan

Deed = c.Say | c.Tap | c.Edit | c.Unsay | c.React


def lock(plan: Plan, command: c.Lock) -> Lock:
    """From now on; who locks again is told since when it is."""
    if before := plan.locked():
        return before
    locked = Lock(locked_at=plan.now, locked_by=command.by)
    plan.put(locked)
    plan.tell(Event("locked", locked.name, what="chats", evidence=command.by))
    announce(plan, sentence(locked))
    return locked


def unlock(plan: Plan, command: c.Unlock) -> Lock:
    """Chats are heard again.

    Raises:
        Conflict: it is not locked.

    """
    before = plan.locked()
    if before is None:
        raise Conflict("the line is not locked", "nothing is to be unlocked")
    plan.put(Lock())
    plan.put(replace(before, name=f"{before.locked_at:%Y-%m-%dT%H:%M:%S.%f}", unlocked_at=plan.now))
    plan.tell(Event("unlocked", before.name, what="chats", evidence=command.by))
    announce(plan, f"the line is unlocked by {command.by}: what is said here is taken again")
    return before


def against(plan: Plan, deed: Deed) -> Lock | None:
    """The lock that keeps it out: the one of now, or one in which it was said. Screens of this machine are no chats."""
    if deed.surface in presence.OWN_SCREENS:
        return None
    return plan.locked() or _then(plan, deed)


def _then(plan: Plan, deed: Deed) -> Lock | None:
    """The lock that was on when it was said, or when we were told of it."""
    told_of = [plan.incoming(deed.surface, update_id) for update_id in deed.does]
    times = [at for update in told_of if update for at in (update.said_at, update.came_at) if at]
    ended = plan.view.ended_locks() if times else ()
    return next((lock for lock in ended if any(_covers(lock, at) for at in times)), None)


def _covers(lock: Lock, at: datetime) -> bool:
    return (
        lock.locked_at is not None
        and lock.unlocked_at is not None
        and lock.locked_at <= at < lock.unlocked_at
    )


def unheard(plan: Plan, deed: Deed, lock: Lock) -> None:
    """Take nothing; tell the owner, once in each conversation, and nobody else anything."""
    person = plan.person(deed.surface, deed.account)
    conversation = plan.view.conversation_at(deed.surface, deed.address)
    here = plan.peer(conversation.peer_id) if conversation else None
    if person and person.owner and here and here.peer_id not in lock.told:
        plan.put(replace(lock, told=(*lock.told, here.peer_id)))
        reply(plan, here, f"that was not taken: {sentence(lock)}", aloud=True)


def sentence(locked: Lock) -> str:
    since = f"{locked.locked_at:%Y-%m-%d %H:%M} UTC" if locked.locked_at else "now"
    if locked.unlocked_at:
        return (
            f"it was said while the line was locked by {locked.locked_by}, from {since} to "
            f"{locked.unlocked_at:%Y-%m-%d %H:%M} UTC. What was said then is not heard later either: say it again "
            "if it is still meant"
        )
    return (
        f"the line is locked by {locked.locked_by} since {since}: nothing that is said or tapped in a chat is taken. "
        "Unlock it at the machine: `peerline unlock`"
    )


def announce(plan: Plan, text: str) -> None:
    """Tell the owner on every surface what was done to the line."""
    to = [peer for peer in plan.peers() if hears(plan, peer)]
    if to:
        post(plan, LINE, to, Letter(kind=Kind.NOTICE, text=text))


def hears(plan: Plan, peer: Peer) -> bool:
    """Whether it is a conversation of the owner's in which somebody may be; a closed terminal is none."""
    here = plan.conversation(peer.peer_id)
    if here is None or here.thread or peer.role is not Role.HUMAN or peer.authority is not Authority.OWNER:
        return False
    return (
        here.surface not in presence.OWN_SCREENS
        or presence.status(peer, None, here, plan.now) is not Status.OFFLINE
    )
