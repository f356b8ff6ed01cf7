"""What a platform said, as an object."""

from __future__ import annotations

import json
from typing import Any


def object_in(payload: bytes | str) -> dict[str, Any]:
    """The object that stands there; {} for whatever else does, a page for instance."""
    try:
        found = json.loads(payload)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
