"""From stored to handed, on a road whose other end waits; and how soon that road is there again after a kill."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator
from typing import Final

from daemon.client.hosting import HostingClient
from daemon.client.http import Address, HttpExchange
from daemon.core.errors import Unavailable
from stand.house import House, house
from stand.sheet import Sheet, middle, ms, percentile, spread
from stand.wire import Line

TIMES: Final = 500
KILLS: Final = 7
SURFACE: Final = "cli"


class Waiting:
    """A surface that waits for parcels and takes each at once."""

    def __init__(self, home: House) -> None:
        self._client = HostingClient(HttpExchange(Address(socket=home.socket)))
        self._arrived: asyncio.Queue[tuple[str, float]] = asyncio.Queue()

    async def joined(self) -> str:
        told = await self._client.join(SURFACE, "bench")
        name: str = told["name"]
        return name

    async def take(self) -> None:
        async for parcel in self._client.parcels(SURFACE):
            came = time.perf_counter()
            with contextlib.suppress(Unavailable):
                await self._client.ack(parcel, receipt=parcel.delivery.delivery_id)
            # Only now: an unsettled one would come again first.
            self._arrived.put_nowait((parcel.envelope.body, came))

    async def arrival(self, text: str) -> float:
        async with asyncio.timeout(30):
            while True:
                told, at = await self._arrived.get()
                if told == text:
                    return at


@contextlib.asynccontextmanager
async def taking(waiting: Waiting) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(waiting.take())
        yield
        task.cancel()


async def sent(line: Line, name: str, text: str) -> float:
    """When the daemon had said that it is stored."""
    status, answer = await line.post("/v1/messages", {"kind": "notice", "to": [name], "text": text})
    assert status == 200, answer
    return time.perf_counter()


async def measured(home: House, sheet: Sheet) -> None:
    waiting, handed, back = Waiting(home), [], []
    name = await waiting.joined()
    async with taking(waiting):
        line = await Line.unix(home.socket)
        for number in range(TIMES):
            stored = await sent(line, name, f"number {number}")
            handed.append(max(0.0, await waiting.arrival(f"number {number}") - stored))
        line.close()
        for number in range(KILLS):
            home.end(signal.SIGKILL)
            await asyncio.to_thread(home.start)
            up = time.perf_counter()
            line = await Line.unix(home.socket)
            await sent(line, name, f"after kill {number}")
            back.append(await waiting.arrival(f"after kill {number}") - up)
            line.close()
    worst = percentile(handed, 99)
    sheet.row(
        "stored to handed, to a surface that waits",
        f"p99 {ms(worst)}, p50 {ms(middle(handed))}",
        limit="p99 ≤ 50 ms",
        kept=worst <= 0.05,
        seed="17 ms to the first byte, 1.0 s to its receipt",
    )
    sheet.row(
        "reachable again, after a killed daemon answers again",
        spread(back),
        limit="≤ 1 s",
        kept=middle(back) <= 1.0,
        seed="1.9 s; 12 s after 20 s without a daemon",
    )


def main() -> None:
    sheet = Sheet("handing")
    with house() as home:
        asyncio.run(measured(home, sheet))
    sheet.end()


if __name__ == "__main__":
    main()
