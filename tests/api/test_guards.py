"""Nobody gets in who should not, and who should does: the real daemon, from outside."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from daemon.api.door import Endpoint
from daemon.api.table import ENDPOINTS
from tests.api.wire import Answer, connected, heard, is_problem, posted, request, said
from tests.daemon_process import DaemonProcess, short_home

OPEN = "/health"
Json = dict[str, Any]


def document(daemon: DaemonProcess) -> Json:
    told: Json = request(daemon, "GET", "/openapi.json").json
    return told


def listed(daemon: DaemonProcess) -> list[tuple[str, str, Json]]:
    """(method, a path with its places filled, operation) of every route there is."""
    return [
        (method.upper(), path.replace("{", "").replace("}", ""), operation)
        for path, methods in document(daemon)["paths"].items()
        for method, operation in methods.items()
    ]


# --- tokens -----------------------------------------------------------------------------------------------------


def test_the_right_token_opens(daemon: DaemonProcess) -> None:
    assert request(daemon, "GET", "/v1/whoami").json["name"] == "console"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "bearer\twrong",
        "Basic dXNlcjpwYXNz",
        "Bearer \udcff\udcfe",
        "x" * 4000,
    ],
)
def test_no_token_or_a_wrong_one_does_not(daemon: DaemonProcess, given: str) -> None:
    answer = request(daemon, "GET", "/v1/whoami", authorization=given)
    assert answer.status in {401, 429}
    assert is_problem(answer)


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "x", str.upper, lambda t: f"{t}, {t}", lambda t: t[::-1]]
)
def test_almost_the_token_is_not_the_token(daemon: DaemonProcess, change: Any) -> None:
    assert request(daemon, "GET", "/v1/whoami", token=change(daemon.token())).status in {401, 429}


def test_a_token_in_the_address_or_in_a_cookie_is_none(daemon: DaemonProcess) -> None:
    token = daemon.token()
    assert request(daemon, "GET", f"/v1/whoami?token={token}", token=None).status == 401
    assert request(daemon, "GET", "/v1/whoami", token=None, cookie=f"token={token}").status == 401
    assert request(daemon, "GET", "/v1/whoami", token=None, x_forwarded_for="127.0.0.1").status == 401


def test_a_refusal_says_how_to_get_in_and_no_version(daemon: DaemonProcess) -> None:
    answer = request(daemon, "GET", "/v1/whoami", token=None)
    assert answer.headers["www-authenticate"] == "Bearer"
    version = request(daemon, "GET", OPEN).json["version"]
    for refused in (
        answer,
        request(daemon, "GET", "/", token=None),
        request(daemon, "GET", OPEN, token=None),
    ):
        text = f"{refused.headers}{refused.body!r}".lower()
        assert version not in text
        assert "aiohttp" not in text
        assert "python" not in text


def test_wrong_tokens_are_throttled_and_a_right_one_never_because_of_them() -> None:
    with short_home() as home, DaemonProcess(home) as daemon:
        tried = [request(daemon, "GET", "/v1/whoami", token="wrong") for _ in range(13)]
        assert [each.status for each in tried] == [401] * 10 + [429] * 3
        assert "10 a minute" in tried[-1].json["detail"]
        assert 1 <= int(tried[-1].headers["retry-after"]) <= 60
        assert request(daemon, "GET", "/v1/whoami").status == 200
        assert request(daemon, "GET", "/v1/whoami", token=None).status == 401  # no guess, so not counted
        assert request(daemon, "GET", "/v1/whoami", unix=True).status == 200
        assert request(daemon, "GET", OPEN, token="wrong").json == {"status": "ok"}


@pytest.mark.parametrize("endpoint", [each for each in ENDPOINTS if each.here], ids=lambda each: each.summary)
def test_what_is_for_who_is_at_the_machine_is_not_for_who_has_a_token(
    daemon: DaemonProcess, endpoint: Endpoint
) -> None:
    path = endpoint.path.replace("{", "").replace("}", "")
    answer = request(daemon, endpoint.method, path, body=b'{"surface": "telegram"}')
    assert (answer.status, answer.json["detail"]) == (
        403,
        f"to {endpoint.summary} is not for who has a token only",
    )


# --- every route ------------------------------------------------------------------------------------------------


def test_health_alone_is_open_and_tells_strangers_one_word(daemon: DaemonProcess) -> None:
    assert request(daemon, "GET", OPEN, token=None).json == {"status": "ok"}
    assert request(daemon, "GET", OPEN, token="wrong").json == {"status": "ok"}
    for known in (request(daemon, "GET", OPEN), request(daemon, "GET", OPEN, unix=True)):
        assert set(known.json) >= {"status", "version", "surfaces", "warnings", "deliveries"}


def test_every_route_is_shut_without_a_token(daemon: DaemonProcess) -> None:
    routes = [(method, path) for method, path, _ in listed(daemon) if path != OPEN]
    assert len(routes) > 20
    others = [
        *(("GET", "/"), ("GET", "/openapi.json"), ("POST", "/mcp"), ("GET", "/mcp"), ("DELETE", "/mcp")),
        *(("POST", "/mcp/receipts"), ("POST", "/v1/hooks/claude-code/Stop"), ("GET", "/v1/hooks/x/y")),
        *(
            ("GET", "/metrics"),
            ("GET", "/docs"),
            ("GET", "/v1"),
            ("GET", "/favicon.ico"),
            ("OPTIONS", "/v1/peers"),
        ),
        *(("GET", "/health/"), ("GET", "//health"), ("GET", "/HEALTH"), ("GET", "/health/../v1/peers")),
        *(("GET", "/v1/peers/"), ("HEAD", "/v1/peers"), ("PUT", "/v1/peers"), ("TRACE", "/v1/peers")),
    ]
    let_in = {
        (method, path): status
        for method, path in [*routes, *others]
        if (status := request(daemon, method, path, token=None, body=b"{}").status) != 401
    }
    assert let_in == {}


def test_every_route_that_is_listed_answers_as_it_says(daemon: DaemonProcess) -> None:
    """Whatever it is asked for: a status that it lists, JSON or what it lists instead."""
    for method, path, operation in listed(daemon):
        if path in {"/v1/stop", "/v1/down"}:
            continue
        query = "&".join(
            f"{each['name']}=cli"
            for each in operation["parameters"]
            if each["in"] == "query" and each["required"]
        )
        body = b"{}" if "requestBody" in operation else None
        answer = head_of(daemon, method, f"{path}?{query}", body)
        assert str(answer.status) in operation["responses"], (method, path, answer)
        kinds = operation["responses"][str(answer.status)]["content"]
        assert answer.headers["content-type"].partition(";")[0] in kinds, (method, path, answer)


def head_of(daemon: DaemonProcess, method: str, path: str, body: bytes | None) -> Answer:
    """The answer's head alone: a stream has no end."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: 127.0.0.1:{daemon.port}",
        f"Authorization: Bearer {daemon.token()}",
    ]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    with connected(daemon) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode() + (body or b""))
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += line.recv(65536)
    first, *rest = raw.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    return Answer(int(first.split()[1]), headers, b"")


