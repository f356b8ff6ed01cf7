"""The platform and the people: what was really shown to whom, and what they do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bots.interface import Card, Heard, NotEver, NotNow, Said, Shown, Tapped, Unsure
from daemon.core.model import Kind, Parcel, Quiet
from daemon.core.outbox import room_of
from tests.simulation.auditor import Auditor, expect
from tests.simulation.house import GROUP, Bot
from tests.simulation.scene import Scene

TYPISTS = (
    ("1", "1"),
    ("1", "1"),
    ("2", "2"),
    ("3", "3"),
    (GROUP, "1"),
    (GROUP, "2"),
    (GROUP, "9"),
    ("2", "1"),
    ("1", "2"),
    ("3", "2"),
)
WORDS = (
    "how far?",
    "@api how far?",
    "@dev/api and you?",
    "@zinc/api and you?",
    "@dev/web go on",
    "@zinc/api go on",
    "/to dev/web",
    "/to api",
    "/to web",
    "/peers",
    "/clear",
    "/asks",
    "/cancel",
    "/notify @dev/web by the way",
    "/stop dev/api",
    "/stop zinc/api",
    "/freeze dev",
    "/thaw dev",
    "/follow dev/web",
    "/watch dev/api",
    "/watch zinc/api",
    "/peek dev/api",
    "yes",
    "no",
    "1",
    "2",
    "do it otherwise",
)


@dataclass
class Message:
    """What stands in a chat."""

    receipt: str
    parcel: Parcel
    options: int


class Platform:
    def __init__(self, scene: Scene, auditor: Auditor) -> None:
        self.scene = scene
        self.auditor = auditor
        self.messages: dict[str, list[Message]] = {}
        self.updates: list[Heard] = []  #: not confirmed
        self.handing_over: set[str] = set()
        self.times_shown: dict[tuple[str, str, int], int] = {}
        self.flooded: dict[str, float] = {}

    def screen(self, parcel: Parcel) -> Screen:
        return Screen(self, parcel)

    def puts(self, address: str, parcel: Parcel) -> str:
        """It is before the person."""
        receipt = f"{address}:{self.scene.new()}"
        delivery = parcel.delivery
        key = (address, delivery.delivery_id, len(delivery.parts))
        self.times_shown[key] = self.times_shown.get(key, 0) + 1
        once = self.times_shown[key] == 1 or delivery.doubts or delivery.delivery_id in self.auditor.replayed
        expect(bool(once), f"{delivery.delivery_id} was shown twice in {address}, and not marked")
        self.auditor.shown(delivery.delivery_id)
        options = len(parcel.ask.options) if parcel.ask and parcel.envelope.kind is Kind.ASK else 0
        self.messages.setdefault(address, []).append(Message(receipt, parcel, options))
        self.scene.tell(f"  {address} sees {delivery.delivery_id} as {receipt}")
        return receipt

    def floods(self, address: str, seconds: float) -> None:
        """From now on nothing may be sent there."""
        until = self.scene.steady().total_seconds() + seconds
        self.flooded[address] = max(until, self.flooded.get(address, until))

    def loses_its_client(self) -> None:
        """Whoever ended before it had a wish to be left alone on disk cannot know of it."""
        self.flooded = {address: until for address, until in self.flooded.items() if self._is_kept(address)}

    def _is_kept(self, address: str) -> bool:
        """Its wish is on disk; not an older one that is over."""
        quiet: Quiet | None = self.scene.store.get(Quiet, "telegram", room_of(address))
        return quiet is not None and quiet.until > self.scene.now()

    def is_left_alone(self, address: str) -> None:
        left = self.flooded.get(address, 0.0) - self.scene.steady().total_seconds()
        expect(left <= 0.1, f"{address} was to be left alone for {left} s more")

    def acts(self) -> None:
        """Somebody types or taps."""
        address, account = self.scene.pick(*TYPISTS)
        update_id = f"u{self.scene.new()}"
        recent = self.messages.get(address, [])[-6:]
        self.updates.append(
            self._on(address, account, update_id, self.scene.pick(*recent))
            if recent and self.scene.rng.random() < 0.6
            else Said(update_id=update_id, address=address, account=account, text=self.scene.pick(*WORDS))
        )

    def _on(self, address: str, account: str, update_id: str, message: Message) -> Heard:
        envelope_id = message.parcel.envelope.envelope_id
        if message.options and self.scene.rng.random() < 0.7:
            option = int(self.scene.rng.random() * message.options)
            return Tapped(
                update_id=update_id,
                address=address,
                account=account,
                ask_id=envelope_id,
                option=option,
                receipt=message.receipt,
            )
        text = self.scene.pick("yes", "no", "1", "well then", "2", "/cancel")
        return Said(
            update_id=update_id, address=address, account=account, text=text, reply_to=message.receipt
        )

    def hands_over(self, bot: Bot, start: Any) -> None:
        """The oldest updates that nobody confirmed; one may come twice."""
        fresh = [x for x in self.updates if x.update_id not in self.handing_over]
        if not fresh:
            return
        update = fresh[0]
        self.handing_over.add(update.update_id)
        self.scene.tell(f"  {update}")
        if self.scene.wrong("an update that comes twice", 0.15):
            start("update", bot.hear(update))
        start("update", bot.hear(update), lambda _: self._confirmed(update))

    def _confirmed(self, update: Heard) -> None:
        if update in self.updates and not self.scene.wrong("a confirmation that is lost", 0.1):
            self.updates.remove(update)
        self.handing_over.discard(update.update_id)


@dataclass
class Screen:
    """A ``ChatSurface`` for one parcel."""

    platform: Platform
    parcel: Parcel
    name: str = "telegram"

    async def ready(self, address: str) -> None:
        if self.platform.scene.wrong("a gate that is not open", 0.05):
            raise NotNow("too fast", after_s=1.0)

    async def show(self, address: str, card: Card, begun: tuple[str, ...] = ()) -> Shown:
        expect(begun == self.parcel.delivery.parts, f"{begun} is not {self.parcel.delivery}")
        scene = self.platform.scene
        await scene.gap()
        self._refused()
        self.platform.is_left_alone(address)
        if scene.wrong("a platform that may have taken it, and did", 0.03):
            self.platform.puts(address, self.parcel)
            raise Unsure("no answer came")
        if scene.wrong("a platform that may have taken it, and did not", 0.03):
            raise Unsure("no answer came")
        if scene.wrong("a send slower than its lease", 0.03):
            await scene.takes(90)
        receipt = self.platform.puts(address, self.parcel)
        await scene.gap()
        return Shown(receipt, more=len(begun) + 1 < parts_of(self.parcel))

    async def mark(self, address: str, receipt: str, sign: str) -> None:
        await self.platform.scene.gap()

    async def change(self, address: str, receipt: str, card: Card) -> None:
        await self.platform.scene.gap()
        self._refused()

    def _refused(self) -> None:
        scene = self.platform.scene
        if scene.wrong("429", 0.04):
            seconds = float(scene.pick(1, 5, 40))
            self.platform.floods(self.parcel.recipient, seconds)
            raise NotNow("flood", after_s=seconds, quiet=True)
        if scene.wrong("5xx", 0.06):
            raise NotNow("the platform is in trouble")
        if scene.wrong("a chat that is gone", 0.01):
            raise NotEver("blocked")


def parts_of(parcel: Parcel) -> int:
    """How many messages it takes: the same whenever it is asked."""
    long = parcel.envelope.kind in {Kind.NOTICE, Kind.ANSWER, Kind.ASK}
    return 1 + sum(parcel.delivery.delivery_id.encode()) % 3 if long else 1
