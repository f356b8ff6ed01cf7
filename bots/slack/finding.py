"""Whether something of ours stands in a channel already: what was posted without an answer is looked for, not repeated.

Messages are found by the metadata they were posted with, files by name and size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from bots.slack.blocks import key_in
from bots.slack.conversations import pages

PAGE: Final = 200
MOST_PAGES: Final = 10
CLOCKS_APART_S: Final = 600.0  #: how far ours may be before Slack's
Shape = Mapping[str, Any]
Fits = Callable[[Shape], bool]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something is posted: a channel, or a thread of it."""

    channel: str
    thread: str = ""


class Reads(Protocol):
    """What of the Web API is needed for it."""

    async def look_for(self, method: str, **parameters: Any) -> Mapping[str, Any]: ...


async def found(api: Reads, spot: Spot, since: str, fits: Fits) -> str:
    """Return the ts of what fits, or "": it is not there.

    Raises:
        NotNow: it cannot be looked for now.
        NotEver: it cannot be looked for.

    """
    asked = {"oldest": since, "limit": PAGE, "include_all_metadata": True}
    async for page in pages(api.look_for, MOST_PAGES, spot.channel, spot.thread, **asked):
        if ts := next((each["ts"] for each in page if fits(each) and isinstance(each.get("ts"), str)), ""):
            return str(ts)
    return ""


def since(made_at: datetime | None, before: str) -> str:
    """From when on it can be there: after the part ``before`` it, or soon before it was made."""
    if before:
        return before
    return f"{max(0.0, made_at.timestamp() - CLOCKS_APART_S):.6f}" if made_at else "0"


def posted_as(key: str) -> Fits:
    return lambda message: key_in(message) == key


def brought(name: str, size: int, user: str) -> Fits:
    """A message of ours that brings this file."""

    def fits(message: Shape) -> bool:
        files = message.get("files")
        there = [each for each in files if isinstance(each, Mapping)] if isinstance(files, list) else []
        return message.get("user") == user and any(
            each.get("name") == name and each.get("size") == size for each in there
        )

    return fits


def shown_in(told: Shape, channel: str) -> str:
    """The ts of the message that shows a file in a channel, by what is told of the file; "" if that is not told."""
    file = told.get("file")
    shares = file.get("shares") if isinstance(file, Mapping) else None
    for kind in ("public", "private"):
        there = shares.get(kind) if isinstance(shares, Mapping) else None
        shown = there.get(channel) if isinstance(there, Mapping) else None
        first = shown[0] if isinstance(shown, list) and shown else None
        if isinstance(first, Mapping) and isinstance(ts := first.get("ts"), str):
            return ts
    return ""