def test_the_description_is_whole(daemon: DaemonProcess) -> None:
    """OpenAPI 3.1: each reference leads somewhere, each place in a path is a parameter, no id stands twice."""
    told = document(daemon)
    assert told["openapi"].startswith("3.1.")
    assert set(told["info"]) >= {"title", "version"}
    schemas = told["components"]["schemas"]
    assert {each.rpartition("/")[2] for each in references(told)} <= set(schemas)
    assert all(each.startswith("#/components/schemas/") for each in references(told))
    ids = []
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            assert method in {"get", "post", "patch", "delete", "put"}
            ids.append(operation["operationId"])
            places = [each["name"] for each in operation["parameters"] if each["in"] == "path"]
            assert places == [part[1:-1] for part in path.split("/") if part.startswith("{")]
            assert all(each["required"] for each in operation["parameters"] if each["in"] == "path")
            assert operation["responses"]
    assert len(ids) == len(set(ids))
    for name, schema in schemas.items():
        valid = pytest.importorskip("jsonschema").Draft202012Validator
        valid.check_schema(schema)
        assert name == "Problem" or schema.get("title") == name


def references(told: object) -> list[str]:
    match told:
        case {"$ref": str(where)}:
            return [where]
        case dict():
            return [each for inner in told.values() for each in references(inner)]
        case list():
            return [each for inner in told for each in references(inner)]
        case _:
            return []


