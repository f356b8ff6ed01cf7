"""The client explains every failure of the connection, and takes up what may be taken up again."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager, suppress
from pathlib import Path

import pytest

from daemon.client.http import Address, HttpExchange
from daemon.client.peer import Client
from daemon.core import errors as e
from tests.daemon_process import free_port

Heard = list[bytes]
Answers = list[bytes | None]


@pytest.fixture
def socket() -> AsyncIterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        yield Path(folder) / "s"


def whole(body: object, *, status: str = "200 OK", kind: str = "application/json") -> bytes:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw


def stream(*events: str, chunked: bool = True) -> bytes:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
    if not chunked:
        return (head + "\r\n" + "".join(events)).encode()
    chunks = "".join(f"{len(each.encode()):x}\r\n{each}\r\n" for each in events)
    return f"{head}Transfer-Encoding: chunked\r\n\r\n{chunks}".encode()


def event(seq: int) -> str:
    return f'id: {seq}\nevent: stored\ndata: {{"seq": {seq}}}\n\n'


@asynccontextmanager
async def server(socket: Path, *answers: bytes | None) -> AsyncIterator[Heard]:
    """Answers one connection after another with these bytes and hangs up; None: without a word."""
    heard: Heard = []
    left: Answers = list(answers)
    talking: set[asyncio.StreamWriter] = set()
    quiet = asyncio.Condition()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talking.add(writer)
        async with hanging_up(writer):
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                (line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")), b":0"
            )
            heard.append(head + await reader.readexactly(int(length.partition(b":")[2])))
            said = left.pop(0) if left else None
            if said is not None:
                writer.write(said)
                await writer.drain()
        talking.discard(writer)
        async with quiet:
            quiet.notify_all()

    async with await asyncio.start_unix_server(answer, str(socket)):
        yield heard
        async with asyncio.timeout(5), quiet:
            await quiet.wait_for(lambda: not talking)


@asynccontextmanager
async def hanging_up(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


def client(socket: Path) -> Client:
    return Client(HttpExchange(Address(socket=socket)))


async def refusal(socket: Path) -> e.PeerlineError:
    with pytest.raises(e.PeerlineError) as refused:
        await client(socket).whoami()
    return refused.value


# --- nobody there -----------------------------------------------------------------------------------------------


async def test_no_socket_means_no_daemon_and_says_how_to_start_one(socket: Path) -> None:
    error = await refusal(socket)
    assert type(error) is e.DaemonUnreachable
    assert (str(error), error.hint, error.exit_code) == (
        *(f"no daemon at {socket}", "start it with `peerline up`", 3),
    )


async def test_a_socket_that_nobody_listens_on_is_no_daemon_either(socket: Path) -> None:
    async with server(socket):
        pass
    assert socket.exists()
    assert str(await refusal(socket)) == f"no daemon at {socket}"


async def test_no_tcp_port_is_no_daemon() -> None:
    port = free_port()
    with pytest.raises(e.DaemonUnreachable, match=f"no daemon at 127.0.0.1:{port}"):
        await Client(HttpExchange(Address(host="127.0.0.1", port=port, token="t"))).whoami()


async def test_a_sandbox_that_forbids_the_socket_is_pointed_to_the_other_way(
    socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forbidden(*_: object, **__: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(asyncio, "open_unix_connection", forbidden)
    error = await refusal(socket)
    assert type(error) is e.Sandboxed
    assert "may not open" in str(error)
    assert "MCP tools" in error.hint


async def test_a_path_too_long_for_a_socket_is_told_as_unreachable(tmp_path: Path) -> None:
    assert type(await refusal(tmp_path / ("x" * 120))) is e.DaemonUnreachable


# --- answers cut off, and answers of others ---------------------------------------------------------------------

GOOD = whole({"name": "ada"})
ANOTHERS = "what says it is not"  # JSON: whoever is there is no daemon of ours
CUT = {
    "nothing": None,
    "not a byte": b"",
    "half a head": GOOD[:20],
    "a head and no body": GOOD[: GOOD.index(b"\r\n\r\n") + 4],
    "half a body": GOOD[:-3],
    "a status that is no number": b"HTTP/1.1 hello\r\n\r\n",
    "no status at all": b"\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: x\r\n\r\n{}",
    "chunks that end in the middle": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a',
    "chunks without a size": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n",
    "what only says it is JSON": whole(b"<html>"),
    ANOTHERS: whole(b"<html>", kind="text/html"),
}


@pytest.mark.parametrize("said", CUT.values(), ids=CUT)
async def test_an_answer_that_is_cut_off_or_another_s_is_unreachable(
    socket: Path, said: bytes | None
) -> None:
    async with server(socket, said):
        error = await refusal(socket)
    assert type(error) is (e.DaemonUnreachable if said == CUT[ANOTHERS] else e.AnswerLost)
    assert str(error)
    assert error.hint


async def test_a_daemon_that_never_answers_is_given_up(socket: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from daemon.client import http

    monkeypatch.setattr(http, "TIMEOUT_S", 0.05)

    hung_up = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with hanging_up(writer):
            await reader.read()
        hung_up.set()

    async with asyncio.timeout(5), await asyncio.start_unix_server(silent, str(socket)):
        assert "TimeoutError" in str(await refusal(socket))
        await hung_up.wait()


PROBLEMS: list[tuple[bytes, type[e.PeerlineError], str]] = [
    (
        whole({"code": "unknown_peer", "detail": "no peer x", "hint": "y?"}, status="404 X"),
        e.UnknownPeer,
        "y?",
    ),
    (whole({"code": "of the future", "detail": "hm", "hint": "h"}, status="409 X"), e.Refused, "h"),
    (whole(b"400: bad", status="400 X", kind="text/plain"), e.Refused, ""),
    (whole(b"", status="502 X", kind="text/html"), e.Unavailable, ""),
    (whole([], status="500 X"), e.Fault, ""),
    (whole({"code": "throttled", "detail": "d", "after_s": 2.5}, status="429 X"), e.Throttled, ""),
    (whole({"code": 7, "detail": ["x"], "after_s": "soon"}, status="429 X"), e.Unavailable, ""),
]


@pytest.mark.parametrize(("said", "kind", "hint"), PROBLEMS)
async def test_a_refusal_is_raised_by_its_code_or_else_by_its_status(
    socket: Path, said: bytes, kind: type[e.PeerlineError], hint: str
) -> None:
    async with server(socket, said):
        error = await refusal(socket)
    assert type(error) is kind
    assert error.hint == hint
    assert error.after_s == (2.5 if kind is e.Throttled else None)


# --- what is said -----------------------------------------------------------------------------------------------


async def test_a_request_is_plain_and_whole(socket: Path) -> None:
    async with server(socket, whole({})) as heard:
        await client(socket).notify("größe", "zeile\n\U0001f600", key="ein schlüssel")
    head, _, body = heard[0].partition(b"\r\n\r\n")
    lines = head.decode("ascii").split("\r\n")
    assert lines[0] == "POST /v1/messages HTTP/1.1"
    assert "Idempotency-Key: ein%20schl%C3%BCssel" in lines
    assert f"Content-Length: {len(body)}" in lines
    assert json.loads(body)["text"] == "zeile\n\U0001f600"
    assert not [line for line in lines if line.startswith("Authorization")]


async def test_what_is_no_text_is_refused_before_it_is_sent(socket: Path) -> None:
    with pytest.raises(e.Malformed, match="no text"):
        async with server(socket, whole({})):
            await client(socket).notify(
                "backend", "caf\udce9"
            )  # a byte of another encoding on the command line


async def test_where_the_daemon_is_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket, token = tmp_path / "s", tmp_path / "token"
    monkeypatch.delenv("PEERLINE_URL", raising=False)
    assert Address.found(socket, token) == Address(socket=socket)

    monkeypatch.setenv("PEERLINE_URL", "http://127.0.0.1:9000")
    assert Address.found(socket, token) == Address(host="127.0.0.1", port=9000, token="")
    token.write_text("secret\n")
    assert Address.found(socket, token).token == "secret"
    monkeypatch.setenv("PEERLINE_TOKEN", "another")
    assert Address.found(socket, token).token == "another"
    monkeypatch.delenv("PEERLINE_TOKEN")
    monkeypatch.setenv("PEERLINE_URL", "http://localhost")
    assert Address.found(socket, token) == Address(host="localhost", port=8377, token="secret")


@pytest.mark.parametrize(
    "url", ["127.0.0.1:9000", "http://127.0.0.1:none", "http://127.0.0.1:99999", "http://[::1"]
)
async def test_an_address_that_is_none_is_refused_with_an_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("PEERLINE_URL", url)
    with pytest.raises(e.Malformed, match="PEERLINE_URL") as refused:
        Address.found(tmp_path / "s", tmp_path / "token")
    assert "http://127.0.0.1:8377" in refused.value.hint


async def test_the_token_goes_to_this_machine_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("secret")
    monkeypatch.setenv("PEERLINE_URL", "http://evil.example:8377")
    with pytest.raises(e.Malformed, match="PEERLINE_URL"):
        Address.found(tmp_path / "s", tmp_path / "token")


# --- streams ----------------------------------------------------------------------------------------------------


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from daemon.client import peer

    monkeypatch.setattr(peer, "RECONNECT_S", (0.001,))


async def taken(socket: Path, count: int) -> list[int]:
    async with asyncio.timeout(10), aclosing(client(socket).feed()) as feed:
        return [(await anext(feed))["seq"] for _ in range(count)]


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("chunked", [True, False])
async def test_a_feed_that_breaks_off_is_resumed_after_what_was_seen(socket: Path, chunked: bool) -> None:
    first = stream(event(1), ": \n\n", event(2), 'id: 3\nevent: x\ndata: {"se', chunked=chunked)
    async with server(socket, first, None, stream(event(3), event(4), chunked=chunked)) as heard:
        assert await taken(socket, 4) == [1, 2, 3, 4]
    asked = [each.split(b"\r\n")[0] for each in heard]
    assert asked == [b"GET /v1/events?after=%d HTTP/1.1" % n for n in (0, 2, 2)]


@pytest.mark.usefixtures("at_once")
async def test_events_come_whole_however_they_are_cut_into_chunks(socket: Path) -> None:
    text = event(1) + 'event: stored\ndata: {"seq": 2, "text": "\u00fc\u2028"}\n\n' + event(3)
    raw = text.encode()
    pieces = [raw[n : n + 7] for n in range(0, len(raw), 7)]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(each), each) for each in pieces)
    said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
    async with server(socket, said):
        assert await taken(socket, 3) == [1, 2, 3]


@pytest.mark.usefixtures("at_once")
async def test_a_stream_that_is_refused_is_not_tried_again(socket: Path) -> None:
    gone = whole({"code": "gone", "detail": "event 0 is no longer kept"}, status="410 Gone")
    async with server(socket, gone, stream(event(1))) as heard:
        with pytest.raises(e.Gone):
            await taken(socket, 1)
    assert len(heard) == 1


@pytest.mark.usefixtures("at_once")
async def test_an_error_in_the_middle_of_a_stream_is_raised_and_trouble_is_outlived(socket: Path) -> None:
    def problem(code: str, status: int) -> str:
        return f'event: problem\ndata: {{"code": "{code}", "detail": "d", "status": {status}}}\n\n'

    answers = (stream(event(1), problem("store_busy", 503)), stream(event(2), problem("stale_lease", 409)))
    async with server(socket, *answers):
        assert await taken(socket, 2) == [1, 2]
    async with server(socket, answers[1]):
        with pytest.raises(e.StaleLease):
            await taken(socket, 2)


@pytest.mark.usefixtures("at_once")
async def test_a_stream_waits_for_a_daemon_that_is_restarted(socket: Path) -> None:
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        waiting = group.create_task(taken(socket, 1))
        with pytest.raises(e.DaemonUnreachable):
            await client(socket).whoami()
        async with server(socket, stream(event(1))):
            await waiting
