"""Check-ins: adding one, looking at all of them, beginning a round now, taking one away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from daemon.api.caller import Standing
from daemon.api.door import Call, Room
from daemon.api.schedules import by, name_of, rule_of
from daemon.api.timebodies import CheckinBody
from daemon.core import checkins
from daemon.core import commands as c
from daemon.core.model import Checkin, CheckinShown, Schedule
from daemon.core.rules import spoken
from daemon.core.view import Plan
from daemon.wire import agenda

Json = dict[str, Any]


async def add(room: Room, call: Call) -> Json:
    body: CheckinBody = call.body
    zone = body.timezone or room.zone
    command = c.AddCheckin(
        owner=call.caller.peer_id,
        name=body.name,
        question=body.ask,
        of=tuple(body.of),
        rule=rule_of(body, spoken.Speaker(room.engine.clock.now(), zone)),
        zone=zone,
        report_to=body.report_to,
        circle=body.circle or "",
        within=None if body.within_s is None else timedelta(seconds=body.within_s),
        person=room.owner if call.caller.standing is Standing.OWNER else "",
    )
    me = await room.look(lambda plan: name_of(plan, call.caller.peer_id))
    return await room.write(call, (command,), lambda told: _told(told[0], me))


async def listed(room: Room, call: Call) -> Json:
    def look(plan: Plan) -> list[Json]:
        return [_told(*_owned(plan, each)) for each in plan.view.checkins()]

    return {"checkins": await room.look(look)}


async def remove(room: Room, call: Call) -> Json:
    name = call.params["name"]
    _, owner = await room.look(lambda plan: _owned(plan, checkins.known(plan, name)))
    return await room.write(
        call, (c.RemoveCheckin(name=name, by=by(call)),), lambda told: _told(told[0], owner)
    )


async def run(room: Room, call: Call) -> Json:
    command = c.RunCheckin(name=call.params["name"], by=by(call))
    return await room.write(call, (command,), lambda told: agenda.occurrence(told[0]))


def _owned(plan: Plan, checkin: Checkin) -> tuple[CheckinShown, str]:
    """With its schedule, and the name of whoever made it."""
    its: Schedule | None = plan.schedule(checkin.schedule_id)
    if its is None:
        raise LookupError(checkin.schedule_id)
    return CheckinShown(checkin, its), name_of(plan, its.owner)


def _told(one: CheckinShown, owner: str) -> Json:
    return agenda.checkin(one.checkin, one.schedule, owner)