def test_the_description_names_every_route_of_the_specification(daemon: DaemonProcess) -> None:
    routes = {
        (method.upper(), path) for path, methods in document(daemon)["paths"].items() for method in methods
    }
    assert routes >= {
        *(("GET", "/v1/peers"), ("GET", "/v1/peers/{id}"), ("PATCH", "/v1/peers/{id}")),
        *(
            ("DELETE", "/v1/peers/{id}"),
            ("GET", "/v1/messages"),
            ("POST", "/v1/messages"),
            ("GET", "/v1/asks"),
        ),
        *(("GET", "/v1/asks/{id}"), ("POST", "/v1/asks/{id}/answer"), ("POST", "/v1/asks/{id}/cancel")),
        *(("GET", "/v1/why/{id}"), ("GET", "/v1/events"), ("POST", "/v1/hooks/{agent}/{event}")),
        *(("POST", "/v1/says"), ("GET", "/v1/parcels"), ("GET", "/health"), ("GET", "/openapi.json")),
        ("POST", "/v1/deliveries/{id}/{verb}"),
    }


# --- web pages --------------------------------------------------------------------------------------------------

BAD_HOSTS = [
    *(
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost",
        "localhost:80",
        "LOCALHOST:{port}",
    ),
    *(
        "127.0.0.1:{port}.evil.example",
        "127.0.0.1.evil.example:{port}",
        "evil.example@127.0.0.1:{port}",
        "[::1]:{port}",
    ),
    *(
        "0.0.0.0:{port}",
        "127.1:{port}",
        "2130706433:{port}",
        "0x7f000001:{port}",
        "127.0.0.1:{port}/",
        " ",
        "127.0.0.1:{port}0",
    ),
    *(
        "localhost.:{port}",
        "127.0.0.1:0{port}",
        "127.0.0.1:{port},evil.example",
        "\u217bocalhost:{port}",
        "peerline",
    ),
]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_another_host_is_refused_before_anything_is_read(daemon: DaemonProcess, host: str) -> None:
    """A page that rebinds its name to 127.0.0.1 comes with its own name, and may even have the token."""
    named = host.format(port=daemon.port)
    for path in ("/v1/peers", "/health", "/openapi.json", "/mcp"):
        answer = request(daemon, "GET", path, host=named)
        assert answer.status in {400, 403}, (path, answer)


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}"])
def test_our_own_names_are_not(daemon: DaemonProcess, host: str) -> None:
    assert request(daemon, "GET", "/v1/peers", host=host.format(port=daemon.port)).status == 200


