"""Asks: the open ones, one of them (at once or when it ends), answering and cancelling."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from daemon.api.caller import Caller, Standing
from daemon.api.door import Call, Room
from daemon.core import closing
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import AskShown
from daemon.core.posting import LINE
from daemon.core.rules import asking
from daemon.core.view import Plan
from daemon.wire import shapes

Json = dict[str, Any]
#: Whoever goes on waiting says so anew; this is how long that may take.
LAG: Final = timedelta(seconds=1)


async def listed(room: Room, call: Call) -> Json:
    me = call.caller.peer_id
    asker, to = {"mine": (me, ""), "to-me": ("", me), "all": ("", "")}[call.query.whose]
    if call.query.whose == "all" and call.caller.standing is Standing.AGENT:
        asker = me
    found = await room.engine.read(lambda tx: tx.asks(asker=asker, to=to))
    shown = await room.look(lambda plan: [closing.shown(plan, each.ask_id) for each in found])
    return {"asks": [shapes.ask(each) for each in shown if each.ask.asker != LINE.peer_id]}


async def shown(room: Room, call: Call) -> Json:
    """The ask, at once or, with ``wait_s``, as soon as it has ended.

    Raises:
        WaitingRing: whoever is asked waits for who would wait now.

    """
    ask_id, until = call.params["id"], call.query.wait_s
    found: AskShown = await room.look(lambda plan: _visible(plan, ask_id, call.caller))
    if asking.is_over(found.ask) or not until:
        return shapes.ask(found)
    waits_until, over = await _waiting(room, call, found), False
    try:
        ended = await _ended(room, call, until)
        over = asking.is_over(ended.ask)
    finally:
        if waits_until and not over:
            await room.engine.handle(c.LeaveAsk(ask_id=ask_id, by=call.caller.peer_id, until=waits_until))
    return shapes.ask(ended)


async def _ended(room: Room, call: Call, until: float) -> AskShown:
    ask_id, clock = call.params["id"], room.engine.clock
    began = clock.now()
    with room.engine.feed.watching(ask_id) as watch:
        while True:
            watch.take()
            found: AskShown = await room.look(lambda plan: _visible(plan, ask_id, call.caller))
            left = until - (clock.now() - began).total_seconds()
            if asking.is_over(found.ask) or left <= 0:
                return found
            await watch.wait(left)


async def _waiting(room: Room, call: Call, found: AskShown) -> datetime | None:
    """While an agent waits for its own ask, that is known; until when. None: it is none."""
    me, ask, wait = call.caller, found.ask, timedelta(seconds=call.query.wait_s)
    if me.standing is not Standing.AGENT or me.peer_id != ask.asker:
        return None
    if ask.waited_until and ask.waited_until >= room.engine.clock.now() + wait:
        return ask.waited_until  # it was known when it was asked
    command = c.AwaitAsk(ask_id=ask.ask_id, by=me.peer_id, wait=wait + LAG)
    until: datetime | None = await room.engine.handle(command)
    return until


async def answer(room: Room, call: Call) -> Json:
    body = call.body
    command = c.CloseAsk(
        ask_id=call.params["id"],
        by=call.caller.peer_id,
        text=body.text,
        option=body.option,
        decline=body.decline,
        trusted=call.caller.standing is Standing.OWNER and room.trusts_terminal,
    )
    return await room.write(call, (command,), lambda told: shapes.ask(told[0]))


async def cancel(room: Room, call: Call) -> Json:
    command = c.CancelAsk(ask_id=call.params["id"], by=call.caller.peer_id)
    return await room.write(call, (command,), lambda told: shapes.ask(told[0]))


def _visible(plan: Plan, ask_id: str, caller: Caller) -> AskShown:
    found = closing.shown(plan, ask_id)
    party = caller.peer_id == found.ask.asker or caller.peer_id in found.ask.to
    if caller.standing is Standing.AGENT and not party:
        raise NotAllowed(f'ask "{ask_id}" is between others', "only its parties can read it")
    return found
