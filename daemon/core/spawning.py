"""Starting agents: who may, how many, who it will be, and what becomes of a start.

Whoever is started is a peer from the moment it is wanted: its name is taken, and mail to it waits. The limits are
counted in the same commit as the row that they let through.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import addressing, closing, glance, registering, sending, topics
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed, Throttled
from daemon.core.model import AGENTS, Ask, Authority, Event, Kind, Peer, Role, Spawn, Spawned
from daemon.core.posting import LINE, Letter, post, stamp
from daemon.core.rules import asking, spawns
from daemon.core.rules.attention import Matter
from daemon.core.rules.cleaning import fitted, line
from daemon.core.view import Plan

A_MINUTE: Final = timedelta(minutes=1)
WHY: Final = 1000
RIGHT: Final = "spawn"


def want(plan: Plan, command: c.WantSpawn) -> Spawned:
    """Write who is to be started, and ask it what it is started for.

    Raises:
        NotAllowed: whoever wants it may not, or is too deep.
        Throttled: there are too many already, or too many were wanted of late.
        Malformed: by the name or circle.

    """
    by = sending.sender_of(plan, command.by)
    if before := _for_job(plan, command.job_id):
        return before
    depth = _depth(plan, by)
    _permitted(plan, by, command)
    _within_limits(plan, by, command, depth)
    circle = _circle(plan, by, command)
    heir = None if command.branch else registering.heir(plan, command, circle)
    peer = heir or _new(plan, command, circle)
    spawn = _row(plan, command, peer, depth)
    plan.put(peer)
    plan.put(spawn)
    where = f"{peer.circle}/{peer.name}"
    plan.tell(
        Event("spawn_wanted", spawn.spawn_id, peer.peer_id, where, f"{by.name}: {line(spawn.path, WHY)}")
    )
    _seen_anew(plan, peer)
    return Spawned(spawn, peer, _asked(plan, by, peer, command))


def begin(plan: Plan, command: c.BeginSpawn) -> Spawn:
    """Its pane is there. One that is awaited no more stays what it is."""
    spawn = _known(plan, command.spawn_id)
    if not spawns.can(spawn, spawns.Begin):
        return spawn
    after = spawns.advance(spawn, spawns.Begin(command.pane, command.worktree), now=plan.now)
    plan.put(after)
    if command.worktree and (peer := plan.peer(spawn.peer_id)):
        plan.put(replace(peer, path=command.worktree, branch=spawn.branch))
    plan.tell(Event("spawn_began", spawn.spawn_id, spawn.peer_id, command.pane.pane_id, spawn.backend))
    return after


def linger(plan: Plan, command: c.LingerSpawn) -> Spawn:
    """Tell whoever wanted it, once, what it waits for."""
    spawn = _known(plan, command.spawn_id)
    if not spawns.can(spawn, spawns.Linger) or spawn.told_at:
        return spawn
    why = line(command.why, WHY)
    after = spawns.advance(spawn, spawns.Linger(why), now=plan.now)
    plan.put(after)
    name = _name(plan, spawn)
    shows = f"; its screen shows: {why}" if why else ""
    _tell(plan, spawn, f"{name} was started and has not arrived yet{shows}\nlook at it: {command.attach}")
    plan.tell(Event("spawn_waits", spawn.spawn_id, spawn.peer_id, name, why))
    return after


def end(plan: Plan, command: c.EndSpawn) -> Spawn:
    """Its program is over: who had arrived has left, who had not has failed, and whoever waits for it is told."""
    spawn = _known(plan, command.spawn_id)
    why = line(command.why, WHY)
    if spawns.can(spawn, spawns.End):
        after = spawns.advance(spawn, spawns.End(why), now=plan.now)
        plan.put(after)
        plan.tell(Event("spawn_over", spawn.spawn_id, spawn.peer_id, _name(plan, spawn), why))
        return after
    if not spawns.can(spawn, spawns.Fail):
        return spawn
    return _failed(plan, spawn, why)


def _failed(plan: Plan, spawn: Spawn, why: str) -> Spawn:
    after = spawns.advance(spawn, spawns.Fail(why), now=plan.now)
    plan.put(after)
    name = _name(plan, spawn)
    plan.tell(Event("spawn_failed", spawn.spawn_id, spawn.peer_id, name, why))
    peer = plan.peer(spawn.peer_id)
    if peer is None or peer.forgotten_at:
        return after
    asks = [plan.ask(each.ask_id) or each for each in plan.view.open_asks_to(peer.peer_id)]
    if spawn.resume or not any(_ends_with(spawn, ask) for ask in asks):
        _tell(plan, spawn, f"{name} could not be started: {why}")  # else the end of its ask says so
    if peer.session_id is None:  # it was never there, so its name is free again
        registering.forget(plan, c.ForgetPeer(peer_id=peer.peer_id))
        return after
    for ask in asks if not spawn.resume else ():  # whoever can be restarted again finds them then
        if not asking.is_over(ask):
            closing.lose(plan, ask, peer.peer_id)
    _seen_anew(plan, peer)
    return after


def _ends_with(spawn: Spawn, ask: Ask) -> bool:
    """Whether it is an ask of whoever wanted the start, of nobody else, that nothing but its end is told of."""
    alone = ask.asker == spawn.by and ask.to == (spawn.peer_id,)
    return alone and not ask.subject and not asking.is_over(ask)


def _for_job(plan: Plan, job_id: str) -> Spawned | None:
    """Whoever was started for the job and is there, or on the way."""
    spawn = plan.view.spawn_of_job(job_id) if job_id else None
    peer = plan.peer(spawn.peer_id) if spawn and spawn.state in spawns.LIVE else None
    return Spawned(spawn, peer) if spawn and peer and not peer.forgotten_at else None


def _depth(plan: Plan, by: Peer) -> int:
    parent = plan.start_of(by)
    return parent.depth + 1 if parent else 1


def _permitted(plan: Plan, by: Peer, command: c.WantSpawn) -> None:
    if command.account:
        person = plan.person(command.surface, command.account)
        if person is None or RIGHT not in person.rights:
            raise NotAllowed(
                f"{command.person or 'this person'} may not have anybody started", "the owner can grant it"
            )
    if by.authority is Authority.UNVERIFIED:
        raise NotAllowed("an unverified program may not have anybody started", "do it at a terminal")
    if (locked := plan.locked()) and (command.account or by.authority is not Authority.OWNER):
        raise NotAllowed(
            f"the line is locked by {locked.locked_by}: nobody is started",
            "unlock it at the machine: `peerline unlock`",
        )


def _within_limits(plan: Plan, by: Peer, command: c.WantSpawn, depth: int) -> None:
    if depth > command.depth:
        raise NotAllowed(
            f"{by.name} was started by somebody who was started: that is {depth} deep",
            f"daemon.spawn.depth is {command.depth}; ask whoever started you",
        )
    within_numbers(plan, command.live, command.per_minute)


def within_numbers(plan: Plan, most: int, per_minute: int, *, but: str = "") -> None:
    """``but``: the peer whose start takes the place of one that it had already.

    Raises:
        Throttled: there are too many already, or too many were wanted of late.

    """
    live = [each for each in plan.view.spawns_live() if each.peer_id != but]
    if len(live) >= most:
        raise Throttled(
            f"{len(live)} started agents are there: daemon.spawn.live is {most}",
            "end one of them, or try again when one has ended",
            after_s=A_MINUTE.total_seconds(),
        )
    late = plan.view.spawns_since(plan.now - A_MINUTE)
    if len(late) >= per_minute:
        after_s = max(1.0, (late[-per_minute].wanted_at + A_MINUTE - plan.now).total_seconds())
        raise Throttled(
            f"{len(late)} agents were started within a minute: daemon.spawn.per_minute is {per_minute}",
            f"try again in {after_s:.0f} s",
            after_s=after_s,
        )


def _circle(plan: Plan, by: Peer, command: c.WantSpawn) -> str:
    """The one that is wished for, else where whoever wants it is; a conversation reaches only those that it sees."""
    seen = addressing.standpoint_of(plan, by).circles
    near = by.circle if by.role in AGENTS else addressing.DEFAULT_CIRCLE
    circle = addressing.checked_circle(command.circle or (near if "*" in seen or near in seen else seen[0]))
    if "*" not in seen and circle not in seen:
        raise NotAllowed(f'this conversation does not see circle "{circle}"', f"it sees {', '.join(seen)}")
    if frozen := plan.is_frozen(circle):
        raise NotAllowed(f'circle "{circle}" is frozen by {frozen.frozen_by}', f"`peerline thaw {circle}`")
    return circle


def _new(plan: Plan, command: c.WantSpawn, circle: str) -> Peer:
    wish = addressing.slug(command.wish)
    return Peer(
        peer_id=plan.new_id("p"),
        name=registering.given_name(plan, wish, circle),
        wish=wish,
        circle=circle,
        role=Role.AGENT,
        backend=command.backend,
        authority=Authority.PEER,
        registered_at=plan.now,
        last_seen=plan.now,
        path=command.path,
        branch=command.branch,
    )


def _row(plan: Plan, command: c.WantSpawn, peer: Peer, depth: int) -> Spawn:
    return Spawn(
        spawn_id=plan.new_id("n"),
        peer_id=peer.peer_id,
        by=command.by,
        surface=command.surface,
        account=command.account,
        person=command.person,
        backend=command.backend,
        profile=command.profile,
        path=command.path,
        folder=command.folder,
        branch=command.branch,
        role=command.role,
        job_id=command.job_id,
        depth=depth,
        state=spawns.State.WANTED,
        wanted_at=plan.now,
    )


def _asked(plan: Plan, by: Peer, peer: Peer, command: c.WantSpawn) -> str:
    if not command.message.strip():
        return ""
    question = c.SendAsk(sender=by.peer_id, to=(peer.peer_id,), question=command.message)
    return sending.ask_of(plan, stamp(plan, by, command.person), [peer], question).ask.ask_id


def _tell(plan: Plan, spawn: Spawn, text: str) -> None:
    by = plan.peer(spawn.by)
    if by and not by.forgotten_at and by.role is not Role.SERVICE:
        post(plan, LINE, [by], Letter(kind=Kind.NOTICE, text=fitted(text), matter=Matter.FAILURE))


def _name(plan: Plan, spawn: Spawn) -> str:
    peer = plan.peer(spawn.peer_id)
    return f"{peer.circle}/{peer.name}" if peer else spawn.peer_id


def _known(plan: Plan, spawn_id: str) -> Spawn:
    found = plan.spawn(spawn_id)
    if found is None:
        raise Malformed(f'no start "{spawn_id[:40]}"', "it was given when somebody was started")
    return found


def _seen_anew(plan: Plan, peer: Peer) -> None:
    glance.moved(plan)
    topics.moved(plan, peer)