def test_no_host_two_hosts_and_a_whole_address_are_refused(daemon: DaemonProcess) -> None:
    own, token = f"127.0.0.1:{daemon.port}", daemon.token()
    rest = f"Authorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    for raw in (
        f"GET /v1/peers HTTP/1.0\r\n{rest}",
        f"GET /v1/peers HTTP/1.1\r\n{rest}",
        f"GET /v1/peers HTTP/1.1\r\nHost: {own}\r\nHost: {own}\r\n{rest}",
        f"GET /v1/peers HTTP/1.1\r\nHost: evil.example\r\nHost: {own}\r\n{rest}",
        f"GET http://evil.example/v1/peers HTTP/1.1\r\nHost: {own}\r\n{rest}",
        f"GET http://{own}/v1/peers HTTP/1.1\r\nHost: {own}\r\n{rest}",
        f"GET http://{own}/v1/peers HTTP/1.1\r\nHost: evil.example\r\n{rest}",
        f"GET http://evil.example/health HTTP/1.1\r\nHost: {own}\r\n{rest}",
        f"CONNECT evil.example:443 HTTP/1.1\r\nHost: {own}\r\n{rest}",
    ):
        answer = said(daemon, raw.encode())
        assert answer.status in {400, 403, 404}, (raw, answer)
        assert b"peers" not in answer.body or b'"peers":' not in answer.body


@pytest.mark.parametrize(
    "origin",
    [
        *(
            "https://evil.example",
            "http://evil.example",
            "null",
            "",
            "http://127.0.0.1",
            "http://127.0.0.1:1",
            "file://",
        ),
        *(
            "https://127.0.0.1:{port}",
            "http://127.0.0.1:{port}.evil.example",
            "http://127.0.0.1:{port}/",
            "HTTP://127.0.0.1:{port}",
        ),
        *("http://localhost.evil.example:{port}", "chrome-extension://abc", "http://user@127.0.0.1:{port}"),
    ],
)
def test_a_page_of_another_origin_is_refused_even_with_the_token(daemon: DaemonProcess, origin: str) -> None:
    named = origin.format(port=daemon.port)
    for method, path, body in (
        ("GET", "/v1/peers", None),
        ("POST", "/v1/messages", b"{}"),
        ("GET", "/health", None),
    ):
        answer = request(daemon, method, path, body=body, origin=named)
        assert answer.status == 403
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_our_own_origin_may(daemon: DaemonProcess) -> None:
    for host in ("127.0.0.1", "localhost"):
        assert request(daemon, "GET", "/v1/peers", origin=f"http://{host}:{daemon.port}").status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "CROSS-SITE", "anything"])
def test_what_a_browser_says_of_another_site_is_believed(daemon: DaemonProcess, site: str) -> None:
    assert request(daemon, "GET", "/v1/peers", sec_fetch_site=site).status == 403
    assert request(daemon, "GET", "/health", token=None, sec_fetch_site=site).status == 403


def test_what_the_user_opened_themselves_may(daemon: DaemonProcess) -> None:
    for site in ("none", "same-origin"):
        assert request(daemon, "GET", "/v1/peers", sec_fetch_site=site).status == 200


def test_a_page_that_asks_beforehand_is_told_nothing(daemon: DaemonProcess) -> None:
    asked = {"origin": "https://evil.example", "access_control_request_method": "POST"}
    answer = request(daemon, "OPTIONS", "/v1/messages", token=None, **asked)
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "kind",
    [
        *(
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            None,
            "",
            "application/jsonp",
        ),
        *(
            "text/json",
            "application/json-patch+json",
            "text/plain; application/json",
            "application/x-json",
            "*/*",
        ),
    ],
)
def test_a_body_that_a_page_could_send_without_asking_is_refused(
    daemon: DaemonProcess, kind: str | None
) -> None:
    body = b'{"kind": "notice", "to": ["cli"], "text": "from a page"}'
    for unix in (False, True):
        answer = request(daemon, "POST", "/v1/messages", body=body, kind=kind, unix=unix)
        assert is_problem(answer)
        assert answer.status in {400, 415}
    assert request(daemon, "POST", "/mcp", body=b"{}", kind=kind).status in {400, 406, 415}
    assert "from a page" not in request(daemon, "GET", "/v1/messages", unix=True).body.decode()


