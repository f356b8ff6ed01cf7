"""Agents as they really are: processes with sessions, turns and transcripts, which the line only hears of by hooks.

An agent here knows what it read, in which turn, and what it said; whether the line knows is the line's business.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from daemon.agents.interface import Surroundings
from daemon.core.model import Approval, Pane, Parcel, Session, Turn
from daemon.transports.interface import Blocked, Carried, Failed, Gone, Outcome, Proof, Sighting
from tests.simulation.auditor import expect
from tests.simulation.scene import Scene

PROOF_WITHIN = timedelta(seconds=5)
ENTERED = "entered"


@dataclass
class Dialog:
    """What an agent shows and waits at."""

    tool: str
    call: str  #: which call it is about
    approval_id: str = ""
    hook_waits: bool = False


@dataclass
class Agent:
    scene: Scene
    wish: str
    circle: str
    path: str
    pid: int
    session_id: str
    has_inbox: bool = True
    paned: bool = False
    wakes: bool = False  #: its hooks leave something behind that can wake it
    waker: bool = False  #: something waits in its background
    first_read: Callable[[str], None] = lambda _: None
    wished: Container[str] = ()  #: deliveries of which somebody wanted another try
    alive: bool = True
    working: bool = False
    prompt_id: str = ""
    dialog: Dialog | None = None
    blocked: bool = False  #: it waits for a hook
    continuing: bool = False
    frozen_until: int = 0
    inbox: list[Parcel] = field(default_factory=list)
    draft: Parcel | None = None
    transcript: set[tuple[str, str]] = field(default_factory=set)
    read_times: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    read: list[str] = field(default_factory=list)  #: delivery ids, in the order in which they were first read
    asked: list[str] = field(default_factory=list)  #: asks it has read, that it may close

    @property
    def name(self) -> str:
        return f"{self.circle}/{self.wish}:{self.session_id}"

    @property
    def turn(self) -> Turn:
        """What its registry says."""
        if self.dialog:
            return Turn.AWAITING_INPUT
        return Turn.WORKING if self.working else Turn.IDLE

    def around(self, *, live: bool) -> Surroundings:
        pane = Pane(tmux="/tmux", server_pid=1, pane_id=f"%{self.pid}", pane_pid=self.pid, pane_started=1)
        return Surroundings(
            pid=self.pid,
            started=1,
            machine="here",
            circle=self.circle,
            wish=self.wish,
            inbox=f"/inbox/{self.pid}" if self.has_inbox else "",
            pane=pane if self.paned else None,
            turn=self.turn,
            live=live,
        )

    def reads(self, parcel: Parcel) -> None:
        """It is before the model now."""
        delivery = parcel.delivery
        self.scene.tell(
            f"  {self.name} reads {delivery.delivery_id} ({parcel.envelope.kind}) #{delivery.mark}"
        )
        self.transcript.add((self.session_id, delivery.mark))
        if delivery.delivery_id not in self.read:
            self.read.append(delivery.delivery_id)
            self.first_read(delivery.delivery_id)
        if parcel.ask and parcel.ask.ask_id not in self.asked and parcel.envelope.kind == "ask":
            self.asked.append(parcel.ask.ask_id)
        times = self.read_times
        times[self.session_id, self.pid, delivery.delivery_id] += 1
        expect(
            times[self.session_id, self.pid, delivery.delivery_id] == 1
            or delivery.delivery_id in self.wished,
            f"{self.name} read {delivery.delivery_id} twice in one session",
        )

    def rests(self) -> None:
        self.working, self.dialog, self.continuing = False, None, False

    def dies(self) -> None:
        self.rests()
        self.alive, self.blocked, self.draft, self.waker = False, False, None, False
        self.inbox.clear()


class Crowd:
    """All agents, and the roads into them: a ``Transport`` each, the ``Eye``, the ``Presser``."""

    def __init__(self, scene: Scene, prompted: Any, pressed: Any) -> None:
        self.scene = scene
        self.agents: list[Agent] = []
        self.buried: set[int] = set()  #: processes that are gone
        self.prompted = prompted  #: (agent, parcel, automatic): a prompt was taken
        self.pressed = pressed  #: (agent, approval): its dialog was answered by a key

    def of(self, session: Session) -> Agent | None:
        here = (session.session_id, session.pid)
        return next((x for x in self.agents if (x.session_id, x.pid) == here and x.alive), None)

    async def turn_of(self, session: Session) -> Turn:
        await self.scene.gap(0.2)
        agent = self.of(session)
        return agent.turn if agent else Turn.UNKNOWN

    async def look(self, parcel: Parcel, session: Session) -> Sighting:
        await self.scene.gap()
        mark = (session.session_id, parcel.delivery.mark)
        entered = parcel.delivery.receipt == ENTERED
        if any(mark in agent.transcript for agent in self.agents):
            blind = entered and self.scene.wrong("a transcript that cannot be read", 0.5)
            return Sighting.ABSENT if blind else Sighting.SEEN
        agent = self.of(session)
        if agent and (agent.working or _lies(agent, parcel) or self.scene.wrong("the eye is blind", 0.1)):
            return Sighting.UNKNOWN
        return Sighting.ABSENT

    async def press(self, approval: Approval, session: Session) -> Outcome:
        await self.scene.gap()
        agent = self.of(session)
        if agent is None or agent.dialog is None or agent.dialog.approval_id != approval.approval_id:
            return Failed("its dialog is not there any more")
        if self.scene.wrong("a dialog that cannot be read", 0.15):
            return Blocked("its dialog cannot be read", timedelta())
        if self.scene.wrong("a key that does nothing", 0.1):
            return Failed("the dialog did not close")
        self.pressed(agent, approval)
        return Carried(timedelta(), "1")


class Way:
    """A road into the agents."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.scene = crowd.scene

    async def prove(self, session: Session) -> Proof:
        return Proof("it is there")


