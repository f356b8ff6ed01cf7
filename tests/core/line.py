"""The line without an engine: commands go through ``decide`` over the store's own words, on a clock that is ours.

Nothing here is faked but the time and the seeds, so the same steps give the same ids and marks in every run.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from daemon.core import commands as c
from daemon.core import slips
from daemon.core.decide import decide
from daemon.core.model import (
    Approval,
    Ask,
    Authority,
    Delivery,
    Heard,
    Kind,
    Parcel,
    Peer,
    Person,
    Place,
    Role,
    Session,
    Told,
    Turn,
)
from daemon.core.nouns import Noun
from daemon.core.view import Decision, Plan
from daemon.store.opening import migrations
from daemon.store.words import Words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
A_MINUTE = timedelta(minutes=1)
PUMP = "pump"
BOT = "bot"
RIGHTS = ("talk", "approve", "spawn")
NONE: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Chat:
    """A conversation, and the person who types in it."""

    peer: Peer
    surface: str
    address: str
    account: str

    def by(self, account: str) -> Chat:
        """The same conversation, with somebody else typing."""
        return replace(self, account=account)


class Line:
    def __init__(self, file: str = ":memory:") -> None:
        self.conn = sqlite3.connect(file, isolation_level=None)
        self.conn.row_factory = sqlite3.Row
        for _, script in migrations():
            self.conn.executescript(script)
        self.view = Words(self.conn)
        self.now = NOON
        self._seeds = count(1)
        self._numbers = count(1)

    # --- the one way in -----------------------------------------------------------------------------------------

    def do(self, command: c.Command) -> Any:
        """Decide, and write what was decided; what is refused is raised and writes nothing."""
        decision = self.decide(command, f"seed {next(self._seeds)}")
        for noun in decision.puts:
            self.view.put(noun)
        for event in decision.events:
            self.view.tell(event, self.now)
        return decision.result

    def decide(self, command: c.Command, seed: str = "a seed") -> Decision:
        return decide(command, self.view, self.now, seed)

    def put(self, *nouns: Noun) -> None:
        for noun in nouns:
            self.view.put(noun)

    def passes(self, time: timedelta) -> tuple[Parcel, ...]:
        """Let time go by and say so; returns what is to be looked for."""
        self.now += time
        overdue: tuple[Parcel, ...] = self.do(c.Tick())
        return overdue

    # --- who is there -------------------------------------------------------------------------------------------

    def agent(self, wish: str = "backend", circle: str = "dev", **session: Any) -> Peer:
        """An agent in a process and a session of its own, idle, with an inbox."""
        number = next(self._numbers)
        defaults = {
            "session_id": f"s-{number}",
            "backend": "claude-code",
            "pid": 1000 + number,
            "started": 1,
            "path": f"/src/{wish}",
            "inbox": f"/inbox/{number}",
            "turn": Turn.IDLE,
            "turn_source": "hook",
        }
        peer: Peer = self.do(c.RegisterSession(wish=wish, circle=circle, **(defaults | session)))
        return peer

    def poller(self, wish: str = "client", circle: str = "dev", **session: Any) -> Peer:
        """A client without a push: it collects."""
        return self.agent(wish, circle, **({"backend": "mcp", "inbox": "", "turn": Turn.UNKNOWN} | session))

    def orchestrator(self, wish: str = "lead", circle: str = "dev", **session: Any) -> Peer:
        peer = replace(self.agent(wish, circle, **session), role=Role.ORCHESTRATOR)
        self.put(peer)
        return peer

    def telegram(self, name: str = "ada", account: str = "7", *, owner: bool = True) -> Chat:
        """The private chat of a person of the config, beside those who are there already."""
        rights = RIGHTS if owner else ("talk",)
        person = Person(surface="telegram", account=account, name=name, rights=rights, owner=owner)
        known = [x for x in self.view.people("telegram") if x.paired_at is None and x.removed_at is None]
        others = [x for x in known if x.account != account]
        self.do(c.ConfigurePeople(surface="telegram", people=(*others, person)))
        return self.at("telegram", account, account)

    def slack(self, *names: str, channels: Mapping[str, str] = NONE) -> Chat:
        """The first of the channels, or the chat with the first person, who is the owner: T1:U1, the next T1:U2."""
        people = [
            Person(
                surface="slack",
                account=f"T1:U{n}",
                name=name,
                rights=RIGHTS if n == 1 else ("talk",),
                owner=n == 1,
            )
            for n, name in enumerate(names, 1)
        ]
        self.do(c.ConfigurePeople(surface="slack", people=tuple(people)))
        places = [
            Place(surface="slack", address=channel, name=name, circles=("dev",), listed=True)
            for channel, name in channels.items()
        ]
        self.do(c.ConfigurePlaces(surface="slack", places=tuple(places)))
        return self.at("slack", next(iter(channels), "T1:U1"), "T1:U1")

    def at(self, surface: str, address: str, account: str) -> Chat:
        """The conversation there, with somebody who types."""
        found = self.view.conversation_at(surface, address)
        assert found is not None
        return Chat(self.peer(found.peer_id), surface, address, account)

    def group(self, circles: tuple[str, ...], address: str = "-100", account: str = "7") -> Chat:
        """A chat of several people, who are to be there already."""
        opened = c.OpenConversation(
            surface="telegram",
            address=address,
            host="telegram-bot",
            wish=f"telegram-{address.strip('-')}",
            authority=Authority.PERSON,
            circles=circles,
        )
        return Chat(self.do(opened), "telegram", address, account)

    def console(self, run: str = "run-1", person: str = "ada") -> Chat:
        """The terminal of the owner."""
        opened = c.OpenConversation(
            surface="console",
            address=run,
            host=run,
            wish="console",
            authority=Authority.OWNER,
            shared=True,
            person=person,
            account=person,
        )
        return Chat(self.do(opened), "console", run, person)

    # --- what people do -----------------------------------------------------------------------------------------

    def say(self, chat: Chat, text: str, **said: Any) -> Heard:
        words = c.Say(surface=chat.surface, address=chat.address, account=chat.account, text=text, **said)
        heard: Heard = self.do(words)
        return heard

    def tap(self, chat: Chat, ask_id: str, option: int, **how: Any) -> Heard:
        where = {"surface": chat.surface, "address": chat.address, "account": chat.account}
        tapped = c.Tap(**where, ask_id=ask_id, option=option, **how)
        heard: Heard = self.do(tapped)
        return heard

    def shown(self, chat: Chat) -> list[Parcel]:
        """What the surface has to show, shown now: each parcel as it was leased, with the receipt it got."""
        seen = []
        while parcel := self.lease(chat.peer, holder=BOT, shows=True):
            receipt = parcel.shown_as or f"r-{next(self._numbers)}"
            self.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, receipt=receipt))
            seen.append(replace(parcel, delivery=replace(parcel.delivery, receipt=receipt)))
        return seen

    def told(self, chat: Chat) -> list[str]:
        """The same, as the bodies of what the line itself says, slips too."""
        return [p.envelope.body for p in self.shown(chat) if p.envelope.kind is Kind.REPLY or _is_slip(p)]

    # --- what agents do -----------------------------------------------------------------------------------------

    def ask(self, sender: Peer, to: str | Peer, question: str = "how far?", **more: Any) -> Ask:
        names = (to.peer_id,) if isinstance(to, Peer) else (to,)
        shown = self.do(c.SendAsk(sender=sender.peer_id, to=names, question=question, **more))
        asked: Ask = shown.ask
        return asked

    def ask_all(self, sender: Peer, to: tuple[Peer, ...], need: str = "all", **more: Any) -> Ask:
        names = tuple(peer.peer_id for peer in to)
        command = c.SendAsk(sender=sender.peer_id, to=names, question="well?", need=need, **more)
        asked: Ask = self.do(command).ask
        return asked

    def notify(self, sender: Peer, to: Peer, text: str = "by the way", **more: Any) -> str:
        """Returns the message's id."""
        sent = self.do(c.SendNotice(sender=sender.peer_id, to=(to.peer_id,), text=text, **more))
        envelope_id: str = sent.envelope.envelope_id
        return envelope_id

    def answer(self, ask: Ask, by: Peer, text: str = "", **more: Any) -> None:
        self.do(c.CloseAsk(ask_id=ask.ask_id, by=by.peer_id, text=text, **more))

    def lease(self, peer: Peer, holder: str = PUMP, *, shows: bool = False) -> Parcel | None:
        command = c.LeaseNext(peer_ids=(peer.peer_id,), holder=holder, ttl=A_MINUTE, shows=shows)
        parcel: Parcel | None = self.do(command)
        return parcel

    def carry(self, peer: Peer, proof_within: timedelta | None = A_MINUTE) -> Parcel | None:
        """Push the next thing into the agent's inbox."""
        parcel = self.lease(peer)
        if parcel:
            delivery_id = parcel.delivery.delivery_id
            self.do(c.AckDelivery(delivery_id=delivery_id, holder=PUMP, proof_within=proof_within))
        return parcel

    def prompt(self, peer: Peer, *parcels: Parcel, prompt_id: str = "") -> None:
        """The agent takes a prompt; the parcels' marks are in it."""
        marks = tuple(parcel.delivery.mark for parcel in parcels)
        self.do(c.TurnBegan(session_id=self.session(peer).session_id, marks=marks, prompt_id=prompt_id))

    def tool(self, peer: Peer) -> None:
        self.do(c.TurnWent(session_id=self.session(peer).session_id))

    def stop(self, peer: Peer, text: str = "", **more: Any) -> None:
        self.do(c.TurnEnded(session_id=self.session(peer).session_id, text=text, **more))

    def hand_out(self, peer: Peer, limit: int = 9_500, **more: Any) -> tuple[Parcel, ...]:
        session_id = self.session(peer).session_id
        parcels: tuple[Parcel, ...] = self.do(c.HandOut(session_id=session_id, limit=limit, **more))
        return parcels

    def work(self, peer: Peer, prompt_id: str = "") -> Parcel:
        """The next message is pushed and taken: a turn begins with it."""
        parcel = self.carry(peer)
        assert parcel is not None
        self.prompt(peer, parcel, prompt_id=prompt_id)
        return parcel

    def inbox(self, peer: Peer) -> list[tuple[Kind, str]]:
        """What waits for the peer: kind and body, in the order in which it is to arrive."""
        return [(envelope.kind, envelope.body) for _, envelope in self.view.unread(peer.peer_id, 1000)]

    def collect(self, peer: Peer, call_id: str = "call", **more: Any) -> list[str]:
        """The bodies that a poller takes."""
        command = c.Collect(peer_id=peer.peer_id, call_id=call_id, **more)
        return [parcel.envelope.body for parcel in self.do(command)]

    def request(self, peer: Peer, **asked: Any) -> Approval:
        """The agent wants to use a tool, and asks."""
        defaults: dict[str, Any] = {
            "what": "permission",
            "tool": "Bash",
            "shown": "wants to use **Bash**\n\n```bash\nmake\n```",
            "digest": "d" * 64,
            "request": '{"command": "make"}',
            "options": ("Allow", "Deny"),
        }
        command = c.RequestApproval(session_id=self.session(peer).session_id, **(defaults | asked))
        return self.approval(self.do(command))

    # --- looking ------------------------------------------------------------------------------------------------

    def plan(self) -> Plan:
        return Plan(self.view, self.now, "only looking")

    def peer(self, peer: Peer | str) -> Peer:
        found: Peer | None = self.view.get(Peer, peer if isinstance(peer, str) else peer.peer_id)
        assert found is not None
        return found

    def session(self, peer: Peer) -> Session:
        found: Session | None = self.view.get(Session, self.peer(peer).session_id or "")
        assert found is not None
        return found

    def asked(self, ask: Ask | str) -> Ask:
        """The ask as it is now."""
        found: Ask | None = self.view.get(Ask, ask if isinstance(ask, str) else ask.ask_id)
        assert found is not None
        return found

    def approval(self, approval: Approval | str) -> Approval:
        """The approval as it is now."""
        wanted = approval if isinstance(approval, str) else approval.approval_id
        found: Approval | None = self.view.get(Approval, wanted)
        assert found is not None
        return found

    def delivery(self, message: Ask | str, peer: Peer) -> Delivery:
        envelope_id = message if isinstance(message, str) else message.ask_id
        return next(x for x in self.view.deliveries_of(envelope_id) if x.peer_id == peer.peer_id)

    def state(self, message: Ask | str, peer: Peer) -> str:
        return self.delivery(message, peer).state

    def story(self, ref: str) -> list[Told]:
        return list(self.view.told_of(ref))

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that is written, to compare."""
        tables = [row[0] for row in self.conn.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {name: [tuple(row) for row in self.conn.execute(f"SELECT * FROM {name}")] for name in tables}  # noqa: S608 -- names of our own tables


def _is_slip(parcel: Parcel) -> bool:
    return parcel.envelope.kind is Kind.ASK and parcel.ask is not None and slips.is_slip(parcel.ask)
