"""What a person is told of what they were not rung for: a digest, or the morning report after a night.

One line for each thing, circle by circle; what comes first is what wants something of them. Rule: it says what is so at
the time of telling, and only to whom the circle is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from daemon.core import addressing, attending, attention, jobends, jobs, nights, shifts
from daemon.core.attention import RANK, Matter
from daemon.core.cleaning import fitted, line
from daemon.core.measures import ago, counted
from daemon.core.model import Ask, Attention, Delivery, Envelope, Job, Kind, Peer, Session, Turn
from daemon.core.posting import LINE
from daemon.core.view import Plan, live_sessions

BRIEF: Final = 120  #: characters of one thing
MOST_JOBS: Final = 500  #: those that are not over come first, then the newest
STUCK_AFTER: Final = timedelta(minutes=30)  #: so long without a sign, a turn goes on no more
DECISION, FAILED, DONE, LEFT, STUCK, HELD = range(6)  #: in which order a circle is told of
LOST: Final = frozenset({jobs.State.FAILED, jobs.State.EXPIRED, jobs.State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Entry:
    circle: str
    place: tuple[int, int]  #: what it is, and its rank among those
    text: str


Held = Sequence[tuple[Delivery, Envelope]]


def digest(plan: Plan, held: Held) -> str:
    """What was held back; "" if nothing was."""
    entries = list(_held(plan, held, asks=True))
    return _laid([f"**Held back**: {counted(len(entries), 'thing')}"], entries) if entries else ""


def morning(plan: Plan, person: str, held: Held, since: datetime) -> str:
    """Five lines, then circle by circle; "" if there is nothing to say."""
    rooms = attending.rooms(plan, person)
    decisions = list(_decisions(plan, rooms))
    stuck = list(_stuck(plan, rooms))
    work = [each for each in jobs_of(plan, since) if _is_met(plan, rooms, each.circle)]
    back = list(_held(plan, _beside(held, work), asks=False))
    told = [_job(plan, each) for each in work]
    entries = [*decisions, *told, *stuck, *back]
    if not entries:
        return ""
    counts = [len([x for x in told if x.place[0] == kind]) for kind in (DONE, FAILED, LEFT)]
    head = [
        "**Morning report**",
        f"- decisions waiting: {len(decisions) or 'none'}",
        "- reviews: none yet",
        f"- jobs: {counts[0]} done, {counts[1]} failed, {counts[2]} left",
        f"- agents stuck: {len(stuck) or 'none'}; held back: {counted(len(back), 'thing') if back else 'nothing'}",
    ]
    return _laid(head, entries)


def room_of(envelope: Envelope) -> int:
    """How many bytes its line takes at most."""
    return (
        len(line(envelope.body, BRIEF).encode())
        + len(envelope.sender.name.encode())
        + len("approval · : \n- ")
    )


def jobs_of(plan: Plan, since: datetime) -> Sequence[Job]:
    """The jobs that ended since then, and those that are not over."""
    return [
        each for each in plan.view.jobs(limit=MOST_JOBS) if each.ended_at is None or each.ended_at > since
    ]


def next_night(plan: Plan, person: str) -> datetime | None:
    """When the next night of a circle that the person sees ends."""
    rota, rooms = plan.rota(), attending.rooms(plan, person)
    met = [each.circle for each in rota.nights if each.circle == "*" or _is_met(plan, rooms, each.circle)]
    windows = [nights.window(rota, circle, plan.now) for circle in met]
    return min((each.ends for each in windows if each), default=None)


def _laid(head: list[str], entries: list[Entry]) -> str:
    lines = list(head)
    ordered = sorted(entries, key=lambda each: (each.circle, each.place))
    for circle, inside in groupby(ordered, key=lambda each: each.circle):
        lines += ["", f"**{circle}**", *(f"- {each.text}" for each in inside)]
    return fitted("\n".join(lines))


def _held(plan: Plan, held: Held, *, asks: bool) -> Iterator[Entry]:
    """Each envelope once, on however many surfaces it was to be shown."""
    seen = set[str]()
    for _, envelope in held:
        if envelope.envelope_id in seen or (envelope.kind is Kind.ASK and not asks):
            continue
        seen.add(envelope.envelope_id)
        ask = plan.ask(envelope.correlation_id or envelope.envelope_id)
        matter = attending.matter_of(envelope, ask)
        text = f"{matter} · {envelope.sender.name}: {line(envelope.body, BRIEF)}"
        yield Entry(envelope.sender.circle, (HELD, RANK[matter]), text)


def _beside(held: Held, work: Sequence[Job]) -> Held:
    """Without what the line said of jobs that have a line of their own."""
    named = tuple(f"{jobends.told(job)} is " for job in work)
    return [each for each in held if each[1].sender != LINE or not each[1].body.startswith(named)]


def _decisions(plan: Plan, rooms: Sequence[Peer]) -> Iterator[Entry]:
    asks = {ask.ask_id: ask for room in rooms for ask in plan.view.open_asks_to(room.peer_id)}
    for ask in asks.values():
        asker = plan.peer(ask.asker)
        if asker and asker.peer_id != LINE.peer_id:
            yield Entry(asker.circle, (DECISION, _rank(ask)), f"{_what(ask)} · {asker.name}: {_asked(ask)}")


def _rank(ask: Ask) -> int:
    return RANK[Matter.APPROVAL if ask.subject == attending.APPROVAL else Matter.QUESTION]


def _what(ask: Ask) -> str:
    return Matter.APPROVAL if ask.subject == attending.APPROVAL else Matter.QUESTION


def _asked(ask: Ask) -> str:
    return f"{line(ask.question, BRIEF)} (`{ask.ask_id}`)"


def _job(plan: Plan, job: Job) -> Entry:
    if job.state == jobs.State.DONE:
        checked = [each.verified for each in job.claims]
        doubt = " (a claim is not so)" if False in checked else " (not verified)" if None in checked else ""
        return Entry(
            job.circle, (DONE, 0), f"done · {job.title}: {line(job.result, BRIEF) or 'no words'}{doubt}"
        )
    kind = FAILED if job.state in LOST else LEFT
    limit = shifts.limited(plan, job) if job.state == jobs.State.QUEUED else ""
    why = line(limit or job.reason, BRIEF)
    return Entry(job.circle, (kind, 0), f"{job.state} · {job.title}{f': {why}' if why else ''}")


def _stuck(plan: Plan, rooms: Sequence[Peer]) -> Iterator[Entry]:
    for peer, session in live_sessions(plan.view):
        why = _sticks(plan, session)
        if why and _is_met(plan, rooms, peer.circle):
            yield Entry(peer.circle, (STUCK, 0), f"stuck · {peer.name}: {why}")


def _sticks(plan: Plan, session: Session) -> str:
    if session.turn is Turn.AWAITING_INPUT and not plan.approvals(session.session_id):
        return "it waits at its own dialog"
    if session.turn is Turn.WORKING and plan.now - session.turn_at > STUCK_AFTER:
        return f"in a turn, and no sign of it for {ago(session.turn_at, plan.now)}"
    return ""


def _is_met(plan: Plan, rooms: Sequence[Peer], circle: str) -> bool:
    seen = [addressing.standpoint_of(plan, room).circles for room in rooms]
    return any("*" in circles or circle in circles for circles in seen)


def due_text(plan: Plan, found: Attention, held: Held) -> str:
    """The morning report if a night of theirs is over, else the digest."""
    if is_morning(plan, found):
        since = found.reported_at or plan.now - attention.DAY
        return morning(plan, found.person, held, since)
    return digest(plan, held)


def is_morning(plan: Plan, found: Attention) -> bool:
    return found.report_at is not None and found.report_at <= plan.now
