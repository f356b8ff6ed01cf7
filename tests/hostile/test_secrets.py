"""Secrets and the way out: no answer tells what is not the asker's, and nothing that is read makes us call anybody."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator

import pytest

from tests.api.test_callers import Agent
from tests.api.wire import Answer, posted, request, said
from tests.daemon_process import DaemonProcess
from tests.hostile.effects import no_effect

CANARY = "canary-8c1f0a"
#: id: (method, path, headers, body): each is refused, and what it brought does not come back.
REFUSED: dict[str, tuple[str, str, dict[str, str | None], bytes | None]] = {
    "SEC-01 a wrong token": ("GET", "/v1/whoami", {"authorization": f"Bearer {CANARY}"}, None),
    "SEC-02 a token in the address": ("GET", f"/v1/nothing?token={CANARY}", {}, None),
    "SEC-03 a password": ("GET", "/v1/whoami", {"authorization": f"Basic {CANARY}"}, None),
    "SEC-04 a cookie": ("GET", "/v1/nothing", {"cookie": f"session={CANARY}"}, None),
    "SEC-05 a body that is no JSON": ("POST", "/v1/messages", {}, f'{{"text": {CANARY}'.encode()),
    "SEC-06 a body of another form": ("POST", "/v1/messages", {}, json.dumps({"kind": CANARY * 20}).encode()),
    "SEC-07 a text too long": (
        "POST",
        "/v1/messages",
        {},
        json.dumps({"kind": "notice", "to": ["cli"], "text": CANARY * 10_000}).encode(),
    ),
    "SEC-08 a key too long": ("POST", "/v1/messages", {"idempotency_key": CANARY * 30}, b"{}"),
    "SEC-09 another host": ("GET", "/v1/whoami", {"host": CANARY}, None),
    "SEC-10 another page": ("GET", "/v1/whoami", {"origin": f"http://{CANARY}"}, None),
    "SEC-11 a hook by TCP": (
        "POST",
        "/v1/hooks/claude-code/Stop",
        {},
        json.dumps({"prompt": CANARY}).encode(),
    ),
    "SEC-12 an answer to nothing": (
        "POST",
        "/v1/asks/a-0000000000/answer",
        {},
        json.dumps({"text": CANARY}).encode(),
    ),
}


def tells_nothing(daemon: DaemonProcess, answer: Answer) -> None:
    told = f"{answer.headers}{answer.body.decode()}"
    assert daemon.token() not in told
    assert str(daemon.paths.home) not in told
    assert "Traceback" not in told
    assert 'File "' not in told


@pytest.mark.parametrize("case", REFUSED, ids=REFUSED)
def test_a_refusal_repeats_no_secret(daemon: DaemonProcess, case: str) -> None:
    method, path, headers, body = REFUSED[case]
    with no_effect(daemon):
        answer = request(daemon, method, path, body=body, **headers)
        assert 400 <= answer.status < 500
    tells_nothing(daemon, answer)
    assert CANARY not in answer.body.decode()
    assert CANARY not in daemon.log


def test_nobody_reads_the_token_or_a_file_by_a_path(daemon: DaemonProcess) -> None:
    """SEC-13: of our home or the machine."""
    for path in (
        "/token",
        "/run/peerline.lock",
        "/..%2ftoken",
        "/v1/peers/..%2f..%2ftoken",
        "/peerline.db",
        "/logs/",
    ):
        answer = request(daemon, "GET", path)
        assert answer.status == 404
        tells_nothing(daemon, answer)


@pytest.mark.parametrize("ended", [False, True], ids=["left open", "ended"])
def test_what_a_bare_request_is_told_names_no_version(daemon: DaemonProcess, *, ended: bool) -> None:
    """SEC-14: nor the program, nor the machine."""
    version = request(daemon, "GET", "/health").json["version"]
    for raw in (
        b"\x16\x03\x01" if ended else b"\x16\x03\x01\x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/9\r\n\r\n",
        b"A" * 9000 + b"\r\n\r\n",
    ):
        answer = said(daemon, raw, end=ended)
        told = f"{answer.headers}{answer.body.decode('latin-1')}".lower()
        for word in (version, "aiohttp", "python", os.uname().nodename.lower()):
            assert word not in told, (raw, word)


@pytest.fixture(scope="module")
def beacon() -> Iterator[socket.socket]:
    """Somebody at this machine who would notice a call."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        listening.setblocking(False)
        yield listening


CALLS = {
    "NET-01 an address": "{url}",
    "NET-02 a picture": "![x]({url}/a.png)",
    "NET-03 a page's picture": '<img src="{url}/a.png">',
    "NET-04 a link": "[x]({url}/a)",
    "NET-05 a file of another host": "file://{host}/x \\\\{host}\\x",
    "NET-06 a command to look": "/get {url}/a",
    "NET-07 a reference": '{{"$ref": "{url}/schema.json"}}',
    "NET-08 an entity": '<!DOCTYPE x [<!ENTITY y SYSTEM "{url}/y">]><x>&y;</x>',
    "NET-09 a webhook": "POST {url}/hook",
    "NET-10 a proxy": "http_proxy={url} ALL_PROXY={url}",
}


@pytest.mark.parametrize("case", CALLS, ids=CALLS)
def test_nothing_that_is_read_makes_us_call_anybody(
    daemon: DaemonProcess, alice: Agent, beacon: socket.socket, case: str
) -> None:
    host = f"127.0.0.1:{beacon.getsockname()[1]}"
    text = CALLS[case].format(url=f"http://{host}", host=host)
    assert (
        posted(daemon, {"kind": "ask", "to": ["alice"], "text": text, "options": [text[:40]]}).status == 200
    )
    assert alice.asks("PATCH", "/v1/peers/alice", json.dumps({"description": text}))["status"] == 200
    alice.hook("PreToolUse", tool_name="WebFetch", tool_input={"url": text, "prompt": text})
    alice.hook("Stop", last_assistant_message=text, transcript_path=f"http://{host}/t")
    with pytest.raises(BlockingIOError):
        beacon.accept()
