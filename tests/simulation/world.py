"""One simulated world: who is there, what happens next, what goes wrong, and that all of it comes home in the end.

In one step somebody acts, time passes, or something breaks; then a few strands go on, each to where it waits next.
After the last step nothing breaks any more, everybody behaves, and what was accepted must have arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from daemon.core import commands as c
from daemon.core.model import Ask, Delivery, Parcel, Peer, Road, Role, Session, Turn
from daemon.core.rules import asking
from daemon.core.rules.delivery import NEVER, OVER, State
from tests.simulation.agents import Agent, Crowd, Inbox, Terminal, Waking
from tests.simulation.auditor import Auditor, expect
from tests.simulation.calls import Calls, Poller
from tests.simulation.chats import Platform
from tests.simulation.deeds import Deeds, said
from tests.simulation.hooks import Hooks
from tests.simulation.house import BOT, House
from tests.simulation.scene import Scene

AGENTS_FROM = 0.4
DRAIN = 6000  #: steps that everything may take to come home
QUIET = 12  #: rounds in which nothing happens before it counts as home


class World:
    def __init__(self, seed: int, store: Any) -> None:
        self.scene = Scene(seed, store)
        self.auditor = Auditor(self.scene)
        self.crowd = Crowd(self.scene, self._prompted, self._pressed)
        self.hooks = Hooks(self.scene, self.crowd)
        self.calls = Calls(self.scene, self.auditor)
        self.deeds = Deeds(self.scene, self.crowd, self.hooks, self.calls)
        self.platform = Platform(self.scene, self.auditor)
        self.house: House | None = None
        self.pollers = [
            Poller("client", "dev", 501, "s-client"),
            Poller("miner", "zinc", 502, "s-miner"),
        ]
        self.unburied: list[int] = []  #: processes of whose end the daemon has not heard
        self._people()
        self._deeds: tuple[tuple[float, Callable[[], None]], ...] = (
            (0.08, self.platform.acts),
            (0.2, self._hands_over),
            (0.25, self._somebody_polls),
            (0.3, self.calls.goes_on),
            (0.34, self._daemon_looks),
            (0.38, self._verdicts),
            (AGENTS_FROM, self._forgets),
        )
        self.steps = 0
        self.haste = self.scene.pick(2, 4, 8)  #: how far everything gets between two things that happen
        self.trouble = self.scene.pick(0.02, 0.1, 0.2, 0.4)  #: how often something big breaks

    def _people(self) -> None:
        made = (
            ("api", "dev", {}),
            ("web", "dev", {"paned": True}),
            ("api", "zinc", {"paned": True, "has_inbox": False}),
            ("ops", "default", {"has_inbox": False, "wakes": True}),
            ("lead", "dev", {}),
        )
        for wish, circle, more in made:
            pid, session_id = 1000 + self.scene.new(), f"s-{self.scene.new()}"
            agent = Agent(
                self.scene,
                wish,
                circle,
                f"/src/{wish}",
                pid,
                session_id,
                first_read=self.auditor.shown,
                **more,
            )  # type: ignore[arg-type]
            agent.wished = self.auditor.replayed
            self.crowd.agents.append(agent)

    # --- the daemon ---------------------------------------------------------------------------------------------

    def starts(self) -> None:
        roads = {
            Road.INBOX: Inbox(self.crowd),
            Road.TERMINAL: Terminal(self.crowd),
            Road.HOOK: Waking(self.crowd),
        }
        house = House(self.scene, self.auditor, roads, self.crowd, self.crowd)
        self.scene.tell("the daemon starts")
        self.house = self.hooks.house = self.calls.house = house
        house.bot.screen = self.platform.screen
        house.start("begin", house.begin(self.hooks.replay), lambda up: self._has_begun(house, up=up))

    def _has_begun(self, house: House, *, up: bool) -> None:
        if up:
            self._is_up(house)
        else:
            self.ends()

    def _is_up(self, house: House) -> None:
        self.scene.tell("the daemon is up")
        self.unburied = sorted(self.crowd.buried)
        for peer in self.scene.store.peers():  # the watch on registries begins anew
            session = self.scene.store.get(Session, peer.session_id or "")
            if session and session.ended_at is None and session.turn in {Turn.WORKING, Turn.AWAITING_INPUT}:
                house.start("registry", house.pump.check_turn(session.session_id))

    def crashes(self) -> None:
        assert self.house is not None
        self.scene.went_wrong("a crash" if self.house.up else "a crash while it starts")
        self.ends()

    def ends(self) -> None:
        assert self.house is not None
        self.house.end()
        self.house = None
        self.hooks.cut_off()
        self.calls.cut_off()
        self.platform.handing_over.clear()
        self.platform.loses_its_client()
        for agent in self.crowd.agents:
            agent.waker = False
            if agent.dialog:
                agent.dialog.hook_waits = False

    # --- one step -----------------------------------------------------------------------------------------------

    def step(self) -> None:
        self.steps += 1
        roll = self.scene.rng.random()
        if roll < 0.75:
            self._acts()
        elif self.scene.chance(0.1 * self.trouble):
            self._breaks()
        else:
            self._time_passes()
        self._tends()
        for _ in range(int(self.scene.rng.random() * self.haste)):
            if not self._goes_on():
                break

    def _goes_on(self) -> bool:
        """One of those who can go on does so, to where it waits next."""
        ready = self.scene.strands.ready()
        if not ready:
            return False
        strand = self.scene.pick(*ready)
        self.scene.tell(f"{self.steps} {strand.name}")
        self.scene.strands.run(strand)
        self._tends()
        return True

    def _tends(self) -> None:
        if self.house:
            self.house.tend()
        if self.house and self.house.up and self.unburied:
            pid = self.unburied.pop()
            self.calls.tell(c.EndProcess(pid=pid, started=1))

    def _time_passes(self) -> None:
        times = [self.scene.strands.next_timer(), self.house.next_beat() if self.house else None]
        ahead = [x for x in times if x is not None]
        now = self.scene.strands.elapsed
        until = min(ahead) if ahead and self.scene.rng.random() < 0.7 else now + self.scene.rng.random() * 20
        if self.scene.strands.ready():  # nobody takes long to go on
            until = min(until, now + 0.3)
        self.scene.strands.pass_to(max(until, now))
        self.scene.tell(f"{self.steps} it is {self.scene.now():%d %H:%M:%S}")

    def _acts(self) -> None:
        roll = self.scene.rng.random()
        if self.house is None and roll < AGENTS_FROM:
            if roll < 0.3:
                self.starts()
            return
        for below, deed in self._deeds:
            if roll < below:
                deed()
                return
        self._agent_acts()

    def _agent_acts(self) -> None:
        agent = self.scene.pick(*self.crowd.agents)
        before = agent.pid
        self.deeds.acts(agent)
        if not agent.alive and before not in self.unburied and before in self.crowd.buried:
            self.unburied.append(before)

    def _somebody_polls(self) -> None:
        self._polls(self.scene.pick(*self.pollers))

    def _hands_over(self) -> None:
        if self.house:
            self.platform.hands_over(self.house.bot, self._start_when_up)

    def _start_when_up(self, name: str, coro: Any, ended: Any = lambda _: None) -> None:
        if self.house and self.house.up:
            self.house.start(name, coro, ended)
        else:
            coro.close()
            self.platform.handing_over.clear()
        self.platform.loses_its_client()

    def _daemon_looks(self) -> None:
        """What the daemon does of its own accord, or by a word at the machine."""
        scene = self.scene
        if self.house is None or not self.house.up:
            return
        roll = scene.rng.random()
        agent = scene.pick(*self.crowd.agents)
        if roll < 0.3:
            self.deeds.watches(agent)
        elif roll < 0.5:
            self.calls.tell(c.Beat(surface="telegram", host=BOT, trouble=scene.pick("", "", "no answer")))
        elif roll < 0.62:
            self._replays()
        elif roll < 0.65:
            self.house.start("speak anew", self.house.bot.speak())
            scene.went_wrong("a stream that begins anew")
        elif roll < 0.9:
            self._closes_by_hand()
        else:
            self.calls.tell(
                scene.pick(c.FreezeCircle(circle="zinc", by="x"), c.ThawCircle(circle="zinc", by="x"))
            )

    def _replays(self) -> None:
        """A person wants another try of what was given up."""
        given_up = {State.DEAD, State.STALLED, State.UNCERTAIN}
        found = [x for x in self.auditor.deliveries.values() if x.state in given_up]
        if found:
            self.calls.tell(c.ReplayDelivery(delivery_id=self.scene.pick(*found).delivery_id))

    def _forgets(self) -> None:
        away = [
            x
            for x in self.scene.store.peers()
            if self._is_away(x, self.scene.store.get(Session, x.session_id or ""))
        ]
        if away and self.house and self.house.up:
            self.calls.tell(c.ForgetPeer(peer_id=self.scene.pick(*away).peer_id))

    def _closes_by_hand(self) -> None:
        """Somebody at the machine answers for a person, as far as they may."""
        scene = self.scene
        asks = list(self.auditor.asks.values())[-12:]
        if asks:
            ask = scene.pick(*asks)
            by = scene.pick(*(ask.to or (ask.asker,)))
            trusted = scene.rng.random() < 0.5
            option = scene.pick(None, *ask.options)
            closing = c.CloseAsk(ask_id=ask.ask_id, by=by, text="by hand", option=option, trusted=trusted)
            self.calls.makes(0, by, closing)

    def _verdicts(self) -> None:
        for agent in self.crowd.agents:
            if (
                agent.dialog is None
                or not agent.dialog.approval_id
                or self.house is None
                or not self.house.up
            ):
                continue
            approval = self.auditor.approvals.get(agent.dialog.approval_id)
            if approval and approval.state == "decided" and agent.dialog.hook_waits:
                if self.scene.chance(0.3):
                    self.deeds.loses_hook(agent)
                else:
                    self.deeds.takes_verdict(agent, approval)
            elif (
                approval
                and approval.state == "asked"
                and not agent.dialog.hook_waits
                and self.scene.chance(0.5)
            ):
                agent.dialog.hook_waits = True  # the same hook came back
                self.house.hooks_waiting.add(approval.approval_id)

    def _polls(self, poller: Poller) -> None:
        scene = self.scene
        if not poller.peer_id:
            command = c.RegisterSession(
                session_id=poller.session_id,
                backend="mcp",
                pid=poller.pid,
                started=1,
                wish=poller.wish,
                circle=poller.circle,
                inbox="",
            )
            self.calls.makes(poller.pid, f"pid:{poller.pid}", command, lambda _: self._registered(poller))
        elif poller.call_id and not scene.chance(0.2):
            confirm = c.ConfirmCall(
                peer_id=poller.peer_id, call_id=poller.call_id, others=scene.rng.random() < 0.3
            )
            poller.call_id = ""
            self.calls.makes(poller.pid, poller.peer_id, confirm)
        elif scene.rng.random() < 0.5:
            if poller.call_id:
                scene.went_wrong("a receipt that never came")
            call_id = f"c-{scene.new()}"
            answers = scene.store.asks(asker=poller.peer_id)
            about = answers[0].ask_id if answers and scene.rng.random() < 0.2 else None
            collect = c.Collect(peer_id=poller.peer_id, call_id=call_id, ask_id=about)
            self.calls.makes(
                poller.pid, poller.peer_id, collect, lambda told: self._collected(poller, call_id, told)
            )
        elif not scene.calm:
            self.calls.makes(
                poller.pid, poller.peer_id, said(scene, poller.peer_id, poller.circle, poller.asked)
            )

    def _registered(self, poller: Poller) -> None:
        session = self.scene.store.get(Session, poller.session_id)
        poller.peer_id = session.peer_id if session else ""

    def _collected(self, poller: Poller, call_id: str, told: str) -> None:
        poller.call_id = call_id
        for delivery_id in told.split():
            poller.read.append(delivery_id)
            delivery = self.auditor.deliveries[delivery_id]
            if delivery.kind != "answer":  # those may be taken by the ask they belong to
                self.auditor.shown(delivery_id)
            if delivery.kind == "ask":
                poller.asked.append(delivery.envelope_id)

    # --- what breaks --------------------------------------------------------------------------------------------

    def _breaks(self) -> None:
        scene = self.scene
        kinds = {
            "a crash": 6.0,
            "a full disk": 1.0,
            "a machine that sleeps": 2.0,
            "a clock that is set back": 1.0,
            "a clock that is set forward": 1.0,
            "a hook that was answered too late": 6.0 if self.hooks.under_way else 0.0,
        }
        (kind,) = scene.rng.choices(list(kinds), [n * scene.temper(x) + 0.01 for x, n in kinds.items()])
        if kind == "a crash":
            if self.house:
                self.crashes()
            return
        scene.went_wrong(kind)
        match kind:
            case "a full disk":
                scene.full_until = scene.strands.elapsed + scene.pick(1, 10, 60)
            case "a machine that sleeps":
                scene.slept += timedelta(hours=8)
            case "a clock that is set back":
                scene.stepped -= timedelta(seconds=scene.pick(90, 600, 3600, 86400))
            case "a clock that is set forward":
                scene.stepped += timedelta(seconds=scene.pick(90, 600, 3600, 86400))
            case _ if self.hooks.under_way:
                self.hooks.gives_up(scene.pick(*self.hooks.under_way))

    def _prompted(self, agent: Agent, parcel: Parcel, *, automatic: bool) -> None:
        self.deeds.prompted(agent, parcel, automatic=automatic)

    def _pressed(self, agent: Agent, approval: Any) -> None:
        self.deeds.decided(agent, approval)

    # --- coming home --------------------------------------------------------------------------------------------

    def lead(self) -> None:
        """One of them may be the orchestrator."""
        for peer in self.scene.store.peers():
            if peer.wish == "lead" and peer.role is Role.AGENT:
                after = replace(peer, role=Role.ORCHESTRATOR)
                self.scene.store.transact(lambda tx, after=after: tx.put(after))
                self.auditor.peers[peer.peer_id] = after

    def comes_home(self) -> None:
        """Nothing breaks any more; everybody who is there does their part."""
        self.scene.calm = True
        self.scene.full_until = -1.0
        self.scene.tell("from here on nothing goes wrong")
        for agent in self.crowd.agents:
            if not agent.alive:
                self.deeds.starts(agent)
        quiet = 0
        for _ in range(DRAIN):
            self.steps += 1
            if self.house is None:
                self.starts()
            elif ready := self.scene.strands.ready():
                self.scene.strands.run(self.scene.pick(*ready))
            elif not self._somebody_acts():
                quiet += 1
                self._pass_calmly()
            self._tends()
            if quiet > QUIET and self._is_home():
                return
        self._is_home(say=True)

    def _somebody_acts(self) -> bool:
        """Whoever has something to do does it; True when somebody did."""
        house = self.house
        if house is None or not house.up:
            return False
        if any(not x.under_way for x in self.calls.open):
            self.calls.goes_on()
            return True
        if any(x.update_id not in self.platform.handing_over for x in self.platform.updates):
            self.platform.hands_over(house.bot, self._start_when_up)
            return True
        for agent in self.crowd.agents:
            if (
                agent.alive
                and not agent.blocked
                and (agent.working or agent.dialog or agent.inbox or agent.draft)
            ):
                self.deeds.acts(agent)
                return True
        return False

    def _pass_calmly(self) -> None:
        times = [self.scene.strands.next_timer(), self.house.next_beat() if self.house else None]
        self.scene.strands.pass_to(
            min([x for x in times if x is not None], default=self.scene.strands.elapsed + 5)
        )
        for agent in self.crowd.agents:
            self.deeds.acts(agent)
            if agent.alive and not agent.blocked and not agent.working:
                self.deeds.watches(agent)
        for poller in self.pollers:
            self._polls(poller)
        for circle in ("dev", "zinc"):
            self.calls.tell(c.ThawCircle(circle=circle, by="the end"))

    def _is_home(self, *, say: bool = False) -> bool:
        left = [x for x in self.auditor.deliveries.values() if not self._ended(x)]
        if say:
            expect(not left, f"accepted, and nothing came of it: {left[:3]}")
        return not left and not self.calls.open and not self.platform.updates

    def _ended(self, x: Delivery) -> bool:
        """It has ended, or waits for somebody who may rightly take their time."""
        if x.state in OVER or x.state in {State.STALLED, State.UNCERTAIN}:
            return True
        if x.state == State.HANDED and x.road is Road.CHAT and x.due_at >= NEVER:
            return True
        peer = self.auditor.peers[x.peer_id]
        ask: Ask | None = self.auditor.asks.get(x.envelope_id)
        if x.state == State.SEEN:
            return ask is not None and ask.state in asking.ACTIVE
        session = self.scene.store.get(Session, peer.session_id or "")
        return x.state in {State.QUEUED, State.HELD} and self._is_away(peer, session)

    def _is_away(self, peer: Peer, session: Session | None) -> bool:
        """Offline for good: nobody of that session runs any more."""
        return peer.session_id is not None and (session is None or session.ended_at is not None)