class Inbox(Way):
    """The agent's own queue: what lies there begins a turn when it is idle."""

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        await self.scene.gap()
        agent = self.crowd.of(session)
        if agent is None or not agent.has_inbox or self.scene.wrong("an inbox that closed", 0.03):
            return Gone("nobody listens at its inbox")
        if self.scene.wrong("an inbox that refuses", 0.05):
            return Failed("its inbox refused")
        if self.scene.wrong("an agent that is not to be disturbed", 0.05):
            return Blocked("a dialog is open", timedelta(seconds=5))
        if self.scene.wrong("a carrier that takes its time", 0.05):
            await self.scene.takes(3)
            if self.crowd.of(session) is not agent:
                return Failed("it went away")
        if not self.scene.wrong("an inbox that swallows", 0.04):
            agent.inbox.append(parcel)
        await self.scene.gap()
        return Carried(PROOF_WITHIN)


class Terminal(Way):
    """Paste, then Enter; a person may be typing there, and Enter may be swallowed."""

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        await self.scene.gap()
        agent = self.crowd.of(session)
        if agent is None:
            return Failed("its pane is gone")
        mine = agent.draft and agent.draft.delivery.delivery_id == parcel.delivery.delivery_id
        if agent.working or agent.dialog or (agent.draft and not mine):
            return Blocked("it is not at an empty prompt", timedelta(seconds=2))
        if self.scene.wrong("a half-typed draft", 0.05):
            return Blocked("a person is typing there", timedelta(seconds=5))
        agent.draft = parcel
        if self.scene.wrong("an Enter that never came", 0.1):
            return Failed("pasted, but not sent off")
        await self.scene.gap()
        if agent.draft is not parcel or not agent.alive or agent.working:
            return Carried(PROOF_WITHIN, ENTERED)
        if self.scene.wrong("an Enter that was swallowed", 0.2):
            agent.draft = None
            return Carried(PROOF_WITHIN, ENTERED)
        agent.draft = None
        self.crowd.prompted(agent, parcel, automatic=False)
        await self.scene.gap()
        return Carried(PROOF_WITHIN, ENTERED)


class Waking(Way):
    """A hook that waits in the background of an idle agent."""

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        await self.scene.gap()
        agent = self.crowd.of(session)
        if agent is None or not agent.waker:
            return Gone("nothing waits in its background any more")
        agent.waker = False
        agent.inbox.append(parcel)
        await self.scene.gap()
        return Carried(PROOF_WITHIN)


def _lies(agent: Agent, parcel: Parcel) -> bool:
    """Whether it is before the agent, and may yet be taken."""
    waiting = [*agent.inbox, *([agent.draft] if agent.draft else [])]
    return any(x.delivery.delivery_id == parcel.delivery.delivery_id for x in waiting)
