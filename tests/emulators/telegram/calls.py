"""One request of a bot, whatever way its arguments came: query, form, multipart or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.emulators.telegram.limits import Refusal


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    @property
    def chat_id(self) -> int | None:
        value = str(self.arguments.get("chat_id", ""))
        return int(value) if value.lstrip("-").isdigit() else None

    def text(self, name: str) -> str:
        value = self.arguments.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, default: int = 0) -> int:
        value = str(self.arguments.get(name, default))
        # The real server reads what is no number as nothing.
        return int(float(value)) if value.lstrip("-").replace(".", "", 1).isdigit() else default

    def flag(self, name: str) -> bool:
        return str(self.arguments.get(name, "")).lower() in {"true", "1", "yes"}

    def tree(self, name: str) -> Any:
        """Return an argument that is an object or array; form bodies carry it as JSON text."""
        value = self.arguments.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value else None
        except ValueError:
            raise Refusal(f"can't parse {name.replace('_', ' ')} JSON object") from None


async def read_call(request: web.Request) -> Call:
    """Read the arguments of a request.

    Raises:
        Refusal: a body that is no JSON object, or too large.
    """
    method = request.match_info["method"]
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        return Call(method, arguments | await _json_object(request))
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise Refusal("Request Entity Too Large", code=413) from None
    files = {}
    for name, value in form.items():
        if isinstance(value, web.FileField):
            files[name] = Upload(value.filename, value.file.read())
            value.file.close()
        else:
            arguments[name] = value if isinstance(value, str) else bytes(value).decode()
    return Call(method, arguments, files)


async def _json_object(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.text() or "{}")
    except ValueError:
        raise Refusal("can't parse JSON object") from None
    if not isinstance(body, dict):
        raise Refusal("can't parse JSON object")
    return {name: value for name, value in body.items() if value is not None}
