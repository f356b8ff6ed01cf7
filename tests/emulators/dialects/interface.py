"""How a model is spoken to by one kind of agent, and the bytes that all kinds of answers have in common.

Rule: a dialect reads a request and writes an answer, and decides nothing: what is said is the script's.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from aiohttp import web

from tests.emulators.model_script import Answer, Calls, Runs, Words

COUNTER = itertools.count(1)


class Dialect(Protocol):
    @property
    def paths(self) -> tuple[str, ...]: ...

    def is_aside(self, call: Mapping[str, Any]) -> bool:
        """Whether this is a title, a summary or the like, and no turn of the conversation."""
        ...

    def session_id(self, request: web.Request, call: Mapping[str, Any]) -> str:
        """Whose history it is; one session is one memory of what was heard."""
        ...

    def words_of(self, call: Mapping[str, Any]) -> Iterator[Words]:
        """The whole history without the model's own part of it, each piece stripped."""
        ...

    def bare(self, text: str) -> str:
        """`text` without what the program wraps around it."""
        ...

    async def send(
        self, request: web.Request, call: Mapping[str, Any], answer: Answer
    ) -> web.StreamResponse: ...


def called(answer: Calls | Runs, shell: tuple[str, str]) -> Calls:
    """A shell command as a call of the tool `shell[0]`, with the command as its argument `shell[1]`."""
    if isinstance(answer, Runs):
        return Calls(shell[0], {shell[1]: answer.command}, answer.saying)
    return answer


def of_server(name: str) -> tuple[str, str] | None:
    """`mcp__peerline__ask_peer` is ("peerline", "ask_peer"); None: no tool of an MCP server."""
    if not name.startswith("mcp__"):
        return None
    server, _, tool = name.removeprefix("mcp__").partition("__")
    return server, tool


async def stream(
    request: web.Request, events: Iterable[Mapping[str, Any]], *, named: bool
) -> web.StreamResponse:
    """Server-sent events; `named` ones carry their own `type` as the event's name."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in events:
        name = f"event: {event['type']}\n" if named else ""
        await response.write(f"{name}data: {json.dumps(event)}\n\n".encode())
    return response
