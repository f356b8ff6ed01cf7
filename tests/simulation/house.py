"""One run of the daemon in the simulated world: the engine, the pump, the ticker and the bot, all real.

It is made at a start and ended at a crash; only the store outlives it. Every commit is told to the auditor.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from bots.bridge import _deliver
from bots.handover import hand_over
from bots.interface import Heard
from daemon.api.hooks import HookDesk
from daemon.client.hosting import Utterance
from daemon.core import commands as c
from daemon.core.errors import Refused, StaleLease, StorageFull, Unavailable
from daemon.core.firing import Ring
from daemon.core.model import Authority, Errand, Parcel, Person, Road
from daemon.core.rules.approval import State as Deciding
from daemon.core.view import Decision
from daemon.engine import mailbox
from daemon.engine.decisions import Decisions
from daemon.engine.engine import Engine, Once
from daemon.engine.feed import APPROVALS, ERRANDS, EVERYTHING, TIME
from daemon.engine.pump import HOLDER, Pump
from daemon.engine.ticker import Ticker
from daemon.transports.interface import Eye, Presser, Transport
from daemon.transports.wake import Wake
from tests.simulation.auditor import Auditor
from tests.simulation.scene import Scene

T = TypeVar("T")
DAEMON = "daemon"
BOT = "telegram-bot"
PEOPLE = (
    Person(surface="telegram", account="1", name="ada", rights=("talk", "approve", "spawn"), owner=True),
    Person(surface="telegram", account="2", name="ben", rights=("talk",)),
    Person(surface="telegram", account="3", name="cat", rights=("talk", "approve")),
)
GROUP, GROUP_CIRCLES = "-100", ("dev",)


class SceneClock:
    """A ``Clock``."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene

    def now(self) -> datetime:
        return self._scene.now()

    def steady(self) -> timedelta:
        return self._scene.steady()


class SceneStore:
    """A ``Store`` whose steps run at once; the disk may be full. Every commit is audited."""

    def __init__(self, scene: Scene, auditor: Auditor) -> None:
        self._scene = scene
        self._auditor = auditor
        self.decided: list[tuple[c.Command, Decision]] = []

    async def transact(self, step: Callable[[Any], T]) -> T:
        self.decided = []
        result: T = self._scene.store.transact(lambda tx: self._written(tx, step))
        self._auditor.committed(self.decided)
        return result

    async def read(self, step: Callable[[Any], T]) -> T:
        return step(self._scene.store)

    async def close(self) -> None:
        pass

    def _written(self, tx: Any, step: Callable[[Any], T]) -> T:
        result = step(tx)
        if self._scene.strands.elapsed < self._scene.full_until:
            raise StorageFull("the disk is full; nothing was accepted", after_s=5)
        return result


class SteppedEngine(Engine):
    """The engine, but that somebody else may go first before a commit, and before its caller hears of it."""

    def __init__(self, scene: Scene, store: SceneStore) -> None:
        super().__init__(store, SceneClock(scene), seeds=scene.seed_text)
        self._scene = scene
        self._journal = store

    async def _told(self, step: Callable[[Any], tuple[T, list[Decision]]]) -> tuple[T, list[Decision]]:
        await self._scene.gap()
        told = await self._committed(step)
        await self._scene.gap(0.3)
        return told

    def _decided(self, tx: Any, command: c.Command) -> Decision:
        decision = super()._decided(tx, command)
        self._journal.decided.append((command, decision))
        return decision


class Spawner:
    """What ``asyncio.TaskGroup`` is to the pump."""

    def __init__(self, house: House) -> None:
        self._house = house

    def create_task(self, coro: Coroutine[Any, Any, Any]) -> None:
        self._house.start("lane", coro)


