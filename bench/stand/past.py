"""A store with a past: thousands of jobs that are over, and some hundred that are not yet begun."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from daemon.core.model import Job, Peer
from daemon.store.sqlite import SqliteStore

QUEUED: Final = 400
ENDS: Final = ("done", "done", "done", "failed", "cancelled", "expired")
WORDS: Final = "what was found, and what was done about it; " * 12


def filled(database: Path, jobs: int) -> None:
    """Write so many, for the first peer that is there; no daemon runs."""
    asyncio.run(_filled(database, jobs))


async def _filled(database: Path, jobs: int) -> None:
    store = SqliteStore(database)
    try:
        peer = await store.read(lambda tx: tx.peers()[0])
        made = list(_jobs(peer, jobs))
        await store.transact(lambda tx: [tx.put(each) for each in made])
    finally:
        await store.close()


def _jobs(peer: Peer, count: int) -> Iterator[Job]:
    """One runs; of the queued ones a half waits for it, a quarter for a time, a quarter for the others."""
    now = datetime.fromtimestamp(time.time(), UTC)
    yield _job(peer, 0, now, state="running", ask_id="a-0", began_at=now)
    for number in range(1, count):
        ago = now - timedelta(minutes=number)
        if number > QUEUED:
            state = ENDS[number % len(ENDS)]
            yield _job(peer, number, ago, state=state, began_at=ago, ended_at=ago, tries=1, result=WORDS)
        elif number % 4 == 0:
            at = now + timedelta(days=200, minutes=number)
            yield _job(peer, number, ago, state="queued", due_at=at, wakes_at=at)
        else:
            after = (_id(number - 1),) if number % 4 == 1 else ()
            yield _job(peer, number, ago, state="queued", after=after)


def _job(peer: Peer, number: int, at: datetime, **how: object) -> Job:
    return Job(
        job_id=_id(number),
        title=f"the job with the number {number}",
        prompt=WORDS,
        owner=peer.peer_id,
        to=peer.peer_id,
        circle=peer.circle,
        created_at=at,
        **how,  # type: ignore[arg-type]
    )


def _id(number: int) -> str:
    return f"j-{number:010}"
