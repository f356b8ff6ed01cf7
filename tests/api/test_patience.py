"""Who is in the middle of saying something is not waited for without an end; who waits or rests is left alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from aiohttp import web

from daemon import lifecycle
from daemon.api.patience import Patience, Site, visit_of
from tests.api.wire import connected, heard, request
from tests.daemon_process import DaemonProcess, short_home

QUICK = 0.3
HEAD = b"POST /%b HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"


async def answered(asked: web.Request) -> web.StreamResponse:
    """``/slow`` answers later than any patience; ``/known`` shows a right token."""
    visit = visit_of(asked)
    assert visit
    visit.begun(asked)
    try:
        if asked.path == "/known":
            visit.known()
        if asked.path == "/deaf":
            return web.Response(text="unread", status=401)
        if asked.path == "/slow":
            await asyncio.sleep(2 * QUICK)
        return web.Response(text=(await asked.read()).decode() or "nothing")
    finally:
        visit.done()


@asynccontextmanager
async def serving(patience: Patience) -> AsyncIterator[int]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answered)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    sock = lifecycle.tcp_socket(0)
    assert sock
    await Site(runner, sock, patience, backlog=100).start()
    try:
        yield sock.getsockname()[1]
    finally:
        await runner.cleanup()


class Line:
    """A connection that says what it is told to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def says(self, raw: bytes) -> None:
        self._writer.write(raw)
        await self._writer.drain()

    async def status(self) -> int:
        """Of the next answer; 0: the connection has ended."""
        try:
            async with asyncio.timeout(10):
                head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
                size = [line for line in head.split(b"\r\n") if line.startswith(b"content-length:")]
                await self._reader.readexactly(int(size[0].split(b":")[1]))
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return 0
        return int(head.split()[1])


@asynccontextmanager
async def lines(port: int, count: int) -> AsyncIterator[list[Line]]:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    try:
        yield [Line(*each) for each in opened]
    finally:
        for _, writer in opened:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


@pytest.mark.parametrize(
    "pieces",
    [
        [b""],
        [b"GET"],
        [b"GET / HTTP/1.1\r\n", *[b"X-%d: y\r\n" % n for n in range(20)]],
        [HEAD % b"", *[b"x"] * 9],
        [b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 20],
    ],
    ids=[
        "nothing",
        "a word",
        "a line at a time",
        "a body by the byte",
        "chunk by chunk",
    ],
)
async def test_a_request_that_does_not_end_is_ended(pieces: list[bytes]) -> None:
    patience = Patience(head_s=QUICK, body_s=QUICK)
    async with serving(patience) as port, lines(port, 1) as [line], asyncio.TaskGroup() as tasks:
        begun = time.monotonic()
        feeding = tasks.create_task(fed(line, pieces))
        assert await line.status() == 408
        feeding.cancel()
        assert await line.status() == 0
        assert QUICK * 0.9 < time.monotonic() - begun < 6 * QUICK
        await nobody_in(patience)


async def fed(line: Line, pieces: list[bytes]) -> None:
    """Piece by piece, slowly: waiting is the point."""
    with suppress(ConnectionError):
        for piece in pieces:
            await line.says(piece)
            await asyncio.sleep(QUICK / 5)


async def nobody_in(patience: Patience) -> None:
    async with asyncio.timeout(5):
        while patience.present or patience.strangers:
            await asyncio.sleep(0.01)


async def test_who_waits_for_an_answer_or_rests_between_two_requests_is_left_alone() -> None:
    async with serving(Patience(head_s=QUICK, body_s=QUICK)) as port, lines(port, 1) as [line]:
        for path in (b"slow", b"", b"slow"):
            await line.says(HEAD % path + b"0123456789")
            assert await line.status() == 200
            await asyncio.sleep(1.5 * QUICK)


async def test_the_rest_of_a_body_that_nobody_read_counts_as_its_end() -> None:
    async with serving(Patience(head_s=QUICK, body_s=QUICK)) as port, lines(port, 1) as [line]:
        await line.says(HEAD % b"deaf" + b"0123")
        assert await line.status() == 401
        await line.says(b"456789")
        await asyncio.sleep(1.5 * QUICK)
        await line.says(HEAD % b"" + b"0123456789")
        assert await line.status() == 200


async def test_beyond_the_limit_strangers_are_sent_away_and_who_showed_a_token_is_none() -> None:
    counted: list[tuple[str, str]] = []
    patience = Patience(most=8, most_strangers=3, count=lambda *what: counted.append(what))
    async with serving(patience) as port, lines(port, 4) as first, lines(port, 1) as [later]:
        assert [await first[3].status(), await later.status()] == [503, 503]
        for line in first[:3]:
            await line.says(HEAD % b"known" + b"0123456789")
            assert await line.status() == 200
        async with lines(port, 3) as strangers:
            await strangers[2].says(HEAD % b"" + b"0123456789")
            assert await strangers[2].status() == 200
        async with asyncio.timeout(5):
            while patience.present > 3:
                await asyncio.sleep(0.01)
        assert patience.strangers == 0
    await nobody_in(patience)
    assert counted == [("limit_hit", "3 connections without a token")] * 2


async def test_beyond_the_limit_of_all_nobody_is_let_in() -> None:
    counted: list[tuple[str, str]] = []
    patience = Patience(most=2, count=lambda *what: counted.append(what))
    async with serving(patience) as port, lines(port, 3) as [_, _, third]:
        assert await third.status() == 503
    assert counted == [("limit_hit", "2 connections")]


@pytest.mark.rig
async def test_a_real_daemon_serves_its_user_while_strangers_hold_all_they_can_get() -> None:
    with short_home() as home, DaemonProcess(home) as daemon, ExitStack() as held:
        opened = [held.enter_context(connected(daemon)) for _ in range(300)]
        for line in opened[:250]:
            line.sendall(b"GET /v1/peers HTTP/1.1\r\nHost: 127.0.0.1")
        statuses = [heard(line).status for line in opened[256:]]
        assert set(statuses) == {503}
        begun = time.monotonic()
        assert request(daemon, "GET", "/v1/peers", unix=True).status == 200
        assert time.monotonic() - begun < 1
        assert {heard(line).status for line in opened[:250]} == {408}
        assert 8 < time.monotonic() - begun < 14
        assert request(daemon, "GET", "/v1/peers").status == 200
        assert b"limit_hit" in (Path(daemon.paths.logs) / "audit.jsonl").read_bytes()
