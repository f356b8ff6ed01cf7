"""The Anthropic Messages API: what a request of Claude Code says, and an answer as a stream or in one piece.

Rule: nothing is decided here. The shapes are those that Claude Code 2.1.329 sends and takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aiohttp import web

from tests.emulators.dialects.interface import COUNTER, called, stream
from tests.emulators.model_script import Answer, Calls, Fails, Runs, Says, Words

# A session is spoken to by hooks and by other sessions in system pieces; all the rest there is surroundings.
_SPEAKS = re.compile(
    r"hook (additional context|feedback|blocking error)|Another Claude session", re.IGNORECASE
)
_WRAPPING = re.compile(r"</?(pasted_content|system-reminder|cross-session-message)[^>]*>")
_CROSS_SESSION = re.compile(r"\s*This came from another Claude session.*", re.DOTALL)
_HTTP_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_NO_USAGE = {"input_tokens": 1, "output_tokens": 1}


class Anthropic:
    paths = ("/v1/messages",)

    def is_aside(self, call: Mapping[str, Any]) -> bool:
        # A turn offers tools; titles and summaries offer none or want a JSON schema; suggestions name themselves.
        if not call.get("tools") or "format" in call.get("output_config", {}):
            return True
        return any(each.text.startswith("[SUGGESTION MODE:") for each in _words(call["messages"][-1:]))

    def session_id(self, request: web.Request, call: Mapping[str, Any]) -> str:
        who = call.get("metadata", {}).get("user_id", "")
        try:
            return str(json.loads(who)["session_id"])
        except (ValueError, KeyError, TypeError):
            return str(who)

    def words_of(self, call: Mapping[str, Any]) -> Iterator[Words]:
        return _words(call["messages"])

    def bare(self, text: str) -> str:
        """Without the wrapping of a paste, of a hook's words or of another session's message."""
        return _WRAPPING.sub("", _CROSS_SESSION.sub("", text)).strip()

    async def send(self, request: web.Request, call: Mapping[str, Any], answer: Answer) -> web.StreamResponse:
        if isinstance(answer, Fails):
            kind = _HTTP_ERRORS.get(answer.status, "api_error")
            body = {"type": "error", "error": {"type": kind, "message": answer.message}}
            return web.json_response(body, status=answer.status, headers=answer.headers)
        message = _message(call["model"], answer)
        if not call.get("stream"):
            return web.json_response(message)
        return await stream(request, _events(message), named=True)


def _words(messages: Sequence[Mapping[str, Any]]) -> Iterator[Words]:
    called: dict[str, tuple[str, str]] = {}
    for message in messages:
        if message["role"] == "assistant":
            called |= dict(_calls(message["content"]))
            continue
        for role, text, call_id in _pieces(message["role"], message["content"]):
            said = text.strip()
            yield Words(role, said, _addressed(role, said), *called.get(call_id, ()))


def _calls(content: str | Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, tuple[str, str]]]:
    """By the id of each call: the tool's name, and what it was given."""
    for block in () if isinstance(content, str) else content:
        if block["type"] == "tool_use":
            yield block["id"], (block["name"], json.dumps(block["input"]))


def _addressed(role: str, text: str) -> bool:
    surroundings = role == "system" or text.startswith("<system-reminder>")
    return not surroundings or bool(_SPEAKS.search(text))


def _pieces(role: str, content: str | Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    """Who says it, the text, and of a tool's result the id of the call."""
    if isinstance(content, str):
        yield role, content, ""
        return
    for block in content:
        if block["type"] == "text":
            yield role, block["text"], ""
        elif block["type"] == "tool_result":
            told = "\n".join(text for _, text, _ in _pieces("tool", block.get("content", "")))
            yield "tool", told, block.get("tool_use_id", "")


def _message(model: str, answer: Says | Calls | Runs) -> dict[str, Any]:
    number = next(COUNTER)
    return {
        "id": f"msg_{number:08}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": list(_blocks(answer, f"toolu_{number:08}")),
        "stop_reason": "end_turn" if isinstance(answer, Says) else "tool_use",
        "stop_sequence": None,
        "usage": _NO_USAGE,
    }


def _blocks(answer: Says | Calls | Runs, call_id: str) -> Iterator[dict[str, Any]]:
    if text := answer.text if isinstance(answer, Says) else answer.saying:
        yield {"type": "text", "text": text}
    if not isinstance(answer, Says):
        call = called(answer, ("Bash", "command"))
        yield {"type": "tool_use", "id": call_id, "name": call.name, "input": dict(call.input)}


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
