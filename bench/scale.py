"""A thousand peers, ten thousand messages that wait, and one reader that stopped reading."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from stand.house import House, house, registered
from stand.processes import memory
from stand.sheet import Sheet, middle, ms, percentile
from stand.wire import Line

PEERS: Final = 1000
QUEUED: Final = 10_000
AT_ONCE: Final = 50
BULK: Final = "x" * 50_000
BULKS: Final = 200
TIMES: Final = 300
ROUNDS: Final = 3


def peer(home: House, number: int, gate: int) -> None:
    """A peer as a shim makes it, in a process of its own, whose connection stays until the gate is shut."""
    own = f"Peerline-Run: run{number:09}\r\nPeerline-Name: agent-{number}\r\n"
    kinds = "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
    asked = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "whoami", "arguments": {}}}
    body = json.dumps(asked)
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(str(home.socket))
        head = f"POST /mcp HTTP/1.1\r\nHost: peerline\r\n{own}{kinds}Content-Length: {len(body)}\r\n\r\n"
        line.sendall((head + body).encode())
        told = line.recv(65536)
        while b"result" not in told:
            told += line.recv(65536)
        os.write(gate, b"+")
        os.read(gate, 1)


@contextmanager
def peers(home: House, count: int) -> Iterator[None]:
    """So many peers, all of them connected; gone at the end."""
    ours, theirs = socket.socketpair()
    pids = []
    for number in range(count):
        pid = os.fork()
        if not pid:
            ours.close()
            try:
                peer(home, number, theirs.fileno())
            finally:
                os._exit(0)
        pids.append(pid)
        ours.recv(1)
    theirs.close()
    try:
        yield
    finally:
        ours.close()
        for pid in pids:
            os.waitpid(pid, 0)


async def filled(home: House) -> None:
    senders = [await Line.unix(home.socket) for _ in range(AT_ONCE)]

    async def sends(line: Line, first: int) -> None:
        for number in range(first, QUEUED, AT_ONCE):
            told = {"kind": "notice", "to": [f"agent-{number % PEERS}"], "text": f"number {number}"}
            status, answer = await line.post("/v1/messages", told)
            assert status == 200, answer

    await asyncio.gather(*(sends(line, first) for first, line in enumerate(senders)))
    for line in senders:
        line.close()


def crowd(home: House, sheet: Sheet) -> None:
    alone = memory(home.pid)
    with peers(home, PEERS):
        there = json.loads(home.cli("peer", "list", "--json"))["peers"]
        assert sum(each["status"] == "online" for each in there) >= PEERS, len(there)
        with_peers = memory(home.pid)
        asyncio.run(filled(home))
        full = memory(home.pid)
    sheet.row(
        f"memory with {PEERS:,} connected peers and {QUEUED:,} messages that wait",
        f"{full:.0f} MiB",
        limit="≤ 250 MB",
        kept=full * 1.048576 <= 250,
        floor=f"alone {alone:.0f} MiB, with the peers {with_peers:.0f} MiB",
        seed="109 MiB for each agent, in processes of its own",
    )


async def timed(line: Line) -> list[float]:
    took = []
    for number in range(TIMES):
        begun = time.perf_counter()
        status, answer = await line.post(
            "/v1/messages", {"kind": "notice", "to": ["sink"], "text": f"{number}"}
        )
        took.append(time.perf_counter() - begun)
        assert status == 200, answer
    return took


async def emptied(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(2**20):
            pass


async def much(line: Line) -> None:
    for _ in range(BULKS):
        await line.post("/v1/messages", {"kind": "notice", "to": ["sink"], "text": BULK})


async def beside(home: House, line: Line, *, stops: bool) -> list[float]:
    """How long notices take beside a reader of the feed that reads all of it, or nothing at all."""
    reader, writer = await asyncio.open_unix_connection(str(home.socket), limit=2**20)
    async with asyncio.TaskGroup() as group:
        reading = group.create_task(emptied(reader))
        if stops:
            reading.cancel()
            writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET /v1/events HTTP/1.1\r\nHost: peerline\r\n\r\n")
        await writer.drain()
        await much(line)
        took = await timed(line)
        reading.cancel()
    writer.transport.abort()
    return took


async def stuck(home: House, sheet: Sheet) -> None:
    """The feed of everything, opened and never read, while much is said."""
    line = await Line.unix(home.socket)
    before: list[float] = []
    after: list[float] = []
    for _ in range(ROUNDS):
        before += await beside(home, line, stops=False)
        after += await beside(home, line, stops=True)
    line.close()
    ratio = middle(after) / middle(before)
    sheet.row(
        "a notice while another peer has stopped reading the feed of everything",
        f"{ratio:.2f} times what it takes while that one reads ({ms(middle(after))}, p99 {ms(percentile(after, 99))})",
        limit="costs the others nothing: ≤ 1.25 times",
        kept=ratio <= 1.25,
        floor=f"while it reads: {ms(middle(before))}, p99 {ms(percentile(before, 99))}",
        seed="every broadcast hangs without limit",
    )


def main() -> None:
    sheet = Sheet("scale")
    with house() as home:
        crowd(home, sheet)
    with house() as home:
        registered(home, "sink")
        asyncio.run(stuck(home, sheet))
    sheet.end()


if __name__ == "__main__":
    main()
