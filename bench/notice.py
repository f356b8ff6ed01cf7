"""Accepting a notice: alone, with many senders, over TCP. Accepted means committed and synced."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from stand.floor import echo
from stand.house import House, house, registered
from stand.processes import cpu
from stand.sheet import Sheet, middle, ms, percentile, spread
from stand.wire import Line

SINKS: Final = ("sink-0", "sink-1", "sink-2", "sink-3")
ROUNDS: Final = 5
ALONE: Final = 300
SENDERS: Final = 32
EACH: Final = 50
ACCEPTED: Final = 200


def body(number: int) -> dict[str, Any]:
    return {"kind": "notice", "to": [SINKS[number % len(SINKS)]], "text": f"the build is green, run {number}"}


async def alone(opened: Callable[[], Awaitable[Line]]) -> list[float]:
    line, took = await opened(), []
    for number in range(ALONE):
        begun = time.perf_counter()
        status, answer = await line.post("/v1/messages", body(number))
        took.append(time.perf_counter() - begun)
        assert status == ACCEPTED, answer
    line.close()
    return took


async def together(opened: Callable[[], Awaitable[Line]]) -> tuple[float, list[float]]:
    """All at once; how many a second, and how long each took."""
    lines, took = [await opened() for _ in range(SENDERS)], []
    for line in lines:
        await line.get("/v1/whoami")  # who connects is found once

    async def sends(line: Line, number: int) -> None:
        for _ in range(EACH):
            begun = time.perf_counter()
            status, answer = await line.post("/v1/messages", body(number))
            took.append(time.perf_counter() - begun)
            assert status == ACCEPTED, answer

    begun = time.perf_counter()
    await asyncio.gather(*(sends(line, number) for number, line in enumerate(lines)))
    for line in lines:
        line.close()
    return len(took) / (time.perf_counter() - begun), took


def synced() -> list[float]:
    """What one synced append of 400 bytes costs on this disk."""
    took = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(ALONE):
            begun = time.perf_counter()
            os.write(file.fileno(), b"x" * 400)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - begun)
    return took


async def measured(home: House, floor: Any, sheet: Sheet) -> None:
    ours, bare = lambda: Line.unix(home.socket), lambda: Line.unix(floor)
    by_tcp = lambda: Line.tcp(home.port, home.token)  # noqa: E731
    lone, lone_bare, tcp, rates, bare_rates, crowd, used = [], [], [], [], [], [], 0.0
    for _ in range(ROUNDS):
        lone_bare += await alone(bare)
        lone += await alone(ours)
        tcp += await alone(by_tcp)
        bare_rates.append((await together(bare))[0])
        before = cpu(home.pid)
        rate, took = await together(ours)
        used += cpu(home.pid) - before
        rates.append(rate)
        crowd.append(percentile(took, 99))
    sync = f"aiohttp alone {ms(middle(lone_bare))}, one synced write {ms(middle(synced()))}"
    sheet.row(
        "accepted notice, alone, Unix socket",
        spread(lone),
        limit="p50 ≤ 1.5 ms",
        kept=middle(lone) <= 0.0015,
        floor=sync,
        seed="1.5 ms, not synced",
    )
    sheet.row(
        f"accepted notices, {SENDERS} senders",
        f"{middle(rates):.0f} a second, {used / (ROUNDS * SENDERS * EACH) * 1000:.2f} ms of processor each",
        limit="≥ 2,000 a second",
        kept=middle(rates) >= 2000,
        floor=f"aiohttp alone {middle(bare_rates):.0f} a second",
        seed="765 to 864 a second, 1.05 ms each, not synced",
    )
    sheet.row(
        f"the same, p99 of a round, middle of {ROUNDS} rounds",
        ms(middle(crowd)),
        limit="≤ 40 ms",
        kept=middle(crowd) <= 0.040,
        seed="86 ms",
    )
    sheet.row(
        "accepted notice over HTTP with the token", spread(tcp), limit="p50 ≤ 4 ms", kept=middle(tcp) <= 0.004
    )


def main() -> None:
    sheet = Sheet("notice")
    with house(tcp=True) as home, echo() as floor:
        registered(home, *SINKS)
        asyncio.run(measured(home, floor, sheet))
    sheet.end()


if __name__ == "__main__":
    main()
