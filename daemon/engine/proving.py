"""Which roads into each agent work on this machine now: tried without sending anything, so no model is called."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.core.model import Authority, Peer, Road, Session
from daemon.core.rules import presence, roads
from daemon.core.view import live_sessions
from daemon.engine.engine import Engine
from daemon.transports.interface import Proof, Transport


@dataclass(frozen=True, slots=True)
class Tried:
    """One road into one agent, and whether it would be taken now for the owner's words or for another agent's."""

    peer: Peer
    road: Road
    proof: Proof
    for_owner: bool
    for_agents: bool


class Proving:
    def __init__(self, engine: Engine, transports: Mapping[Road, Transport]) -> None:
        self._engine = engine
        self._transports = transports

    async def all(self) -> list[Tried]:
        """Every road into every agent that is there."""
        live = await self._engine.read(live_sessions)
        tried = await asyncio.gather(*(self._of(peer, session) for peer, session in live))
        return [each for of_one in tried for each in of_one]

    async def _of(self, peer: Peer, session: Session) -> Sequence[Tried]:
        now = self._engine.clock.now()
        lacking = roads.LACKING.get(peer.backend, frozenset())
        tried = [road for road in self._transports if road not in lacking]
        proofs = {road: await self._transports[road].prove(session) for road in tried}
        if peer.backend in roads.POLLING:
            proofs = {Road.POLL: _last_sign(session, now, "call")}
        else:
            proofs[Road.HOOK] = _hooks(session, now, proofs.get(Road.HOOK))
        if session.channel:  # it cannot be tried without a turn of the agent's
            arrived = roads.proof_of(session, Road.CHANNEL) or roads.UNSEEN
            proofs[Road.CHANNEL] = Proof(f"it is open; {arrived}")
        online = presence.status(peer, session, None, now)
        taken = {
            authority: roads.reach(peer, session, None, online, authority).road
            for authority in (Authority.OWNER, Authority.PEER)
        }
        return [
            Tried(peer, road, proof, taken[Authority.OWNER] is road, taken[Authority.PEER] is road)
            for road, proof in proofs.items()
        ]


def _hooks(session: Session, now: datetime, waking: Proof | None) -> Proof:
    """Handing over at boundaries works while hooks come; waking an idle agent needs one that waits."""
    sign = _last_sign(session, now, "hook")
    waits = f"; {waking.evidence}" if waking else ""
    return Proof(f"{sign.evidence}{waits}", works=sign.works)


def _last_sign(session: Session, now: datetime, what: str) -> Proof:
    age = max(timedelta(), now - session.turn_at)
    if what == "hook" and session.turn_source != "hook":
        return Proof(
            f"its last sign came by {session.turn_source or 'nothing'}", works=bool(session.turn_source)
        )
    return Proof(f"its last {what} came {int(age.total_seconds())} s ago")
