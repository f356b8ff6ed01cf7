"""What is to be shown to people, leased to the surface that shows it, as it comes."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core.errors import Conflict, StaleLease
from daemon.core.model import Parcel
from daemon.engine.engine import Engine
from daemon.engine.feed import Watch

TTL: Final = timedelta(seconds=30)
TAKEN_OVER: Final = 'another stream of "{}" took over'


async def parcels(
    engine: Engine, surface: str, host: str, holder: str, *, peer_id: str | None = None
) -> AsyncIterator[Parcel]:
    """Yield what waits for the conversations that ``host`` carries, without an end.

    A second stream of the same holder takes over from the first: what that one was given and had not begun to show
    is given again, to the second.

    Raises:
        StaleLease: another stream of this holder took over.

    """
    holding = f"holder:{holder}:{peer_id or ''}"
    engine.feed.touch((holding,))
    with engine.feed.watching(holding) as followed:
        await engine.handle(c.Recover(holder_prefix=holder, gone=False))
        while True:
            hosted = await _hosted(engine, surface, host, peer_id)
            with engine.feed.watching(f"surface:{surface}", holding, *hosted) as watch:
                # Looked at on both sides of the lease: what is leased after the other began would lie here unshown.
                while _is_ours(followed, holder) and (parcel := await _next(engine, hosted, holder)):
                    if followed.take():
                        await _give_back(engine, parcel)
                        raise StaleLease(TAKEN_OVER.format(holder))
                    yield parcel
                await watch.wait()


def _is_ours(followed: Watch, holder: str) -> bool:
    if followed.take():
        raise StaleLease(TAKEN_OVER.format(holder))
    return True


async def _give_back(engine: Engine, parcel: Parcel) -> None:
    """It was leased when the other stream had begun already, and so had not freed what was ours."""
    delivery, now = parcel.delivery, engine.clock.now()
    freed = c.HoldDelivery(
        delivery_id=delivery.delivery_id, holder=delivery.holder, reason="another stream shows it", until=now
    )
    with contextlib.suppress(Conflict):
        await engine.handle(freed)


async def _next(engine: Engine, hosted: tuple[str, ...], holder: str) -> Parcel | None:
    parcel: Parcel | None = await engine.handle(
        c.LeaseNext(peer_ids=hosted, holder=holder, ttl=TTL, shows=True)
    )
    return parcel


async def _hosted(engine: Engine, surface: str, host: str, peer_id: str | None) -> tuple[str, ...]:
    conversations = await engine.read(lambda tx: tx.conversations(surface))
    return tuple(
        each.peer_id for each in conversations if each.host == host and peer_id in {None, each.peer_id}
    )
