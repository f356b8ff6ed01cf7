"""What people wish to be rung for, as the owner sees and sets it at the machine. Chats have words for the same."""

from __future__ import annotations

from typing import Any

from daemon.api.attentionbodies import Wished
from daemon.api.door import Call, Room
from daemon.core import attending, wishing
from daemon.core import commands as c
from daemon.core.model import AttentionShown
from daemon.core.view import Plan
from daemon.wire.shapes import moment

Json = dict[str, Any]
OWNER = "owner"  #: whatever they are called


async def listed(room: Room, call: Call) -> Json:
    """Everybody with a chat of their own, the owner first."""

    def look(plan: Plan) -> list[Json]:
        return [_told(room, wishing.shown(plan, each)) for each in wishing.people(plan)]

    return {"people": await room.look(look)}


async def change(room: Room, call: Call) -> Json:
    body: Wished = call.body
    command = c.WishAttention(
        by=call.caller.peer_id,
        person=_meant(room, call),
        quiet=body.quiet or "",
        zone=body.timezone or "",
        pushes="" if body.pushes is None else str(body.pushes),
        mute=tuple(body.mute),
        hear=tuple(body.hear),
        here=room.zone,
    )
    return await room.write(call, (command,), lambda told: _told(room, told[0]))


async def digest(room: Room, call: Call) -> Json:
    """``told``: there was something to tell."""
    command = c.TellDigest(person=_meant(room, call))
    return await room.write(call, (command,), lambda told: _told(room, told[0]) | {"told": told[0].told})


def _meant(room: Room, call: Call) -> str:
    name = call.params["person"]
    return attending.OWNER if name in {OWNER, room.owner} else name


def _told(room: Room, shown: AttentionShown) -> Json:
    found = shown.attention
    return {
        "person": room.owner if found.person == attending.OWNER else found.person,
        "timezone": found.zone or None,
        "quiet": found.quiet or None,
        "quiet_until": moment(shown.quiet_until),
        "breaks": list(found.breaks),
        "pushes": found.per_hour,
        "muted": list(shown.muted),
        "held": shown.held,
        "digest_at": moment(found.digest_at),
    }
