"""How the daemon is, and ending it."""

from __future__ import annotations

from typing import Any

from daemon.api.door import Call, Room

Json = dict[str, Any]


async def status(room: Room, call: Call) -> Json:
    return await room.status()


async def stop(room: Room, call: Call) -> Json:
    room.stop()
    return {"stopping": True}
