"""One request of a client: what it calls and with what, whatever way that came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def marks(self) -> dict[str, Any]:
        """Return what the record of it has on this platform more than on every one."""
        return {}

    def text(self, name: str) -> str:
        value = self.arguments.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def parsed(self, name: str, otherwise: Exception) -> Any:
        """Return an argument that is an object or array; a form carries it as JSON text, and JSON may.

        Raises:
            Exception: `otherwise`, for a text that is no JSON.
        """
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise otherwise from None


async def json_object(request: web.Request, no_json: Exception, no_object: Exception) -> dict[str, Any]:
    """Return the members of a body that say something.

    Raises:
        Exception: one of the two given.
    """
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise no_json from None
    if not isinstance(body, dict):
        raise no_object
    return {name: value for name, value in body.items() if value is not None}
