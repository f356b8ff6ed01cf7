"""The OpenAI Responses API as Codex speaks it: every request brings the whole input, every answer is a stream.

Rule: nothing is decided here. The shapes are those that Codex 0.169.0 sends and takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from tests.emulators.dialects.interface import COUNTER, called, of_server, stream
from tests.emulators.model_script import Answer, Calls, Fails, Runs, Says, Words

# The program's own standing text, in developer and in user pieces.
_SURROUNDINGS = re.compile(
    r"You are a coding agent running in the Codex CLI"
    r"|# AGENTS\.md instructions"
    r"|<(environment_context|user_instructions|turn_aborted|model_switch|personality_spec"
    r"|[a-z_]+ instructions|[a-z]+_instructions|collaboration_mode)\b"
)
_ASKING = {
    "sandbox_permissions": "require_escalated",
    "justification": "May this run outside of the sandbox?",
}
_WRAPPING = re.compile(r"</?hook_prompt[^>]*>")


class Responses:
    paths = ("/v1/responses",)

    def is_aside(self, call: Mapping[str, Any]) -> bool:
        return not call.get("tools") or "format" in (call.get("text") or {})

    def session_id(self, request: web.Request, call: Mapping[str, Any]) -> str:
        return request.headers.get("thread-id") or str(call.get("prompt_cache_key", ""))

    def words_of(self, call: Mapping[str, Any]) -> Iterator[Words]:
        called: dict[str, tuple[str, str]] = {}
        for item in call["input"]:
            role = item.get("role", "")
            if item["type"] == "function_call":
                called[item["call_id"]] = _called(item)
            elif item["type"] in ("function_call_output", "custom_tool_call_output"):
                yield Words("tool", _text(item["output"]), True, *called.get(item["call_id"], ()))
            elif item["type"] == "message" and role != "assistant":
                for text in map(str.strip, _texts(item["content"])):
                    named = "user" if role == "user" else "system"
                    yield Words(named, text, not _SURROUNDINGS.match(text))

    def bare(self, text: str) -> str:
        return _WRAPPING.sub("", text).strip()

    async def send(self, request: web.Request, call: Mapping[str, Any], answer: Answer) -> web.StreamResponse:
        if isinstance(answer, Fails):
            kind = "rate_limit_exceeded" if answer.status == 429 else "invalid_request_error"
            body = {"error": {"type": kind, "code": kind, "message": answer.message}}
            return web.json_response(body, status=answer.status)
        return await stream(request, _events(call["model"], list(_items(answer))), named=True)


def _called(item: Mapping[str, Any]) -> tuple[str, str]:
    """The tool's name as a script has it, and what it was given."""
    place = f"{item['namespace']}__" if item.get("namespace") else ""
    return f"{place}{item['name']}", item.get("arguments", "")


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    yield from (part["text"] for part in content if "text" in part)


def _text(output: Any) -> str:
    return "\n".join(_texts(output)).strip()


def _items(answer: Says | Calls | Runs) -> Iterator[dict[str, Any]]:
    number = next(COUNTER)
    text = answer.text if isinstance(answer, Says) else answer.saying
    if text or isinstance(answer, Says):
        content = [{"type": "output_text", "text": text, "annotations": []}]
        yield {
            "type": "message",
            "id": f"msg_{number:08}",
            "role": "assistant",
            "status": "completed",
            "content": content,
        }
    if not isinstance(answer, Says):
        call = called(answer, ("exec_command", "cmd"))
        asking = isinstance(answer, Runs) and answer.asking
        yield _call(replace(call, input={**call.input, **_ASKING}) if asking else call, number)


def _call(call: Calls, number: int) -> dict[str, Any]:
    item = {
        "type": "function_call",
        "id": f"fc_{number:08}",
        "call_id": f"call_{number:08}",
        "name": call.name,
        "arguments": json.dumps(dict(call.input)),
        "status": "completed",
    }
    if named := of_server(call.name):
        item |= {"namespace": f"mcp__{named[0]}", "name": named[1]}
    return item


def _events(model: str, items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    response = {"id": f"resp_{next(COUNTER):08}", "object": "response", "model": model, "output": items}
    yield {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}}
    for index, item in enumerate(items):
        place = {"output_index": index, "item_id": item["id"]}
        yield {"type": "response.output_item.added", "output_index": index, "item": _opened(item)}
        if item["type"] == "message":
            text = item["content"][0]["text"]
            yield {"type": "response.output_text.delta", "content_index": 0, "delta": text, **place}
            yield {"type": "response.output_text.done", "content_index": 0, "text": text, **place}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    yield {"type": "response.completed", "response": {**response, "status": "completed", "usage": usage}}


def _opened(item: Mapping[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
    return {**item, "status": "in_progress", **empty}
