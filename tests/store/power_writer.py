"""A store under load, to be watched: ``python power_writer.py FOLDER MESSAGES [NORMAL]``.

Several senders put messages; each says its id on standard output once the store has told that it is kept. ``NORMAL`` is
the bug that the watching must find: commits that nobody syncs.
"""

from __future__ import annotations

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from daemon.core import model as m
from daemon.store import opening
from daemon.store.interface import Tx
from daemon.store.sqlite import SqliteStore

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SENDERS = 4
PAGES = 60  #: of the log, between two checkpoints
ADA = m.Sender(peer_id="p-ada", name="ada", circle="default", role=m.Role.HUMAN, authority=m.Authority.OWNER)


def envelope(name: str) -> m.Envelope:
    return m.Envelope(
        envelope_id=name,
        kind=m.Kind.NOTICE,
        sender=ADA,
        to=("p-b",),
        body=f"the body of {name} " * 20,
        created_at=NOON,
        expires_at=NOON + timedelta(days=7),
    )


async def sent(store: SqliteStore, sender: int, count: int) -> None:
    for n in range(count):
        name = f"m-{sender:02}x{n:06}"

        def step(tx: Tx, name: str = name) -> None:
            tx.put(envelope(name))
            tx.tell(m.Event("accepted", name), NOON)

        await store.transact(step)
        os.write(1, f"<{name}>\n".encode())


async def main(folder: Path, count: int) -> None:
    store = SqliteStore(folder / "peerline.db")
    await store.transact(lambda tx: store._conn.execute(f"PRAGMA wal_autocheckpoint = {PAGES}").fetchone())
    async with asyncio.TaskGroup() as senders:
        for sender in range(SENDERS):
            senders.create_task(sent(store, sender, count // SENDERS))
    os._exit(0)  # as a cut would: nothing is closed


def unsynced() -> None:
    real = opening._opened

    def careless(uri: str, *pragmas: str) -> Any:
        return real(uri, *(each.replace("= FULL", "= NORMAL") for each in pragmas))

    opening._opened = careless


if __name__ == "__main__":
    if sys.argv[3:] == ["NORMAL"]:
        unsynced()
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
