"""Who coordinates, how a peer is to work, and the line at a glance."""

from __future__ import annotations

import asyncio
from typing import Any

from daemon.api import peers
from daemon.api.caller import Standing
from daemon.api.door import Call, Room
from daemon.core import addressing
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Role
from daemon.core.overview import EVERYWHERE, Overview
from daemon.core.overview import of as overview_of
from daemon.core.view import Plan
from daemon.wire import outlook

Json = dict[str, Any]


async def claim(room: Room, call: Call) -> Json:
    """The role, for oneself; from a terminal for anybody. Force is for who is at the machine."""
    peer_id = await _own_or_any(room, call)
    if call.body.force and call.caller.remote:
        raise NotAllowed("to force is not for who has a token only", "do it at a terminal at the machine")
    command = c.ClaimRole(
        peer_id=peer_id, role=Role(call.body.role), by=_by(room, call), force=call.body.force
    )
    return await _done(room, call, command)


async def persona(room: Room, call: Call) -> Json:
    """A persona, for oneself; from a terminal for anybody. Only its name is taken from the caller."""
    peer_id = await _own_or_any(room, call)
    name = call.body.name or ""
    text = (await asyncio.to_thread(room.persona, name)).text if name else ""
    command = c.ChoosePersona(peer_id=peer_id, name=name, text=text, by=_by(room, call))
    return await _done(room, call, command)


async def overview(room: Room, call: Call) -> Json:
    """The caller's circle; of all for who directs others or looks from outside."""

    def look(plan: Plan) -> Overview:
        who = addressing.standpoint_of(plan, peers.caller_of(plan, call.caller))
        circle = call.query.circle or (EVERYWHERE if who.everywhere else who.circle)
        return overview_of(plan, who, circle)

    return outlook.overview(await room.look(look))


async def _own_or_any(room: Room, call: Call) -> str:
    peer_id = await peers.meant(room, call)
    if call.caller.standing is not Standing.OWNER and peer_id != call.caller.peer_id:
        raise NotAllowed("that is another peer", "do it at a terminal, outside every agent")
    return peer_id


def _by(room: Room, call: Call) -> str:
    return (room.owner or "the owner") if call.caller.standing is Standing.OWNER else "itself"


async def _done(room: Room, call: Call, command: c.Command) -> Json:
    told = await room.write(call, (command,), lambda results: {"peer_id": results[0].peer_id})
    return await peers.shape(room, told["peer_id"])
