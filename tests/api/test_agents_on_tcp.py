"""An agent's own MCP client comes by TCP without a token: who it is, is seen; whoever else comes so gets nowhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.api.test_callers import PYTHON, Agent, agent
from tests.daemon_process import DaemonProcess

Json = dict[str, Any]
#: Says one thing to /mcp, as an agent's client does, and prints status and result: PORT MESSAGE [HEADER].
POST = """
import http.client, json, sys
port, message, *more = sys.argv[1:]
line = http.client.HTTPConnection("127.0.0.1", int(port), timeout=20)
head = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
line.request("POST", "/mcp", message, head | dict(one.split(": ", 1) for one in more))
answer = line.getresponse()
text = answer.read().decode()
lines = [each.removeprefix("data: ") for each in text.splitlines() if each.startswith("data: ")]
print(json.dumps([answer.status, json.loads((lines or [text])[-1])]))
"""
SESSION = "12345678-1234-1234-1234-123456789012"


def message(tool: str, arguments: Json | None = None, **meta: str) -> str:
    about = {"name": tool, "arguments": arguments or {}, "_meta": meta}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": about})


def posting(daemon: DaemonProcess, said: str, *headers: str) -> list[str]:
    return [*PYTHON, "-c", POST, str(daemon.port), said, *headers]


def told(one: Agent, daemon: DaemonProcess, said: str, *headers: str) -> tuple[int, Json]:
    status, answer = json.loads(one.runs(*posting(daemon, said, *headers)))
    return status, answer


def structured(answer: Json) -> Json:
    found: Json = answer["result"]["structuredContent"]
    return found


def test_two_in_one_folder_are_each_known_by_its_process(daemon: DaemonProcess) -> None:
    with agent(daemon, "tcp-one", name="tcp-one") as one, agent(daemon, "tcp-two", name="tcp-two") as two:
        names = [structured(told(each, daemon, message("whoami"))[1])["name"] for each in (one, two, one)]
    assert names == ["tcp-one", "tcp-two", "tcp-one"]


def test_what_it_says_of_itself_changes_nothing(daemon: DaemonProcess) -> None:
    with agent(daemon, "tcp-three", name="tcp-three") as one, agent(daemon, "tcp-four", name="tcp-four"):
        claims = ("Peerline-Thread: tcp-four", "Peerline-Name: tcp-four", "Peerline-Cwd: /other")
        _, answer = told(one, daemon, message("whoami", threadId="tcp-four"), *claims)
    assert structured(answer)["name"] == "tcp-three"


@pytest.mark.parametrize(
    "header", ["Host: evil.example", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site"]
)
def test_a_page_in_a_browser_of_an_agent_gets_nowhere(daemon: DaemonProcess, header: str) -> None:
    with agent(daemon, "tcp-five", name="tcp-five") as one:
        status, answer = told(one, daemon, message("whoami"), header)
    assert (status, "result" in answer) == (403, False)


def test_a_wrong_token_is_not_made_right_by_being_an_agent(daemon: DaemonProcess) -> None:
    with agent(daemon, "tcp-six", name="tcp-six") as one:
        status, _ = told(one, daemon, message("whoami"), "Authorization: Bearer wrong")
    assert status == 401


def test_only_its_tools_are_open_to_it_so(daemon: DaemonProcess) -> None:
    with agent(daemon, "tcp-seven", name="tcp-seven") as one:
        script = POST.replace('"/mcp"', '"/v1/messages"')
        body = json.dumps({"kind": "notice", "to": ["cli"], "text": "by tcp"})
        status, _ = json.loads(one.runs(*PYTHON, "-c", script, str(daemon.port), body))
    assert status == 401


def outside(daemon: DaemonProcess, said: str, *, program: str = sys.executable) -> tuple[int, Json]:
    """By a program that is nobody's agent."""
    words = [program, *posting(daemon, said)[1:]]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    status, answer = json.loads(done.stdout)
    return status, answer


def test_who_is_in_no_agent_needs_the_token(daemon: DaemonProcess) -> None:
    assert outside(daemon, message("whoami"))[0] == 401


def test_an_agent_of_which_no_hook_was_heard_may_look_and_is_told_why_no_more(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    named = tmp_path / "codex"
    shutil.copy(Path(sys.executable).resolve(), named)
    about = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "x", "version": "1"}}
    hello = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": about})
    status, answer = outside(daemon, hello, program=str(named))
    assert (status, answer["result"]["serverInfo"]["name"]) == (200, "peerline")
    _, answer = outside(daemon, message("notify_peer", {"peer": "cli", "message": "x"}), program=str(named))
    assert answer["result"]["isError"]
    assert "does not know this session" in answer["result"]["content"][0]["text"]
    assert "--mcp stdio" in answer["result"]["content"][0]["text"]
