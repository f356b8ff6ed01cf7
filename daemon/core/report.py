"""What a person is told of what they were not rung for: a digest, or the morning report after a night.

One line for each thing, circle by circle; what comes first is what wants something of them, and of that the cards come
after it. Rule: it says what is so at the time of telling, and only to whom the circle is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from daemon.core import addressing, attending, jobends, reviewing, shifts, weighing
from daemon.core.model import Ask, Attention, Delivery, Envelope, Job, Kind, Peer, Session, Turn
from daemon.core.posting import LINE
from daemon.core.rules import asking, attention, jobs, nights, reviews
from daemon.core.rules.attention import RANK, Matter
from daemon.core.rules.cleaning import fitted, gist
from daemon.core.rules.measures import ago, counted
from daemon.core.view import Plan, live_sessions

BRIEF: Final = 120  #: characters of one thing
MOST_JOBS: Final = 500  #: those that are not over come first, then the newest
STUCK_AFTER: Final = timedelta(minutes=30)  #: so long without a sign, a turn goes on no more
DECISION, REVIEW, FAILED, DONE, LEFT, STUCK, HELD = range(7)  #: in which order a circle is told of
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
    reviewed = list(_reviews(plan, rooms))
    stuck = list(_stuck(plan, rooms))
    work = [each for each in jobs_of(plan, since) if _is_met(plan, rooms, each.circle)]
    back = list(_held(plan, _but_jobs(held, work), asks=False))
    crew = shifts.Crew(plan)
    told = [_job(plan, each, crew) for each in work]
    entries = [*decisions, *reviewed, *told, *stuck, *back]
    if not entries:
        return ""
    counts = [len([x for x in told if x.place[0] == kind]) for kind in (DONE, FAILED, LEFT)]
    head = [
        "**Morning report**",
        f"- decisions waiting: {len(decisions) or 'none'}",
        f"- reviews: {_reviewed(reviewed) or 'none'}",
        f"- jobs: {', '.join(_counted(counts)) or 'none'}",
        f"- agents stuck: {len(stuck) or 'none'}; held back: {counted(len(back), 'thing') if back else 'nothing'}",
    ]
    return _laid(head, entries)


def room_of(envelope: Envelope) -> int:
    """How many bytes its line takes at most."""
    return (
        len(gist(envelope.body, BRIEF).encode())
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


def _reviewed(entries: Sequence[Entry]) -> str:
    owed = len([each for each in entries if each.place == (REVIEW, 0)])
    told = [f"{owed} to do" if owed else "", f"{len(entries) - owed} waiting" if len(entries) > owed else ""]
    return ", ".join(filter(None, told))


def _counted(counts: Sequence[int]) -> list[str]:
    named = zip(counts, ("done", "failed", "still to do"), strict=True)
    return [f"{count} {how}" for count, how in named if count]


def _but_jobs(held: Held, work: Sequence[Job]) -> Held:
    """Without what was said of jobs that have a line of their own."""
    told = tuple(jobends.told(each) for each in work)
    return [x for x in held if x[1].sender.peer_id != LINE.peer_id or not x[1].body.startswith(told)]


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
        yield Entry(_place_of(envelope), (HELD, RANK[matter]), _heard(envelope, matter))


def _heard(envelope: Envelope, matter: Matter) -> str:
    """What the line says of itself needs no name, and what is only said no word for it."""
    what = "" if matter is Matter.CHATTER else f"{matter} · "
    who = "" if envelope.sender.peer_id == LINE.peer_id else f"{envelope.sender.name}: "
    return f"{what}{who}{gist(envelope.body, BRIEF)}"


def _place_of(envelope: Envelope) -> str:
    return LINE.name if envelope.sender.peer_id == LINE.peer_id else envelope.sender.circle


def _decisions(plan: Plan, rooms: Sequence[Peer]) -> Iterator[Entry]:
    for ask, asker in waiting(plan, rooms):
        if weighing.is_review(ask):
            continue  # it has a line of its own
        text = f"{_what(ask)} · {asker.name}: {gist(ask.question, BRIEF)}"
        yield Entry(asker.circle, (DECISION, _rank(ask)), text)


def waiting(plan: Plan, rooms: Sequence[Peer]) -> list[tuple[Ask, Peer]]:
    """What is asked of them there, approvals first, the oldest first; and by whom."""
    stale = {each.ask_id: each for room in rooms for each in plan.view.open_asks_to(room.peer_id)}
    found = [plan.ask(each.ask_id) or each for each in stale.values()]
    going_on = [
        each for each in found if not asking.is_over(each)
    ]  # some may have ended in this very decision
    asks = sorted(going_on, key=lambda each: (_rank(each), each.created_at))
    askers = [(ask, plan.peer(ask.asker)) for ask in asks]
    return [(ask, asker) for ask, asker in askers if asker and asker.peer_id != LINE.peer_id]


def _reviews(plan: Plan, rooms: Sequence[Peer]) -> Iterator[Entry]:
    """What is to be reviewed by them, and what they may see of what others are to."""
    mine = {room.peer_id for room in rooms}
    met = {each.review_id: each for room in rooms for each in reviewing.met(plan, room)}
    for review in met.values():
        author = plan.peer(review.author)
        owed = review.reviewer in mine and reviews.waits(review)
        step = gist(reviewing.next_step(plan, review), BRIEF)
        text = f"review · {weighing.told(review)}: {review.state}, {step}"
        yield Entry(author.circle if author else LINE.name, (REVIEW, 0 if owed else 1), text)


def _rank(ask: Ask) -> int:
    return RANK[Matter.APPROVAL if ask.subject == attending.APPROVAL else Matter.QUESTION]


def _what(ask: Ask) -> str:
    return Matter.APPROVAL if ask.subject == attending.APPROVAL else Matter.QUESTION


def _job(plan: Plan, job: Job, crew: shifts.Crew) -> Entry:
    if job.state == jobs.State.DONE:
        checked = [each.verified for each in job.claims]
        doubt = " (a claim is not so)" if False in checked else " (not verified)" if None in checked else ""
        return Entry(
            job.circle, (DONE, 0), f"done · {job.title}: {gist(job.result, BRIEF) or 'no words'}{doubt}"
        )
    kind = FAILED if job.state in LOST else LEFT
    why = gist(_why(plan, job, crew), BRIEF)
    return Entry(job.circle, (kind, 0), f"{job.state} · {job.title}" + (f": {why}" if why else ""))


def _why(plan: Plan, job: Job, crew: shifts.Crew) -> str:
    """What became of it, or what it waits for; a limit that holds it up now is news, whatever was before."""
    if job.state != jobs.State.QUEUED:
        return job.reason
    return shifts.limited(plan, job) or job.reason or shifts.waits_for(plan, job, crew)


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
