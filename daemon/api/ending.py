"""Ending agents, restarting them, and taking over their panes: by the owner, and by agents whom that is allowed."""

from __future__ import annotations

from typing import Any

from daemon.api import peers
from daemon.api.caller import Standing
from daemon.api.door import Call, Ending, Room
from daemon.core import commands as c
from daemon.core.errors import Unavailable
from daemon.core.model import Spawn
from daemon.core.view import Plan
from daemon.engine.adopting import Wish
from daemon.engine.killing import By, Killed

Json = dict[str, Any]


async def kill(room: Room, call: Call) -> Json:
    """End the peer's agent, on proof that its process is the one."""
    peer_id = await peers.meant(room, call)
    return _killed(await _ending(room).killing.kill(peer_id, await _by(room, call)))


async def started(room: Room, call: Call) -> Json:
    """Whoever was started from here, and is there or on the way."""

    def look(plan: Plan) -> list[str]:
        found = (plan.peer(each.peer_id) for each in plan.view.spawns_live())
        return list(dict.fromkeys(f"{peer.circle}/{peer.name}" for peer in found if peer))

    return {"peers": await room.look(look)}


async def down(room: Room, call: Call) -> Json:
    """End every agent that was started from here, and then the daemon."""
    owner = call.caller.standing is Standing.OWNER
    by = await _by(room, call) if owner else By("`peerline down`")
    told = await _ending(room).killing.all_started(by)
    room.stop()
    return {"killed": [_killed(each) for each in told]}


async def restart(room: Room, call: Call) -> Json:
    """Have it end and go on with its conversation: all is looked at before anything is touched."""
    peer_id = await peers.meant(room, call)
    wish = c.Restart(peer_id=peer_id, by=call.caller.peer_id, now=call.body.now)
    if not await room.is_repeat(call):
        wish = await _ending(room).restarting.looked(await _by(room, call), wish)
    told = await peers.shape(room, peer_id)

    def render(results: list[Any]) -> Json:
        row: Spawn = results[0]
        kept = {name: told[name] for name in ("peer_id", "name", "circle")}
        return kept | {"spawn_id": row.spawn_id, "state": row.state, "path": row.path}

    return await room.write(call, [wish], render)


async def adopt(room: Room, call: Call) -> Json:
    body = call.body
    wish = Wish(tmux=body.tmux, pane_id=body.pane, name=body.name or "", circle=body.circle or "")
    peer = await _ending(room).adopting.adopt(wish)
    return await peers.shape(room, peer.peer_id)


def _ending(room: Room) -> Ending:
    if room.ending is None:
        raise Unavailable("nobody here can end an agent")
    return room.ending


async def _by(room: Room, call: Call) -> By:
    """Who wants it: the owner may; of an agent it is looked up what is its own."""
    if call.caller.standing is Standing.OWNER:
        return By(room.owner or "the owner")
    peer = await room.look(lambda plan: peers.caller_of(plan, call.caller))
    return By(f"{peer.circle}/{peer.name}", peer.peer_id)


def _killed(told: Killed) -> Json:
    return {
        "peer_id": told.peer.peer_id,
        "name": told.peer.name,
        "circle": told.peer.circle,
        "pid": told.pid,
        "ended": told.outcome.ended,
        "evidence": told.outcome.evidence,
    }
