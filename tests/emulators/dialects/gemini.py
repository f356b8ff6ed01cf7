"""The Gemini API as Gemini CLI speaks it: `generateContent` for what it asks aside, a stream for its turns.

Rule: nothing is decided here. The shapes are those that Gemini CLI 0.61.0 sends and takes. No request names
its session, so whoever starts the program says which it is in a header of its own (`SESSION`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from aiohttp import web

from tests.emulators.dialects.interface import COUNTER, called, of_server, stream
from tests.emulators.model_script import Answer, Calls, Fails, Runs, Says, Words

SESSION = "X-Rig-Session"

_WRAPPING = re.compile(r"</?(hook_context|untrusted_context)>")
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}


class Gemini:
    paths = (r"/v1beta/models/{model:[^:/]+}:{verb:\w+}",)

    def is_aside(self, call: Mapping[str, Any]) -> bool:
        # The router, the summary of a session and the check for loops: no tools, or an answer by a schema.
        schema = "responseJsonSchema" in call.get("generationConfig", {})
        return schema or not call.get("tools")

    def session_id(self, request: web.Request, call: Mapping[str, Any]) -> str:
        return request.headers.get(SESSION, "")

    def words_of(self, call: Mapping[str, Any]) -> Iterator[Words]:
        for content in call["contents"]:
            if content.get("role") != "model":
                yield from map(_words, content["parts"])

    def bare(self, text: str) -> str:
        return _WRAPPING.sub("", text).strip()

    async def send(self, request: web.Request, call: Mapping[str, Any], answer: Answer) -> web.StreamResponse:
        if isinstance(answer, Fails):
            status = _STATUS.get(answer.status, "INTERNAL")
            body = {"error": {"code": answer.status, "message": answer.message, "status": status}}
            return web.json_response(body, status=answer.status)
        if request.match_info["verb"] == "countTokens":
            return web.json_response({"totalTokens": 1})
        said = _said(request.match_info["model"], answer)
        if request.match_info["verb"] == "streamGenerateContent":
            return await stream(request, [said], named=False)
        return web.json_response(said)


def _words(part: Mapping[str, Any]) -> Words:
    if "functionResponse" in part:
        return Words("tool", _output(part["functionResponse"].get("response", {})))
    text = part.get("text", "").strip()
    return Words("user", text, not text.startswith("<session_context>"))


def _output(response: Mapping[str, Any]) -> str:
    told = response.get("output", response.get("error"))
    return (told if isinstance(told, str) else json.dumps(response)).strip()


def _said(model: str, answer: Says | Calls | Runs) -> dict[str, Any]:
    content = {"role": "model", "parts": list(_parts(answer))}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    return {
        "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
        "usageMetadata": usage,
        "modelVersion": model,
        "responseId": f"response-{next(COUNTER):08}",
    }


def _parts(answer: Says | Calls | Runs) -> Iterator[dict[str, Any]]:
    text = answer.text if isinstance(answer, Says) else answer.saying
    if text or isinstance(answer, Says):
        yield {"text": text}
    if not isinstance(answer, Says):
        call = called(answer, ("run_shell_command", "command"))
        named = of_server(call.name)
        name = f"mcp_{named[0]}_{named[1]}" if named else call.name
        yield {"functionCall": {"name": name, "args": dict(call.input)}}
