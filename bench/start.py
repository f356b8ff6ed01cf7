"""The daemon's start: until it answers, until agents' tools answer, and whether it stalls after that."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from stand.floor import echo
from stand.house import House, McpClient, registered
from stand.processes import memory, ran
from stand.sheet import Sheet, middle, ms, spread
from stand.wire import Line

TIMES: Final = 7
WATCHED_S: Final = 5.0
QUEUED: Final = 10_000
SINKS: Final = 10


def initialized(home: House) -> None:
    client = McpClient(home, "ada")
    client.initialize()
    client.close()


async def stalls(opened: Any, ask: Any) -> list[float]:
    """How long each of many small questions took, one after the other."""
    line, took, until = await opened(), [], time.perf_counter() + WATCHED_S
    while time.perf_counter() < until:
        begun = time.perf_counter()
        await ask(line)
        took.append(time.perf_counter() - begun)
    line.close()
    return took


def after_a_kill(home: House) -> list[float]:
    """With 10,000 messages waiting: killed, and how long until it answers again."""
    names = [f"sink-{n}" for n in range(SINKS)]
    registered(home, *names)

    async def fill() -> None:
        lines = [await Line.unix(home.socket) for _ in names]

        async def to(line: Line, name: str) -> None:
            for number in range(QUEUED // SINKS):
                told = {"kind": "notice", "to": [name], "text": f"number {number}"}
                status, answer = await line.post("/v1/messages", told)
                assert status == 200, answer

        await asyncio.gather(*(to(line, name) for line, name in zip(lines, names, strict=True)))

    asyncio.run(fill())
    took = []
    for _ in range(TIMES):
        home.end(signal.SIGKILL)
        took.append(home.start())
    waiting = sum(each for state, each in queue(home).items() if state in {"queued", "held", "leased"})
    assert waiting == QUEUED, waiting
    return took


def queue(home: House) -> dict[str, int]:
    told: dict[str, Any] = json.loads(home.cli("status", "--json"))
    counts: dict[str, int] = told["deliveries"] if "deliveries" in told else told["queue"]
    return counts


def main() -> None:
    sheet = Sheet("start")
    health, ready, library = [], [], []
    with tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp") as folder, echo() as floor:
        for turn in range(TIMES):
            library.append(
                ran([sys.executable, "-I", "-c", "import aiohttp.web, pydantic"], stdin=os.devnull).wall
            )
            home = House(Path(folder) / str(turn))
            begun = time.perf_counter()
            health.append(home.start())
            initialized(home)
            ready.append(time.perf_counter() - begun)
            if turn + 1 < TIMES:
                home.end()
        idle = memory(home.pid)
        ours = asyncio.run(stalls(lambda: Line.unix(home.socket), lambda line: line.get("/health")))
        bare = asyncio.run(stalls(lambda: Line.unix(floor), lambda line: line.post("/v1/messages", {})))
        again = after_a_kill(home)
        home.end()
    alone = f"importing aiohttp and pydantic alone {ms(middle(library))}"
    sheet.row(
        "from start to /health",
        spread(health),
        limit="≤ 0.6 s",
        kept=middle(health) <= 0.6,
        floor=alone,
        seed="1,131 ms",
    )
    sheet.row(
        "from start to a tool client initialized", spread(ready), limit="≤ 1.5 s", kept=middle(ready) <= 1.5
    )
    longest, longest_bare = statistics.quantiles(ours, n=1000)[-1], statistics.quantiles(bare, n=1000)[-1]
    sheet.row(
        f"longest of the quickest 99.9 % of {len(ours):,} answers after that",
        ms(longest),
        limit="no stall over 10 ms",
        kept=longest <= 0.010,
        floor=f"aiohttp alone {ms(longest_bare)}",
    )
    sheet.row(
        f"killed with {QUEUED:,} messages waiting, until /health",
        spread(again),
        limit="≤ 1 s",
        kept=middle(again) <= 1.0,
        seed="1.15 s, asks lost",
    )
    sheet.row("memory of a daemon with nobody", f"{idle:.0f} MiB", limit="told", kept=True, seed="85.5 MiB")
    sheet.end()


if __name__ == "__main__":
    main()
