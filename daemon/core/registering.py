"""Who is there: sessions become peers, surfaces become conversations, and names are given.

A resumed, cleared or compacted session is the same peer. A new session takes over the most recently seen offline
peer of the same wish (or of that name), circle, backend and folder, with its mail; else it is new and numbered.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import (
    addressing,
    arriving,
    closing,
    glance,
    lineage,
    personas,
    roles,
    settling,
    topics,
    turns,
    work,
)
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, NotFound
from daemon.core.model import Authority, Event, Peer, Role, Session, Status
from daemon.core.posting import LINE
from daemon.core.rules import asking, presence
from daemon.core.rules.cleaning import line
from daemon.core.view import Plan

DESCRIPTION_LIMIT: Final = 500
LATE: Final = timedelta(minutes=1)  #: so much a hook may come after the end of its session; later, it goes on
GOES_ON: Final = frozenset({"clear", "resume", "compact"})  #: the agent's own words for an end that is none


def register_session(plan: Plan, command: c.RegisterSession) -> Peer:
    """The session's peer, made if need be; idempotent."""
    if peer := _long_gone_on(plan, command):
        return peer
    _taken_up(plan, command)
    spawn = arriving.expected(plan, command)
    before = (plan.peer(spawn.peer_id) if spawn else None) or _same_run(plan, command)
    peer = _with_folder(before, command) if before else _taken_over(plan, command) or _new_peer(plan, command)
    session = _session(plan, command, peer)
    previous = plan.session(peer.session_id)
    if previous and previous.session_id != session.session_id and previous.ended_at is None:
        _over(plan, previous, "followed by another session", "register")
    known = plan.session(session.session_id)
    if known and known.ended_at is None and known.pid != session.pid:
        _over(plan, known, "resumed in another process", "register")
    peer = replace(peer, session_id=session.session_id, last_seen=plan.now)
    plan.put(session)
    plan.put(peer)
    if spawn:
        arriving.arrived(plan, spawn)
        peer = roles.given(plan, peer, "its start") if spawn.role == Role.ORCHESTRATOR else peer
    if known is None or known.ended_at or known.pid != session.pid:
        _reopen(plan, peer)
        personas.began(plan, peer, command)
        plan.tell(Event("registered", peer.peer_id, peer.peer_id, f"{peer.circle}/{peer.name}", peer.backend))
    return peer


def end_session(plan: Plan, command: c.EndSession) -> None:
    session = plan.session(command.session_id)
    if session is None or session.ended_at is not None:
        return
    if command.why not in GOES_ON and not lineage.resumed_by(plan, session.session_id):
        work.died(plan, session)
    _over(plan, session, command.why, "hook")
    work.left(plan, session)
    peer = plan.peer(session.peer_id)
    if peer and peer.session_id == session.session_id:
        plan.put(replace(peer, last_seen=plan.now))
        _reopen(plan, peer)
        plan.tell(Event("left", peer.peer_id, peer.peer_id, f"{peer.circle}/{peer.name}", command.why))


def end_process(plan: Plan, command: c.EndProcess) -> None:
    """All that ran in it is over; a fork may live in the process of its origin."""
    live = [session for peer in plan.view.peers() if (session := plan.session_of(peer))]
    for session in live:
        if (session.pid, session.started) == (command.pid, command.started):
            end_session(plan, c.EndSession(session_id=session.session_id, why="its process ended"))


def describe(plan: Plan, command: c.DescribePeer) -> Peer:
    text = line(command.description, DESCRIPTION_LIMIT)
    return _changed(plan, replace(known_peer(plan, command.peer_id), description=text), "described")


