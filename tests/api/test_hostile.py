"""Whatever comes in is refused by name or done right: never a failure of ours, and nobody else waits for it."""

from __future__ import annotations

import asyncio
import json
import socket
import time
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from daemon.core.errors import Throttled
from tests.api.wire import Answer, connected, faults, heard, is_problem, is_refusal, posted, request, said
from tests.daemon_process import DaemonProcess, short_home

KIB, MIB = 1024, 1024 * 1024
NOTICE: dict[str, Any] = {"kind": "notice", "to": ["cli"], "text": "x"}


@pytest.fixture(autouse=True)
def cli_is_there(daemon: DaemonProcess) -> None:
    assert request(daemon, "GET", "/v1/whoami", unix=True).json["name"] == "cli"


def unread(daemon: DaemonProcess) -> list[str]:
    return [
        each["text"] for each in request(daemon, "GET", "/v1/messages?limit=200", unix=True).json["messages"]
    ]


def raw_post(daemon: DaemonProcess, body: bytes, path: str = "/v1/messages") -> Answer:
    return request(daemon, "POST", path, body=body)


# --- JSON -------------------------------------------------------------------------------------------------------

START = b'{"kind": "notice", "to": ["cli"], "text": "hostile", '
HOSTILE_JSON = {
    "NaN": START + b'"urgency": NaN}',
    "Infinity": START + b'"urgency": Infinity}',
    "-Infinity": START + b'"urgency": -Infinity}',
    "a number beyond all": START + b'"urgency": 1e999}',
    "a key twice": START + b'"text": "other"}',
    "a key twice, one escaped": START + b'"te\\u0078t": "other"}',
    "nested 100,000 deep": b"[" * 100_000 + b"]" * 100_000,
    "objects 100,000 deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "nested 33 deep": START + b'"circle": ' + b"[" * 33 + b"]" * 33 + b"}",
    "5,000 digits": START + b'"circle": ' + b"9" * 5000 + b"}",
    "20 digits": START + b'"circle": 18446744073709551616}',
    "a lone surrogate": START[:-2] + b', "circle": "\\ud800"}',
    "a lone surrogate as a key": START + b'"\\udfff": 1}',
    "surrogates the wrong way round": START + b'"circle": "\\udc00\\ud800"}',
    "bytes that are no UTF-8": START + b'"circle": "\xff\xfe"}',
    "a surrogate in UTF-8": START + b'"circle": "\xed\xa0\x80"}',
    "an overlong slash": START + b'"circle": "\xc0\xaf"}',
    "a control character": START + b'"circle": "a\x00b"}',
    "an unknown field": START + b'"as": "telegram"}',
    "a field of the prototype": START + b'"__proto__": {"role": "service"}}',
    "a comment": START[:-2] + b"/* */}",
    "a comma too many": START + b"}",
    "single quotes": START.replace(b'"', b"'")[:-2] + b"}",
    "something behind": START[:-2] + b"} {}",
    "only a quote": b'"',
    "nothing but space": b" \n\t",
    "a text": b'"notice"',
    "a number": b"1",
    "a list": b"[]",
    "null": b"null",
    "true": b"true",
    "UTF-16 of something else": '{"kind": "what"}'.encode("utf-16"),
    "zeros": b"\x00" * 64,
}


@pytest.mark.parametrize("body", HOSTILE_JSON.values(), ids=HOSTILE_JSON)
def test_json_that_is_none_or_that_others_read_otherwise_is_refused(
    daemon: DaemonProcess, body: bytes
) -> None:
    answer = raw_post(daemon, body)
    assert answer.status == 400
    assert is_problem(answer)
    assert len(answer.body) < 2 * KIB  # what was sent does not come back at length
    assert "hostile" not in unread(daemon)


def test_json_that_is_none_makes_no_schedule_check_in_or_job(daemon: DaemonProcess) -> None:
    for path in ("/v1/schedules", "/v1/checkins", "/v1/jobs"):
        for name, body in HOSTILE_JSON.items():
            answer = raw_post(daemon, body, path)
            assert (answer.status, is_problem(answer)) == (400, True), (path, name)


