"""Jobs: adding one, looking at them, saying how far one is, ending it and trying it anew."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from daemon.api.caller import Standing
from daemon.api.door import Call, Room
from daemon.api.timebodies import JobBody, JobChange
from daemon.core import commands as c
from daemon.core import orders, shifts, work
from daemon.core.errors import Malformed
from daemon.core.model import Job, Peer
from daemon.core.rules import spoken
from daemon.core.rules.jobs import State
from daemon.core.rules.timetable import Once
from daemon.core.view import Plan
from daemon.starting.interface import Place, Wish
from daemon.wire import agenda

Json = dict[str, Any]


async def add(room: Room, call: Call) -> Json:
    body: JobBody = call.body
    owner = call.caller.standing is Standing.OWNER
    place = await _place(room, call)
    command = c.AddJob(
        owner=call.caller.peer_id,
        title=body.title,
        prompt=body.prompt or "",
        to=body.to or "",
        path=place.path if place else body.path or "",
        backend=place.backend if place else body.backend or "",
        circle=body.circle or "",
        after=tuple(body.after),
        due_at=_at(body, room),
        tonight=body.tonight,
        deadline=timedelta(seconds=body.deadline_s) if body.deadline_s else None,
        retries=body.retries,
        messages=body.messages,
        wakes=body.wakes,
        minutes=body.minutes,
        person=room.owner if owner else "",
        may_spawn=owner,
    )
    return await _told(room, call, command)


async def _place(room: Room, call: Call) -> Place | None:
    """The folder that somebody is to be started in, if it is one that may be; None: a peer does it."""
    body: JobBody = call.body
    if body.path is None or room.starting is None or await room.is_repeat(call):
        return None
    return await room.starting.looked(Wish(path=body.path, backend=body.backend or ""))


async def listed(room: Room, call: Call) -> Json:
    """Those that go on, then those that are over, the newest first; ``mine``: wanted by the caller, or theirs to do."""
    mine = call.caller.peer_id if call.query.whose == "mine" else ""

    def look(plan: Plan) -> list[Json]:
        found = plan.view.jobs(mine, call.query.limit, over=call.query.over)
        return [agenda.job(each, _named(plan, each)) | {"waits_for": _limited(plan, each)} for each in found]

    return {"jobs": await room.look(look)}


async def shown(room: Room, call: Call) -> Json:
    """With what it waits for."""

    def look(plan: Plan) -> Json:
        found = orders.known(plan, call.params["id"])
        return agenda.job(found, _named(plan, found)) | {"waits_for": work.waits_for(plan, found)}

    told: Json = await room.look(look)
    return told


async def update(room: Room, call: Call) -> Json:
    body: JobChange = call.body
    command = c.UpdateJob(
        job_id=call.params["id"], by=_by(call), state=body.state, note=body.note, claims=tuple(body.claims)
    )
    return await _told(room, call, command)


async def cancel(room: Room, call: Call) -> Json:
    def named(plan: Plan) -> str:
        peer = plan.peer(call.caller.peer_id)
        return room.owner if call.caller.standing is Standing.OWNER or peer is None else peer.name

    by = await room.look(named)
    return await _told(
        room, call, c.CancelJob(job_id=call.params["id"], by=_by(call), named=by or "the owner")
    )


async def retry(room: Room, call: Call) -> Json:
    return await _told(room, call, c.RetryJob(job_id=call.params["id"], by=_by(call)))


async def _told(room: Room, call: Call, command: c.Command) -> Json:
    """Do it, and tell how the job is then, with the names of those whom it concerns."""
    peers: dict[str, Peer] = await room.look(lambda plan: {each.peer_id: each for each in plan.peers()})

    def render(results: list[Any]) -> Json:
        job: Job = results[0]
        names = agenda.Names(*(peers[x].name if x in peers else "" for x in (job.owner, job.to)))
        return agenda.job(job, names)

    return await room.write(call, (command,), render)


def _at(body: JobBody, room: Room) -> datetime | None:
    if body.at is None:
        return None
    who = spoken.Speaker(room.engine.clock.now(), body.timezone or room.zone)
    rule = spoken.understood(body.at, who)
    if not isinstance(rule, Once):
        raise Malformed(f'"{body.at[:60]}" is more than one time', 'as in "tomorrow 9:00" or "in 2h"')
    return rule.at


def _limited(plan: Plan, job: Job) -> str:
    return shifts.limited(plan, job) if job.state == State.QUEUED else ""


def _by(call: Call) -> str:
    """Who changes it; "" is the owner of the machine."""
    return "" if call.caller.standing is Standing.OWNER else call.caller.peer_id


def _named(plan: Plan, job: Job) -> agenda.Names:
    return agenda.Names(*(peer.name if (peer := plan.peer(x)) else "" for x in (job.owner, job.to)))
