"""The feed: every committed event, resumable by its sequence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

from daemon.api.door import Call, Room
from daemon.core.errors import Gone
from daemon.engine.engine import Reading
from daemon.engine.feed import EVENTS
from daemon.wire import shapes

PAGE: Final = 200


async def feed(room: Room, call: Call) -> AsyncIterator[tuple[str, int, Any]]:
    """What was committed after ``after`` (without it: from now on), without an end.

    Raises:
        Gone: it is older than what is kept.

    """
    after = call.query.after
    return _following(room, await room.engine.read(lambda tx: _start(tx, after)))


async def _following(room: Room, seen: int) -> AsyncIterator[tuple[str, int, Any]]:
    with room.engine.feed.watching(EVENTS) as watch:
        while True:
            watch.take()
            while page := await room.engine.read(_after(seen)):
                for told in page:
                    seen = told.seq
                    yield told.event.type, told.seq, shapes.event(told)
            await watch.wait()


def _after(seen: int) -> Any:
    return lambda tx: tx.feed(seen, PAGE)


def _start(tx: Reading, after: int | None) -> int:
    if after is None:
        return tx.last_seq()
    if after + 1 < tx.first_seq():
        raise Gone(f"event {after} is no longer kept", f"begin after {tx.first_seq() - 1}")
    return after
