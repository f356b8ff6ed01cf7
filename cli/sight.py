"""What of the line a surface may show beside its conversations: whom somebody meets, and everything at a glance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from bots.interface import Said
from bots.slack.ids import Concern, Met
from daemon.core import commands as c
from daemon.core import glance, incoming, listing, threads
from daemon.core.model import Peer
from daemon.core.said import gate
from daemon.core.view import Plan
from daemon.engine.engine import Engine

T = TypeVar("T")


class LineSight:
    """A ``Sight``. Rule: whoever may not talk sees nothing, and everybody what their own direct messages see."""

    def __init__(self, engine: Engine, surface: str) -> None:
        self._engine = engine
        self._surface = surface

    async def peers(self, account: str) -> Sequence[Met]:
        def look(plan: Plan, here: Peer) -> Sequence[Met]:
            return [_met(plan, each) for each in listing.there(plan, here)]

        return await self._seen(account, look, [])

    async def glance(self, account: str) -> str:
        return await self._seen(account, glance.text, "")

    async def concern(self, said: Said) -> Concern:
        words = c.Say(
            surface=self._surface,
            address=said.address,
            account=said.account,
            text=said.text,
            reply_to=said.reply_to,
            private=said.private,
            called=said.called,
            forwarded=said.forwarded,
            thread=said.thread,
        )
        return await self._look(lambda plan: Concern(gate.concerns(plan, words), threads.is_new(plan, words)))

    async def known(self) -> Mapping[str, str]:
        def look(plan: Plan) -> Mapping[str, str]:
            found = incoming.known(plan.view, self._surface)
            return {place: last for place, last in found.items() if _is_heard(plan, self._surface, place)}

        return await self._look(look)

    async def _seen(self, account: str, look: Callable[[Plan, Peer], T], nothing: T) -> T:
        def seen(plan: Plan) -> T:
            here = _desk(plan, self._surface, account)
            return look(plan, here) if here else nothing

        return await self._look(seen)

    async def _look(self, look: Callable[[Plan], T]) -> T:
        return await self._engine.look(lambda tx: look(Plan(tx, self._engine.clock.now(), "")))


def _desk(plan: Plan, surface: str, account: str) -> Peer | None:
    """The private conversation of somebody who may talk; nobody may while the line is locked."""
    person, found = plan.person(surface, account), plan.view.conversation_at(surface, account)
    if person is None or found is None or "talk" not in person.rights or plan.locked():
        return None
    peer = plan.peer(found.peer_id)
    return peer if peer and not peer.forgotten_at else None


def _is_heard(plan: Plan, surface: str, address: str) -> bool:
    """Somebody who may speak has it for their own, or it is a channel of the config."""
    room = address.partition("/")[0]
    place = plan.place(surface, room)
    return plan.person(surface, room) is not None or (place is not None and place.listed)


def _met(plan: Plan, peer: Peer) -> Met:
    told = listing.shown(plan, peer)
    doing = told.session.turn if told.session else ""
    return Met(f"{peer.circle}/{peer.name}", f"{doing or told.status}")
