"""HTTP: what hides a request in another, or means another one than it says, gets nowhere."""

from __future__ import annotations

import json

import pytest

from tests.api.wire import connected, is_refusal, posted, request, said
from tests.daemon_process import DaemonProcess
from tests.hostile.effects import no_effect

NOTICE = json.dumps({"kind": "notice", "to": ["cli"], "text": "smuggled"})
INNER = (
    "POST /v1/messages HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(NOTICE)}\r\n\r\n{NOTICE}"
)
#: id: (first line, headers, body); {host}, {token} and {inner} (a whole request without a token) are filled in.
WITH_TOKEN = ["Host: {host}", "Authorization: Bearer {token}"]
REQUESTS: dict[str, tuple[str, list[str], str]] = {
    "HTTP-01 a request inside a body that says it is empty": (
        *("POST /v1/messages HTTP/1.1", [*WITH_TOKEN, "Content-Length: 0"], "{inner}"),
    ),
    "HTTP-02 a length and chunks": (
        "POST /v1/messages HTTP/1.1",
        [*WITH_TOKEN, "Content-Length: 4", "Transfer-Encoding: chunked"],
        "0\r\n\r\n{inner}",
    ),
    "HTTP-03 chunks, written oddly": (
        *("POST /v1/messages HTTP/1.1", [*WITH_TOKEN, "Transfer-Encoding:\x0bchunked"], "0\r\n\r\n{inner}"),
    ),
    "HTTP-04 a token in a trailer": (
        "POST /v1/messages HTTP/1.1",
        [
            "Host: {host}",
            "Transfer-Encoding: chunked",
            "Trailer: Authorization",
            "Content-Type: application/json",
        ],
        "0\r\nAuthorization: Bearer {token}\r\n\r\n",
    ),
    "HTTP-05 a length of two kinds": (
        *("POST /v1/messages HTTP/1.1", [*WITH_TOKEN, "Content-Length: 0, 5"], "{inner}"),
    ),
    "HTTP-06 a length with a sign": (
        "POST /v1/messages HTTP/1.1",
        [*WITH_TOKEN, "Content-Length: +5"],
        "{inner}",
    ),
    "HTTP-07 a length in hex": (
        "POST /v1/messages HTTP/1.1",
        [*WITH_TOKEN, "Content-Length: 0x5"],
        "{inner}",
    ),
    "HTTP-08 two tokens": (
        "GET /v1/peers HTTP/1.1",
        ["Host: {host}", "Authorization: Bearer x", "Authorization: Bearer {token}"],
        "",
    ),
    "HTTP-09 a method in a header": (
        *(
            "GET /v1/stop HTTP/1.1",
            [*WITH_TOKEN, "X-HTTP-Method-Override: POST", "X-Method-Override: POST"],
            "",
        ),
    ),
    "HTTP-10 an address in a header": (
        *(
            "GET /v1/nothing HTTP/1.1",
            [*WITH_TOKEN, "X-Original-URL: /v1/peers", "X-Rewrite-URL: /v1/peers"],
            "",
        ),
    ),
    "HTTP-11 a proxy's words instead of a token": (
        "GET /v1/peers HTTP/1.1",
        [
            "Host: {host}",
            "X-Forwarded-For: 127.0.0.1",
            "X-Real-IP: 127.0.0.1",
            "Forwarded: for=127.0.0.1;host={host}",
        ],
        "",
    ),
    "HTTP-12 a proxy's words instead of a host": (
        "GET /v1/peers HTTP/1.1",
        ["Host: evil.example", "Authorization: Bearer {token}", "X-Forwarded-Host: {host}"],
        "",
    ),
    "HTTP-13 another protocol from here on": (
        "GET /v1/peers HTTP/1.1",
        [
            "Host: {host}",
            "Connection: Upgrade, HTTP2-Settings",
            "Upgrade: h2c",
            "HTTP2-Settings: AAMAAABkAAQ",
        ],
        "",
    ),
    "HTTP-14 an address with another host's name before it": (
        *("GET //evil.example/v1/peers HTTP/1.1", WITH_TOKEN, ""),
    ),
    "HTTP-15 an address that is spelled otherwise": ("GET /v1/%70eers HTTP/1.1", WITH_TOKEN, ""),
    "HTTP-16 a way around": ("GET /health/../v1/peers HTTP/1.1", ["Host: {host}"], ""),
    "HTTP-17 a way around, hidden": ("GET /health/%2e%2e/v1/peers HTTP/1.1", ["Host: {host}"], ""),
    "HTTP-18 a way around with parameters": ("GET /health;/v1/peers HTTP/1.1", ["Host: {host}"], ""),
    "HTTP-19 thousands of names in a query": (
        *("GET /v1/peers?" + "&".join(f"a{n}=1" for n in range(900)) + " HTTP/1.1", WITH_TOKEN, ""),
    ),
    "HTTP-20 a name twice in a query": ("GET /v1/asks?whose=mine&whose=all HTTP/1.1", WITH_TOKEN, ""),
    "HTTP-21 a body where none belongs": (
        *("GET /v1/peers HTTP/1.1", [*WITH_TOKEN, "Content-Length: 7"], "{inner}"),
    ),
    "HTTP-22 a method that is none here": (
        "PUT /v1/messages HTTP/1.1",
        [*WITH_TOKEN, "Content-Length: 0"],
        "",
    ),
    "HTTP-23 a look back at one's own request": ("TRACE /v1/peers HTTP/1.1", WITH_TOKEN, ""),
    "HTTP-24 a tunnel": ("CONNECT evil.example:443 HTTP/1.1", WITH_TOKEN, ""),
    "HTTP-25 a chunk with words beside its size": (
        "POST /v1/messages HTTP/1.1",
        [*WITH_TOKEN, "Content-Type: application/json", "Transfer-Encoding: chunked"],
        "2;x=" + "y" * 20_000 + "\r\n{}\r\n0\r\n\r\n",
    ),
    "HTTP-26 a newline in a header": (
        *("GET /v1/peers HTTP/1.1", ["Host: {host}\rX: y", "Authorization: Bearer {token}"], ""),
    ),
}
LET_IN = {"HTTP-21"}  # its body is no request: it is read as the body it is


