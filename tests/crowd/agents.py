"""Agents as the crowd has them: processes with sessions, what they were given, and the turn they are in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from daemon.core import commands as c
from daemon.core.model import Parcel, Peer, Turn
from tests.crowd.stage import Stage

PUMP = "pump"
A_MINUTE = timedelta(minutes=1)
ROOM = 9_500
Chances = tuple[tuple[float, Callable[["Agent"], None]], ...]


@dataclass(eq=False)
class Agent:
    wish: str
    circle: str
    backend: str = "claude-code"
    folder: str = ""
    session_id: str = ""
    pid: int = 0
    peer_id: str = ""
    alive: bool = False
    working: bool = False
    prompt: str = ""
    given: list[Parcel] = field(default_factory=list)  #: on their way into it, and not read
    asked: list[str] = field(default_factory=list)  #: asks it has read
    call: str = ""  #: of one that polls: the last, which it has not confirmed

    @property
    def polls(self) -> bool:
        return self.backend == "mcp"


class Agents:
    def __init__(self, stage: Stage, everybody: list[Agent]) -> None:
        self.stage = stage
        self.everybody = everybody
        self.buried: list[int] = []  #: processes that ended while no daemon was there to see it
        self.idle: Chances = ((0.45, self._is_carried_to), (0.6, self._is_typed_at), (0.63, self._clears))
        self.at_work: Chances = (
            (0.15, self._makes_a_call),
            (0.6, self._stops),
            (0.66, self._is_interrupted),
            (0.7, self._hits_a_limit),
        )

    def acts(self, agent: Agent) -> None:
        roll = self.stage.rng.random()
        if not agent.alive:
            if roll < 0.3:
                self.starts(agent)
        elif roll > 0.985:
            self.dies(agent)
        elif agent.polls:
            self._polls(agent)
        elif agent.given:
            self._reads(agent)
        else:
            chances = self.at_work if agent.working else self.idle
            next((deed for below, deed in chances if roll < below), lambda _: None)(agent)

    # --- beginning and ending -----------------------------------------------------------------------------------

    def starts(self, agent: Agent) -> None:
        """As the same session, or as another one that may follow it, or that takes a name somebody left."""
        stage = self.stage
        resumes = bool(agent.session_id) and stage.chance(0.4)
        agent.pid = 1000 + stage.new()
        if not resumes:
            agent.session_id = f"s-{stage.new()}"
        if not resumes and agent.folder and stage.chance(0.2):
            agent.folder = f"/src/{stage.pick('one', 'two')}"  # a name that is taken over, or made anew
        agent.folder = agent.folder or f"/src/{agent.wish}"
        self._comes(agent, forked=not resumes and stage.chance(0.05))

    def _comes(self, agent: Agent, *, forked: bool = False) -> None:
        agent.alive, agent.working, agent.given = True, False, []
        peer: Peer | None = self.stage.do(
            c.RegisterSession(
                session_id=agent.session_id,
                backend=agent.backend,
                pid=agent.pid,
                started=1,
                wish=agent.wish,
                circle=agent.circle,
                path=agent.folder,
                inbox="" if agent.polls else f"/inbox/{agent.pid}",
                forked=forked,
                turn=Turn.UNKNOWN if agent.polls else Turn.IDLE,
                turn_source="hook",
            )
        )
        agent.peer_id = peer.peer_id if peer else agent.peer_id

    def _clears(self, agent: Agent) -> None:
        self.stage.do(c.EndSession(session_id=agent.session_id, why="clear"))
        agent.session_id = f"s-{self.stage.new()}"
        self._comes(agent)

    def dies(self, agent: Agent, *, seen: bool = True) -> None:
        """Told by its own hook, or found out by its process; ``seen``: a daemon is there to hear of it."""
        agent.alive, agent.working, agent.given = False, False, []
        if not seen:
            self.buried.append(agent.pid)
        elif self.stage.chance(0.3):
            self.stage.do(c.EndSession(session_id=agent.session_id, why="exit"))
        elif self.stage.chance(0.3) and agent.peer_id:
            self.stage.do(c.LosePeer(peer_id=agent.peer_id, session_id=agent.session_id, by="the owner"))
        else:
            self.stage.do(c.EndProcess(pid=agent.pid, started=1))

    def are_found_dead(self) -> None:
        """A daemon begins, and looks who is still there."""
        while self.buried:
            self.stage.do(c.EndProcess(pid=self.buried.pop(), started=1))

    # --- what is carried to it ----------------------------------------------------------------------------------

    def _is_carried_to(self, agent: Agent) -> None:
        stage = self.stage
        parcel = stage.do(c.LeaseNext(peer_ids=(agent.peer_id,), holder=PUMP, ttl=A_MINUTE))
        if parcel is None:
            return
        name, roll = parcel.delivery.delivery_id, stage.rng.random()
        if roll < 0.8:
            stage.do(c.AckDelivery(delivery_id=name, holder=PUMP, proof_within=A_MINUTE))
            agent.given.append(parcel)
        elif roll < 0.88:
            stage.do(c.NakDelivery(delivery_id=name, holder=PUMP, reason="it is not there"))
        elif roll < 0.93:
            until = stage.watch.now() + timedelta(seconds=stage.pick(5, 300))
            stage.do(c.HoldDelivery(delivery_id=name, holder=PUMP, reason="a dialog is open", until=until))
        elif roll < 0.95:
            stage.do(c.RejectDelivery(delivery_id=name, holder=PUMP, reason="it cannot be carried"))
        else:
            stage.met["a carrier that says nothing more"] += 1

    def _reads(self, agent: Agent) -> None:
        parcels, agent.given = agent.given, []
        if self.stage.chance(0.08):
            self.stage.met["what was given is lost on the way"] += 1
            return
        self._begins(agent, parcels)

    def _is_typed_at(self, agent: Agent) -> None:
        self._begins(agent, [])

    def _begins(self, agent: Agent, parcels: list[Parcel]) -> None:
        agent.working, agent.prompt = True, f"prompt-{self.stage.new()}"
        marks = tuple(parcel.delivery.mark for parcel in parcels)
        self.stage.do(c.TurnBegan(session_id=agent.session_id, marks=marks, prompt_id=agent.prompt))
        self._has_read(agent, parcels)

    def _has_read(self, agent: Agent, parcels: list[Parcel]) -> None:
        for parcel in parcels:
            if parcel.envelope.kind == "ask":
                agent.asked.append(parcel.envelope.envelope_id)

    # --- at work ------------------------------------------------------------------------------------------------

    def _makes_a_call(self, agent: Agent) -> None:
        denial = self.stage.do(c.BeginCall(session_id=agent.session_id, limit=ROOM))
        if denial is None:
            self.stage.do(c.TurnWent(session_id=agent.session_id, doing="Bash: make"))
        handed = self.stage.do(c.HandOut(session_id=agent.session_id, limit=ROOM, between=True)) or ()
        self._has_read(agent, list(handed))

    def _stops(self, agent: Agent) -> None:
        stage = self.stage
        text = "" if stage.chance(0.1) else f"said {stage.new()}"
        failed = stage.chance(0.08)
        handed = stage.do(c.HandOut(session_id=agent.session_id, limit=ROOM)) if stage.chance(0.3) else ()
        stage.do(
            c.TurnEnded(session_id=agent.session_id, text=text, prompt_id=agent.prompt, failed=failed)
            if not handed
            else c.TurnWent(session_id=agent.session_id)
        )
        agent.working = bool(handed)
        self._has_read(agent, list(handed or ()))

    def _is_interrupted(self, agent: Agent) -> None:
        agent.working = False
        self.stage.do(c.TurnObserved(session_id=agent.session_id, turn=Turn.IDLE, source="registry"))

    def _hits_a_limit(self, agent: Agent) -> None:
        if self.stage.chance(0.35):
            agent.working = False
            self.stage.do(
                c.HitLimit(session_id=agent.session_id),
                c.TurnEnded(session_id=agent.session_id, failed=True, prompt_id=agent.prompt),
            )

    # --- one that polls -----------------------------------------------------------------------------------------

    def _polls(self, agent: Agent) -> None:
        stage = self.stage
        if agent.call and stage.chance(0.7):
            stage.do(
                c.ConfirmCall(peer_id=agent.peer_id, call_id=agent.call, others=stage.chance(0.3)),
            )
            agent.call = ""
        elif stage.chance(0.6):
            agent.call = f"call-{stage.new()}"
            taken = stage.do(c.Collect(peer_id=agent.peer_id, call_id=agent.call)) or ()
            self._has_read(agent, list(taken))
