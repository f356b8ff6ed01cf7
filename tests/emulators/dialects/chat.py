"""The OpenAI Chat Completions API as OpenCode speaks it to a provider that a user configured.

Rule: nothing is decided here. The shapes are those that OpenCode 1.18.33 sends and takes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from tests.emulators.dialects.interface import COUNTER, called, of_server, stream
from tests.emulators.model_script import Answer, Calls, Fails, Runs, Says, Words


class ChatCompletions:
    paths = ("/v1/chat/completions",)

    def is_aside(self, call: Mapping[str, Any]) -> bool:
        return not call.get("tools")

    def session_id(self, request: web.Request, call: Mapping[str, Any]) -> str:
        return request.headers.get("x-session-id", "")

    def words_of(self, call: Mapping[str, Any]) -> Iterator[Words]:
        for message in call["messages"]:
            role = message["role"]
            if role != "assistant":
                for text in _texts(message["content"]):
                    yield Words(role, text.strip(), role != "system")

    def bare(self, text: str) -> str:
        return text.strip()

    async def send(self, request: web.Request, call: Mapping[str, Any], answer: Answer) -> web.StreamResponse:
        if isinstance(answer, Fails):
            body = {"error": {"message": answer.message, "type": "script", "code": answer.status}}
            return web.json_response(body, status=answer.status)
        response = await stream(request, _chunks(call["model"], answer), named=False)
        await response.write(b"data: [DONE]\n\n")
        return response


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
        return
    yield from (part["text"] for part in content if part.get("type") == "text")


def _chunks(model: str, answer: Says | Calls | Runs) -> Iterator[dict[str, Any]]:
    head = {
        "id": f"chatcmpl-{next(COUNTER):08}",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": model,
    }
    text = answer.text if isinstance(answer, Says) else answer.saying
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": text}]
    if not isinstance(answer, Says):
        deltas.append({"tool_calls": [_call(called(answer, ("bash", "command")))]})
    for delta in deltas:
        yield {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    ending = "stop" if isinstance(answer, Says) else "tool_calls"
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    yield {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": ending}], "usage": usage}


def _call(call: Calls) -> dict[str, Any]:
    named = of_server(call.name)
    name = f"{named[0]}_{named[1]}" if named else call.name
    function = {"name": name, "arguments": json.dumps(dict(call.input))}
    return {"index": 0, "id": f"call_{next(COUNTER):08}", "type": "function", "function": function}