@pytest.mark.parametrize("case", REQUESTS, ids=REQUESTS)
def test_a_request_that_means_two_things_does_neither(daemon: DaemonProcess, case: str) -> None:
    first, headers, body = REQUESTS[case]
    host = f"127.0.0.1:{daemon.port}"
    words = {"host": host, "token": daemon.token(), "inner": INNER.replace("{host}", host)}

    def filled(text: str) -> str:
        for name, value in words.items():
            text = text.replace("{" + name + "}", value)
        return text

    raw = "\r\n".join([first, *map(filled, headers), "", filled(body)]).encode("latin-1")
    with no_effect(daemon):
        answer = said(daemon, raw, end=True)
        if case.split(maxsplit=1)[0] not in LET_IN:
            assert answer.status == 0 or is_refusal(answer), answer
        assert b"root:" not in answer.body
        assert "access-control-allow-origin" not in answer.headers


def test_a_request_behind_another_brings_its_own_proof(daemon: DaemonProcess) -> None:
    """HTTP-27: on one connection, the token of the first is not that of the second."""
    host = f"127.0.0.1:{daemon.port}"
    good = f"GET /v1/whoami HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {daemon.token()}\r\n\r\n"
    with no_effect(daemon), connected(daemon) as line:
        line.sendall((good + INNER.replace("{host}", host)).encode())
        said_back = b""
        while said_back.count(b"HTTP/1.1 ") < 2:
            piece = line.recv(65536)
            assert piece
            said_back += piece
    assert [int(each[:3]) for each in said_back.split(b"HTTP/1.1 ")[1:]] == [200, 401]


def test_an_answer_is_what_its_type_says_and_nobody_may_frame_or_share_it(daemon: DaemonProcess) -> None:
    """HTTP-28: no page can make a script, a picture or a download of our errors."""
    for path in ("/v1/peers/<script>alert(1)</script>", "/v1/nothing", "/health", "/v1/peers"):
        answer = request(daemon, "GET", path.replace("<", "%3C").replace(">", "%3E"))
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].partition(";")[0] in {
            "application/json",
            "application/problem+json",
        }
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("unix", [False, True], ids=["HTTP-C1 by TCP", "HTTP-C2 by the socket"])
def test_an_honest_request_passes(daemon: DaemonProcess, unix: bool) -> None:
    assert (
        posted(
            daemon, {"kind": "notice", "to": ["cli" if not unix else "console"], "text": "hi"}, unix=unix
        ).status
        == 200
    )
    assert request(daemon, "GET", "/v1/peers?circle=*&show_offline=true", unix=unix).status == 200