WRONG: dict[str, Any] = {
    "kind": ["", "NOTICE", "answer", "reply", "change", 1, None, [], {}, True],
    "to": ["cli", [], [1], [None], [""], ["x" * 201], ["cli"] * 101, {"cli": 1}, None, [["cli"]]],
    "text": [None, 1, 1.5, True, [], {}, "", "  ", "\x00\x01", "\x1b"],
    "circle": [1, [], "", "x" * 201, {}],
    "urgency": ["now", "URGENT", 1, None, []],
}


@pytest.mark.parametrize(
    ("field", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_type_or_size_is_refused_by_the_name_of_its_field(
    daemon: DaemonProcess, field: str, value: object
) -> None:
    answer = posted(daemon, NOTICE | {"text": "wrong"} | {field: value})
    assert answer.status == 400
    assert is_problem(answer)
    assert "wrong" not in unread(daemon)


def test_a_number_is_never_taken_for_a_text_nor_a_text_for_a_number(daemon: DaemonProcess) -> None:
    ask = {"kind": "ask", "to": ["cli"], "text": "x"}
    for wrong in (
        {"deadline_s": "60"},
        {"deadline_s": True},
        {"deadline_s": -1},
        {"deadline_s": 1e-320},
        {"need": 1},
    ):
        assert posted(daemon, ask | wrong).status == 400
    assert posted(daemon, {"call": "c", "limit": "5"}, path="/v1/messages/collect").status == 400
    assert posted(daemon, {"call": "c", "limit": 0}, path="/v1/messages/collect").status == 400


@pytest.mark.parametrize(
    "path",
    [
        *(
            "/v1/asks/a-1?wait_s=nan",
            "/v1/asks/a-1?wait_s=inf",
            "/v1/asks/a-1?wait_s=-1",
            "/v1/asks/a-1?wait_s=601",
        ),
        *("/v1/asks?whose=me", "/v1/asks?whose=", "/v1/asks?whose=mine&whose=all", "/v1/asks?other=1"),
        *(
            "/v1/messages?limit=0",
            "/v1/messages?limit=201",
            "/v1/messages?limit=x",
            f"/v1/messages?limit={'9' * 5000}",
        ),
        *(
            "/v1/peers?scope=galaxy",
            "/v1/peers?show_offline=perhaps",
            f"/v1/peers?circle={'x' * 201}",
            "/v1/peers?circle=",
        ),
        *("/v1/events?after=-1", "/v1/events?after=x", "/v1/events?after=1e3", f"/v1/events?after={2**63}"),
        *("/v1/parcels", "/v1/parcels?surface=", "/v1/people"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(daemon: DaemonProcess, path: str) -> None:
    answer = request(daemon, "GET", path)
    assert answer.status == 400, answer
    assert is_problem(answer)


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "9" * 5000, "\udcff"])
def test_a_place_in_the_feed_that_is_none(daemon: DaemonProcess, place: str) -> None:
    assert request(daemon, "GET", "/v1/events", last_event_id=place).status == 400


# --- text, and what is done with it -----------------------------------------------------------------------------

STRANGE = [
    "\u202egnp.exe",
    "\ufeff",
    "e\u0301" * 50,
    "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "'; DROP TABLE peer; --",
]
STRANGE += [
    "<script>alert(1)</script>",
    "{{7*7}} ${7*7} %s %n",
    "$(touch /x) `id`",
    "../../etc/passwd",
    "a\u2028b\u2029c",
]


@pytest.mark.parametrize("text", STRANGE)
def test_a_text_is_a_text_whatever_stands_in_it(daemon: DaemonProcess, text: str) -> None:
    assert posted(daemon, NOTICE | {"text": text}).status == 200
    assert unread(daemon)[-1] == text


def test_what_could_move_a_terminal_does_not_arrive(daemon: DaemonProcess) -> None:
    text = "a\x1b[201~b\x00c\x07d\x7fe\x9bf\r\ng\rh\ti"
    assert posted(daemon, NOTICE | {"text": text}).status == 200
    assert unread(daemon)[-1] == "a[201~bcdef\ng\nh\ti"


@pytest.mark.parametrize("name", ["..", ".", "a/b", "a\x00b", "\u0441li", "p-", "%", "role:", "circle:", "'"])
def test_a_name_that_is_nobody_s_is_nobody_s(daemon: DaemonProcess, name: str) -> None:
    assert is_problem(posted(daemon, NOTICE | {"to": [name], "text": "astray"}))
    assert "astray" not in unread(daemon)


# --- keys -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["", "k" * 201, " " * 300])
def test_a_key_that_is_none_is_refused(daemon: DaemonProcess, key: str) -> None:
    answer = posted(daemon, NOTICE | {"text": "keyed"}, idempotency_key=key)
    assert answer.status == 400
    assert "keyed" not in unread(daemon)


@pytest.mark.parametrize("key", ["'; --", "\udcff\udcfe", "\u00fc", "a b", "k" * 200, "../..", "null", "\t"])
def test_any_other_key_works_once(daemon: DaemonProcess, key: str) -> None:
    first, second = [
        posted(daemon, NOTICE | {"text": f"once {key!r}"}, idempotency_key=key) for _ in range(2)
    ]
    if key.strip():
        assert (first.status, first.body) == (200, second.body)
        assert unread(daemon).count(f"once {key!r}") == 1
        other = posted(daemon, NOTICE | {"text": "another body"}, idempotency_key=key)
        assert (other.status, other.json["code"]) == (409, "duplicate_id")
    else:
        assert first.status == 400


# --- limits -----------------------------------------------------------------------------------------------------


def test_a_text_of_64_kib_passes_and_one_byte_more_does_not(daemon: DaemonProcess) -> None:
    assert posted(daemon, NOTICE | {"text": "y" * 64 * KIB}).status == 200
    over = posted(daemon, NOTICE | {"text": "y" * (64 * KIB + 1)})
    assert (over.status, over.json["code"]) == (413, "too_large")
    assert "65537 bytes, the limit is 65536" in over.json["detail"]
    wide = posted(daemon, NOTICE | {"text": "\u00fc" * (32 * KIB + 1)})
    assert wide.status == 413  # bytes are counted, not characters
    assert is_refusal(posted(daemon, NOTICE | {"text": "y" * 900 * KIB}))


@pytest.mark.parametrize("over", [0, 1, MIB])
def test_a_body_of_a_mebibyte_is_read_and_one_byte_more_is_not(daemon: DaemonProcess, over: int) -> None:
    body = b'"' + b"z" * (MIB - 2 + over) + b'"'
    answer = raw_post(daemon, body)
    assert answer.status == (413 if over else 400)
    assert is_problem(answer)
    if over:
        assert str(MIB) in answer.json["detail"]


def test_a_body_that_never_says_how_long_it_is_is_cut_at_the_same_place(daemon: DaemonProcess) -> None:
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer {daemon.token()}\r\n"
        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    chunk = b"10000\r\n" + b"z" * 65536 + b"\r\n"
    answer = said(daemon, head + chunk * 17 + b"0\r\n\r\n")
    assert answer.status == 413


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(daemon: DaemonProcess) -> None:
    import gzip

    bomb = gzip.compress(b'"' + b"z" * 50 * MIB + b'"')
    assert len(bomb) < 100 * KIB
    answer = request(daemon, "POST", "/v1/messages", body=bomb, content_encoding="gzip")
    assert answer.status in {400, 413, 415}


@pytest.mark.parametrize(
    "coding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "nonsense", "gzip, gzip"]
)
def test_a_body_that_is_not_packed_as_it_says_is_refused(daemon: DaemonProcess, coding: str) -> None:
    answer = request(daemon, "POST", "/v1/messages", body=b"\x1f\x8b\x08no", content_encoding=coding)
    assert is_refusal(answer)


def test_who_sends_too_much_is_told_the_limit_its_value_and_when_to_come_back() -> None:
    limits = {"PEERLINE_LIMITS__PEER_PER_MINUTE": "4", "PEERLINE_LIMITS__PAIR_PER_MINUTE": "2"}
    with short_home() as home, DaemonProcess(home, env=limits) as daemon:
        assert request(daemon, "GET", "/v1/whoami", unix=True).status == 200
        answers = [posted(daemon, NOTICE) for _ in range(3)]
        assert [each.status for each in answers] == [200, 200, 429]
        pair = answers[-1]
        assert "limits.pair_per_minute is 2 a minute" in pair.json["detail"]
        assert 1 <= int(pair.headers["retry-after"]) <= 60
        assert pair.json["retryable"]
        assert 0 < pair.json["after_s"] <= 60

        answers = [posted(daemon, {"kind": "broadcast", "text": "x"}) for _ in range(2)]
        assert [each.status for each in answers] == [200, 429]
        assert "limits.peer_per_minute is 4 a minute" in answers[-1].json["detail"]
        assert request(daemon, "GET", "/v1/peers").status == 200  # looking is free
        back = request(
            daemon, "POST", "/v1/messages", unix=True, body=json.dumps(NOTICE | {"to": ["console"]}).encode()
        )
        assert back.status == 200  # one sender's haste is not another's

        async def by_client() -> None:
            await daemon.client(owner=True).notify("cli", "x")

        with pytest.raises(Throttled, match="4 a minute"):
            asyncio.run(by_client())


def test_a_repeated_key_is_answered_even_at_the_limit() -> None:
    limits = {"PEERLINE_LIMITS__PAIR_PER_MINUTE": "1"}
    with short_home() as home, DaemonProcess(home, env=limits) as daemon:
        assert request(daemon, "GET", "/v1/whoami", unix=True).status == 200
        first, again = [posted(daemon, NOTICE, idempotency_key="k") for _ in range(2)]
        assert (again.status, again.body) == (first.status, first.body) == (200, first.body)
        assert posted(daemon, NOTICE).status == 429


def test_without_limits_nobody_is_slowed_down(daemon: DaemonProcess) -> None:
    """The fixture's daemon has both set to 0."""
    statuses = set()
    with connected(daemon) as line:
        body = json.dumps(NOTICE | {"text": "many"}).encode()
        raw = (
            f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer {daemon.token()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        for _ in range(130):
            line.sendall(raw + body)
            statuses.add(heard(line).status)
    assert statuses == {200}


# --- HTTP -------------------------------------------------------------------------------------------------------


def with_token(daemon: DaemonProcess, first: str, *lines: str, body: bytes = b"") -> bytes:
    own = [f"Host: 127.0.0.1:{daemon.port}", f"Authorization: Bearer {daemon.token()}", "Connection: close"]
    return "\r\n".join([first, *own, *lines, "", ""]).encode("latin-1") + body


JSON = "Content-Type: application/json"
SMUGGLED = b'{"kind": "notice", "to": ["cli"], "text": "smuggled"}'
GARBLED: dict[str, tuple[str, list[str], bytes]] = {
    "length and chunks": (
        *("POST /v1/messages HTTP/1.1", [JSON, "Content-Length: 4", "Transfer-Encoding: chunked"]),
        b"0\r\n\r\nPOST /v1/messages HTTP/1.1\r\n\r\n" + SMUGGLED,
    ),
    "two lengths": (
        "POST /v1/messages HTTP/1.1",
        [JSON, "Content-Length: 2", "Content-Length: 53"],
        SMUGGLED,
    ),
    "two lengths in one": ("POST /v1/messages HTTP/1.1", [JSON, "Content-Length: 2, 53"], SMUGGLED),
    "a negative length": ("POST /v1/messages HTTP/1.1", [JSON, "Content-Length: -1"], SMUGGLED),
    "a length with a sign": ("POST /v1/messages HTTP/1.1", [JSON, "Content-Length: +53"], SMUGGLED),
    "a length in other digits": ("POST /v1/messages HTTP/1.1", [JSON, "Content-Length: 0x35"], SMUGGLED),
    "a length that overflows": (
        "POST /v1/messages HTTP/1.1",
        [JSON, f"Content-Length: {2**64 + 53}"],
        SMUGGLED,
    ),
    "chunks twice": (
        "POST /v1/messages HTTP/1.1",
        [JSON, "Transfer-Encoding: chunked, chunked"],
        b"0\r\n\r\n",
    ),
    "chunks of another name": ("POST /v1/messages HTTP/1.1", [JSON, "Transfer-Encoding: xchunked"], SMUGGLED),
    "a chunk of a size that is none": (
        *("POST /v1/messages HTTP/1.1", [JSON, "Transfer-Encoding: chunked"], b"zz\r\n{}\r\n0\r\n\r\n"),
    ),
    "a chunk that is longer than it says": (
        *("POST /v1/messages HTTP/1.1", [JSON, "Transfer-Encoding: chunked"], b"1\r\n{}}}}\r\n0\r\n\r\n"),
    ),
    "a header of 20 KB": ("GET /v1/peers HTTP/1.1", [f"X: {'a' * 20_000}"], b""),
    "300 headers": ("GET /v1/peers HTTP/1.1", [f"X-{n}: a" for n in range(300)], b""),
    "an address of 20 KB": (f"GET /v1/{'a' * 20_000} HTTP/1.1", [], b""),
    "a folded header": ("GET /v1/peers HTTP/1.1", ["X: a", " b"], b""),
    "a space before the colon": ("GET /v1/peers HTTP/1.1", ["X : a"], b""),
    "a header without a name": ("GET /v1/peers HTTP/1.1", [": a"], b""),
    "a zero in a header": ("GET /v1/peers HTTP/1.1", ["X: a\x00b"], b""),
    "a zero in the address": ("GET /v1/peers/a\x00b HTTP/1.1", [], b""),
    "a letter that is none in the address": ("GET /v1/peers/gr\xf6\xdfe HTTP/1.1", [], b""),
    "a method of our own": ("STEAL /v1/peers HTTP/1.1", [], b""),
    "a method in small letters": ("get /v1/peers HTTP/1.1", [], b""),
    "another version": ("GET /v1/peers HTTP/9.9", [], b""),
    "an expectation": ("POST /v1/messages HTTP/1.1", [JSON, "Expect: a miracle", "Content-Length: 2"], b"{}"),
    "a way out of the folder": ("GET /../../../../etc/passwd HTTP/1.1", [], b""),
    "the same, hidden": ("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", [], b""),
    "the same, hidden twice": ("GET /v1/peers/..%252f..%252fetc%252fpasswd HTTP/1.1", [], b""),
    "the same, the other slash": ("GET /..\\..\\etc\\passwd HTTP/1.1", [], b""),
    "a file of ours": ("GET /token HTTP/1.1", [], b""),
    "a zero, hidden": ("GET /v1/peers/a%00b HTTP/1.1", [], b""),
    "bytes that are no text, hidden": ("GET /v1/peers/%ff%fe HTTP/1.1", [], b""),
    "a surrogate, hidden": ("GET /v1/peers/%ed%a0%80 HTTP/1.1", [], b""),
    "half a code": ("GET /v1/peers/%z HTTP/1.1", [], b""),
    "a newline, hidden": ("GET /v1/peers/a%0d%0aSet-Cookie:x=1 HTTP/1.1", [], b""),
    "a star": ("OPTIONS * HTTP/1.1", [], b""),
}


@pytest.mark.parametrize("case", GARBLED.values(), ids=GARBLED)
def test_a_garbled_request_is_refused_and_carries_nothing_in_with_it(
    daemon: DaemonProcess, case: tuple[str, list[str], bytes]
) -> None:
    first, lines, body = case
    for unix in (False, True):
        answer = said(daemon, with_token(daemon, first, *lines, body=body), unix=unix)
        assert is_refusal(answer), answer
        assert "set-cookie" not in answer.headers
        assert b"root:" not in answer.body
    assert "smuggled" not in unread(daemon)


NO_HTTP = {
    "zeros": b"\x00" * 1000 + b"\r\n\r\n",
    "all bytes": bytes(range(256)) * 20 + b"\r\n\r\n",
    "TLS": bytes.fromhex("16030100c8010000c40303") + b"a" * 200,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "bare newlines": b"GET /v1/peers HTTP/1.1\nHost: x\n\n",
    "empty lines only": b"\r\n" * 1000,
    "JSON-RPC": b'{"jsonrpc": "2.0", "method": "ping", "id": 1}\r\n\r\n',
    "one long line": b"A" * 100_000,
}


@pytest.mark.parametrize("raw", NO_HTTP.values(), ids=NO_HTTP)
def test_what_is_no_http_is_answered_with_a_refusal_or_silence(daemon: DaemonProcess, raw: bytes) -> None:
    for unix in (False, True):
        answer = said(daemon, raw, unix=unix, end=True)
        assert answer.status == 0 or is_refusal(answer)


@pytest.mark.parametrize("cut", [1, 10, 60, -60, -10, -1])
def test_a_request_that_breaks_off_does_nothing(daemon: DaemonProcess, cut: int) -> None:
    body = json.dumps(NOTICE | {"text": f"cut at {cut}"}).encode()
    raw = with_token(daemon, "POST /v1/messages HTTP/1.1", JSON, f"Content-Length: {len(body)}", body=body)
    for end in (True, False):  # politely, and by hanging up
        with connected(daemon) as line:
            line.sendall(raw[:cut])
            if end:
                line.shutdown(socket.SHUT_WR)
                assert heard(line).status in {0, 400}
    assert f"cut at {cut}" not in unread(daemon)
    assert said(daemon, raw).status == 200
    assert f"cut at {cut}" in unread(daemon)


def test_two_requests_at_once_are_answered_in_order(daemon: DaemonProcess) -> None:
    own = f"Host: 127.0.0.1:{daemon.port}\r\nAuthorization: Bearer {daemon.token()}\r\n\r\n"
    with connected(daemon) as line:
        line.sendall(f"GET /v1/whoami HTTP/1.1\r\n{own}GET /v1/nothing HTTP/1.1\r\n{own}".encode())
        assert heard(line).status == 200
        line.close()


def test_hundreds_of_slow_callers_hold_up_nobody(daemon: DaemonProcess) -> None:
    """Half a head, half a body, an answer that is never read: all at once, and others are served as before."""
    whole = with_token(daemon, "POST /v1/messages HTTP/1.1", JSON, "Content-Length: 50")
    events = with_token(daemon, "GET /v1/events?after=0 HTTP/1.1")
    with ExitStack() as stack:
        for n in range(210):
            line = stack.enter_context(connected(daemon, unix=n % 2 == 0))
            line.sendall((whole[: len(whole) // 2], whole + b'{"kind"', events)[n % 3])
        began = time.monotonic()
        for _ in range(10):
            assert request(daemon, "GET", "/v1/peers").status == 200
            assert posted(daemon, NOTICE).status == 200
        assert time.monotonic() - began < 5


def test_random_bytes_in_every_place_are_refused(daemon: DaemonProcess) -> None:
    """A seeded handful: one byte of a good request changed, at every seventh place."""
    body = json.dumps(NOTICE | {"text": "fuzz"}).encode()
    good = with_token(daemon, "POST /v1/messages HTTP/1.1", JSON, f"Content-Length: {len(body)}", body=body)
    for place in range(0, len(good), 7):
        for byte in (0x00, 0x0A, 0x20, 0x80, 0xFF, 0x22):
            raw = good[:place] + bytes([byte]) + good[place + 1 :]
            with connected(daemon, unix=True) as line:
                line.sendall(raw)
                line.settimeout(0.02)  # some now promise more than comes: no answer is right, too
                with suppress(TimeoutError):
                    answer = heard(line)
                    assert answer.status < 500, (place, byte, answer)


# --- the other doors --------------------------------------------------------------------------------------------

HOOKS: list[tuple[str, bytes]] = [
    ("/v1/hooks/claude-code/Stop", b""),
    ("/v1/hooks/claude-code/Stop", b"\xff\xfe\x00"),
    ("/v1/hooks/claude-code/Stop", b"[]"),
    ("/v1/hooks/claude-code/Stop", b"{}"),
    ("/v1/hooks/claude-code/Stop", b'{"session_id": 7}'),
    ("/v1/hooks/claude-code/Stop", b"[" * 100_000),
    ("/v1/hooks/nobody/Stop", b'{"session_id": "x"}'),
    ("/v1/hooks/..%2f/Stop", b'{"session_id": "x"}'),
    ("/v1/hooks/claude-code", b'{"session_id": "x"}'),
]


@pytest.mark.parametrize(("path", "body"), HOOKS)
def test_a_hook_that_makes_no_sense_is_refused(daemon: DaemonProcess, path: str, body: bytes) -> None:
    assert is_refusal(request(daemon, "POST", path, body=body, unix=True))


def test_a_hook_full_of_strange_things_is_taken_all_the_same() -> None:
    """Other people's data: it is mended, and what it names need not exist."""
    payload = (
        rb'{"session_id": "\ud800\u0000", "cwd": "/\u0000/\ud800", "prompt": "#\udfff", "x": NaN, "n": 1e999}'
    )
    headers = {
        f"peerline_env_{name}": "%00%ff%0a" for name in ("home", "tmux", "tmux_pane", "claude_config_dir")
    }
    headers |= {"peerline_env_tmux": "%00,x,1", "peerline_pid": "9" * 40, "peerline_record": "\udcff" * 300}
    with short_home() as home, DaemonProcess(home) as daemon:  # its own: from now on this process is an agent
        for event in ("SessionStart", "UserPromptSubmit", "Stop", "Nonsense", "%00", "SessionEnd"):
            path = f"/v1/hooks/practice/{event}"
            answer = request(daemon, "POST", path, body=payload, unix=True, **headers)
            assert answer.status == 200, (event, answer)
        large = json.dumps({"session_id": "large", "tool_response": "x" * 4 * MIB}).encode()
        assert request(daemon, "POST", "/v1/hooks/practice/PostToolUse", body=large, unix=True).status == 200
        assert faults(daemon) == []


MCP = [
    b"",
    b"\xff",
    b"[]",
    b"{}",
    b"1",
    b'"x"',
    b"[" * 50_000,
    b'{"jsonrpc": "2.0", "id": NaN, "method": "ping"}',
]
MCP += [b'{"jsonrpc": "2.0", "id": 1, "method": 7}', b'{"jsonrpc": "1.0", "id": 1, "method": "ping"}']
MCP += [
    b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"notify_peer","arguments":{"peer":"\\ud800"}}}'
]


def test_an_mcp_request_that_makes_no_sense_is_no_failure() -> None:
    accept = "application/json, text/event-stream"
    with (
        short_home() as home,
        DaemonProcess(home) as daemon,
    ):  # its own: from now on this process is an MCP client
        for path in ("/mcp", "/mcp/receipts"):
            for body in MCP:
                for run in (None, "r1", "\udcff", "", "%00", "x" * 5000):
                    headers = {"accept": accept, "peerline_run": run, "peerline_cwd": "%00\udcff"}
                    answer = request(daemon, "POST", path, body=body, unix=True, **headers)
                    assert answer.status < 500, (path, body, run, answer)
                answer = request(daemon, "POST", path, body=body, accept=accept)
                assert answer.status < 500, (path, body, answer)
        assert faults(daemon) == []


def test_the_log_holds_no_token_and_no_body(daemon: DaemonProcess) -> None:
    assert daemon.token() not in daemon.log
    assert "hostile" not in daemon.log
    assert faults(daemon) == []
