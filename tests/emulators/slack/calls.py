"""One request of a client, whatever way its arguments came: query, form or JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tests.emulators import calls
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
class Call(calls.Call):
    token: str = ""
    token_in_query: bool = False

    @property
    def channel(self) -> str:
        return self.text("channel") or self.text("channel_id")

    def marks(self) -> dict[str, Any]:
        return {"channel": self.channel, "token_in_query": self.token_in_query}

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
        return self.parsed(name, Refusal(error))


async def read_call(request: web.Request) -> Call:
    """Read the arguments of a request.

    Raises:
        Refusal: a body that is no JSON object.
    """
    method = request.match_info["method"]
    arguments: dict[str, Any] = dict(request.query)
    in_query = "token" in arguments
    if request.content_type == "application/json":
        body = await calls.json_object(request, Refusal("invalid_json"), Refusal("json_not_object"))
        arguments |= {} if method in FORM_ONLY else body
    elif request.can_read_body:
        arguments |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    bearer = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token = bearer or str(arguments.pop("token", ""))
    return Call(method, arguments, token, in_query)