def rename(plan: Plan, command: c.RenamePeer) -> Peer:
    """Give a peer another name.

    Raises:
        Malformed: the name is none, or reserved.
        NotAllowed: it is taken there, or the peer's name is fixed.

    """
    peer = known_peer(plan, command.peer_id)
    name = addressing.checked_name(command.name)
    if peer.role in {Role.HUMAN, Role.SERVICE}:
        raise NotAllowed(f'"{peer.name}" is the fixed address of a surface', "rename agents only")
    if addressing.free_name(name, peer.circle, _others(plan, peer)) != name:
        raise NotAllowed(f'"{name}" is taken in circle "{peer.circle}"', "choose another")
    return _changed(plan, replace(peer, name=name), "renamed")


def move(plan: Plan, command: c.MovePeer) -> Peer:
    peer = known_peer(plan, command.peer_id)
    circle = addressing.checked_circle(command.circle)
    name = addressing.free_name(peer.name, circle, _others(plan, peer))
    return roles.came(plan, _changed(plan, replace(peer, circle=circle, name=name), "moved"))


def forget(plan: Plan, command: c.ForgetPeer) -> Peer:
    """Take a peer off the line: its mail is cancelled, whoever asked it is told.

    Raises:
        NotAllowed: it is not offline.

    """
    peer = known_peer(plan, command.peer_id)
    status = presence.status(peer, plan.session_of(peer), plan.conversation(peer.peer_id), plan.now)
    if arriving.awaited(plan, peer):
        raise NotAllowed(f'"{peer.name}" is being started', "wait until it is there, or has failed")
    if status is not Status.OFFLINE or peer.role is Role.SERVICE:
        raise NotAllowed(f'"{peer.name}" is {status}', "only an offline peer can be forgotten; end it first")
    forgotten = replace(peer, forgotten_at=plan.now)
    plan.put(
        forgotten
    )  # first of all: a job that fails by it frees a place, which is not to be this peer's again
    for ask in plan.view.open_asks_to(peer.peer_id):
        closing.lose(plan, plan.ask(ask.ask_id) or ask, peer.peer_id)
    for delivery in plan.view.waiting(peer.peer_id, 10_000):
        settling.kill(plan, plan.fresh(delivery), "the recipient was forgotten")
    return _changed(plan, forgotten, "forgotten")


def _long_gone_on(plan: Plan, command: c.RegisterSession) -> Peer | None:
    """Whose process is in its next session by now, if this is a hook of the last one that was late."""
    known = plan.session(command.session_id)
    peer = plan.peer(known.peer_id) if known and known.ended_at and command.amid else None
    now = plan.session_of(peer) if peer and not peer.forgotten_at else None
    if known is None or known.ended_at is None or now is None or plan.now - known.ended_at > LATE:
        return None
    ran, runs = (known.pid, known.started), (now.pid, now.started)
    return peer if ran == runs == (command.pid, command.started) and not now.shared else None


def _taken_up(plan: Plan, command: c.RegisterSession) -> None:
    """The session goes on in another process, so whatever it was at in the one before was broken off."""
    known = plan.session(command.session_id)
    if known and known.ended_at is None and known.pid != command.pid:
        _over(plan, known, "taken up by another process", "register")


def _same_run(plan: Plan, command: c.RegisterSession) -> Peer | None:
    """The peer of this session, or of the process that goes on under a new session id."""
    known = plan.session(command.session_id)
    alone = command.pid and not command.shared  # 0: nobody knows its process
    if known is None and alone and not command.forked:
        # Also when it has ended: /clear ends a session and begins another in the same process.
        known = plan.view.session_of_process(command.pid, command.started)
    peer = plan.peer(known.peer_id) if known else None
    return peer if peer and not peer.forgotten_at else None


def _taken_over(plan: Plan, command: c.RegisterSession) -> Peer | None:
    return None if command.forked else heir(plan, command, _circle(command), lasting=command.lasting)


def heir(
    plan: Plan, command: c.RegisterSession | c.WantSpawn, circle: str, *, lasting: bool = True
) -> Peer | None:
    """Who was there last under that name, in that folder and circle, and is awaited by nobody: with its mail."""
    wish = addressing.slug(command.wish)
    heirs = [
        peer
        for peer in plan.view.peers()
        if (peer.backend, peer.path, peer.circle) == (command.backend, command.path, circle)
        and wish in {peer.wish, peer.name}
        and peer.lasting == lasting
        and plan.session_of(peer) is None
        and arriving.awaited(plan, peer) is None
    ]
    return max(heirs, key=lambda peer: peer.last_seen, default=None)


