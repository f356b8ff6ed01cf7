"""People on two conversations: what they are shown, say, tap and take back."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from daemon.core import commands as c
from daemon.core.model import Person, Place
from tests.crowd.stage import Stage

BOT = "bot"
A_MINUTE = timedelta(minutes=1)
ALL = ("talk", "approve", "spawn")


@dataclass(eq=False)
class Chat:
    surface: str
    address: str
    accounts: tuple[str, ...]
    peer_id: str
    host: str
    private: bool
    cards: deque[tuple[str, str]] = field(default_factory=lambda: deque(maxlen=12))  #: ask, receipt
    seen: deque[str] = field(default_factory=lambda: deque(maxlen=12))  #: receipts
    said: deque[str] = field(default_factory=lambda: deque(maxlen=6))  #: receipts of their own words


def chats(stage: Stage) -> list[Chat]:
    """Ada alone with the line, and a channel in which Ben writes as well, who may only talk."""
    people = (
        Person(surface="telegram", account="7", name="ada", rights=ALL, owner=True),
        Person(surface="slack", account="T1:U1", name="ada", rights=ALL, owner=True),
        Person(surface="slack", account="T1:U2", name="ben", rights=("talk",)),
    )
    for surface in ("telegram", "slack"):
        own = tuple(each for each in people if each.surface == surface)
        stage.do(c.ConfigurePeople(surface=surface, people=own))
    place = Place(surface="slack", address="C1", name="team", circles=("dev", "ops"), listed=True)
    stage.do(c.ConfigurePlaces(surface="slack", places=(place,)))
    return [_chat(stage, "telegram", "7", ("7",)), _chat(stage, "slack", "C1", ("T1:U1", "T1:U2"))]


def _chat(stage: Stage, surface: str, address: str, accounts: tuple[str, ...]) -> Chat:
    found = stage.look(lambda plan: plan.view.conversation_at(surface, address))
    assert found is not None
    return Chat(surface, address, accounts, found.peer_id, found.host, private=len(accounts) == 1)


class People:
    def __init__(self, stage: Stage, everywhere: list[Chat], names: tuple[str, ...]) -> None:
        self.stage = stage
        self.chats = everywhere
        self.names = names

    def acts(self, chat: Chat) -> None:
        roll = self.stage.rng.random()
        for below, deed in (
            (0.4, self.is_shown),
            (0.5, self._beats),
            (0.75, self._says),
            (0.92, self._taps),
            (0.96, self._edits),
        ):
            if roll < below:
                deed(chat)
                return
        self._takes_back(chat)

    def is_shown(self, chat: Chat) -> None:
        stage = self.stage
        for _ in range(4):
            parcel = stage.do(c.LeaseNext(peer_ids=(chat.peer_id,), holder=BOT, ttl=A_MINUTE, shows=True))
            if parcel is None:
                return
            name, roll = parcel.delivery.delivery_id, stage.rng.random()
            if roll < 0.9:
                receipt = parcel.shown_as or f"r-{stage.new()}"
                stage.do(c.AckDelivery(delivery_id=name, holder=BOT, receipt=receipt))
                self._sees(chat, parcel.envelope, receipt)
            elif roll < 0.94:
                stage.do(c.NakDelivery(delivery_id=name, holder=BOT, reason="the platform is slow"))
            elif roll < 0.97:
                stage.do(c.DoubtDelivery(delivery_id=name, holder=BOT, reason="no answer"))

    def _sees(self, chat: Chat, envelope, receipt: str) -> None:
        chat.seen.append(receipt)
        if envelope.kind == "ask" and envelope.options:
            chat.cards.append((envelope.envelope_id, receipt))

    def _beats(self, chat: Chat) -> None:
        trouble = "no answer" if self.stage.chance(0.15) else ""
        self.stage.do(c.Beat(surface=chat.surface, host=chat.host, trouble=trouble))

    def _says(self, chat: Chat) -> None:
        stage = self.stage
        receipt = f"own-{stage.new()}"
        reply = stage.pick(*chat.seen) if chat.seen and stage.chance(0.3) else ""
        chat.said.append(receipt)
        stage.do(
            c.Say(
                surface=chat.surface,
                address=chat.address,
                account=stage.pick(*chat.accounts),
                text=self._words(),
                reply_to=reply,
                receipt=receipt,
                private=chat.private,
                called=True,
            )
        )

    def _words(self) -> str:
        stage = self.stage
        name = stage.pick(*self.names)
        if stage.chance(0.12):  # chosen, and then refused: it answers nothing
            return f"@telegram-bot look at {stage.new()}"
        return stage.pick(
            f"how far? {stage.new()}",
            f"@{name} look at {stage.new()}",
            f"@{name} look at {stage.new()}",
            f"/job @{name} tidy {stage.new()}",
            f"/notify @{name} by the way {stage.new()}",
            f"/broadcast hear {stage.new()}",
            f"/to {name}",
            f"/watch {name}",
            f"/stop {name}",
            f"/schedule @{name} in 10m look {stage.new()}",
            "/schedules",
            "/jobs",
            "/asks",
            "/cancel",
            "/status",
            "/clear",
            "/no-such-word",
        )

    def _taps(self, chat: Chat) -> None:
        stage = self.stage
        if not chat.cards:
            return
        ask_id, receipt = stage.pick(*chat.cards)
        stage.do(
            c.Tap(
                surface=chat.surface,
                address=chat.address,
                account=stage.pick(*chat.accounts),
                ask_id=ask_id,
                option=stage.pick(0, 0, 1, 1, 2, 9),
                receipt=receipt,
            )
        )

    def _edits(self, chat: Chat) -> None:
        if chat.said:
            where = {"surface": chat.surface, "address": chat.address, "account": chat.accounts[0]}
            receipt = self.stage.pick(*chat.said)
            self.stage.do(c.Edit(**where, receipt=receipt, text=f"better so {self.stage.new()}"))

    def _takes_back(self, chat: Chat) -> None:
        if chat.said:
            where = {"surface": chat.surface, "address": chat.address, "account": chat.accounts[0]}
            self.stage.do(c.Unsay(**where, receipt=self.stage.pick(*chat.said)))
