"""A thousand schedules and ten thousand jobs: the start, what they cost while none is due, how late one is said."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from stand.house import House, McpClient, house, registered
from stand.past import filled
from stand.processes import cpu
from stand.sheet import Sheet, middle, ms, percentile, spread

OWNERS: Final = 5
OF_EACH: Final = 200  #: as many as one may have
DUE: Final = 100  #: of the last owner's
APART_S: Final = 0.1
AHEAD_S: Final = 20.0
JOBS: Final = 10_000
STARTS: Final = 5
SETTLED_S: Final = 5.0
WATCHED_S: Final = 20.0


def later(home: House, owner: int, count: int) -> None:
    """So many that are due some day."""
    client = McpClient(home, f"owner-{owner}")
    client.initialize()
    for number in range(count):
        line = f"{number % 60} {number % 24} 1 1 *"
        told = client.call("schedule", to="sink", text="happy new year", cron=line, timezone="Europe/London")
        assert not told.get("isError"), told
    client.close()


def soon(home: House) -> dict[str, float]:
    """Those that are due in a moment, one after the other; when, by their ids."""
    client = McpClient(home, f"owner-{OWNERS}")
    client.initialize()
    due = {}
    begin = time.time() + AHEAD_S
    for number in range(DUE):
        at = begin + number * APART_S
        told = client.call(
            "schedule",
            to="sink",
            text="now",
            at=datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds"),
        )
        due[told["structuredContent"]["schedule_id"]] = at
    client.close()
    return due


async def said(home: House, due: Mapping[str, float]) -> list[float]:
    """How late each is said, by the feed of everything."""
    reader, writer = await asyncio.open_connection("127.0.0.1", home.port)
    headers = f"Host: 127.0.0.1:{home.port}\r\nAuthorization: Bearer {home.token}\r\n"
    head = f"GET /v1/events?after=0 HTTP/1.1\r\n{headers}\r\n"
    writer.write(head.encode())
    late: dict[str, float] = {}
    async with asyncio.timeout(AHEAD_S + DUE * APART_S + 30):
        while len(late) < len(due):
            line = await reader.readline()
            if line.startswith(b"data: "):
                told = json.loads(line[6:])
                if told.get("type") == "schedule_fired" and told["ref"] in due:
                    late[told["ref"]] = time.time() - due[told["ref"]]
    writer.close()
    return list(late.values())


def idle(home: House) -> float:
    """The share of a processor, while nothing is due for weeks."""
    time.sleep(SETTLED_S)  # noqa: TID251 -- there is nothing to wait for
    used = cpu(home.pid)
    time.sleep(WATCHED_S)  # noqa: TID251
    return (cpu(home.pid) - used) / WATCHED_S * 100


def begun(home: House) -> list[float]:
    """How long it takes to start, some times."""
    starts = []
    for _ in range(STARTS):
        home.end()
        starts.append(home.start())
    return starts


def main() -> None:
    sheet = Sheet("schedules")
    count = OWNERS * OF_EACH
    with house(tcp=True) as home:
        registered(home, "sink")
        empty = begun(home)
        home.end()
        filled(home.home / "peerline.db", JOBS)
        home.start()
        for owner in range(1, OWNERS):
            later(home, owner, OF_EACH)
        later(home, OWNERS, OF_EACH - DUE)
        late = asyncio.run(said(home, soon(home)))
        later(home, OWNERS, DUE)
        starts = begun(home)
        share = idle(home)
    among = f"{count:,} schedules and {JOBS:,} jobs"
    sheet.row(
        f"start with {among}, until /health",
        f"{spread(starts)}, {middle(starts) / middle(empty):.2f} times the empty start of the same run",
        limit="≤ 2 s",
        kept=max(starts) <= 2,
        floor=f"with none: {spread(empty)}",
    )
    sheet.row(
        f"{WATCHED_S:.0f} s with {among} of which none is due",
        f"{share:.2f} % of a processor",
        limit="< 0.5 %",
        kept=share < 0.5,
    )
    sheet.row(
        f"from its time until what a schedule says is on its way, among {among}",
        f"{ms(middle(late))}, p99 {ms(percentile(late, 99))} of {len(late)}",
        limit="p99 ≤ 1 s",
        kept=percentile(late, 99) <= 1,
    )
    sheet.end()


if __name__ == "__main__":
    main()
