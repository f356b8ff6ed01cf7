"""One request of a client, whatever way its arguments came: query, form or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.emulators.slack.limits import Refusal

# These read no JSON body: what stands in one is as if it had not been said.
FORM_ONLY = frozenset(
    {"conversations.history", "conversations.replies", "conversations.info", "conversations.list"}
    | {
        "conversations.members",
        "chat.getPermalink",
        "users.info",
        "users.conversations",
        "files.info",
        "files.getUploadURLExternal",
    }
)


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    token_in_query: bool = False

    @property
    def channel(self) -> str:
        return self.text("channel") or self.text("channel_id")

    def text(self, name: str) -> str:
        value = self.arguments.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, default: int) -> int:
        value = self.text(name).strip('"')
        if not value:
            return default
        if not value.isdigit():
            raise Refusal(f"invalid_{name}")
        return int(value)

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.text(name).lower()
        return value in {"true", "1"} if value else default

    def tree(self, name: str, error: str = "invalid_arguments") -> Any:
        """Return an argument that is an object or array; a form carries it as JSON text, and JSON may."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise Refusal(error) from None


async def read_call(request: web.Request) -> Call:
    """Read the arguments of a request.

    Raises:
        Refusal: a body that is no JSON object.
    """
    method = request.match_info["method"]
    arguments: dict[str, Any] = dict(request.query)
    in_query = "token" in arguments
    if request.content_type == "application/json":
        body = await _json_object(request)
        arguments |= {} if method in FORM_ONLY else body
    elif request.can_read_body:
        arguments |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token = bearer or str(arguments.pop("token", ""))
    return Call(method, arguments, token, in_query)


async def _json_object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise Refusal("invalid_json") from None
    if not isinstance(body, dict):
        raise Refusal("json_not_object")
    return {name: value for name, value in body.items() if value is not None}
