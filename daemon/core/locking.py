"""The lock: nothing that is said or tapped in a chat is taken, until somebody unlocks at the machine.

What was taken before goes its way, and what is to be seen still goes out: agents among themselves, their hooks and the
machine's own terminal are not concerned. A word that came while it was locked is never heard later either.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.core import commands as c
from daemon.core import presence
from daemon.core.errors import Conflict
from daemon.core.model import Authority, Event, Kind, Lock, Peer, Role, Status
from daemon.core.posting import LINE, Letter, post, reply
from daemon.core.view import Plan


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
    plan.tell(Event("unlocked", before.name, what="chats", evidence=command.by))
    announce(plan, f"the line is unlocked by {command.by}: what is said here is taken again")
    return before


def keeps_out(plan: Plan, surface: str) -> bool:
    """Whether what comes from there is not taken. Screens of this machine are no chats."""
    return surface not in presence.OWN_SCREENS and plan.locked() is not None


def unheard(plan: Plan, command: c.Say | c.Tap | c.Edit | c.Unsay | c.React) -> None:
    """Take nothing; tell the owner, once in each conversation, and nobody else anything."""
    locked = plan.locked()
    person = plan.person(command.surface, command.account)
    conversation = plan.view.conversation_at(command.surface, command.address)
    here = plan.peer(conversation.peer_id) if conversation else None
    if locked and person and person.owner and here and here.peer_id not in locked.told:
        plan.put(replace(locked, told=(*locked.told, here.peer_id)))
        reply(plan, here, f"that was not taken: {sentence(locked)}", aloud=True)


def sentence(locked: Lock) -> str:
    since = f"{locked.locked_at:%Y-%m-%d %H:%M} UTC" if locked.locked_at else "now"
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
