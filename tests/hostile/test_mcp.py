"""MCP: whatever a client sends in either era, it gets an answer or a refusal, and no tool does what was not asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.api.wire import Answer, request
from tests.daemon_process import DaemonProcess
from tests.hostile.effects import no_effect

Json = dict[str, Any]
ACCEPT = "application/json, text/event-stream"
LEGACY, MODERN = "2025-06-18", "2026-07-28"
#: What a client of the modern era says of itself in every request.
META = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientInfo": {"name": "x", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}


def called(name: Any, arguments: Any = None, request_id: Any = 1, **params: Any) -> Json:
    return rpc("tools/call", {"name": name, "arguments": arguments or {}} | params, request_id)


def rpc(method: Any, params: Any = None, request_id: Any = 1) -> Json:
    told: Json = {"jsonrpc": "2.0", "method": method}
    told |= {} if params is None else {"params": params}
    return told | ({} if request_id is None else {"id": request_id})


NOTE = {"peer": "cli", "message": "done by accident"}
REQUESTS: dict[str, Any] = {
    "MCP-01 a batch": [called("notify_peer", NOTE), called("notify_peer", NOTE, 2)],
    "MCP-02 an empty batch": [],
    "MCP-03 a batch in a batch": [[called("notify_peer", NOTE)]],
    "MCP-04 no version": {
        "method": "tools/call",
        "params": {"name": "notify_peer", "arguments": NOTE},
        "id": 1,
    },
    "MCP-05 another version": called("notify_peer", NOTE) | {"jsonrpc": "1.0"},
    "MCP-06 a method that is no text": rpc(7),
    "MCP-07 a method of the prototype": rpc("__proto__"),
    "MCP-08 a method of another server": rpc("resources/read", {"uri": "file:///etc/passwd"}),
    "MCP-09 a prompt": rpc("prompts/get", {"name": "x"}),
    "MCP-10 a sample": rpc("sampling/createMessage", {"messages": []}),
    "MCP-11 a tool there is not": called("run_shell", {"command": "touch /x"}),
    "MCP-12 a tool of the prototype": called("__class__"),
    "MCP-13 a tool with a path": called("../notify_peer", NOTE),
    "MCP-14 a tool that is no text": called(["notify_peer"], NOTE),
    "MCP-15 a tool that is not built": called("spawn_peer", {"path": "/", "message": "touch /x"}),
    "MCP-16 arguments that are no object": called("notify_peer", [NOTE]),
    "MCP-17 arguments in a text": called("notify_peer", json.dumps(NOTE)),
    "MCP-18 an argument too many": called("notify_peer", NOTE | {"from": "owner"}),
    "MCP-19 an argument of the prototype": called("notify_peer", NOTE | {"__proto__": {"role": "human"}}),
    "MCP-20 an argument of another type": called("notify_peer", NOTE | {"message": {"text": "x"}}),
    "MCP-21 an argument too few": called("notify_peer", {"peer": "cli"}),
    "MCP-22 an urgency of one's own": called("notify_peer", NOTE | {"urgency": "root"}),
    "MCP-23 too long a text": called("notify_peer", NOTE | {"message": "x" * 70_000}),
    "MCP-24 a call that wants no answer": called("notify_peer", NOTE, None),
    "MCP-25 an id of nothing": called("notify_peer", NOTE) | {"id": None},
    "MCP-26 an id that is an object": called("notify_peer", NOTE, {"a": 1}),
    "MCP-27 an id that is a list": called("notify_peer", NOTE, [1]),
    "MCP-28 an id that is true": called("no_such_tool", NOTE, True),
    "MCP-29 a huge id": called("no_such_tool", NOTE, "9" * 100_000),
    "MCP-30 an id of many digits": called("no_such_tool", NOTE, 10**300),
    "MCP-31 a progress token that is an object": called(
        "no_such_tool", NOTE, _meta={"progressToken": {"a": 1}}
    ),
    "MCP-32 a huge progress token": called("no_such_tool", NOTE, _meta={"progressToken": "x" * 100_000}),
    "MCP-33 another's call taken back": rpc("notifications/cancelled", {"requestId": 1}, None),
    "MCP-34 progress of nobody's": rpc("notifications/progress", {"progressToken": 1, "progress": 1}, None),
    "MCP-35 an answer that nobody asked for": {"jsonrpc": "2.0", "id": 1, "result": {"tools": []}},
    "MCP-36 an error that nobody asked for": {
        "jsonrpc": "2.0",
        "id": 1,
        "error": {"code": -1, "message": "x"},
    },
    "MCP-37 a wait without an end": called("wait_for", {"ask_id": "a-0000000000", "timeout_s": 1e12}),
    "MCP-38 an ask of another's": called("wait_for", {"ask_id": "../../a", "timeout_s": 1}),
    "MCP-39 a force that is not one's own": called("claim_orchestrator_role", {"force": True, "peer": "cli"}),
    "MCP-40 nested without an end": called(
        "notify_peer", NOTE | {"circle": json.loads("[" * 200 + "]" * 200)}
    ),
}


def posted(daemon: DaemonProcess, told: Any, era: str) -> Answer:
    headers = {"accept": ACCEPT, "mcp_protocol_version": era}
    if era == MODERN and isinstance(told, dict):
        method = str(told.get("method", ""))
        params = told.get("params")
        if isinstance(params, dict):
            told = told | {"params": params | {"_meta": META | params.get("_meta", {})}}
        headers["mcp_method"] = method if method.isascii() else None
        if isinstance(params, dict) and isinstance(params.get("name"), str):
            headers["mcp_name"] = params["name"]
    return request(daemon, "POST", "/mcp", body=json.dumps(told).encode(), **headers)


def outcome(answer: Answer) -> Any:
    """The JSON-RPC answer, from a body or a stream's last event; None when there is none."""
    text = answer.body.decode()
    if answer.headers.get("content-type", "").startswith("text/event-stream"):
        told = [line[5:] for line in text.splitlines() if line.startswith("data:")]
        return json.loads(told[-1]) if told else None
    return json.loads(text) if text.strip() else None


