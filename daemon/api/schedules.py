"""Schedules: adding one, looking at them and at what became of their times, letting them rest, go on or be gone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from daemon.api.caller import Standing
from daemon.api.door import Call, Room
from daemon.api.timebodies import ScheduleBody, Timed
from daemon.core import commands as c
from daemon.core import schedules
from daemon.core.errors import Malformed, NotAllowed
from daemon.core.model import Kind, Overlap, Schedule
from daemon.core.model import Standing as State
from daemon.core.rules import spoken, timetable
from daemon.core.rules.timetable import Every, Missed, Once, Rule
from daemon.core.view import Plan
from daemon.engine.feed import SCHEDULES
from daemon.wire import agenda

Json = dict[str, Any]


async def add(room: Room, call: Call) -> Json:
    body: ScheduleBody = call.body
    if body.spawn:
        raise NotAllowed("nobody can be started by a schedule", "start the peer first, then name it")
    zone = body.timezone or room.zone
    command = c.AddSchedule(
        owner=call.caller.peer_id,
        to=tuple(body.to),
        text=body.text,
        rule=rule_of(body, spoken.Speaker(room.engine.clock.now(), zone)),
        zone=zone,
        kind=Kind(body.kind),
        circle=body.circle or "",
        missed=Missed(body.missed),
        most=body.most,
        overlap=Overlap(body.overlap) if body.overlap else None,
        until=body.until,
        jitter=timedelta(seconds=body.jitter_s),
        person=room.owner if call.caller.standing is Standing.OWNER else "",
    )
    me = await room.look(lambda plan: name_of(plan, call.caller.peer_id))
    return await room.write(call, (command,), lambda told: agenda.schedule(told[0], me))


async def listed(room: Room, call: Call) -> Json:
    mine = call.caller.peer_id if call.query.whose == "mine" else ""

    def look(plan: Plan) -> list[Json]:
        found = [each for each in plan.view.schedules() if mine in {"", each.owner}]
        if not call.query.over:
            found = [each for each in found if each.state is not State.OVER]
        return [agenda.schedule(each, name_of(plan, each.owner)) for each in found]

    return {"schedules": await room.look(look)}


async def shown(room: Room, call: Call) -> Json:
    """With what became of its last times."""

    def look(plan: Plan) -> Json:
        found = schedules.known(plan, call.params["id"], "")
        past = agenda.history(plan.view.occurrences(found.schedule_id))
        return agenda.schedule(found, name_of(plan, found.owner)) | {"occurrences": past}

    told: Json = await room.look(look)
    return told


async def change(room: Room, call: Call) -> Json:
    return await _become(room, call, State(call.body.state))


async def remove(room: Room, call: Call) -> Json:
    return await _become(room, call, State.REMOVED)


async def run(room: Room, call: Call) -> Json:
    command = c.RunSchedule(schedule_id=call.params["id"], by=by(call))
    return await room.write(call, (command,), lambda told: agenda.occurrence(told[0]))


async def fire(room: Room, call: Call) -> Json:
    """Decide what is due, of schedules and of jobs; the alarm clock calls."""
    rung = await room.write(
        call, (c.FireSchedules(),), lambda told: {"decided": told[0].decided, "stopped": told[0].stopped}
    )
    begun = await room.engine.handle(c.BeginJobs())  # apart: neither holds up the other
    return rung | {"decided": rung["decided"] + begun}


async def alarms(room: Room, call: Call) -> AsyncIterator[tuple[str, int, Any]]:
    """When something is due next: now, and whenever that changes."""
    return _alarms(room)


async def _alarms(room: Room) -> AsyncIterator[tuple[str, int, Any]]:
    with room.engine.feed.watching(SCHEDULES) as watch:
        while True:
            watch.take()
            at = await room.engine.look(lambda tx: tx.next_alarm())
            yield "alarm", 0, {"at": at.isoformat() if at else None}
            await watch.wait()


def rule_of(body: Timed, who: spoken.Speaker) -> Rule:
    """Each of the three says what kind of time it is; ``when`` may be any.

    Raises:
        Malformed: it is another kind, or no time.

    """
    if body.every:
        length = spoken.span(body.every)
        if length is None:
            raise Malformed(f'"{body.every[:60]}" is no length of time', 'as in "30m", "2h" or "1 day"')
        timetable.checked(Every(length, who.now))
        return Every(length, who.now + length)
    rule = spoken.understood(body.cron or body.at or body.when or "", who)
    if (body.at and not isinstance(rule, Once)) or (body.cron and isinstance(rule, Once | Every)):
        raise Malformed(f'"{(body.at or body.cron or "")[:60]}" is another kind of time', spoken.HINT)
    return rule


async def _become(room: Room, call: Call, state: State) -> Json:
    command = c.ChangeSchedule(schedule_id=call.params["id"], by=by(call), state=state)

    def told(results: list[Any]) -> Json:
        changed: Schedule = results[0]
        return agenda.schedule(changed, owner)

    owner = await room.look(
        lambda plan: name_of(plan, schedules.known(plan, command.schedule_id, command.by).owner)
    )
    return await room.write(call, (command,), told)


def by(call: Call) -> str:
    """Who changes it; "" is the owner of the machine."""
    return "" if call.caller.standing is Standing.OWNER else call.caller.peer_id


def name_of(plan: Plan, peer_id: str) -> str:
    peer = plan.peer(peer_id)
    return peer.name if peer else ""
