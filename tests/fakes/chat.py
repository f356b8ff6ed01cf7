"""The daemon as a terminal sees it: it hears words, and shows what the test says.

    python -m tests.fakes.chat SOCKET HISTORY

runs an interactive chat against it in this terminal; the test at the other end of SOCKET sends what is to
happen, one JSON object a line, and is told what was heard.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from bots.console.chat import chat
from daemon.client.hosting import Utterance
from daemon.core.errors import DaemonUnreachable
from daemon.core.model import Answer, Ask, Authority, Delivery, Envelope, Kind, Parcel, Role, Sender, Urgency
from daemon.core.posting import LINE

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def sender(name: str, circle: str = "practice") -> Sender:
    if name == LINE.name:
        return LINE
    return Sender(peer_id=f"p-{name}", name=name, circle=circle, role=Role.AGENT, authority=Authority.PEER)


class FakeLine:
    """A ``PeerClient`` as far as a chat needs one. ``hear`` says what becomes of words."""

    def __init__(self, hear: Callable[[FakeLine, Utterance], dict | None] | None = None) -> None:
        self.hear = hear or (lambda line, said: None)
        self.happened: list[tuple] = []
        self.changed = asyncio.Event()
        self.states: dict[str, str] = {}
        self.away = 0  #: how many calls to come find no daemon
        self.place: dict[str, str] = {}  #: account and address, as the daemon gives them
        self._ids = count(1)
        self._parcels: asyncio.Queue[Parcel] = asyncio.Queue()

    # -- what the test says and asks

    def tell(self, text: str, *, who: str = "echo", kind: Kind = Kind.NOTICE, **more: Any) -> Parcel:
        kind = Kind(kind)
        options = tuple(more.pop("options", ()))
        passing = more.pop("passing", False)
        envelope = Envelope(
            envelope_id=more.pop("ask_id", None) or f"m-{next(self._ids)}",
            kind=kind,
            sender=sender(who),
            to=("p-here",),
            body=text,
            created_at=NOON,
            expires_at=NOON + timedelta(days=1),
            urgency=Urgency.FYI if passing else Urgency.NORMAL,
            options=options,
            correlation_id=more.pop("about", None),
            attachment=more.pop("attachment", None),
        )
        ask = self._ask(envelope, more.pop("answered", "")) if kind in {Kind.ASK, Kind.CHANGE} else None
        delivery = Delivery(
            delivery_id=f"d-{next(self._ids)}",
            envelope_id=envelope.envelope_id,
            peer_id="p-here",
            kind=kind,
            state="leased",
            due_at=NOON,
            expires_at=NOON,
        )
        parcel = Parcel(delivery, envelope, ask, shown_as=more.pop("shown_as", ""), recipient="here")
        self._parcels.put_nowait(parcel)
        return parcel

    def ask(self, ask_id: str, text: str, options: tuple[str, ...] = (), who: str = "clerk") -> Parcel:
        return self.tell(text, who=who, kind=Kind.ASK, ask_id=ask_id, options=options)

    def answer(self, ask_id: str, text: str, who: str = "echo") -> Parcel:
        self.states[ask_id] = "answered"
        return self.tell(text, who=who, kind=Kind.ANSWER, about=ask_id)

    def reply(self, text: str, *, passing: bool = False) -> Parcel:
        return self.tell(text, who=LINE.name, kind=Kind.REPLY, passing=passing)

    def all(self, what: str) -> list[tuple]:
        return [each[1:] for each in self.happened if each[0] == what]

    async def until(self, what: str, times: int = 1) -> list[tuple]:
        async with asyncio.timeout(10):
            while len(self.all(what)) < times:
                self.changed.clear()
                await self.changed.wait()
        return self.all(what)

    # -- what the chat calls

    async def join(self, surface: str, address: str, *, shared: bool = False) -> dict:
        self._reached()
        self._note("join", surface, address, shared)
        return {"peer_id": "p-here", "name": surface, **self.place}

    async def leave(self, peer_id: str) -> dict:
        self._note("leave", peer_id)
        return {}

    async def beat(self, surface: str, trouble: str = "") -> dict:
        self._reached()
        self._note("beat", surface, trouble)
        return {}

    async def peers(self, **_: object) -> dict:
        self._note("peers")
        there = [("echo", "practice"), ("clerk", "practice"), ("api", "dev"), ("api", "ops")]
        return {"peers": [{"name": name, "circle": circle, "role": "agent"} for name, circle in there]}

    async def say(self, said: Utterance, *, key: str, does: Sequence[str] = ()) -> dict:
        self._reached()
        told = self.hear(self, said) or {"understood": "command", "ask_id": None}
        self._note("say", key, said)
        return told

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
    ) -> dict:
        self._reached()
        self._note("tap", ask_id, option, key)
        return {"understood": "answer", "ask_id": ask_id}

    async def asked(self, ask_id: str, *, wait_s: float = 0) -> dict:
        async with asyncio.timeout(wait_s + 10):
            while (state := self.states.get(ask_id, "open")) == "open":
                self.changed.clear()
                await self.changed.wait()
        return {"ask_id": ask_id, "state": state, "pending": False}

    async def parcels(self, surface: str, peer_id: str | None = None) -> AsyncIterator[Parcel]:
        while True:
            yield await self._parcels.get()

    async def extend(self, parcel: Parcel, ttl_s: float) -> None:
        self._note("extend", parcel.envelope.body)

    async def ack(self, parcel: Parcel, *, receipt: str = "") -> None:
        self._note("ack", parcel.envelope.body, receipt)

    async def nak(
        self, parcel: Parcel, reason: str, *, after_s: float | None = None, quiet: bool = False
    ) -> None:
        self._note("nak", parcel.envelope.body, reason)

    def ended(self, ask_id: str, state: str) -> None:
        self.states[ask_id] = state
        self.changed.set()

    def _note(self, *what: object) -> None:
        self.happened.append(what)
        self.changed.set()

    def _reached(self) -> None:
        if self.away:
            self.away -= 1
            raise DaemonUnreachable("no daemon")

    def _ask(self, envelope: Envelope, answered: str) -> Ask:
        by = Answer(sender=sender("owner"), text=answered, how="answered", at=NOON)
        return Ask(
            ask_id=envelope.correlation_id or envelope.envelope_id,
            asker=envelope.sender.peer_id,
            to=envelope.to,
            state="answered" if answered else "open",
            need=1,
            created_at=NOON,
            deadline_at=NOON,
            question=envelope.body,
            options=envelope.options,
            answers=(by,) if answered else (),
        )


class Remote(FakeLine):
    """Tells a test in another process what happened, and does what it says."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self._writer = writer

    def _note(self, *what: object) -> None:
        super()._note(*what)
        told = [asdict(each) if isinstance(each, Utterance) else each for each in what]
        self._writer.write(json.dumps(told).encode() + b"\n")

    async def obey(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            wanted = json.loads(line)
            getattr(self, wanted.pop("do"))(**wanted)

    def lose(self, calls: int) -> None:
        self.away = calls


async def main(socket: str, history: str) -> int:
    reader, writer = await asyncio.open_unix_connection(socket)
    line = Remote(writer)
    async with asyncio.TaskGroup() as both:
        obeying = both.create_task(line.obey(reader))
        code = await chat(line, interactive=True, history=Path(history))
        obeying.cancel()
    writer.close()
    return code


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:])))
