"""Asks: the open ones, one of them (at once or when it ends), answering and cancelling."""

from __future__ import annotations

from typing import Any

from daemon.api.caller import Caller, Standing
from daemon.api.door import Call, Room
from daemon.core import asking, closing
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import AskShown
from daemon.core.posting import LINE
from daemon.core.view import Plan
from daemon.wire import shapes

Json = dict[str, Any]


async def listed(room: Room, call: Call) -> Json:
    me = call.caller.peer_id
    asker, to = {"mine": (me, ""), "to-me": ("", me), "all": ("", "")}[call.query.whose]
    if call.query.whose == "all" and call.caller.standing is Standing.AGENT:
        asker = me
    found = await room.engine.read(lambda tx: tx.asks(asker=asker, to=to))
    shown = await room.look(lambda plan: [closing.shown(plan, each.ask_id) for each in found])
    return {"asks": [shapes.ask(each) for each in shown if each.ask.asker != LINE.peer_id]}


async def shown(room: Room, call: Call) -> Json:
    """The ask, at once or, with ``wait_s``, as soon as it has ended."""
    ask_id, until = call.params["id"], call.query.wait_s
    clock = room.engine.clock
    began = clock.now()
    with room.engine.feed.watching(ask_id) as watch:
        while True:
            watch.take()
            found: AskShown = await room.look(lambda plan: _visible(plan, ask_id, call.caller))
            left = until - (clock.now() - began).total_seconds()
            if asking.is_over(found.ask) or left <= 0:
                return shapes.ask(found)
            await watch.wait(left)


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