def _new_peer(plan: Plan, command: c.RegisterSession) -> Peer:
    wish, circle = addressing.slug(command.wish), _circle(command)
    peer = Peer(
        peer_id=plan.new_id("p"),
        name=given_name(plan, wish, circle),
        wish=wish,
        circle=circle,
        role=Role.AGENT,
        backend=command.backend,
        authority=Authority.PEER,
        registered_at=plan.now,
        last_seen=plan.now,
        lasting=command.lasting,
    )
    return _with_folder(peer, command)


def _circle(command: c.RegisterSession) -> str:
    return addressing.slug(command.circle, addressing.DEFAULT_CIRCLE)


def _with_folder(peer: Peer, command: c.RegisterSession) -> Peer:
    return replace(
        peer,
        path=command.path or peer.path,
        repo=command.repo or peer.repo,
        branch=command.branch or peer.branch,
        machine=command.machine or peer.machine,
    )


def given_name(plan: Plan, wish: str, circle: str) -> str:
    """A free name in the circle, as much like the wish as may be."""
    if addressing.is_reserved(wish):
        wish = f"{wish[:60]}-1"  # a folder may be called that; its agent may not pass for the real one
    return addressing.free_name(wish, circle, plan.view.peers())


def _session(plan: Plan, command: c.RegisterSession, peer: Peer) -> Session:
    known = plan.session(command.session_id)
    going_on = known if known and known.ended_at is None and known.pid == command.pid else None
    session = going_on or Session(
        session_id=command.session_id,
        peer_id=peer.peer_id,
        pid=command.pid,
        started=command.started,
        began_at=plan.now,
        backend=command.backend,
        turn_at=plan.now,
        transcript=known.transcript if known else "",
    )
    found = replace(
        session,
        peer_id=peer.peer_id,
        started=command.started,
        shared=command.shared,
        config_dir=command.config_dir,
        pane=command.pane or session.pane,
        inbox=session.inbox if command.inbox is None else command.inbox,
        transcript=command.transcript or session.transcript,
        turn_source=command.turn_source or session.turn_source,
    )
    return replace(found, turn=command.turn, turn_at=plan.now) if command.turn else found


def _over(plan: Plan, session: Session, why: str, source: str) -> None:
    turns.broken_off(plan, session)
    plan.put(presence.fold(session, presence.Ended(why), source, plan.now))


def _reopen(plan: Plan, peer: Peer) -> None:
    """What an earlier run took and never confirmed waits again; an ask in work is merely seen."""
    glance.moved(plan)
    topics.moved(plan, peer)
    settling.release(plan, plan.view.handed(peer.peer_id), "its session ended before there was evidence")
    for stale in plan.view.open_asks_to(peer.peer_id):
        ask = plan.ask(stale.ask_id) or stale
        if asking.can(ask, asking.Pause):
            plan.put(asking.advance(ask, asking.Pause(), now=plan.now))


def known_peer(plan: Plan, peer_id: str) -> Peer:
    """Raises: NotFound."""
    peer = plan.peer(peer_id)
    if peer is None or peer.forgotten_at or peer.peer_id == LINE.peer_id:
        raise NotFound(f'no peer "{peer_id}"', "list the peers to see who is there")
    return peer


def _others(plan: Plan, peer: Peer) -> list[Peer]:
    return [other for other in plan.view.peers() if other.peer_id != peer.peer_id]


def _changed(plan: Plan, peer: Peer, what: str) -> Peer:
    plan.put(peer)
    glance.moved(plan)
    topics.moved(plan, peer)
    plan.tell(Event(what, peer.peer_id, peer.peer_id, f"{peer.circle}/{peer.name}", peer.description))
    return peer
