"""Peers: who is there, one of them, and what may be changed of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from daemon.api.caller import Caller, Standing
from daemon.api.door import Call, Room
from daemon.core import addressing, lineage, listing
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed, NotFound
from daemon.core.model import Peer, PeerShown, Session
from daemon.core.view import Plan
from daemon.wire import shapes

Json = dict[str, Any]


async def whoami(room: Room, call: Call) -> Json:
    """The caller, and how much waits for it."""
    own = call.caller.peer_id
    unread = await room.engine.read(lambda tx: tx.waiting_count(own))
    return await shape(room, own) | {
        "unread": unread,
        "may_spawn": bool(room.starting and room.starting.ready()),
    }


async def listed(room: Room, call: Call) -> Json:
    query = call.query

    def look(plan: Plan) -> tuple[PeerShown, ...]:
        caller = caller_of(plan, call.caller)
        return listing.peers(
            plan,
            caller,
            circle=query.circle,
            scope=query.scope,
            show_offline=query.show_offline,
            include_self=query.include_self,
        )

    now, rows = room.engine.clock.now(), await room.look(look)
    marked = room.orphaned if query.orphans else None
    return {"peers": [shapes.peer(row, now) | _orphan(row, marked) for row in rows]}


async def shown(room: Room, call: Call) -> Json:
    return await shape(room, await meant(room, call))


async def change(room: Room, call: Call) -> Json:
    """Describe, rename or move: one's own, or any from a terminal."""
    peer_id, body = await meant(room, call), call.body
    own = peer_id == call.caller.peer_id
    if call.caller.standing is not Standing.OWNER and not own:
        raise NotAllowed("that is another peer", "change it at a terminal, outside every agent")
    commands: list[c.Command] = []
    if body.description is not None:
        commands.append(c.DescribePeer(peer_id=peer_id, description=body.description))
    if body.circle is not None:
        commands.append(c.MovePeer(peer_id=peer_id, circle=body.circle))
    if body.name is not None:
        commands.append(c.RenamePeer(peer_id=peer_id, name=body.name))
    if not commands:
        raise Malformed("nothing to change", "say name, circle or description")
    await room.engine.handle_all(commands)
    return await shape(room, peer_id)


async def forget(room: Room, call: Call) -> Json:
    peer_id = await meant(room, call)
    before = await shape(room, peer_id)
    await room.engine.handle(c.ForgetPeer(peer_id=peer_id))
    return before


def _orphan(row: PeerShown, orphaned: Callable[[Session], str] | None) -> Json:
    return {"orphan": orphaned(row.session) if row.session else ""} if orphaned else {}


def caller_of(plan: Plan, caller: Caller) -> Peer:
    peer = plan.peer(caller.peer_id)
    if peer is None:
        raise NotFound(f'the caller "{caller.peer_id}" is not registered', "register first")
    return peer


async def meant(room: Room, call: Call) -> str:
    """The id of the peer that the path names, as the caller sees it."""

    def look(plan: Plan) -> str:
        who = addressing.standpoint_of(plan, caller_of(plan, call.caller))
        circle = getattr(call.query, "circle", None)
        return addressing.one(plan, who, call.params["id"], circle).peer_id

    peer_id: str = await room.look(look)
    return peer_id


async def shape(room: Room, peer_id: str) -> Json:
    def look(plan: Plan) -> tuple[PeerShown, str]:
        peer = plan.peer(peer_id)
        if peer is None:
            raise NotFound(f'no peer "{peer_id}"')
        return listing.shown(plan, peer), lineage.started_by(plan, peer)

    shown, by = await room.look(look)
    return shapes.peer(shown, room.engine.clock.now()) | {"started_by": by}
