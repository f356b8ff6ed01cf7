"""What was said while nobody heard: channels, direct messages and live threads are read again, and go the same way in.

A silence is kept like any update: whoever crashes while reading it back begins anew. Rule: a little more is read than
can be missing; what is known already comes to nothing by its id.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from bots.interface import NotEver, NotNow, Raw, Unsure
from bots.slack.hearing import EVENTS, Me, raw_of
from bots.slack.ids import Web, address_of, is_direct, room_of, thread_of
from bots.slack.proper import is_ts

Shape = Mapping[str, Any]
SILENCE: Final = "silence"
OVERLAP_S: Final = 60.0  #: what came by several sockets came in any order
LIVE_S: Final = 7 * 86_400.0  #: a thread in which nothing was said for so long is not read again
MOST_THREADS: Final = 50
PAGE: Final = 200
MOST_PAGES: Final = 20
OLDER_PAGES: Final = 3  #: of each room, in which threads are sought that began before and went on since
AGAIN_S: Final = 3.0
AT_ONCE: Final = 100  #: that are kept in one commit
log = logging.getLogger(__name__)


def silence(known: Mapping[str, str], name: str) -> Raw | None:
    """What is to be read again after a silence, as an update of its own; None: nothing was ever heard.

    ``known``: every conversation with its newest update; ``name`` makes it one of its own.
    """
    newest = [ts for ts in map(_ts_in, known.values()) if ts]
    if not newest:
        return None
    since = max(newest) - OVERLAP_S
    last = {address: _ts_in(each) or _ts_in(f"/{thread_of(address)}") for address, each in known.items()}
    living = sorted(
        (at, address) for address, at in last.items() if thread_of(address) and at > since - LIVE_S
    )
    threads = [address for _, address in living[-MOST_THREADS:]]
    rooms = sorted({room_of(address) for address in known if not thread_of(address)} - {SILENCE, ""})
    told = {"since": f"{since:.6f}", "rooms": rooms, "threads": threads}
    return Raw(
        update_id=f"{SILENCE}/{name}", lane=SILENCE, body=json.dumps({"kind": SILENCE, "payload": told})
    )


async def missed(web: Web, me: Me, told: Shape) -> AsyncIterator[list[Raw]]:
    """Yield what was said since, oldest first in each place; what cannot be read is left out."""
    since, threads = str(told["since"]), set(told["threads"])
    for room in told["rooms"]:
        async for messages in _read(web, "conversations.history", room, since):
            threads |= {address_of(room, ts) for each in messages if (ts := _answered_since(each, since))}
            yield raws_of(messages, await _channel(web, room), me)
        threads |= {address_of(room, ts) for ts in await _older(web, room, since)}
    for address in sorted(threads):
        async for messages in _read(
            web, "conversations.replies", room_of(address), since, thread_of(address)
        ):
            yield raws_of(messages, await _channel(web, room_of(address)), me)


def raws_of(messages: list[Shape], channel: str, me: Me) -> list[Raw]:
    """What these messages would have been told as, each with how it was changed since."""
    found = []
    for message in messages:
        event = {"type": "message", "channel": channel}
        changed = {"subtype": "message_changed", "message": message, "previous_message": {}}
        told = [{**message, **event}, *([changed | event] if message.get("edited") else [])]
        raws = (raw_of(EVENTS, {"team_id": me.team, "event": each}, me) for each in told)
        found += [raw for raw in raws if raw]
    return found


async def insisted(web: Web, method: str, **parameters: Any) -> Shape:
    """Ask until there is an answer.

    Raises:
        NotEver: there will be none.

    """
    while True:
        try:
            return await web.call(method, **parameters)
        except (NotNow, Unsure) as failure:
            wish = failure.after_s if isinstance(failure, NotNow) else None
            await asyncio.sleep(wish or AGAIN_S)


async def _channel(web: Web, room: str) -> str:
    if not is_direct(room):
        return room
    while True:
        try:
            return await web.channel_of(room)
        except (NotNow, Unsure) as failure:
            wish = failure.after_s if isinstance(failure, NotNow) else None
            await asyncio.sleep(wish or AGAIN_S)


async def _read(web: Web, method: str, room: str, since: str, thread: str = "") -> AsyncIterator[list[Shape]]:
    """All of one place, in one piece: pages come newest first, and are kept oldest first."""
    found: list[Shape] = []
    cursor: str | None = None
    try:
        channel = await _channel(web, room)
        for _ in range(MOST_PAGES):
            place = {
                "channel": channel,
                "oldest": since,
                "limit": PAGE,
                "cursor": cursor,
                "ts": thread or None,
            }
            told = await insisted(web, method, **place)
            found += [each for each in told.get("messages") or [] if isinstance(each, Mapping)]
            cursor = (told.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                break
    except NotEver as never:
        log.warning("what was said in %s meanwhile cannot be read: %s", room, never)
    if found:
        yield sorted(found, key=lambda each: _number(each.get("ts")))


async def _older(web: Web, room: str, since: str) -> list[str]:
    """Threads that began before and went on since, such as below an agent's question: nobody spoke in them yet."""
    found: list[str] = []
    cursor: str | None = None
    oldest = f"{max(0.0, _number(since) - LIVE_S):.6f}"
    try:
        channel = await _channel(web, room)
        for _ in range(OLDER_PAGES):
            place = {"channel": channel, "oldest": oldest, "latest": since, "limit": PAGE, "cursor": cursor}
            told = await insisted(web, "conversations.history", **place)
            messages = [each for each in told.get("messages") or [] if isinstance(each, Mapping)]
            found += [ts for each in messages if (ts := _answered_since(each, since))]
            cursor = (told.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                break
    except NotEver as never:
        log.debug("older threads of %s cannot be looked for: %s", room, never)
    return found


def _answered_since(message: Shape, since: str) -> str:
    """The thread that a message began, if somebody wrote there since."""
    ts, latest = message.get("ts"), message.get("latest_reply")
    return ts if is_ts(ts) and _number(latest) >= _number(since) else ""


def _ts_in(update_id: str) -> float:
    """The time in an id such as ``C1/1700000000.000100``; 0.0 where there is none."""
    parts = update_id.split("/")
    return _number(parts[1]) if len(parts) > 1 else 0.0


def _number(ts: object) -> float:
    return float(ts) if is_ts(ts) else 0.0
