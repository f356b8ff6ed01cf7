"""One request of a bot, whatever way its arguments came: query, form, multipart or JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.emulators import calls
from tests.emulators.telegram.limits import Refusal


@dataclass(frozen=True, slots=True)
class Upload:
    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Call(calls.Call):
    files: Mapping[str, Upload] = field(default_factory=dict)

    @property
    def chat_id(self) -> int | None:
        value = str(self.arguments.get("chat_id", ""))
        return int(value) if value.lstrip("-").isdigit() else None

    def marks(self) -> dict[str, Any]:
        return {"chat_id": self.chat_id}

    def number(self, name: str, default: int = 0) -> int:
        value = str(self.arguments.get(name, default))
        # The real server reads what is no number as nothing.
        return int(float(value)) if value.lstrip("-").replace(".", "", 1).isdigit() else default

    def flag(self, name: str) -> bool:
        return str(self.arguments.get(name, "")).lower() in {"true", "1", "yes"}

    def tree(self, name: str) -> Any:
        return self.parsed(name, Refusal(f"can't parse {name.replace('_', ' ')} JSON object"))


async def read_call(request: web.Request) -> Call:
    """Read the arguments of a request.

    Raises:
        Refusal: a body that is no JSON object, or too large.
    """
    method = request.match_info["method"]
    arguments: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        no_object = Refusal("can't parse JSON object")
        return Call(method, arguments | await calls.json_object(request, no_object, no_object))
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
