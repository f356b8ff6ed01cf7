"""What must hold after every commit, whatever was killed, lost, doubled or late.

The auditor keeps books of its own: what it was told was written, not what the store says it holds.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from daemon.core import commands as c
from daemon.core import model as m
from daemon.core.deciding import SUBJECT
from daemon.core.model import AGENTS
from daemon.core.outbox import lane
from daemon.core.posting import LINE
from daemon.core.rules import asking
from daemon.core.rules import delivery as d
from daemon.core.tracing import HOP_LIMIT
from daemon.core.view import Decision
from tests.simulation.scene import Broken, Scene

HELD_BY: Final = (
    c.ExtendDelivery,
    c.AckDelivery,
    c.NakDelivery,
    c.HoldDelivery,
    c.RejectDelivery,
    c.DoubtDelivery,
    c.PartDelivery,
)
ENDED: Final = frozenset({d.State.SETTLED, d.State.EXPIRED, d.State.CANCELLED})
SECRET: Final = "zinc"  #: a circle that not everybody may hear of


def expect(true: bool, what: str) -> None:
    if not true:
        raise Broken(what)


class Auditor:
    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.deliveries: dict[str, m.Delivery] = {}
        self.seq: dict[str, int] = {}
        self.counts: Counter[str] = Counter()
        self.asks: dict[str, m.Ask] = {}
        self.envelopes: dict[str, m.Envelope] = {}
        self.approvals: dict[str, m.Approval] = {}
        self.peers: dict[str, m.Peer] = {}
        self.conversations: dict[str, m.Conversation] = {}
        self.answers: dict[tuple[str, str], tuple[str, str]] = {}
        self.told_of: dict[str, list[str]] = defaultdict(list)  #: by ask, the envelopes that answer it
        self.replayed: set[str] = set()
        self.let_go: set[str] = set()  #: that stalled or became uncertain once: they lost their place
        self.latest: dict[tuple[str, str, str], int] = {}
        self.showings: set[str] = set()
        self.commits = 0

    def committed(self, decided: list[tuple[c.Command, Decision]]) -> None:
        for command, decision in decided:
            self.commits += 1
            self._told(command, decision)
            self._holder(command)
            self._freed(command, decision)
            if isinstance(command, c.ReplayDelivery):
                self.replayed.add(command.delivery_id)
            for noun in sorted(decision.puts, key=_rank):
                self._written(command, noun)
            for noun in decision.puts:
                if isinstance(noun, m.Ask) and noun.ended_at is not None:
                    self._asker_learns(command, noun, decision)
        self._balance()

    def shown(self, delivery_id: str) -> None:
        """Somebody reads it, and has not before: nobody's words are overtaken by later ones of theirs.

        Words of another urgency may come sooner, and what was given up, or is over already, lost its place.
        """
        if delivery_id in self.showings:
            return
        self.showings.add(delivery_id)
        delivery = self.deliveries[delivery_id]
        envelope, seq = self.envelopes[delivery.envelope_id], self.seq[delivery_id]
        if delivery_id in self.replayed | self.let_go or delivery.state in d.OVER:
            return
        waited = replace(delivery, state=d.State.QUEUED)
        order = lane(waited) if delivery.road is m.Road.CHAT else delivery.urgency
        pair = (envelope.sender.peer_id, delivery.peer_id, str(order))
        before = self.latest.get(pair, -1)
        expect(before < seq, f"{delivery_id} was overtaken by a later one from {envelope.sender.name}")
        self.latest[pair] = seq

    # --- what was written ---------------------------------------------------------------------------------------

    def _written(self, command: c.Command, noun: Any) -> None:
        match noun:
            case m.Peer():
                self.peers[noun.peer_id] = noun
            case m.Conversation():
                self.conversations[noun.peer_id] = noun
            case m.Envelope():
                self._envelope(command, noun)
            case m.Delivery():
                self._delivery(command, noun)
            case m.Ask():
                self._ask(command, noun)
            case m.Approval():
                self._approval(command, noun)

    def _envelope(self, command: c.Command, envelope: m.Envelope) -> None:
        known = self.envelopes.setdefault(envelope.envelope_id, envelope)
        expect(known == envelope, f"envelope {envelope.envelope_id} was changed")
        agents = [x for x in envelope.to if self.peers[x].role in AGENTS]
        expect(
            not agents or envelope.hops <= HOP_LIMIT, f"{envelope.envelope_id} is {envelope.hops} hops away"
        )
        if envelope.kind is m.Kind.ANSWER and envelope.correlation_id:
            self.told_of[envelope.correlation_id].append(envelope.envelope_id)
        if isinstance(command, c.SendAsk | c.SendNotice) and envelope.sender != LINE:
            for peer_id in envelope.to:
                self._may_be_named(command, envelope.sender, self.peers[peer_id])

    def _may_be_named(self, command: Any, sender: m.Sender, peer: m.Peer) -> None:
        """A name resolves in the caller's circle; others are reached by saying so, or by an id."""
        spans = {m.Role.ORCHESTRATOR, m.Role.SERVICE, m.Role.HUMAN}
        exact = command.circle or any(
            "/" in name or name.startswith(("p-", "circle:")) for name in command.to
        )
        near = peer.circle == sender.circle or peer.role in spans or sender.role in spans or exact
        expect(bool(near), f"{sender.circle}/{sender.name} reached {peer.circle}/{peer.name} by a bare name")

    def _delivery(self, command: c.Command, after: m.Delivery) -> None:
        before = self.deliveries.get(after.delivery_id)
        if before is None:
            self.seq[after.delivery_id] = len(self.seq)
            self._scoped(after)
        else:
            self.counts[before.state] -= 1
            expect(
                (before.envelope_id, before.peer_id) == (after.envelope_id, after.peer_id),
                f"delivery {after.delivery_id} is another one now",
            )
            over = before.state in ENDED and before.state != after.state
            expect(not over, f"delivery {after.delivery_id} was {before.state} and is {after.state}")
            revived = before.state == d.State.DEAD and after.state != d.State.DEAD
            expect(
                not revived or isinstance(command, c.ReplayDelivery),
                f"{after.delivery_id} rose from the dead",
            )
        if after.state in {d.State.STALLED, d.State.UNCERTAIN, d.State.DEAD}:
            self.let_go.add(after.delivery_id)
        self.counts[after.state] += 1
        self.deliveries[after.delivery_id] = after
        self._leased(after)
        if before is None or before.state != after.state:
            self.scene.tell(
                f"    {after.delivery_id} for {self._name(after.peer_id)} is {after.state} {after.reason}"
            )

    def _leased(self, delivery: m.Delivery) -> None:
        leased = delivery.state == d.State.LEASED
        whole = delivery.holder is not None and delivery.leased_until is not None
        none = delivery.holder is None and delivery.leased_until is None
        expect(
            whole if leased else none, f"{delivery.delivery_id} is {delivery.state} with a lease: {delivery}"
        )
        if leased:
            others = (
                [
                    x.delivery_id
                    for x in self.deliveries.values()
                    if x.peer_id == delivery.peer_id and x.state == d.State.LEASED and x is not delivery
                ]
                if delivery.road is not m.Road.CHAT
                else []
            )
            expect(not others, f"{delivery.delivery_id} and {others} are on their way to one agent at once")

    def _scoped(self, delivery: m.Delivery) -> None:
        """A conversation with a scope is told nothing from outside it."""
        here, envelope = self.conversations.get(delivery.peer_id), self.envelopes[delivery.envelope_id]
        if here and "*" not in here.circles:
            sender = envelope.sender
            inside = sender.circle in here.circles or sender == LINE or sender.peer_id in self.conversations
            expect(inside, f"{sender.circle}/{sender.name} was heard in {here.address}")
            expect(SECRET not in envelope.body, f"{here.address} was told {envelope.body!r}")
        there = self.conversations.get(envelope.sender.peer_id)
        to = self.peers[delivery.peer_id]
        if there and "*" not in there.circles and delivery.peer_id not in self.conversations:
            expect(to.circle in there.circles, f"{there.address} addressed {to.circle}/{to.name}")

    def _ask(self, command: c.Command, after: m.Ask) -> None:
        before = self.asks.get(after.ask_id)
        if before and before.ended_at is not None:
            same = (before.state, before.ended_at) == (after.state, after.ended_at)
            expect(same, f"ask {after.ask_id} ended as {before.state} and again as {after.state}")
            expect(
                all(x.late for x in after.answers[len(before.answers) :]),
                f"{after.ask_id}: late, and not so marked",
            )
        expect((after.ended_at is None) == (after.state in asking.ACTIVE), f"{after.ask_id}: {after}")
        if before is None or before.state != after.state:
            self.scene.tell(f"    ask {after.ask_id} is {after.state}")
        self.asks[after.ask_id] = after

    def _approval(self, command: c.Command, after: m.Approval) -> None:
        before = self.approvals.get(after.approval_id)
        self.approvals[after.approval_id] = after
        if before and before.state == after.state:
            return
        self.scene.tell(f"    approval {after.approval_id} is {after.state} {after.choice}")
        if before and after.state == "decided":
            self._authority(command, after)

    def _authority(self, command: c.Command, approval: m.Approval) -> None:
        """Only who may approve decides, from where approvals are taken; or the hour of the day does."""
        if approval.by == "nobody was there":
            expect(bool(approval.reason), f"{approval.approval_id} was denied by nobody")
            return
        if isinstance(command, c.CloseAsk):
            expect(command.trusted, f"{approval.approval_id} was decided from an untrusted place")
            return
        said = isinstance(command, c.Say | c.Tap)
        allowed = said and command.account in {"1", "3"}  # type: ignore[union-attr]
        expect(allowed, f"{approval.approval_id} was decided by {approval.by} with {command}")
        agent = self.peers[approval.peer_id]
        here = next(x for x in self.conversations.values() if x.address == command.address)  # type: ignore[union-attr]
        meets = "*" in here.circles or agent.circle in here.circles
        expect(
            meets and here.trusted, f"{approval.approval_id} of {agent.circle} was decided in {here.address}"
        )

    # --- what was said ------------------------------------------------------------------------------------------

    def _told(self, command: c.Command, decision: Decision) -> None:
        self.scene.tell(f"  {type(command).__name__} -> {len(decision.puts)} rows {_brief(command)}")

    def _holder(self, command: c.Command) -> None:
        """A word of a holder counts only while it holds the lease, or ends a doubt."""
        if not isinstance(command, HELD_BY) or command.holder is None:
            return
        before = self.deliveries[command.delivery_id]
        if isinstance(command, c.NakDelivery) and command.quiet:
            return  # what the platform wishes holds, whatever became of it meanwhile
        holds = before.state == d.State.LEASED and before.holder == command.holder
        ends = before.state == d.State.UNCERTAIN and isinstance(command, c.AckDelivery | c.PartDelivery)
        expect(holds or ends, f"{command.holder} settled {before.delivery_id}, which was {before.state}")

    def _freed(self, command: c.Command, decision: Decision) -> None:
        """Nothing is left with a holder that is gone."""
        if not isinstance(command, c.Recover) or not command.gone:
            return
        moved = {x.delivery_id for x in decision.puts if isinstance(x, m.Delivery)}
        held = [x for x in self.deliveries.values() if (x.holder or "").startswith(command.holder_prefix)]
        left = {x.delivery_id for x in held if x.state == d.State.LEASED} - moved
        expect(not left, f"{left} stay with {command.holder_prefix}, which is gone")

    def answered(self, principal: str, key: str, digest: str, answer: str) -> None:
        """The same key and body gives the first answer."""
        first = self.answers.setdefault((principal, key), (digest, answer))
        expect(first == (digest, answer), f"key {key} of {principal}: {first[1]!r}, then {answer!r}")

    def _asker_learns(self, command: c.Command, ask: m.Ask, decision: Decision) -> None:
        silent = ask.state == asking.State.CANCELLED or ask.subject == SUBJECT or ask.asker == LINE.peer_id
        asker = self.peers.get(ask.asker)
        if silent or asker is None or asker.forgotten_at:
            return
        expect(bool(self.told_of[ask.ask_id]), f"nobody told {asker.name} that {ask.ask_id} is {ask.state}")

    # --- the books ----------------------------------------------------------------------------------------------

    def _balance(self) -> None:
        if sum(self.counts.values()) != len(self.deliveries):
            raise Broken(f"{self.counts} of {len(self.deliveries)}")

    def books(self) -> None:
        """The store's own sums are ours."""
        mine = {str(state): n for state, n in self.counts.items() if n}
        theirs = {state: n for state, n in self.scene.store.counts().items() if n}
        expect(mine == theirs, f"the store counts {theirs}, there were {mine}")

    def _name(self, peer_id: str) -> str:
        peer = self.peers.get(peer_id)
        return f"{peer.circle}/{peer.name}" if peer else peer_id


def _rank(noun: Any) -> int:
    kinds = (m.Peer, m.Conversation, m.Envelope, m.Delivery)
    return kinds.index(type(noun)) if type(noun) in kinds else len(kinds)


def _brief(command: Any) -> str:
    names = (
        "delivery_id",
        "peer_ids",
        "session_id",
        "to",
        "text",
        "question",
        "ask_id",
        "reason",
        "marks",
        "by",
    )
    return " ".join(
        f"{name}={getattr(command, name)!s:.60}" for name in names if getattr(command, name, None)
    )


def at(moment: datetime) -> str:
    return f"{moment:%d %H:%M:%S}"
