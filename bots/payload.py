"""What a platform said, as an object, and what stands in it; what is of another kind is as good as not there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any


def object_in(payload: bytes | str) -> dict[str, Any]:
    """The object that stands there; {} for whatever else does, a page for instance."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def text_in(value: object) -> str:
    return value if isinstance(value, str) else ""


def number_in(value: object) -> int:
    """A number from 0 on; true is a number to Python alone."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def timed(seconds: float) -> str | None:
    """Seconds since 1970 as RFC 3339; None for what is no time."""
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
