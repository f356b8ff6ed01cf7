"""One chat surface: how it is, and having it hosted as the config says now."""

from __future__ import annotations

from functools import partial
from typing import Any

from daemon.api.door import Call, Hosting, Room
from daemon.core.errors import NotFound
from daemon.core.view import Plan
from daemon.wire import shapes

Json = dict[str, Any]


async def shown(room: Room, call: Call) -> Json:
    return await _shown(room, call.params["surface"], _hosting(room, call))


async def host(room: Room, call: Call) -> Json:
    hosting = _hosting(room, call)
    await hosting.host()
    return await _shown(room, call.params["surface"], hosting)


async def _shown(room: Room, surface: str, hosting: Hosting) -> Json:
    told = await hosting.look()
    kept: Json = await room.look(partial(_kept, surface))
    return {"surface": surface} | kept | told | {"fix": hosting.fix(kept["trouble"])}


def _kept(surface: str, plan: Plan) -> Json:
    """What the store knows of it."""
    found, outage = plan.view.conversations(surface), plan.outage(surface)
    beat = max((each.beat_at for each in found if each.beat_at), default=None)
    return {
        "round_trip_age_s": round((plan.now - beat).total_seconds(), 1) if beat else None,
        "trouble": outage.trouble if outage else "",
        "since": shapes.moment(outage.since_at) if outage and outage.since_at else None,
        "people": sum(each.removed_at is None for each in plan.view.people(surface)),
        "waiting": sum(plan.view.waiting_count(each.peer_id) for each in found),
    }


def _hosting(room: Room, call: Call) -> Hosting:
    surface = call.params["surface"]
    if surface not in room.hosting:
        there = ", ".join(f'"{name}"' for name in room.hosting) or "none"
        raise NotFound(f'no surface "{surface}" is hosted here', f"there is {there}")
    return room.hosting[surface]
