"""A daemon in one object, for tests of what talks to the daemon.

``Mesh`` keeps peers, asks and inboxes in memory; ``mesh.client("ada")`` is a ``PeerClient`` bound to that
peer. A key that was used gives its first result again, and is listed in ``mesh.keys`` each time.
``mesh.fail("ask", error)`` lets the next such call fail before anything happens. Shapes are those of
``daemon.wire.shapes``.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from daemon.client.hosting import Utterance
from daemon.client.interface import Json, Question
from daemon.core.errors import DuplicateId, Malformed, NotAllowed, NotFound, Unavailable, UnknownPeer
from daemon.core.model import Parcel

AT = "2026-11-21T09:00:00.000Z"
ENDED = {"answered", "acknowledged", "declined", "cancelled"}


@dataclass
class Letter:
    """A message in somebody's inbox: waiting, taken by a call, or seen."""

    message: Json
    call: str = ""
    seen: bool = False


@dataclass
class FakeAsk:
    asker: str
    told: Json
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Mesh:
    def __init__(self, *names: str) -> None:
        self.peers = {name: _peer(name) for name in names}
        self.asks: dict[str, FakeAsk] = {}
        self.inboxes: dict[str, list[Letter]] = defaultdict(list)
        self.keys: list[str] = []
        self.confirmed: list[str] = []
        self.sent: list[tuple[str, str, str]] = []  #: (kind, from, text)
        self.waiting = 0  #: questions that wait for an ask to end, right now
        self.stopping = asyncio.Event()  #: who waits then is told that the daemon stops
        self.changed = asyncio.Condition()
        self._results: dict[tuple[str, str], tuple[object, Json]] = {}
        self._failures: dict[str, list[Exception]] = defaultdict(list)
        self._ids = 0

    def client(self, name: str) -> FakeClient:
        return FakeClient(self, name)

    def fail(self, method: str, *errors: Exception) -> None:
        self._failures[method].extend(errors)

    def stumble(self, method: str) -> None:
        if self._failures[method]:
            raise self._failures[method].pop(0)

    def new_id(self, kind: str) -> str:
        self._ids += 1
        return f"{kind}-{self._ids:010d}"

    def peer(self, name: str) -> Json:
        if name not in self.peers:
            raise UnknownPeer(f'no peer "{name}"', "list the peers to see who is there")
        return self.peers[name]

    def known(self, ask_id: str) -> FakeAsk:
        if ask_id not in self.asks:
            raise NotFound(f'no ask "{ask_id}"', "list the open asks to see their ids")
        return self.asks[ask_id]

    def once(self, sender: str, key: str | None, body: object, do: Callable[[], Json]) -> Json:
        if key is None:
            return do()
        self.keys.append(key)
        if (sender, key) not in self._results:
            self._results[sender, key] = body, do()
        first, result = self._results[sender, key]
        if first != body:
            raise DuplicateId(f'key "{key}" was used before, for something else')
        return result

    def post(self, to: str, kind: str, sender: str, text: str, **about: Any) -> str:
        message_id = about.pop("message_id", None) or self.new_id("m")
        message = {"message_id": message_id, "kind": kind, **self.stamp(sender), "text": text, "ask_id": None}
        message |= {"options": [], "urgency": "normal", "at": AT, "level": "stored"} | about
        self.inboxes[to].append(Letter(message))
        self.sent.append((kind, sender, text))
        return str(message_id)

    def stamp(self, name: str) -> Json:
        peer = self.peers[name]
        who = {"peer_id": peer["peer_id"], "circle": peer["circle"], "role": peer["role"]}
        return {"from": name, "from_peer": who | {"authority": "peer", "person": ""}}

    async def until(self, true: Callable[[], bool]) -> None:
        """Wait for something to happen here; bound it with ``asyncio.timeout``."""
        async with self.changed:
            await self.changed.wait_for(true)

    async def tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()


