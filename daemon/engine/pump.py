"""The outbox of agents: what waits for one is leased, carried by its road, and the outcome enters as a command.

One lane for each peer, so that nothing overtakes and nobody holds up another. A lane lives while there is something
to carry.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core.errors import Conflict, NotFound, Unavailable
from daemon.core.model import Parcel, Peer, Road, Session, Turn
from daemon.core.rules.delivery import is_entered
from daemon.core.rules.presence import PERHAPS_IN_TURN
from daemon.engine.engine import Engine
from daemon.engine.feed import EVERYTHING
from daemon.store.interface import Tx
from daemon.transports.interface import Blocked, Carried, Eye, Failed, Gone, Outcome, Sighting, Transport

HOLDER: Final = "pump"
TTL: Final = timedelta(seconds=30)
BELIEVED_FOR: Final = timedelta(seconds=1)  #: how long a told turn stands without a look at the registry
NONE: Final = timedelta(0)
Commands = tuple[c.Command, ...]
HOOK_S: Final = 1.0  #: a hook that tells the same is on its way for no longer than this
LOOK_AGAIN: Final = timedelta(seconds=2)
log = logging.getLogger(__name__)


class Pump:
    def __init__(self, engine: Engine, transports: Mapping[Road, Transport], eye: Eye) -> None:
        self._engine = engine
        self._transports = transports
        self._eye = eye
        self._in_hand: set[str] = set()  #: deliveries that are being carried in this moment
        self._lanes: dict[str, bool] = {}  #: peer id -> whether something changed since its lane looked
        self._absent: dict[str, int] = {}  #: peer id -> with whom registered nobody was there

    async def run(self) -> None:
        """Carry until cancelled."""
        async with asyncio.TaskGroup() as lanes:
            with self._engine.feed.watching(EVERYTHING) as watch:
                while await watch.wait():
                    for key in watch.take():
                        if key.startswith("p-"):
                            self._start(lanes, key)

    async def look(self, parcel: Parcel) -> None:
        """A proof is overdue: look for it, and tell what was found."""
        delivery = parcel.delivery
        session = await self._session(delivery.session_id)
        seen = await self._eye.look(parcel, session) if session else Sighting.ABSENT
        if delivery.delivery_id in self._in_hand and seen is Sighting.ABSENT:
            seen = Sighting.UNKNOWN  # its lease lapsed while the machine slept, and it is still on its way
        elif seen is Sighting.UNKNOWN and ((session and session.ended_at) or is_entered(delivery)):
            seen = Sighting.ABSENT  # whatever was sent off in a terminal is not typed again, busy or not
        await self._tell(_sighted(delivery.delivery_id, seen))

    def _start(self, lanes: asyncio.TaskGroup, peer_id: str) -> None:
        if self._absent.get(peer_id) == self._engine.feed.registered:
            return  # mail for somebody away is not looked at once more with every letter
        if peer_id in self._lanes:
            self._lanes[peer_id] = True
            return
        self._lanes[peer_id] = True
        lanes.create_task(self._lane(peer_id))

    async def _lane(self, peer_id: str) -> None:
        try:
            while self._lanes[peer_id]:
                self._lanes[peer_id] = False
                await self._empty(peer_id)
        except Exception:
            # One peer's trouble is not another's; its mail stays where it is and is tried at the next change.
            log.exception("carrying to %s failed", peer_id)
        finally:
            del self._lanes[peer_id]

    async def _empty(self, peer_id: str) -> None:
        if not await self._is_wanted(peer_id):
            return
        lease = c.LeaseNext(peer_ids=(peer_id,), holder=HOLDER, ttl=TTL)
        while parcel := await self._engine.insist(lease):
            self._engine.passed("pump.leased")
            self._in_hand.add(parcel.delivery.delivery_id)
            try:
                await self._carry(parcel)
            finally:
                self._in_hand.discard(parcel.delivery.delivery_id)
            if not await self._is_wanted(peer_id):
                return

    async def _is_wanted(self, peer_id: str) -> bool:
        """Something waits for an agent; what was told of its turn is checked if it has become old."""
        registered = self._engine.feed.registered
        waits, peer, session = await self._engine.look(lambda tx: _looked_up(tx, peer_id))
        if peer is None or session is None or session.ended_at:
            self._absent[peer_id] = registered
            return False
        self._absent.pop(peer_id, None)
        if not waits:
            return False
        await self._refresh(session)
        return True

    async def check_turn(self, session_id: str) -> None:
        """Something outside changed: find out whether the agent still does what it last told, be it a moment ago."""
        while session := await self._session(session_id):
            pause = await self._refresh(session)
            if not pause:
                return
            await asyncio.sleep(pause.total_seconds())

    async def _refresh(self, session: Session) -> timedelta:
        """Believe the registry against an open turn, but only when it says so for longer than a hook takes.

        Returns in what time another look is due; none: what is told stands.
        """
        if session.ended_at or session.turn not in PERHAPS_IN_TURN:
            return NONE
        turn = await self._eye.turn_of(session)
        if turn is Turn.UNKNOWN or turn is session.turn:
            return NONE
        age = self._engine.clock.now() - session.turn_at
        if NONE <= age < BELIEVED_FOR:
            return BELIEVED_FOR - age
        await asyncio.sleep(HOOK_S)
        if await self._session(session.session_id) != session:
            return BELIEVED_FOR
        if await self._eye.turn_of(session) is turn:
            return await self._observed(session, turn)
        return NONE

    async def _observed(self, session: Session, turn: Turn) -> timedelta:
        """A store that cannot be written is not waited for: by then the agent may do something else."""
        observed = c.TurnObserved(session_id=session.session_id, turn=turn, source="session registry")
        try:
            await self._engine.handle(observed)
        except Unavailable as error:
            return timedelta(seconds=error.after_s or HOOK_S)
        return NONE

    async def _carry(self, parcel: Parcel) -> None:
        delivery = parcel.delivery
        session = await self._session(delivery.session_id)
        transport = self._transports.get(delivery.road)
        if session is None or transport is None:
            commands = self._told(parcel, session, Failed(f"no road {delivery.road}"))
        elif delivery.attempts == 1:
            commands = self._told(parcel, session, await transport.carry(parcel, session, again=False))
        else:
            commands = await self._carried_again(parcel, session, transport)
        self._engine.passed("pump.carried")
        for command in commands:
            await self._tell(command)
        self._engine.passed("pump.told")

    async def _carried_again(self, parcel: Parcel, session: Session, transport: Transport) -> Commands:
        """Never without a look: what an earlier try left half done, a person may have finished by hand."""
        seen = (
            await self._eye.look(parcel, session)
            if parcel.delivery.road is Road.TERMINAL
            else Sighting.ABSENT
        )
        match seen:
            case Sighting.SEEN:
                return (_sighted(parcel.delivery.delivery_id, seen),)
            case Sighting.UNKNOWN:
                looking = Blocked("looking whether an earlier try arrived", LOOK_AGAIN)
                return self._told(parcel, session, looking)
            case Sighting.ABSENT:
                return self._told(parcel, session, await transport.carry(parcel, session, again=True))

    def _told(self, parcel: Parcel, session: Session | None, outcome: Outcome) -> Commands:
        told = _outcome(parcel, outcome, self._engine.clock.now())
        if session and isinstance(outcome, Gone):
            return (_without(parcel.delivery.road, session), told)
        return (told,)

    async def _tell(self, command: c.Command) -> None:
        """Only we know what became of the parcel: a store that cannot be written is waited for."""
        try:
            await self._engine.insist(command)
        except (Conflict, NotFound) as error:
            # The evidence was quicker than we were, or a person withdrew it: what stands in the store is right.
            log.debug("nothing to tell: %s", error)

    async def _session(self, session_id: str | None) -> Session | None:
        if session_id is None:
            return None
        found: Session | None = await self._engine.look(lambda tx: tx.get(Session, session_id))
        return found


def _looked_up(tx: Tx, peer_id: str) -> tuple[bool, Peer | None, Session | None]:
    peer: Peer | None = tx.get(Peer, peer_id)
    session = tx.get(Session, peer.session_id) if peer and peer.session_id else None
    return bool(tx.waiting(peer_id, 1)), peer, session


def _sighted(delivery_id: str, seen: Sighting) -> c.Command:
    match seen:
        case Sighting.SEEN:
            return c.SeeDelivery(delivery_id=delivery_id, evidence="found in the transcript")
        case Sighting.ABSENT:
            return c.MissDelivery(delivery_id=delivery_id, reason="no sign of it in the agent's transcript")
        case Sighting.UNKNOWN:
            return c.ExtendDelivery(delivery_id=delivery_id, holder=None, ttl=LOOK_AGAIN)


def _without(road: Road, session: Session) -> c.Command:
    """The session has this road no longer; its next hook may tell otherwise."""
    if road is Road.HOOK:
        return c.WakeWaits(session_id=session.session_id, waits=False)
    return c.CloseInbox(session_id=session.session_id, inbox=session.inbox)


def _outcome(parcel: Parcel, outcome: Outcome, now: datetime) -> c.Command:
    delivery_id, holder = parcel.delivery.delivery_id, parcel.delivery.holder
    match outcome:
        case Carried(proof_within, receipt):
            return c.AckDelivery(
                delivery_id=delivery_id, holder=holder, receipt=receipt, proof_within=proof_within
            )
        case Blocked(reason, after):
            return c.HoldDelivery(delivery_id=delivery_id, holder=holder, reason=reason, until=now + after)
        case Gone(reason):
            return c.HoldDelivery(delivery_id=delivery_id, holder=holder, reason=reason, until=now)
        case Failed(reason):
            return c.NakDelivery(delivery_id=delivery_id, holder=holder, reason=reason)