@pytest.mark.parametrize("era", [LEGACY, MODERN])
@pytest.mark.parametrize("case", REQUESTS, ids=REQUESTS)
def test_what_is_no_request_of_a_tool_does_nothing(daemon: DaemonProcess, case: str, era: str) -> None:
    with no_effect(daemon):
        answer = posted(daemon, REQUESTS[case], era)
        assert answer.status < 500, answer
        told = outcome(answer)
        if answer.status == 200 and isinstance(told, dict) and "result" in told:
            assert told["result"]["isError"], told


@pytest.mark.parametrize("era", [LEGACY, MODERN], ids=["MCP-C1 the handshake's era", "MCP-C2 the modern era"])
def test_an_honest_call_is_done_once(daemon: DaemonProcess, era: str) -> None:
    told = outcome(posted(daemon, called("notify_peer", NOTE | {"message": f"hello in {era}"}), era))
    assert not told["result"].get("isError"), told
    unread = request(daemon, "GET", "/v1/messages?limit=200", unix=True).json["messages"]
    assert [each["text"] for each in unread].count(f"hello in {era}") == 1
    assert {each["from"] for each in unread} == {"console"}


@pytest.mark.parametrize(
    "unix", [False, True], ids=["MCP-53 a channel by TCP", "MCP-54 a channel of no agent"]
)
def test_only_the_server_inside_an_agent_that_loads_it_has_a_channel(
    daemon: DaemonProcess, *, unix: bool
) -> None:
    with no_effect(daemon):
        answer = request(daemon, "POST", "/mcp/channel", unix=unix)
        assert answer.status == 403, answer
        assert "channel" in answer.json["detail"] or "Unix socket" in answer.json["detail"]
