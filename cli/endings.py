"""Who ends agents, restarts them and takes them over, put together."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Collection

from daemon.api.door import Ending, Room
from daemon.callers.inpane import seen
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Peer, Session, Spawn
from daemon.engine import restarting
from daemon.engine.adopting import Adopting
from daemon.engine.engine import Engine
from daemon.engine.killing import By, Killing
from daemon.engine.restarting import Ready, Restarting
from daemon.engine.spawner import Cleared
from daemon.errands.interface import Found, Look, Sight
from daemon.settings import Settings
from daemon.starting import resuming
from daemon.starting.interface import Place, Starting, Wish
from daemon.transports.ending import end, end_start, has_ended, prove


def ending(engine: Engine, load: Callable[[], Settings], starting: Starting) -> Ending:
    """All of them; the config is read anew each time it matters."""

    def may_end() -> Collection[str]:
        return load().daemon.spawn.may_end

    return Ending(
        killing=Killing(engine, end, end_start, may_end),
        restarting=Restarting(engine, ready(starting), prove, may_end, has_ended=has_ended),
        adopting=Adopting(engine, seen),
    )


def cleared(engine: Engine) -> Cleared:
    """What ends the old process of an agent that is to go on in a new one."""

    async def clear(spawn: Spawn) -> None:
        await restarting.cleared(engine, spawn, end, has_ended)

    return clear


def ready(starting: Starting) -> Ready:
    """Whether an agent can go on, there and now: its command and folder first, then its own data."""

    async def look(peer: Peer, session: Session, profile: str) -> Place:
        place = await starting.looked(Wish(path=peer.path, backend=peer.backend, profile=profile))
        if place.path != peer.path:
            raise NotAllowed(
                f'its folder "{peer.path}" is another one by now', "start one there: `peerline peer new`"
            )
        await asyncio.to_thread(resuming.proven, peer, session, os.environ)
        return place

    return look


def looks(room: Room) -> dict[str, Look]:
    """What people have done to agents by talking. An errand knows the run that it is about, so it is done once."""
    if (doing := room.ending) is None:
        return {}

    async def kill(sight: Sight) -> Found:
        told = json.loads(sight.argument)
        if sight.session and sight.session.session_id == told["run"] and sight.session.ended_at:
            return Found(f"{sight.peer.name} has ended")
        killed = await doing.killing.kill(sight.peer.peer_id, By(told["person"]), only=told["run"])
        if not killed.outcome.ended:
            return Found(
                f"{sight.peer.name} was told to end and goes on; look at process {killed.pid} at the machine"
            )
        return Found(f"{sight.peer.name} has ended; its mail is kept")

    async def restart(sight: Sight) -> Found:
        told = json.loads(sight.argument)
        wish = c.Restart(
            peer_id=sight.peer.peer_id,
            by=told["by"],
            now=told["now"],
            session_id=told["run"],
            surface=told["surface"],
            account=told["account"],
            person=told["person"],
        )
        await doing.restarting.restart(By(told["person"]), wish)
        return Found(f"{sight.peer.name} is being restarted; what you send it waits")

    return {"kill": kill, "restart": restart}
