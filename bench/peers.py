"""Who is there: inside the daemon after 20,000 closed asks, and from the command line."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from daemon.api.caller import Caller, Standing
from daemon.api.door import Door, Room
from daemon.api.limits import Limits, Window
from daemon.api.table import ENDPOINTS
from daemon.client.interface import Question
from daemon.client.local import LocalExchange
from daemon.client.peer import Client
from daemon.core import commands as c
from daemon.core.model import Turn
from daemon.engine.clock import SystemClock
from daemon.engine.engine import Engine
from daemon.store.sqlite import SqliteStore
from stand.house import PEERLINE, house
from stand.processes import BARE, in_turn
from stand.sheet import Sheet, middle, ms, spread

PEERS: Final = 100
ASKS: Final = 20_000
AT_ONCE: Final = 100
TIMES: Final = 200


async def agent(engine: Engine, number: int) -> Caller:
    command = c.RegisterSession(
        session_id=f"s-{number}",
        backend="practice",
        pid=0,
        started=0,
        wish=f"agent-{number}",
        circle="default",
        path=f"/projects/{number}",
        machine="here",
        turn=Turn.IDLE,
    )
    peer = await engine.handle(command)
    return Caller(standing=Standing.AGENT, peer_id=peer.peer_id, host=command.session_id)


async def inside(folder: Path) -> tuple[list[float], list[float]]:
    """How long the list takes by the client inside the daemon: without history, and with it."""
    store = SqliteStore(folder / "peerline.db")
    engine = Engine(store, SystemClock())

    async def nothing() -> dict[str, str]:
        return {}

    door = Door(Room(engine, Limits(Window("peer", 0), Window("pair", 0)), nothing, lambda: None), ENDPOINTS)
    callers = [await agent(engine, number) for number in range(PEERS)]
    ada = Client(LocalExchange(door, callers[0]))

    async def asked() -> None:
        told = await ada.ask(Question(to=("agent-1",), text="how far?"))
        await ada.cancel(told["ask_id"])

    fresh = await listed(ada)
    for _ in range(0, ASKS, AT_ONCE):
        await asyncio.gather(*(asked() for _ in range(AT_ONCE)))
    old = await listed(ada)
    await store.close()
    return fresh, old


async def listed(ada: Client) -> list[float]:
    took = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        told = await ada.peers(circle="*", include_self=True)
        took.append(time.perf_counter() - begun)
        assert len(told["peers"]) == PEERS
    return took


def main() -> None:
    sheet = Sheet("peers")
    with tempfile.TemporaryDirectory() as folder:
        fresh, old = asyncio.run(inside(Path(folder)))
    sheet.row(
        f"list of {PEERS} peers inside the daemon, after {ASKS:,} closed asks",
        spread(old),
        limit="≤ 2 ms",
        kept=middle(old) <= 0.002,
        floor=f"before the first ask {ms(middle(fresh))}",
        seed="214 ms; 3.3 ms before",
    )
    with house() as home:
        env, typer = home.env, [sys.executable, "-I", "-c", "import typer, asyncio"]
        seed = os.environ.get("PEERLINE_BENCH_REPOWIRE", "")
        commands = [
            (BARE, {}, os.devnull),
            (typer, {}, os.devnull),
            ([str(PEERLINE), "peer", "list"], env, os.devnull),
        ]
        if seed:
            commands.append(([seed, "--version"], env, os.devnull))
        told = [middle([each.wall for each in results]) for results in in_turn(15, *commands)]
    sheet.row(
        "peerline peer list, the whole process",
        ms(told[2]),
        limit="≤ 200 ms",
        kept=told[2] <= 0.2,
        floor=f"the bare interpreter {ms(told[0])}, importing typer and asyncio {ms(told[1])}",
        seed=f"its --version alone {ms(told[3])}, in this run" if seed else "398 ms",
    )
    sheet.end()


if __name__ == "__main__":
    main()
