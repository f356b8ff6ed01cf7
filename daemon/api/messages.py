"""Messages: sending, what is unread, taking it, and why it is where it is."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from daemon.api import bodies
from daemon.api.asks import LAG
from daemon.api.caller import Standing
from daemon.api.door import Call, Room
from daemon.api.peers import caller_of
from daemon.core import addressing, listing, sending, settling
from daemon.core import commands as c
from daemon.core.errors import ChainTooLong, NotAllowed
from daemon.core.model import Kind, Parcel, Story, Urgency
from daemon.core.view import Plan
from daemon.wire import shapes

Json = dict[str, Any]


async def send(room: Room, call: Call) -> Json:
    """Send it, within the limits.

    Raises:
        Throttled: a limit is reached.
        ChainTooLong: what led to it; whoever looks after the agents is told, once of each chain.

    """
    message, sender = call.body.root, call.caller.peer_id
    if not await room.is_repeat(call):
        now, profile = room.engine.clock.now(), call.caller.profile
        room.limits.sending(sender, now, text=message.text, profile=profile)
        if room.limits.counts_pairs:
            meant = await room.look(lambda plan: _meant(plan, sender, message))
            room.limits.meeting(sender, meant, now)
    try:
        return await _sent(room, call, message)
    except ChainTooLong:
        await room.engine.handle(c.TellLoop(peer_id=sender))
        raise


def _meant(plan: Plan, sender: str, message: Any) -> dict[str, str]:
    """Name by id of everybody whom it is for, by whatever names they are called."""
    peer = sending.sender_of(plan, sender)
    who = addressing.standpoint_of(plan, peer)
    if isinstance(message, bodies.SendBroadcast):
        to = addressing.audience(plan, who, message.circle, peer)
    else:
        to = addressing.several(plan, who, message.to, message.circle)
    return {each.peer_id: each.name for each in to}


async def _sent(room: Room, call: Call, message: Any) -> Json:
    sender = call.caller.peer_id
    person = room.owner if call.caller.standing is Standing.OWNER else ""
    match message:
        case bodies.SendAsk():
            return await room.write(call, (_ask(sender, person, message),), lambda told: shapes.ask(told[0]))
        case bodies.SendNotice():
            notice = c.SendNotice(
                sender=sender,
                to=tuple(message.to),
                text=message.text,
                circle=message.circle,
                urgency=Urgency(message.urgency),
                person=person,
            )
            return await room.write(call, (notice,), lambda told: shapes.sent(told[0]))
        case _:
            broadcast = c.SendBroadcast(
                sender=sender, text=message.text, circle=message.circle, person=person
            )
            return await room.write(call, (broadcast,), lambda told: shapes.sent(told[0]))


async def unread(room: Room, call: Call) -> Json:
    def look(plan: Plan) -> list[Parcel]:
        caller = caller_of(plan, call.caller)
        waiting = plan.view.waiting(caller.peer_id, call.query.limit)
        return [settling.parcel(plan, delivery) for delivery in waiting]

    return {"messages": [shapes.message(parcel) for parcel in _readable(await room.look(look))]}


async def history(room: Room, call: Call) -> Json:
    """The last messages that the caller sent or had, oldest first; what waits is none of them."""
    own = call.caller.peer_id
    past = await room.engine.read(lambda tx: tx.history(own, call.query.limit))

    def named(plan: Plan) -> list[Json]:
        return [shapes.past(each, own, [_name(plan, peer_id) for peer_id in each.to]) for each in past]

    return {"messages": await room.look(named)}


async def collect(room: Room, call: Call) -> Json:
    body, caller = call.body, call.caller
    command = c.Collect(peer_id=caller.peer_id, call_id=body.call, limit=body.limit, ask_id=body.ask_id)

    def taken(told: list[Any]) -> Json:
        return {"messages": [shapes.message(parcel) for parcel in _readable(told[0])]}

    answer = await room.write(call, (command,), taken)
    room.engine.passed("api.collected")
    return answer


async def confirm(room: Room, call: Call) -> Json:
    command = c.ConfirmCall(peer_id=call.caller.peer_id, call_id=call.body.call, others=call.body.others)
    return await room.write(call, (command,), lambda told: {"confirmed": told[0]})


async def why(room: Room, call: Call) -> Json:
    """The whole story, to who had a part in it or looks from outside.

    Raises:
        NotFound: there is no such message.
        NotAllowed: an agent asks about a message between others.

    """
    message_id, caller = call.params["id"], call.caller
    told = await room.engine.read(lambda tx: tx.told_of(message_id))
    story: Story = await room.look(lambda plan: listing.story(plan, message_id, told))
    parties = {story.envelope.sender.peer_id, *story.envelope.to}
    if caller.standing is Standing.AGENT and caller.peer_id not in parties:
        raise NotAllowed(f'message "{message_id}" is between others', "only its parties can read it")
    return shapes.why(story)


def _ask(sender: str, person: str, message: bodies.SendAsk) -> c.SendAsk:
    return c.SendAsk(
        sender=sender,
        to=tuple(message.to),
        question=message.text,
        circle=message.circle,
        options=tuple(message.options),
        need=message.need,
        deadline=timedelta(seconds=message.deadline_s) if message.deadline_s else None,
        default=message.default,
        urgency=Urgency(message.urgency),
        reply_to=message.reply_to,
        person=person,
        wait=timedelta(seconds=message.wait_s) + LAG if message.wait_s else None,
    )


def _name(plan: Plan, peer_id: str) -> str:
    peer = plan.peer(peer_id)
    return peer.name if peer else peer_id


def _readable(parcels: list[Parcel]) -> list[Parcel]:
    return [parcel for parcel in parcels if parcel.envelope.kind is not Kind.CHANGE]