class FakeClient:
    """A ``HostClient``."""

    def __init__(self, mesh: Mesh, me: str) -> None:
        self.mesh = mesh
        self.me = me

    async def whoami(self) -> Json:
        self.mesh.stumble("whoami")
        unread = sum(not (letter.seen or letter.call) for letter in self.mesh.inboxes[self.me])
        return self.mesh.peer(self.me) | {"unread": unread}

    async def peers(
        self,
        *,
        circle: str | None = None,
        scope: str | None = None,
        show_offline: bool = False,
        include_self: bool = False,
        orphans: bool = False,
    ) -> Json:
        self.mesh.stumble("peers")
        met = [peer for peer in self.mesh.peers.values() if circle in {None, "*", peer["circle"]}]
        return {"peers": [peer for peer in met if include_self or peer["name"] != self.me]}

    async def peer(self, name: str, *, circle: str | None = None) -> Json:
        return self.mesh.peer(name.removeprefix("p-"))

    async def describe(self, peer: str, description: str) -> Json:
        found = next(one for one in self.mesh.peers.values() if one["peer_id"] == peer)
        found["description"] = description
        return found

    async def claim_role(self, peer: str, role: str, *, force: bool = False, key: str | None = None) -> Json:
        self.mesh.stumble("claim_role")
        found = next(one for one in self.mesh.peers.values() if one["peer_id"] == peer)
        found["role"] = role
        return found

    async def choose_persona(self, peer: str, name: str | None, *, key: str | None = None) -> Json:
        raise NotImplementedError

    async def overview(self, circle: str | None = None) -> Json:
        return {"text": "no orchestrator", "circle": circle or "*", "at": AT, "peers": []}

    async def rename(self, peer: str, name: str) -> Json:
        raise NotImplementedError

    async def move(self, peer: str, circle: str) -> Json:
        raise NotImplementedError

    async def forget(self, peer: str) -> Json:
        raise NotImplementedError

    async def kill(self, peer: str) -> Json:
        raise NotAllowed(
            "to end a peer's agent is not for agents", "do it at a terminal, outside every agent"
        )

    async def ask(self, question: Question, *, key: str | None = None) -> Json:
        self.mesh.stumble("ask")
        told = self.mesh.once(self.me, key, question, lambda: self._opened(question))
        await self.mesh.tell()
        return told

    def _opened(self, question: Question) -> Json:
        mesh, ask_id = self.mesh, self.mesh.new_id("a")
        deliveries = [_carriage(mesh.peer(name)) for name in question.to]
        told = {"ask_id": ask_id, "state": "open", "to": list(question.to), "question": question.text}
        told |= {"options": list(question.options), "answers": [], "deadline_at": None, "created_at": AT}
        told |= {"ended_at": None, "pending": True, "deliveries": deliveries}
        mesh.asks[ask_id] = FakeAsk(self.me, told)
        for name in question.to:
            mesh.post(
                name,
                "ask",
                self.me,
                question.text,
                message_id=ask_id,
                ask_id=ask_id,
                options=list(question.options),
            )
        return told

    async def asked(self, ask_id: str, *, wait_s: float = 0) -> Json:
        self.mesh.stumble("asked")
        ask = self.mesh.known(ask_id)
        if wait_s and ask.told["pending"]:
            await self._wait(ask, wait_s)
        return dict(ask.told)

    async def _wait(self, ask: FakeAsk, wait_s: float) -> None:
        self.mesh.waiting += 1
        await self.mesh.tell()
        waits = [asyncio.Task(event.wait()) for event in (ask.ended, self.mesh.stopping)]
        try:
            await asyncio.wait(waits, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            self.mesh.waiting -= 1
            await self.mesh.tell()
        if self.mesh.stopping.is_set():
            raise Unavailable("the daemon is stopping")

    async def asks(self, whose: str = "mine") -> Json:
        open_ones = [ask for ask in self.mesh.asks.values() if ask.told["pending"]]
        return {"asks": [ask.told for ask in open_ones if whose != "mine" or ask.asker == self.me]}

    async def answer(
        self,
        ask_id: str,
        text: str = "",
        *,
        option: str | None = None,
        decline: bool = False,
        key: str | None = None,
    ) -> Json:
        self.mesh.stumble("answer")
        ask = self.mesh.known(ask_id)
        body = (ask_id, text, option, decline)
        if ask.asker == self.me:
            return self.mesh.once(self.me, key, body, lambda: self._end(ask, "cancelled"))
        if self.me not in ask.told["to"]:
            raise NotAllowed(f'ask "{ask_id}" was not asked of you', "only who was asked can answer it")
        if option is not None and option not in ask.told["options"]:
            raise Malformed(f'"{option}" is no option of ask "{ask_id}"')
        told = self.mesh.once(self.me, key, body, lambda: self._answered(ask, text, option, decline=decline))
        await self.mesh.tell()
        return told

    def _answered(self, ask: FakeAsk, text: str, option: str | None, *, decline: bool) -> Json:
        how = "declined" if decline else "answered" if text or option else "acknowledged"
        said = {**self.mesh.stamp(self.me), "text": text or option or "", "option": option, "how": how}
        ask.told["answers"].append(said | {"at": AT, "late": False})
        self.mesh.post(ask.asker, "answer", self.me, said["text"], ask_id=ask.told["ask_id"])
        return self._end(ask, how)

    def _end(self, ask: FakeAsk, how: str) -> Json:
        ask.told |= {"state": how, "pending": False, "ended_at": AT}
        ask.ended.set()
        return ask.told

    async def cancel(self, ask_id: str, *, key: str | None = None) -> Json:
        return self._end(self.mesh.known(ask_id), "cancelled")

    async def notify(
        self,
        peer: str,
        text: str,
        *,
        circle: str | None = None,
        urgency: str = "normal",
        key: str | None = None,
    ) -> Json:
        self.mesh.stumble("notify")
        body = (peer, text, circle, urgency)
        told = self.mesh.once(self.me, key, body, lambda: self._sent("notice", [peer], text, urgency))
        await self.mesh.tell()
        return told

    async def broadcast(self, text: str, *, circle: str | None = None, key: str | None = None) -> Json:
        others = [name for name in self.mesh.peers if name != self.me]
        body = (text, circle)
        return self.mesh.once(self.me, key, body, lambda: self._sent("broadcast", others, text, "fyi"))

    def _sent(self, kind: str, to: list[str], text: str, urgency: str) -> Json:
        peers = [self.mesh.peer(name) for name in to]
        message_id = self.mesh.new_id("m")
        for name in to:
            self.mesh.post(name, kind, self.me, text, message_id=message_id, urgency=urgency)
        return {"message_id": message_id, "deliveries": [_carriage(peer) for peer in peers]}

    async def messages(self, *, limit: int = 50) -> Json:
        unread = [letter.message for letter in self.mesh.inboxes[self.me] if not letter.seen]
        return {"messages": unread[:limit]}

    async def history(self, *, limit: int = 20) -> Json:
        had = [
            letter.message | {"direction": "received", "to": [name]}
            for name, letter in self._letters()
            if name == self.me and (letter.seen or letter.call)
        ]
        sent = [
            letter.message | {"direction": "sent", "to": [name]}
            for name, letter in self._letters()
            if letter.message["from"] == self.me
        ]
        return {"messages": sorted([*had, *sent], key=lambda each: str(each["message_id"]))[-limit:]}

    def _letters(self) -> list[tuple[str, Letter]]:
        return [(name, letter) for name, letters in self.mesh.inboxes.items() for letter in letters]

    async def collect(self, call: str, *, limit: int = 20, ask_id: str | None = None) -> Json:
        self.mesh.stumble("collect")
        unread = [letter for letter in self.mesh.inboxes[self.me] if not letter.seen]
        taken = [letter for letter in unread if ask_id is None or _answers(letter, ask_id)][:limit]
        for letter in taken:
            letter.call = call
        return {"messages": [letter.message for letter in taken]}

    async def confirm(self, call: str, *, others: bool = False) -> Json:
        self.mesh.stumble("confirm")
        taken = [letter for letter in self.mesh.inboxes[self.me] if letter.call and not letter.seen]
        for letter in taken:
            letter.seen = others or letter.call == call
        self.mesh.confirmed.append(call)
        await self.mesh.tell()
        return {"confirmed": len(taken)}

    async def why(self, message_id: str) -> Json:
        raise NotImplementedError

    async def feed(self, after: int = 0) -> AsyncIterator[Json]:
        raise NotImplementedError
        yield {}

    async def status(self) -> Json:
        return {"status": "ok"}

    async def stop(self) -> Json:
        raise NotImplementedError

    async def join(self, surface: str, address: str, *, shared: bool = False) -> Json:
        raise NotImplementedError

    async def leave(self, peer_id: str) -> Json:
        raise NotImplementedError

    async def beat(self, surface: str, trouble: str = "") -> Json:
        raise NotImplementedError

    async def keep_updates(self, surface: str, updates: Sequence[Json]) -> list[str]:
        raise NotImplementedError

    async def open_updates(self, surface: str) -> list[Json]:
        raise NotImplementedError

    async def finish_updates(self, surface: str, update_ids: Sequence[str]) -> None:
        raise NotImplementedError

    async def edit(self, words: Utterance, *, key: str, does: Sequence[str] = ()) -> Json:
        raise NotImplementedError

    async def mark(
        self,
        surface: str,
        address: str,
        account: str,
        receipt: str,
        sign: str,
        *,
        key: str,
        does: Sequence[str] = (),
    ) -> Json:
        raise NotImplementedError

    async def place(
        self,
        surface: str,
        address: str,
        *,
        closed: str = "",
        moved_to: str = "",
        key: str,
        does: Sequence[str] = (),
    ) -> Json:
        raise NotImplementedError

    async def say(self, said: Utterance, *, key: str, does: Sequence[str] = ()) -> Json:
        raise NotImplementedError

    async def tap(  # noqa: PLR0913 -- as the client's
        self,
        surface: str,
        address: str,
        account: str,
        ask_id: str,
        option: int,
        *,
        receipt: str = "",
        key: str,
        does: Sequence[str] = (),
    ) -> Json:
        raise NotImplementedError

    async def parcels(self, surface: str, peer_id: str | None = None) -> AsyncIterator[Parcel]:
        raise NotImplementedError
        yield  # type: ignore[unreachable]

    async def ack(self, parcel: Parcel, *, receipt: str = "") -> None:
        raise NotImplementedError

    async def part(self, parcel: Parcel, receipt: str) -> None:
        raise NotImplementedError

    async def nak(
        self, parcel: Parcel, reason: str, *, after_s: float | None = None, quiet: bool = False
    ) -> None:
        raise NotImplementedError

    async def hold(self, parcel: Parcel, reason: str, *, for_s: float | None = None) -> None:
        raise NotImplementedError

    async def reject(self, parcel: Parcel, reason: str) -> None:
        raise NotImplementedError

    async def doubt(self, parcel: Parcel, reason: str) -> None:
        raise NotImplementedError

    async def extend(self, parcel: Parcel, ttl_s: float) -> None:
        raise NotImplementedError

    async def people(self, surface: str) -> Json:
        raise NotImplementedError

    async def invite(self, surface: str) -> Json:
        raise NotImplementedError

    async def remove_person(self, surface: str, account: str) -> Json:
        raise NotImplementedError

    async def close(self) -> None:
        pass


def _answers(letter: Letter, ask_id: str) -> bool:
    return letter.message["kind"] == "answer" and letter.message["ask_id"] == ask_id


def _carriage(peer: Json) -> Json:
    said = {"peer": peer["name"], "peer_id": peer["peer_id"], "level": "stored", "road": "poll"}
    return said | {"recipient_state": peer["status"], "reason": "", "ahead": 0}


def _peer(name: str) -> Json:
    return {
        "peer_id": f"p-{name}",
        "name": name,
        "circle": "dev",
        "role": "agent",
        "backend": "mcp",
        "path": f"/home/ada/{name}",
        "machine": "desk",
        "branch": "main",
        "status": "online",
        "turn_state": "idle",
        "turn_source": "hook",
        "turn_age_s": 1.0,
        "description": "",
        "last_seen": AT,
        "role_since": None,
        "persona": "",
        "reach": {"road": "poll", "proof": "proven", "reason": ""},
    }
