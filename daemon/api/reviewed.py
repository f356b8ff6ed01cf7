"""Reviews: asking for one, who owes what, and verdicts. What it is about is looked at first, then it is decided."""

from __future__ import annotations

from typing import Any, Final

from daemon.api.caller import Standing
from daemon.api.door import Call, Endpoint, Room
from daemon.api.reviewbodies import Review, ReviewBody, Reviews, ReviewsQuery, VerdictBody
from daemon.core import addressing, reviewing
from daemon.core import commands as c
from daemon.core import model as m
from daemon.core.errors import Unavailable
from daemon.core.view import Plan
from daemon.engine.lookout import Lookout
from daemon.wire import reviewed, routes

Json = dict[str, Any]
EVERYBODY: Final = "*"
MOST: Final = 200
NOT_LOOKED: Final = (m.Source(kind="branch"), m.Seen())  #: what was decided already is not looked at again


async def request(room: Room, call: Call) -> Json:
    body: ReviewBody = call.body
    source, seen = NOT_LOOKED
    if not await room.is_repeat(call):
        folder = await room.look(lambda plan: _folder(plan, call))
        source, seen = await _lookout(room).submitted(body.what, folder)
    command = c.RequestReview(
        requester=call.caller.peer_id,
        what=body.what,
        reviewer=body.reviewer,
        circle=body.circle,
        author=body.author or "",
        person=_person(room, call),
        source=source,
        seen=seen,
    )
    return await room.write(call, (command,), _told)


async def queue(room: Room, call: Call) -> Json:
    """What goes on, looked at just now; an agent is told what it owes and waits for, unless it says otherwise."""
    whose = await room.look(lambda plan: _whose(plan, call))
    found: list[m.Review] = await room.look(lambda plan: reviewing.queue(plan, whose))
    await _lookout(room).all(found[:MOST])

    def told(plan: Plan) -> list[Json]:
        ids = [each.review_id for each in found]
        over = reviewing.over(plan, whose) if call.query.over else ()
        known = [plan.review(each) for each in (*ids, *(x.review_id for x in over if x.review_id not in ids))]
        return [reviewed.review(reviewing.shown(plan, each)) for each in known if each]

    return {"reviews": await room.look(told)}


async def mark(room: Room, call: Call) -> Json:
    body: VerdictBody = call.body
    seen = m.Seen()
    if not await room.is_repeat(call):
        review = await room.look(lambda plan: reviewing.known(plan, call.params["id"]))
        seen = await _lookout(room).now(review)
        await room.engine.handle(c.SeeHeads(seen=((review.review_id, seen),)))
    command = c.MarkReviewed(
        review_id=call.params["id"],
        by=call.caller.peer_id,
        verdict=body.verdict,
        sha=body.sha or "",
        note=body.note,
        person=_person(room, call),
        owner=call.caller.standing is Standing.OWNER,
        seen=seen,
    )
    return await room.write(call, (command,), _told)


def _told(results: list[Any]) -> Json:
    return reviewed.review(results[0])


def _lookout(room: Room) -> Lookout:
    if room.lookout is None:
        raise Unavailable("nothing can be looked at here", "ask a whole daemon")
    return room.lookout


def _whose(plan: Plan, call: Call) -> str:
    """The peer whose queue it is; "" is everybody's."""
    wanted, caller = call.query.peer, call.caller
    if wanted is None:
        return caller.peer_id if caller.standing is Standing.AGENT else ""
    me = plan.peer(caller.peer_id)
    if wanted == EVERYBODY or me is None:
        return ""
    return addressing.one(plan, addressing.standpoint_of(plan, me), wanted).peer_id


def _folder(plan: Plan, call: Call) -> str:
    """From where an agent's paths are meant."""
    peer = plan.peer(call.caller.peer_id)
    return peer.path if peer and call.caller.standing is Standing.AGENT else ""


def _person(room: Room, call: Call) -> str:
    return room.owner if call.caller.standing is Standing.OWNER else ""


REVIEWS: Final = (
    Endpoint("GET", routes.REVIEWS, queue, "see what is to be reviewed", query=ReviewsQuery, answers=Reviews),
    Endpoint("POST", routes.REVIEWS, request, "ask for a review", body=ReviewBody, answers=Review),
    Endpoint(
        "POST",
        routes.MARK_REVIEW,
        mark,
        "give a verdict",
        body=VerdictBody,
        may=frozenset({Standing.AGENT, Standing.OWNER}),
        answers=Review,
    ),
)
