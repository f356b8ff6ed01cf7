"""The Anthropic Messages API as bytes: what a request says, and an answer as a stream or in one piece.

Rule: nothing is decided here. The shapes are those that Claude Code 2.1.329 sends and takes.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

# A session is spoken to by hooks and by other sessions in system pieces; all the rest there is surroundings.
_SPEAKS = re.compile(
    r"hook (additional context|feedback|blocking error)|Another Claude session", re.IGNORECASE
)
_WRAPPING = re.compile(r"</?(pasted_content|system-reminder|cross-session-message)[^>]*>")
_CROSS_SESSION = re.compile(r"\s*This came from another Claude session.*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Says:
    """Words; `{1}` or `{name}` stands for a group of the rule's pattern.

    "" is an answer without content: the program asks once more ("Your previous response had no visible
    output"), so a turn that ends without words needs a rule for that question too.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Calls:
    """A tool call; groups of the pattern are filled into every string of the input, as in `Says`."""

    name: str
    input: Mapping[str, Any]
    saying: str = ""


@dataclass(frozen=True, slots=True)
class Fails:
    """An HTTP error: repeated, 429 and 5xx with pauses (CLAUDE_CODE_MAX_RETRIES), then the turn fails."""

    status: int
    message: str = "the script says so"


Answer = Says | Calls | Fails


@dataclass(frozen=True, slots=True)
class Words:
    role: str  # "user", "system" or "tool"
    text: str

    @property
    def addressed(self) -> bool:
        """Whether somebody says this now, so that an answer should depend on it."""
        surroundings = self.role == "system" or self.text.startswith("<system-reminder>")
        return not surroundings or bool(_SPEAKS.search(self.text))


def bare(text: str) -> str:
    """`text` without what the program wraps around a paste, a hook's words or another session's message."""
    return _WRAPPING.sub("", _CROSS_SESSION.sub("", text)).strip()


def is_aside(call: Mapping[str, Any]) -> bool:
    # A turn offers tools; titles and summaries offer none or want a JSON schema; suggestions name themselves.
    if not call.get("tools") or "format" in call.get("output_config", {}):
        return True
    return any(each.text.startswith("[SUGGESTION MODE:") for each in words_of(call["messages"][-1:]))


def session_id(call: Mapping[str, Any]) -> str:
    who = call.get("metadata", {}).get("user_id", "")
    try:
        return str(json.loads(who)["session_id"])
    except (ValueError, KeyError, TypeError):
        return str(who)


def words_of(messages: Sequence[Mapping[str, Any]]) -> Iterator[Words]:
    for message in messages:
        if message["role"] != "assistant":
            for role, text in _pieces(message["role"], message["content"]):
                yield Words(role, text.strip())


def _pieces(role: str, content: str | Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    if isinstance(content, str):
        yield role, content
        return
    for block in content:
        if block["type"] == "text":
            yield role, block["text"]
        elif block["type"] == "tool_result":
            yield "tool", "\n".join(text for _, text in _pieces("tool", block.get("content", "")))


_COUNTER = itertools.count(1)
_HTTP_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_NO_USAGE = {"input_tokens": 1, "output_tokens": 1}


async def send(request: web.Request, call: Mapping[str, Any], answer: Answer) -> web.StreamResponse:
    if isinstance(answer, Fails):
        kind = _HTTP_ERRORS.get(answer.status, "api_error")
        body = {"type": "error", "error": {"type": kind, "message": answer.message}}
        return web.json_response(body, status=answer.status)
    message = _message(call["model"], answer)
    if not call.get("stream"):
        return web.json_response(message)
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for event in _events(message):
        await response.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    return response


def _message(model: str, answer: Says | Calls) -> dict[str, Any]:
    number = next(_COUNTER)
    return {
        "id": f"msg_{number:08}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(_blocks(answer, f"toolu_{number:08}")),
        "stop_reason": "tool_use" if isinstance(answer, Calls) else "end_turn",
        "stop_sequence": None,
        "usage": _NO_USAGE,
    }


def _blocks(answer: Says | Calls, call_id: str) -> Iterator[dict[str, Any]]:
    if text := answer.text if isinstance(answer, Says) else answer.saying:
        yield {"type": "text", "text": text}
    if isinstance(answer, Calls):
        yield {"type": "tool_use", "id": call_id, "name": answer.name, "input": dict(answer.input)}


def _events(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The stream in which `message` would arrive: opened empty, filled block by block, closed."""
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        empty, delta = _opened(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    ending = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": ending, "usage": _NO_USAGE}
    yield {"type": "message_stop"}


def _opened(block: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    if block["type"] == "text":
        return {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
    delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    return {**block, "input": {}}, delta
