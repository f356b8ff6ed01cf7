"""What of the feed goes into the audit log, and how: ids, names and outcomes as they are, content never.

Rule: what is not listed in ``RECORDED`` with the event is written as a SHA-256 and a length. Messages are no security
events, only what becomes of them when that is uncertain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from daemon.core.model import Event, Told

Json = dict[str, Any]
_BOTH: Final = ("what", "evidence")
_WHAT: Final = ("what",)

RECORDED: Final[Mapping[str, tuple[str, ...]]] = {  # event -> its fields that hold names and outcomes only
    "registered": _BOTH,
    "renamed": _WHAT,
    "moved": _WHAT,
    "role_claimed": _BOTH,
    "role_lost": _BOTH,
    "persona_chosen": _BOTH,
    "forgotten": _WHAT,
    "killed": _BOTH,
    "restarting": _BOTH,
    "adopted": _BOTH,
    "invited": _WHAT,
    "pairing_failed": _WHAT,
    "paired": _WHAT,
    "knocked": _BOTH,
    "granted": _BOTH,
    "revoked": _BOTH,
    "removed": _WHAT,
    "approval_asked": _WHAT,
    "approval_decided": _WHAT,
    "approval_told": _WHAT,
    "approval_lost": _WHAT,
    "approval_closed": _WHAT,
    "stopped": _BOTH,
    "spawn_wanted": _BOTH,
    "spawn_began": _BOTH,
    "spawn_arrived": _BOTH,
    "spawn_waits": _WHAT,
    "spawn_failed": _WHAT,
    "spawn_over": _WHAT,
    "frozen": _BOTH,
    "thawed": _BOTH,
    "locked": _BOTH,
    "unlocked": _BOTH,
    "looked": _BOTH,
    "message_lost": _WHAT,
    "uncertain": _WHAT,
    "stalled": _WHAT,
    "dead": _WHAT,
}


def is_recorded(event: Event) -> bool:
    return event.type in RECORDED


def entry(told: Told) -> Json:
    """One line of the log, before it has its place in the chain."""
    event = told.event
    plain = RECORDED[event.type]
    said = {name: value for name in _BOTH if (value := getattr(event, name))}
    return {
        "at": told.at.isoformat(),
        "event": event.type,
        "ref": event.ref,
        "peer_id": event.peer_id,
        **{name: value if name in plain else digest(value) for name, value in said.items()},
        **({"detail": dict(event.detail)} if event.detail else {}),
    }


def digest(text: str) -> Json:
    """What stands for content: enough to recognise it, not to read it."""
    raw = text.encode("utf-8", "surrogatepass")
    return {"sha256": hashlib.sha256(raw).hexdigest(), "bytes": len(raw)}
