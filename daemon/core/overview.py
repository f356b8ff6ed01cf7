"""The line at a glance: whether somebody coordinates, who does what, what is open, and what is stuck, and why.

Rule: it is read off what is stored, with the age of each thing; nothing is claimed of anybody without its evidence.
What is stuck is one of:

    dead          its session is over, and asks or jobs are still open to it
    person        it waits for a person: an approval, its own dialog, or an ask to somebody who is one
    usage limit   nothing is left to use for its account
    peer          it waits for peers that it asked; a ring of those who wait for each other is named
    error         its last turn failed or was stopped, or what was sent to it got stuck on the way
    silent        it is in a turn, and has given no sign of it for ten minutes
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from daemon.core import addressing, allowance, attending, lastsigns, weighing
from daemon.core.lastsigns import SILENT_FOR, Found
from daemon.core.model import AGENTS, Ask, Delivery, Job, Peer, Role, Schedule, Standing, Status, Turn
from daemon.core.rules import asking, reviews
from daemon.core.rules.approval import State as Decided
from daemon.core.rules.measures import counted
from daemon.core.view import Plan

MOST_SCHEDULES: Final = 3
MOST_NAMED: Final = 8  #: of those in a ring
WAITS_IN_A_CALL: Final = ("ask_peer", "wait_for")  #: tools that hold up the turn they are called in
EVERYWHERE: Final = "*"


class Why(StrEnum):
    DEAD = "dead"
    PERSON = "person"
    LIMIT = "usage limit"
    PEER = "peer"
    ERROR = "error"
    SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Stuck:
    """Why somebody does not get on, by what that is known, and since when."""

    why: Why
    evidence: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One peer."""

    peer: Peer
    found: Found
    doing: str
    asks: tuple[Ask, ...]  #: open, and still its to answer; the oldest first
    jobs: tuple[Job, ...]
    reviews: tuple[str, ...]
    stuck: tuple[Stuck, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    circle: str  #: ``*``: all
    at: datetime
    orchestrators: tuple[Row, ...]
    rows: tuple[Row, ...]  #: everybody, orchestrators too
    schedules: tuple[Schedule, ...]  #: the next few
    more_schedules: int


def of(plan: Plan, who: addressing.Standpoint, circle: str = EVERYWHERE) -> Overview:
    """What somebody may know who looks from there; ``*`` is every circle."""
    scene = Scene(plan, who)
    met = [x for x in plan.peers() if x.role in AGENTS and who.meets(x) and circle in {EVERYWHERE, x.circle}]
    rows = tuple(scene.row(peer) for peer in sorted(met, key=lambda x: (x.circle, x.name)))
    ahead = [each for each in plan.view.schedules() if _is_ahead(plan, each, who, circle)]
    return Overview(
        circle=circle,
        at=plan.now,
        orchestrators=tuple(row for row in rows if row.peer.role is Role.ORCHESTRATOR),
        rows=rows,
        schedules=tuple(ahead[:MOST_SCHEDULES]),
        more_schedules=max(0, len(ahead) - MOST_SCHEDULES),
    )


class Scene:
    """All that is read once for everybody."""

    def __init__(self, plan: Plan, who: addressing.Standpoint) -> None:
        self.plan = plan
        self._who = who
        self.to: dict[str, list[Ask]] = defaultdict(list)
        self.by: dict[str, list[Ask]] = defaultdict(list)
        for ask in plan.view.asks(limit=-1):
            if ask.subject != attending.APPROVAL:  # which is seen by what it is an approval of
                self.by[ask.asker].append(ask)
            for peer_id in asking.awaited(ask):
                self.to[peer_id].append(ask)
        self.jobs: dict[str, list[Job]] = defaultdict(list)
        for job in plan.view.jobs(limit=-1, over=False):
            self.jobs[job.to].append(job)
        self.reviews: dict[str, list[str]] = defaultdict(list)
        for review in filter(reviews.waits, weighing.going_on(plan)):
            self.reviews[review.reviewer].append(review.review_id)
        self.on_the_way: dict[str, list[Delivery]] = defaultdict(list)
        for delivery in plan.view.stuck():
            self.on_the_way[delivery.peer_id].append(delivery)
        self._found: dict[str, Found] = {}
        self._awaits: dict[str, list[str]] = {}

    def row(self, peer: Peer) -> Row:
        session = self.plan.session_of(peer)
        return Row(
            peer=peer,
            found=self.found(peer),
            doing=session.doing if session and session.turn is Turn.WORKING else "",
            asks=tuple(self.to[peer.peer_id]),
            jobs=tuple(self.jobs[peer.peer_id]),
            reviews=tuple(self.reviews[peer.peer_id]),
            stuck=tuple(stuck for reason in REASONS for stuck in reason(self, peer)),
        )

    def found(self, peer: Peer) -> Found:
        if peer.peer_id not in self._found:
            self._found[peer.peer_id] = lastsigns.of(self.plan, peer)
        return self._found[peer.peer_id]

    def is_there(self, peer: Peer) -> bool:
        return self.found(peer).status is not Status.OFFLINE

    def awaited(self, peer: Peer) -> list[Ask]:
        """Its own asks that hold it up: it rests, or its turn is in a call that waits for one."""
        session = self.plan.session_of(peer)
        if session is None:
            return []
        at_work = session.turn is Turn.WORKING and not any(x in session.doing for x in WAITS_IN_A_CALL)
        return [] if at_work else self.by[peer.peer_id]

    def waits_for(self, peer_id: str) -> list[str]:
        if peer_id not in self._awaits:
            peer = self.plan.peer(peer_id)
            self._awaits[peer_id] = (
                [x for ask in self.awaited(peer) for x in asking.awaited(ask)] if peer else []
            )
        return self._awaits[peer_id]

    def ring(self, peer: Peer) -> list[str]:
        """The ids of those who wait for each other, beginning with the peer; [] if they are in none."""
        came_from, ahead = dict[str, str](), deque([peer.peer_id])
        while ahead:
            here = ahead.popleft()
            for other in self.waits_for(here):
                if other == peer.peer_id:
                    return _path(came_from, here)
                if other not in came_from:
                    came_from[other] = here
                    ahead.append(other)
        return []

    def name(self, peer_id: str) -> str:
        """Whom one does not meet from there has none."""
        peer = self.plan.peer(peer_id)
        return peer.name if peer and self._who.meets(peer) else "somebody elsewhere"


def _path(came_from: Mapping[str, str], last: str) -> list[str]:
    path = [last]
    while path[-1] in came_from:
        path.append(came_from[path[-1]])
    return path[::-1]


def _dead(scene: Scene, peer: Peer) -> Iterator[Stuck]:
    asks, jobs = scene.to[peer.peer_id], scene.jobs[peer.peer_id]
    session = scene.plan.session(peer.session_id)
    if scene.is_there(peer) or session is None or session.ended_at is None or not (asks or jobs):
        return
    left = [counted(len(x), what) for x, what in ((asks, "ask"), (jobs, "job")) if x]
    why = f"its session is over ({session.ended_why})" if session.ended_why else "its session is over"
    yield Stuck(Why.DEAD, f"{why}; open: {', '.join(left)}", session.ended_at)


def _person(scene: Scene, peer: Peer) -> Iterator[Stuck]:
    session = scene.plan.session_of(peer)
    if session is None:
        return
    asked = [x for x in scene.plan.approvals(session.session_id) if x.state == Decided.ASKED]
    for approval in asked:
        what = f"{approval.what} {approval.tool}" if approval.what == "permission" else approval.what
        yield Stuck(Why.PERSON, what, approval.asked_at)
    if session.turn is Turn.AWAITING_INPUT and not asked:
        yield Stuck(Why.PERSON, "its own dialog", session.turn_at)
    yield from _asked(scene, peer, Why.PERSON, human=True)


def _limit(scene: Scene, peer: Peer) -> Iterator[Stuck]:
    account = allowance.account_of(scene.plan, peer.backend, peer.circle)
    said = allowance.limit_of(scene.plan, peer.backend, peer.circle)
    if said and scene.is_there(peer):
        yield Stuck(Why.LIMIT, said, account.since_at or scene.plan.now)


def _peer(scene: Scene, peer: Peer) -> Iterator[Stuck]:
    yield from _asked(scene, peer, Why.PEER, human=False)


def _asked(scene: Scene, peer: Peer, why: Why, *, human: bool) -> Iterator[Stuck]:
    """Its open asks to people, or to others."""
    waiting = [
        (ask, x) for ask in scene.awaited(peer) for x in asking.awaited(ask) if _is_human(scene, x) is human
    ]
    if not waiting:
        return
    names = ", ".join(dict.fromkeys(scene.name(peer_id) for _, peer_id in waiting))
    ring = [] if human else scene.ring(peer)
    around = f", a ring: {_around(scene, ring)}" if ring else ""
    yield Stuck(why, f"asked {names}{around}", min(ask.created_at for ask, _ in waiting))


def _around(scene: Scene, ring: Sequence[str]) -> str:
    """``api → web → api``; of a long one the beginning, and how long it is."""
    if len(ring) > MOST_NAMED:
        return f"{' → '.join(map(scene.name, ring[:MOST_NAMED]))} → … ({len(ring)} of them)"
    return " → ".join(map(scene.name, [*ring, ring[0]]))


def _error(scene: Scene, peer: Peer) -> Iterator[Stuck]:
    session = scene.plan.session_of(peer)
    if session and session.failed_at:
        yield Stuck(Why.ERROR, "its last turn failed", session.failed_at)
    if session and session.stopped:
        yield Stuck(Why.ERROR, session.stopped.partition(":")[0], session.turn_at)
    for delivery in scene.on_the_way[peer.peer_id]:
        said = f"{delivery.state} {delivery.envelope_id}"
        envelope = scene.plan.envelope(delivery.envelope_id)
        since = envelope.created_at if envelope else scene.plan.now
        yield Stuck(Why.ERROR, f"{said}: {delivery.reason}" if delivery.reason else said, since)


def _silent(scene: Scene, peer: Peer) -> Iterator[Stuck]:
    found = scene.found(peer)
    if found.turn is Turn.WORKING and scene.plan.now - found.sign.at >= SILENT_FOR:
        yield Stuck(Why.SILENT, f"in a turn, last sign by {found.sign.how}", found.sign.at)


def _is_human(scene: Scene, peer_id: str) -> bool:
    peer = scene.plan.peer(peer_id)
    return peer is not None and peer.role is Role.HUMAN


def _is_ahead(plan: Plan, schedule: Schedule, who: addressing.Standpoint, circle: str) -> bool:
    """Whether it will speak again, and is that circle's: its own, or else its owner's."""
    owner = plan.peer(schedule.owner)
    if schedule.state is not Standing.ACTIVE or schedule.next_at is None or owner is None:
        return False
    return who.meets(owner) and circle in {EVERYWHERE, schedule.circle or owner.circle}


REASONS: Final[Sequence[Callable[[Scene, Peer], Iterable[Stuck]]]] = (
    _dead,
    _person,
    _limit,
    _peer,
    _error,
    _silent,
)
WAITS: Final[Mapping[Why, str]] = {
    Why.PERSON: "waiting for a person",
    Why.PEER: "waiting for a peer",
}


def named(why: Why) -> str:
    """In words."""
    return WAITS.get(why, str(why))