def test_there_is_no_websocket(daemon: DaemonProcess) -> None:
    raw = (
        f"GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert said(daemon, raw.encode()).status in {400, 401}


# --- the socket -------------------------------------------------------------------------------------------------


def test_on_the_socket_neither_token_nor_host_nor_origin_is_looked_at(daemon: DaemonProcess) -> None:
    for headers in ({"host": "anything"}, {"origin": "https://x.example"}, {"authorization": "Bearer wrong"}):
        assert request(daemon, "GET", "/v1/whoami", unix=True, **headers).json["name"] == "cli"
    raw = b"GET /v1/whoami HTTP/1.0\r\n\r\n"
    assert said(daemon, raw, unix=True).status == 200


def test_hooks_come_by_the_socket_only(daemon: DaemonProcess) -> None:
    answer = request(daemon, "POST", "/v1/hooks/claude-code/Stop", body=b'{"session_id": "x"}')
    assert answer.status == 403
    assert "socket" in answer.json["detail"]


@pytest.fixture
def ajar() -> Iterator[DaemonProcess]:
    """A daemon whose socket any user can open, as after a careless chmod."""
    if os.getuid():
        pytest.skip("only root can be somebody else")
    with short_home() as home, DaemonProcess(home) as daemon:
        for path in (home.parent, home, daemon.paths.socket.parent, daemon.paths.socket):
            path.chmod(0o777)
        yield daemon


STRANGER = """
import os, socket, sys
os.setgroups([]); os.setgid(65534); os.setuid(65534)
line = socket.socket(socket.AF_UNIX); line.settimeout(10); line.connect(sys.argv[1])
head = b" HTTP/1.0\\r\\nContent-Type: application/json\\r\\nContent-Length: 2\\r\\n\\r\\n{}"
line.sendall(sys.argv[2].encode() + head)
heard = b""
while piece := line.recv(65536):
    heard += piece
sys.stdout.write(heard.decode())
"""


def test_another_user_is_refused_whatever_the_modes_are(ajar: DaemonProcess) -> None:
    for asked in (
        "GET /v1/peers",
        "POST /v1/messages",
        "POST /v1/hooks/claude-code/Stop",
        "POST /mcp",
        "POST /v1/stop",
    ):
        command = [sys.executable, "-I", "-c", STRANGER, str(ajar.paths.socket), asked]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
        assert done.stdout.startswith("HTTP/1.0 403"), (asked, done)
        assert "another user" in done.stdout
    assert ajar.running
    assert request(ajar, "GET", "/v1/peers", unix=True).status == 200


def test_another_user_is_told_no_more_of_its_health_than_anybody(ajar: DaemonProcess) -> None:
    command = [sys.executable, "-I", "-c", STRANGER, str(ajar.paths.socket), "GET /health"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True)
    assert json.loads(done.stdout.rpartition("\n")[2]) == {"status": "ok"}


# --- what may not be told ---------------------------------------------------------------------------------------


def test_nobody_says_who_they_are(daemon: DaemonProcess) -> None:
    """The sender is stamped: a field that claims one is refused, a header changes nothing."""
    assert request(daemon, "GET", "/v1/whoami", unix=True).json["name"] == "cli"  # from now on it is there
    body: Json = {"kind": "notice", "to": ["cli"], "text": "x"}
    for claim in ("from", "sender", "from_peer", "person", "authority", "role", "sender_id"):
        answer = posted(daemon, body | {claim: "telegram"})
        assert answer.status == 400
        assert claim in answer.json["detail"]
    sent = posted(daemon, body, x_peer="telegram", peerline_name="telegram", peerline_run="telegram")
    assert sent.status == 200
    messages = request(daemon, "GET", "/v1/messages", unix=True).json["messages"]
    assert {each["from"] for each in messages} == {"console"}


def test_one_connection_can_ask_more_than_once(daemon: DaemonProcess) -> None:
    raw = f"GET /v1/whoami HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer {daemon.token()}\r\n\r\n"
    with connected(daemon) as line:
        for _ in range(3):
            line.sendall(raw.encode())
            assert heard(line).status == 200
        line.sendall(raw.replace("Bearer ", "Bearer x").encode())
        assert heard(line).status in {401, 429}  # each request is asked anew
