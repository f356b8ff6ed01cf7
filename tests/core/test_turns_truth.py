"""Whatever order hooks, looks, deaths and restarts come in: what is told of a turn is true, and nothing is lost.

The agent here knows what it really does, what it really read and in which turn it said what; the line is told of it
by hooks that may come late, in pairs the wrong way round, or never (Esc, a "No" at a dialog).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from daemon.core import commands as c
from daemon.core import handing
from daemon.core.model import Ask, Parcel, Peer, Road, Session, Turn, Urgency
from daemon.core.rules import asking
from daemon.core.rules.delivery import OVER, State
from tests.core.line import A_MINUTE, PUMP, Line

EIGHT_HOURS = timedelta(hours=8)
PATIENCE = 80
GIVEN_UP = {State.STALLED, State.DEAD, State.UNCERTAIN}
PUSHED = {Road.TERMINAL, Road.INBOX}


@dataclass
class Running:
    """A turn as it really is."""

    prompt_id: str
    about: set[str] = field(default_factory=set)  #: asks that were read in it


@dataclass
class Agent:
    """The truth."""

    pid: int
    session_id: str
    alive: bool = True
    turn: Running | None = None
    in_dialog: bool = False
    continuing: bool = False
    on_the_way: list[Parcel] = field(default_factory=list)
    read: set[tuple[str, str]] = field(default_factory=set)  #: session and mark
    times_read: Counter[tuple[str, int, str]] = field(default_factory=Counter)  #: session, process, message

    @property
    def registry(self) -> Turn:
        if self.in_dialog:
            return Turn.AWAITING_INPUT
        return Turn.WORKING if self.turn else Turn.IDLE

    def reads(self, parcel: Parcel) -> None:
        self.read.add((self.session_id, parcel.delivery.mark))
        self.times_read[self.session_id, self.pid, parcel.envelope.envelope_id] += 1
        ask = handing.carried_ask(parcel.envelope)
        if self.turn and ask:
            self.turn.about.add(ask)


class Truth(RuleBasedStateMachine):
    pushed: Collection[Road] = PUSHED

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.number = 0
        self.away = False
        self.spool: list[tuple[c.Command, ...]] = []
        self.asks: list[str] = []
        self.notices: list[str] = []
        self.said: dict[str, set[str]] = {}
        self.ended: dict[str, Ask] = {}

    @initialize(asks=st.integers(0, 2))
    def begins(self, asks: int) -> None:
        self.web: Peer = self.line.poller("web")
        self.agent = Agent(pid=self.new(), session_id=f"session-{self.new()}")
        self.hook(registers=Turn.IDLE)
        self.api: Peer = next(x for x in self.line.view.peers() if x.name == "api")
        for _ in range(asks):
            self.asked(Urgency.NORMAL)

    # --- people and peers -------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.away and len(self.asks) < 6)
    @rule(urgency=st.sampled_from([Urgency.NORMAL, Urgency.NORMAL, Urgency.URGENT]))
    def asked(self, urgency: Urgency) -> None:
        self.asks.append(self.line.ask(self.web, self.api, f"question {self.new()}", urgency=urgency).ask_id)

    @precondition(lambda self: not self.away and len(self.notices) < 4)
    @rule(urgency=st.sampled_from(Urgency))
    def notified(self, urgency: Urgency) -> None:
        self.notices.append(self.line.notify(self.web, self.api, f"news {self.new()}", urgency=urgency))

    # --- the daemon -------------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.away)
    @rule(
        fate=st.sampled_from(
            ["arrives", "arrives", "arrives", "vanishes", "held", "refused", "died", "died after"]
        )
    )
    def pushes(self, fate: str) -> None:
        parcel = self.line.lease(self.api)
        if parcel is None:
            return
        session = self.line.session(self.api)
        assert parcel.delivery.road in self.pushed
        assert (session.turn, session.ended_at) == (Turn.IDLE, None)
        delivery_id = parcel.delivery.delivery_id
        if (
            fate in {"arrives", "died after"}
            and self.agent.alive
            and session.session_id == self.agent.session_id
        ):
            self.agent.on_the_way.append(parcel)
        match fate:
            case "held":
                until = self.line.now + A_MINUTE
                self.do(c.HoldDelivery(delivery_id=delivery_id, holder=PUMP, reason="draft", until=until))
            case "refused":
                self.do(c.NakDelivery(delivery_id=delivery_id, holder=PUMP, reason="no road"))
            case "died" | "died after":
                self.restarts()
            case _:
                self.do(
                    c.AckDelivery(delivery_id=delivery_id, holder=PUMP, proof_within=timedelta(seconds=5))
                )

    @precondition(lambda self: not self.away)
    @rule()
    def works(self) -> None:
        """What is pushed is taken at once, as nearly always."""
        self.pushes("arrives")
        if self.agent.alive and self.agent.on_the_way and not self.agent.in_dialog:
            self.takes()

    @rule(what=st.sampled_from(["restarts", "sleeps", "looks", "compacts", "goes away"]))
    def passes(self, what: str) -> None:
        """What should change nothing of what becomes of an ask."""
        if what == "sleeps":
            self.line.now += EIGHT_HOURS
        elif what == "compacts" and self.agent.alive:
            self.hook(registers=Turn.WORKING)
        elif what == "restarts" and not self.away:
            self.restarts()
        elif what == "looks" and not self.away:
            self.looks()
        elif what == "goes away":
            self.away = True

    def restarts(self) -> None:
        self.do(c.Recover(holder_prefix=PUMP))

    @precondition(lambda self: self.away)
    @rule(swapped=st.integers(0, 5))
    def comes_back(self, swapped: int) -> None:
        """What hooks said meanwhile is heard first; two that ran side by side may lie there the wrong way round."""
        self.away = False
        at = swapped % len(self.spool) if self.spool else 0
        self.spool[at : at + 2] = reversed(self.spool[at : at + 2])
        for commands in self.spool:
            for command in commands:
                if isinstance(command, c.RegisterSession) and not self.knows(command.session_id):
                    self.buries()
                self.do(command)
        self.spool.clear()
        self.restarts()
        self.buries()

    @precondition(lambda self: not self.away)
    @rule(after=st.sampled_from([timedelta(seconds=1), timedelta(seconds=20), A_MINUTE * 6]))
    def ticks(self, after: timedelta) -> None:
        for parcel in self.line.passes(after):
            self.looks_for(parcel)

    def looks(self) -> None:
        """As the pump does: the registry is believed against an open turn."""
        session = self.live
        if session is None or not self.agent.alive or session.session_id != self.agent.session_id:
            return
        if session.turn is not Turn.IDLE and session.turn is not self.agent.registry:
            turn = self.agent.registry
            self.do(c.TurnObserved(session_id=session.session_id, turn=turn, source="session registry"))

    def looks_for(self, parcel: Parcel) -> None:
        delivery, agent = parcel.delivery, self.agent
        if (delivery.session_id, delivery.mark) in agent.read:
            self.do(c.SeeDelivery(delivery_id=delivery.delivery_id, evidence="found in the transcript"))
        elif not any(x.delivery.mark == delivery.mark for x in agent.on_the_way) and (
            agent.turn is None or not agent.alive or delivery.session_id != agent.session_id
        ):
            self.do(c.MissDelivery(delivery_id=delivery.delivery_id, reason="no sign of it"))
        else:
            self.do(c.ExtendDelivery(delivery_id=delivery.delivery_id, holder=None, ttl=A_MINUTE))

    # --- the agent --------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.agent.alive and self.agent.on_the_way and not self.agent.in_dialog)
    @rule()
    def takes(self) -> None:
        """What was pushed begins a turn, or joins the one that runs."""
        parcel = self.agent.on_the_way.pop(0)
        self.agent.turn = self.agent.turn or Running(f"prompt-{self.new()}")
        self.agent.reads(parcel)
        self.prompted(self.agent.turn.prompt_id, parcel.delivery.mark)

    @precondition(lambda self: self.agent.alive and self.agent.turn is None)
    @rule()
    def is_typed_at(self) -> None:
        self.agent.turn = Running(f"prompt-{self.new()}")
        self.prompted(self.agent.turn.prompt_id)

    @precondition(lambda self: self.agent.alive and self.agent.turn and not self.agent.in_dialog)
    @rule()
    def is_typed_at_in_a_turn(self) -> None:
        """The prompt waits behind the turn, but its hook fires before that turn's last one."""
        prompt_id = f"prompt-{self.new()}"
        self.prompted(prompt_id)
        self.stops("words")
        if self.agent.turn is None:
            self.agent.turn = Running(prompt_id)

    @precondition(lambda self: self.agent.alive and self.agent.turn and not self.agent.in_dialog)
    @rule()
    def calls_a_tool(self) -> None:
        self.hook(c.TurnWent(session_id=self.agent.session_id, doing="a tool"))
        between = c.HandOut(session_id=self.agent.session_id, limit=9_500, between=True)
        self.read_out(self.hook(c.TurnWent(session_id=self.agent.session_id), hands=between))

    @precondition(lambda self: self.agent.alive and self.agent.turn and not self.agent.in_dialog)
    @rule(told=st.booleans())
    def opens_a_dialog(self, told: bool) -> None:
        self.agent.in_dialog = True
        if told:
            self.hook(c.TurnWaits(session_id=self.agent.session_id))

    @precondition(lambda self: self.agent.alive and self.agent.in_dialog)
    @rule(yes=st.booleans())
    def closes_the_dialog(self, yes: bool) -> None:
        self.agent.in_dialog = False
        if yes:
            self.calls_a_tool()
        else:
            self.escapes()

    @precondition(lambda self: self.agent.alive and self.agent.turn)
    @rule()
    def escapes(self) -> None:
        """No hook tells of it."""
        self.agent.turn, self.agent.in_dialog, self.agent.continuing = None, False, False

    @precondition(lambda self: self.agent.alive and self.agent.turn and not self.agent.in_dialog)
    @rule(how=st.sampled_from(["words", "words", "nothing", "failed"]))
    def stops(self, how: str) -> None:
        turn, agent = self.agent.turn, self.agent
        assert turn is not None
        text = f"words {self.new()}" if how != "nothing" else ""
        self.said[text] = set(turn.about)
        end = c.TurnEnded(
            session_id=agent.session_id,
            text=text,
            prompt_id=turn.prompt_id,
            continuing=agent.continuing,
            failed=how == "failed",
        )
        agent.turn = None
        hands = c.HandOut(session_id=agent.session_id, limit=9_500, prompt_id=turn.prompt_id)
        parcels = self.hook(end, hands=None if how == "failed" else hands)
        agent.continuing = bool(parcels)
        if parcels:
            agent.turn = Running(turn.prompt_id)
            self.read_out(parcels)

    @precondition(lambda self: self.agent.alive)
    @rule(how=st.sampled_from(["killed", "clear", "clear, its end late"]))
    def leaves_its_session(self, how: str) -> None:
        # What is under way while a session is cleared may be read once more in the next one.
        if how == "killed":
            self.is_killed()
        elif self.agent.turn is None and not self.agent.on_the_way:
            self.clears(end_first=how == "clear")

    def is_killed(self) -> None:
        before = self.agent
        self.escapes()
        before.alive, before.on_the_way = False, []
        if not self.away:
            self.do(c.EndProcess(pid=before.pid, started=1))

    @precondition(lambda self: not self.agent.alive)
    @rule(resumed=st.booleans(), told=st.booleans())
    def starts(self, resumed: bool, told: bool = True) -> None:
        """By its own hook, or, when that one was lost, by one that does not say what it is doing."""
        self.agent.pid, self.agent.alive = self.new(), True
        if not resumed:
            self.agent.session_id = f"session-{self.new()}"
        self.hook(registers=Turn.IDLE if told else Turn.UNKNOWN)

    def clears(self, end_first: bool) -> None:
        left = c.EndSession(session_id=self.agent.session_id, why="clear")
        if end_first:
            self.tell(left)
        self.agent.session_id = f"session-{self.new()}"
        self.hook(registers=Turn.IDLE)
        if not end_first:
            self.tell(left)

    # --- what must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def what_is_told_of_a_turn_has_a_source_and_an_age(self) -> None:
        session = self.live
        if session and session.turn:
            assert session.turn_source
            assert session.turn_at <= self.line.now

    @invariant()
    def an_ask_ends_once_and_by_words_of_its_own_turn(self) -> None:
        for ask_id in self.asks:
            ask = self.line.asked(ask_id)
            for answer in ask.answers:
                assert ask_id in self.said[answer.text], f"{ask_id} was answered by {answer.text}"
            before = self.ended.get(ask_id)
            assert before is None or (ask.state, ask.ended_at) == (before.state, before.ended_at)
            if asking.is_over(ask):
                self.ended[ask_id] = ask
                assert sum(not answer.late for answer in ask.answers) <= 1
                assert [x.event.type for x in self.line.story(ask_id)].count("ended") == 1

    @invariant()
    def nothing_is_read_twice_in_one_session(self) -> None:
        assert set(self.agent.times_read.values()) <= {1} if hasattr(self, "agent") else True

    def teardown(self) -> None:
        """From any state, an agent that works well and a line that is not disturbed bring everything home."""
        if not hasattr(self, "agent"):
            return
        for step in range(PATIENCE):
            self.goes_on(step)
            if self.is_quiet():
                break
        for ask_id in self.asks:
            ask, state = self.line.asked(ask_id), self.line.state(ask_id, self.api)
            reminded = ask.state == asking.State.SEEN and self.api.peer_id in ask.reminded
            assert asking.is_over(ask) or reminded or state in GIVEN_UP, f"{ask} {state}"
        for notice in self.notices:
            assert self.line.state(notice, self.api) in OVER | GIVEN_UP
        self.an_ask_ends_once_and_by_words_of_its_own_turn()
        self.nothing_is_read_twice_in_one_session()

    # --- the parts --------------------------------------------------------------------------------------------------

    def goes_on(self, step: int) -> None:
        if self.away:
            self.comes_back(0)
        elif not self.agent.alive:
            self.starts(resumed=False)
        elif self.agent.in_dialog:
            self.closes_the_dialog(yes=True)
        elif self.agent.turn:
            self.stops("words")
        elif self.agent.on_the_way:
            self.takes()
        else:
            self.looks()
            self.pushes("arrives")
            self.ticks(A_MINUTE)
            if step % 10 == 9:
                self.is_typed_at()

    def is_quiet(self) -> bool:
        view, agent = self.line.view, self.agent
        busy = agent.turn or agent.on_the_way or self.live is None or self.live.turn is not Turn.IDLE
        return not busy and not view.waiting(self.api.peer_id, 9) and not view.handed(self.api.peer_id)

    @property
    def live(self) -> Session | None:
        if not hasattr(self, "api"):
            return None
        session = self.line.view.get(Session, self.line.peer(self.api).session_id or "")
        return session if session and session.ended_at is None else None

    def knows(self, session_id: str) -> bool:
        return self.line.view.get(Session, session_id) is not None

    def buries(self) -> None:
        """Whose process is gone is gone; looked at before a session that nobody knew is heard."""
        live = self.live
        if live and (live.pid != self.agent.pid or not self.agent.alive):
            self.do(c.EndProcess(pid=live.pid, started=1))

    def new(self) -> int:
        self.number += 1
        return self.number

    def do(self, command: c.Command) -> Any:
        return self.line.do(command)

    def hook(
        self, *commands: c.Command, registers: Turn = Turn.UNKNOWN, hands: c.HandOut | None = None
    ) -> tuple[Parcel, ...]:
        """Every hook says whose it is; what it is handed only one that is heard at once."""
        found = c.RegisterSession(
            session_id=self.agent.session_id,
            backend="claude-code",
            pid=self.agent.pid,
            started=1,
            wish="api",
            circle="dev",
            path="/src/api",
            inbox="/inbox",
            turn=registers,
            turn_source="hook" if registers else "",
        )
        self.tell(found, *commands)
        if hands is None or self.away:
            return ()
        parcels: tuple[Parcel, ...] = self.do(hands)
        return parcels

    def tell(self, *commands: c.Command) -> None:
        if self.away:
            self.spool.append(commands)
        else:
            for command in commands:
                self.do(command)

    def prompted(self, prompt_id: str, *marks: str) -> None:
        session_id = self.agent.session_id
        passing = c.HandOut(session_id=session_id, limit=9_500, passing=True)
        began = c.TurnBegan(session_id=session_id, marks=marks, prompt_id=prompt_id)
        self.read_out(self.hook(began, hands=passing))

    def read_out(self, parcels: tuple[Parcel, ...]) -> None:
        for parcel in parcels:
            self.agent.reads(parcel)


TestTruth = Truth.TestCase
TestTruth.settings = settings(max_examples=120, stateful_step_count=40)
