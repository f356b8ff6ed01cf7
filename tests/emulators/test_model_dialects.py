"""One script, four dialects: what each program would be told, read from the bytes it would get."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from tests.emulators.model_api import Calls, Fails, ModelApi, Rule, Runs, Says, Script

SCRIPT = Script(
    (
        Rule(r"run (\w+)", Runs("echo {1}")),
        Rule("call", Calls("mcp__peerline__ask_peer", {"peer": "bob"})),
        Rule("fail", Fails(429, "slowly")),
        Rule("later", Says("now"), gate="later"),
    )
)


@dataclass(frozen=True, slots=True)
class Speaker:
    """How a program asks: `body(words)` is a first request, and `said` what it would understand of the answer."""

    name: str
    path: str
    headers: Mapping[str, str]
    body: Callable[..., dict[str, Any]]
    said: Callable[[list[dict[str, Any]]], Any]
    shell: tuple[str, str]
    tool: Any


TOOLS = [{"name": "anything"}]


def _anthropic(*words: str) -> dict[str, Any]:
    who = json.dumps({"session_id": "s-1"})
    messages = [{"role": "user", "content": each} for each in words]
    return {"model": "m", "stream": True, "tools": TOOLS, "metadata": {"user_id": who}, "messages": messages}


def _responses(*words: str) -> dict[str, Any]:
    items = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": each}]}
        for each in words
    ]
    return {"model": "m", "stream": True, "tools": TOOLS, "input": items}


def _gemini(*words: str) -> dict[str, Any]:
    return {"tools": TOOLS, "contents": [{"role": "user", "parts": [{"text": each}]} for each in words]}


def _chat(*words: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": each} for each in words]
    return {"model": "m", "stream": True, "tools": TOOLS, "messages": messages}


def _said_anthropic(events: list[dict[str, Any]]) -> Any:
    [block] = [each["content_block"] for each in events if each["type"] == "content_block_start"]
    [delta] = [each["delta"] for each in events if each["type"] == "content_block_delta"]
    return delta["text"] if block["type"] == "text" else (block["name"], json.loads(delta["partial_json"]))


def _said_responses(events: list[dict[str, Any]]) -> Any:
    [item] = [each["item"] for each in events if each["type"] == "response.output_item.done"]
    assert events[-1]["type"] == "response.completed"
    if item["type"] == "message":
        return item["content"][0]["text"]
    named = (item["namespace"], item["name"]) if "namespace" in item else item["name"]
    return named, json.loads(item["arguments"])


def _said_gemini(events: list[dict[str, Any]]) -> Any:
    [event] = events
    [part] = event["candidates"][0]["content"]["parts"]
    if "text" in part:
        return part["text"]
    return part["functionCall"]["name"], part["functionCall"]["args"]


def _said_chat(events: list[dict[str, Any]]) -> Any:
    deltas = [each["choices"][0]["delta"] for each in events]
    for delta in deltas:
        for call in delta.get("tool_calls", ()):
            return call["function"]["name"], json.loads(call["function"]["arguments"])
    return "".join(delta.get("content", "") for delta in deltas)


SPEAKERS = (
    Speaker(
        "anthropic",
        "/v1/messages",
        {},
        _anthropic,
        _said_anthropic,
        ("Bash", "command"),
        "mcp__peerline__ask_peer",
    ),
    Speaker(
        "responses",
        "/v1/responses",
        {"thread-id": "s-1"},
        _responses,
        _said_responses,
        ("exec_command", "cmd"),
        ("mcp__peerline", "ask_peer"),
    ),
    Speaker(
        "gemini",
        "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        {"X-Rig-Session": "s-1"},
        _gemini,
        _said_gemini,
        ("run_shell_command", "command"),
        "mcp_peerline_ask_peer",
    ),
    Speaker(
        "chat",
        "/v1/chat/completions",
        {"x-session-id": "s-1"},
        _chat,
        _said_chat,
        ("bash", "command"),
        "peerline_ask_peer",
    ),
)


@pytest.fixture(params=SPEAKERS, ids=lambda speaker: speaker.name)
def speaker(request: pytest.FixtureRequest) -> Speaker:
    speaker: Speaker = request.param
    return speaker


@pytest.fixture
async def model() -> AsyncIterator[ModelApi]:
    async with ModelApi(SCRIPT) as model:
        yield model


async def test_what_no_rule_is_about_is_echoed(speaker: Speaker, model: ModelApi) -> None:
    assert await _answer(speaker, model, "one", "two") == "stub: two"
    assert model.heard[0].session_id == "s-1"


async def test_a_command_is_run_by_the_shell_that_this_program_has(speaker: Speaker, model: ModelApi) -> None:
    name, key = speaker.shell
    assert await _answer(speaker, model, "run away") == (name, {key: "echo away"})


async def test_a_tool_of_an_mcp_server_is_called_as_this_program_calls_it(
    speaker: Speaker, model: ModelApi
) -> None:
    assert await _answer(speaker, model, "call") == (speaker.tool, {"peer": "bob"})


async def test_a_text_is_heard_once_however_often_the_history_is_sent(
    speaker: Speaker, model: ModelApi
) -> None:
    for words in (("one",), ("one",), ("one", "two"), ("one", "two", "one")):
        await _answer(speaker, model, *words)
    assert (model.times_heard("one"), model.times_heard("two")) == (2, 1)


async def test_a_failure_has_its_status_and_its_words(speaker: Speaker, model: ModelApi) -> None:
    async with _asked(speaker, model, "fail") as response:
        assert response.status == 429
        assert (await response.json())["error"]["message"] == "slowly"


async def test_a_call_without_tools_is_an_aside_and_not_heard(speaker: Speaker, model: ModelApi) -> None:
    body = speaker.body("a title, please") | {"tools": []}
    async with (
        aiohttp.ClientSession() as session,
        session.post(model.url + speaker.path, json=body) as response,
    ):
        assert response.status == 200
        await response.read()
    assert (len(model.asides), model.heard) == (1, [])


def _asked(speaker: Speaker, model: ModelApi, *words: str) -> Any:
    return aiohttp.request(
        "POST", model.url + speaker.path, json=speaker.body(*words), headers=speaker.headers
    )


async def _answer(speaker: Speaker, model: ModelApi, *words: str) -> Any:
    async with _asked(speaker, model, *words) as response:
        lines = (await response.text()).splitlines()
    told = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return speaker.said([json.loads(each) for each in told if each != "[DONE]"])
