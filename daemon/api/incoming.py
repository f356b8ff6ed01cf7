"""What platforms tell beside words and taps: kept before it is confirmed, and done with its effect."""

from __future__ import annotations

from typing import Any

from daemon.api.conversations import heard, hosts, own_surface, taken
from daemon.api.door import Call, Room
from daemon.core import commands as c
from daemon.core.model import Incoming

Json = dict[str, Any]


async def keep(room: Room, call: Call) -> Json:
    """One commit for all of them; those that came before are not told of again."""
    own_surface(call.caller, call.body.surface)
    now, surface = room.engine.clock.now(), call.body.surface
    updates = tuple(Incoming(surface=surface, came_at=now, **x.model_dump()) for x in call.body.updates)
    command = c.KeepIncoming(surface=surface, updates=updates)
    return await room.write(call, (command,), lambda told: {"fresh": list(told[0])})


async def waiting(room: Room, call: Call) -> Json:
    own_surface(call.caller, call.query.surface)
    found = await room.engine.read(lambda tx: tx.incoming(call.query.surface))
    newest = await room.engine.read(lambda tx: tx.newest_incoming(call.query.surface))
    return {"updates": [_shown(each) for each in found], "newest": dict(newest)}


async def done(room: Room, call: Call) -> Json:
    own_surface(call.caller, call.body.surface)
    command = c.FinishIncoming(surface=call.body.surface, update_ids=tuple(call.body.update_ids))
    return await room.write(call, (command,), lambda _: {})


async def edit(room: Room, call: Call) -> Json:
    body = call.body
    await hosts(room, call.caller, body.surface, body.address)
    command = c.Edit(
        surface=body.surface,
        address=body.address,
        account=body.account,
        receipt=body.receipt,
        text=body.text,
    )
    return await taken(room, call, command)


async def unsay(room: Room, call: Call) -> Json:
    body = call.body
    await hosts(room, call.caller, body.surface, body.address)
    where = {"surface": body.surface, "address": body.address}
    return await taken(room, call, c.Unsay(**where, account=body.account, receipt=body.receipt))


async def mark(room: Room, call: Call) -> Json:
    body = call.body
    await hosts(room, call.caller, body.surface, body.address)
    command = c.React(
        surface=body.surface,
        address=body.address,
        account=body.account,
        receipt=body.receipt,
        sign=body.sign,
    )
    return await taken(room, call, command)


async def place(room: Room, call: Call) -> Json:
    body = call.body
    await hosts(room, call.caller, body.surface, body.address)
    command = c.ChangePlace(
        surface=body.surface, address=body.address, closed=body.closed, moved_to=body.moved_to
    )
    finish = c.FinishIncoming(surface=body.surface, update_ids=tuple(body.does))
    return await room.write(call, (command, finish), heard)


def _shown(update: Incoming) -> Json:
    names = ("update_id", "lane", "body", "hurried", "album")
    return {name: getattr(update, name) for name in names}