class House:
    """Args: the shared scene; who looks on; the roads into agents; how they are looked at; whose keys are pressed."""

    def __init__(
        self, scene: Scene, auditor: Auditor, roads: Mapping[Road, Transport], eye: Eye, presser: Presser
    ) -> None:
        self.scene = scene
        self.up = False
        self.engine = SteppedEngine(scene, SceneStore(scene, auditor))
        self.pump = Pump(self.engine, roads, eye)
        self.ticker = Ticker(self.engine, self.pump.look)
        self.hooks_waiting: set[str] = set()  #: approvals for which a hook is there
        self.decisions = Decisions(self.engine, self.hooks_waiting.__contains__, presser)
        self.desk = HookDesk(self.engine, Path("nowhere"), {}, Wake())
        self.bot = Bot(self)
        self._watches = ExitStack()
        feed = self.engine.feed
        self._changes = self._watches.enter_context(feed.watching(EVERYTHING))
        self._time = self._watches.enter_context(feed.watching(TIME))
        self._verdicts = self._watches.enter_context(feed.watching(APPROVALS))
        self._errands = self._watches.enter_context(feed.watching(ERRANDS))
        self._looking: set[str] = set()
        self._next_beat: float | None = 0.0
        self._beating = False
        self._ringing = False

    def start(
        self, name: str, coro: Coroutine[Any, Any, Any], ended: Callable[[Any], None] = lambda _: None
    ) -> None:
        self.scene.strands.start(name, DAEMON, coro, ended)

    async def begin(self, replay: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        """Come up; False: the disk would not have it."""
        try:
            await self._begin(replay)
        except Unavailable:
            return False
        return True

    async def _begin(self, replay: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """As ``cli.serve``: hear what hooks said meanwhile, clear up after the last run, then let everybody in."""
        await self.engine.begin()
        await replay()
        await self.engine.handle(c.Recover(holder_prefix=HOLDER))
        await self.engine.handle(c.Recover(holder_prefix=BOT))
        await self.engine.handle(c.ConfigurePeople(surface="telegram", people=PEOPLE))
        group = c.OpenConversation(
            surface="telegram",
            address=GROUP,
            host=BOT,
            wish="telegram-team",
            authority=Authority.PERSON,
            circles=GROUP_CIRCLES,
        )
        await self.engine.handle(group)
        self.up = True
        self.start("speak", self.bot.speak())

    def tend(self) -> None:
        """Let what was committed wake whoever waits for it."""
        if not self.up:
            return
        for key in sorted(self._changes.take()):
            if key.startswith("p-"):
                self.pump._start(Spawner(self), key)  # type: ignore[arg-type]
        if self._verdicts.take():
            self._see_to_decisions()
        if self._errands.take():
            self._run_errands()
        self._ring()
        woken = bool(self._time._changed)
        due = self._next_beat is not None and self.scene.strands.elapsed >= self._next_beat
        if (woken or due) and not self._beating:
            self._time.take()
            self._beating = True
            self.start("beat", self.ticker._beat(), self._has_beaten)

    def _ring(self) -> None:
        """The alarm clock: what schedules say is due, until all is to come to rest."""
        at = None if self.scene.calm else self.scene.store.next_alarm()
        if at and at <= self.engine.clock.now() and not self._ringing:
            self._ringing = True
            self.start("alarm", self.engine.insist(c.FireSchedules()), self._has_rung)

    def _has_rung(self, rung: Ring | None) -> None:
        self._ringing = False

    def next_beat(self) -> float | None:
        return None if self._beating else self._next_beat

    def _has_beaten(self, pause: float | None) -> None:
        self._beating = False
        self._next_beat = None if pause is None else self.scene.strands.elapsed + pause

    def _see_to_decisions(self) -> None:
        for approval in self.scene.store.approvals():
            in_hand = self.decisions._in_hand
            if approval.state == Deciding.DECIDED and approval.approval_id not in in_hand:
                in_hand.add(approval.approval_id)
                self.start("decision", self.decisions._see_to(approval.approval_id))

    def _run_errands(self) -> None:
        for errand in self.scene.store.errands():
            if errand.errand_id not in self._looking:
                self._looking.add(errand.errand_id)
                self.start("errand", self._look(errand))

    async def _look(self, errand: Errand) -> None:
        await self.scene.gap()
        await self.engine.insist(c.FinishErrand(errand_id=errand.errand_id, text="looked"))

    async def tell(self, command: c.Command) -> Any:
        """Say it; what is refused is none of the teller's business, and no disk is told when there is room again."""
        try:
            return await self.engine.insist(command)
        except Refused:
            return None

    def end(self) -> None:
        self.up = False
        self.scene.strands.end(DAEMON)
        self._watches.close()


class Bot:
    """The bridge and its client, as they run inside the daemon."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._in_hand: set[str] = set()
        self.screen: Callable[[Parcel], Any] = lambda _: None  #: makes what shows that parcel

    async def speak(self) -> None:
        """What ``bridge.speak`` does over a client that begins its stream anew when it breaks."""
        engine = self._house.engine
        while True:
            try:
                async for parcel in mailbox.parcels(engine, "telegram", BOT, BOT):
                    self._show(parcel)
            except StaleLease:
                return
            except Unavailable:
                await asyncio.sleep(1)

    def _show(self, parcel: Parcel) -> None:
        delivery_id = parcel.delivery.delivery_id
        if delivery_id in self._in_hand:
            return
        self._in_hand.add(delivery_id)
        show = _deliver(self, self.screen(parcel), parcel, lambda _: None, lambda _: None)  # type: ignore[arg-type]
        self._house.start(f"show {delivery_id}", show, lambda _: self._in_hand.discard(delivery_id))

    async def hear(self, heard: Heard) -> None:
        await hand_over(self, "telegram", heard)  # type: ignore[arg-type]

    async def say(self, said: Utterance, *, key: str, does: tuple[str, ...]) -> Any:
        command = c.Say(
            surface=said.surface,
            address=said.address,
            account=said.account,
            text=said.text,
            author=said.author,
            reply_to=said.reply_to,
            private=said.private,
        )
        return await self._once(command, key)

    async def tap(  # noqa: PLR0913 -- as the client's
        self,
        surface: str,
        address: str,
        account: str,
        ask_id: str,
        option: int,
        *,
        receipt: str,
        key: str,
        does: tuple[str, ...],
    ) -> Any:
        command = c.Tap(
            surface=surface, address=address, account=account, ask_id=ask_id, option=option, receipt=receipt
        )
        return await self._once(command, key)

    async def _once(self, command: c.Command, key: str) -> Any:
        def told(results: list[Any]) -> str:
            heard = results[0]
            return json.dumps({"understood": heard.understood, "ask_id": heard.ask_id})

        return json.loads(
            await self._house.engine.handle_once((command,), Once(BOT, key, repr(command)), told)
        )

    async def extend(self, parcel: Parcel, seconds: float) -> None:
        await self._settle(c.ExtendDelivery, parcel, ttl=timedelta(seconds=seconds))

    async def ack(self, parcel: Parcel, receipt: str) -> None:
        await self._settle(c.AckDelivery, parcel, receipt=receipt)

    async def part(self, parcel: Parcel, receipt: str) -> None:
        await self._settle(c.PartDelivery, parcel, receipt=receipt)

    async def nak(self, parcel: Parcel, reason: str, after_s: float | None, quiet: bool) -> None:
        after = None if after_s is None else timedelta(seconds=after_s)
        await self._settle(c.NakDelivery, parcel, reason=reason, after=after, quiet=quiet)

    async def reject(self, parcel: Parcel, reason: str) -> None:
        await self._settle(c.RejectDelivery, parcel, reason=reason)

    async def doubt(self, parcel: Parcel, reason: str) -> None:
        await self._settle(c.DoubtDelivery, parcel, reason=reason)

    async def _settle(self, verb: Any, parcel: Parcel, **told: Any) -> None:
        delivery = parcel.delivery
        await self._house.engine.handle(
            verb(delivery_id=delivery.delivery_id, holder=delivery.holder, **told)
        )
