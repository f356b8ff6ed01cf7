"""One chat surface: how it is, and having it hosted as the config says now."""

from __future__ import annotations

from typing import Any, Final

from daemon.api.door import Call, Hosting, Room
from daemon.core.errors import NotFound
from daemon.core.view import Plan
from daemon.wire import shapes

Json = dict[str, Any]
TELEGRAM: Final = "telegram"


async def shown(room: Room, call: Call) -> Json:
    return await _shown(room, _hosting(room, call))


async def host(room: Room, call: Call) -> Json:
    hosting = _hosting(room, call)
    await hosting.host()
    return await _shown(room, hosting)


async def _shown(room: Room, hosting: Hosting) -> Json:
    told = await hosting.look()
    kept: Json = await room.look(_kept)
    return {"surface": TELEGRAM} | kept | told | {"fix": hosting.fix(kept["trouble"])}


def _kept(plan: Plan) -> Json:
    """What the store knows of it."""
    found, outage = plan.view.conversations(TELEGRAM), plan.outage(TELEGRAM)
    beat = max((each.beat_at for each in found if each.beat_at), default=None)
    return {
        "round_trip_age_s": round((plan.now - beat).total_seconds(), 1) if beat else None,
        "trouble": outage.trouble if outage else "",
        "since": shapes.moment(outage.since_at) if outage and outage.since_at else None,
        "people": sum(each.removed_at is None for each in plan.view.people(TELEGRAM)),
        "waiting": sum(plan.view.waiting_count(each.peer_id) for each in found),
    }


def _hosting(room: Room, call: Call) -> Hosting:
    if room.hosting is None or call.params["surface"] != TELEGRAM:
        raise NotFound(f'no surface "{call.params["surface"]}" is hosted here', f'there is "{TELEGRAM}"')
    return room.hosting
