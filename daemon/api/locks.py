"""The lock of the line: set and taken away at the machine only; a chat sets it by a word."""

from __future__ import annotations

from typing import Any

from daemon.api.circles import who
from daemon.api.door import Call, Room
from daemon.core import commands as c
from daemon.core.model import Lock
from daemon.wire import shapes

Json = dict[str, Any]


async def lock(room: Room, call: Call) -> Json:
    """Nothing more is taken from any chat."""
    return await room.write(call, (c.Lock(by=who(room)),), lambda told: shape(told[0]))


async def unlock(room: Room, call: Call) -> Json:
    """Chats are heard again."""
    return await room.write(call, (c.Unlock(by=who(room)),), lambda _: shape(None))


def shape(locked: Lock | None) -> Json:
    if locked is None or locked.locked_at is None:
        return {"locked": False}
    return {"locked": True, "since": shapes.moment(locked.locked_at), "by": locked.locked_by}
