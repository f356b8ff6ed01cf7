"""Circles: the brake of a whole one."""

from __future__ import annotations

from typing import Any

from daemon.api.door import Call, Room
from daemon.core import commands as c

Json = dict[str, Any]


async def freeze(room: Room, call: Call) -> Json:
    """No tool call is made in it, and nothing is carried into it."""
    command = c.FreezeCircle(circle=call.params["name"], by=who(room))
    return await room.write(call, (command,), lambda told: _shape(call, told[0], frozen=True))


async def thaw(room: Room, call: Call) -> Json:
    """It goes on."""
    command = c.ThawCircle(circle=call.params["name"], by=who(room))
    return await room.write(call, (command,), lambda told: _shape(call, told[0], frozen=False))


def who(room: Room) -> str:
    return f"{room.owner or 'the owner'} at the terminal"


def _shape(call: Call, peers: list[Any], *, frozen: bool) -> Json:
    return {"circle": call.params["name"], "frozen": frozen, "peers": [peer.name for peer in peers]}
