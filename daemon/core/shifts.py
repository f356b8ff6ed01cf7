"""Which jobs begin now; how their asks begin and end them.

A job begins when its time has come, what it comes after is done, its circle and backend have room, and whoever is to do
it does no other. Then it is asked of them, in the same commit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from daemon.core import allowance, arriving, sending
from daemon.core import commands as c
from daemon.core.jobends import became, before, kept, told
from daemon.core.model import Answer, Ask, Job, Peer
from daemon.core.posting import LIFE_WITH_PEOPLE, UNREAD_LIMIT
from daemon.core.rules import asking, jobs, nights, usage
from daemon.core.rules.cleaning import fitted
from daemon.core.rules.jobs import State
from daemon.core.schedules import SCHEDULER
from daemon.core.view import Plan

SUBJECT: Final = "job"  #: of an ask, with the job's id
STARTING: Final = "starting"  #: instead of an ask, while somebody is started who can be asked
RIGHT: Final = "approve"
NO_SPAWN: Final = "nobody can be started in a folder here"


class Crew:
    """What runs now, counted by what limits it."""

    def __init__(self, plan: Plan) -> None:
        running = {each.job_id: each for each in plan.view.jobs_running()}
        running |= {each.job_id: each for each in plan.jobs_changed()}
        self._plan = plan
        self._rota = plan.rota()
        self._counts: Counter[tuple[str, str]] = Counter()
        for job in running.values():
            if job.state == State.RUNNING:
                self.takes(job)

    def takes(self, job: Job) -> None:
        """One that was asked of somebody who is away, and who has not seen it, runs nowhere: only its peer is taken."""
        ask, to = self._plan.ask(job.ask_id), self._plan.peer(job.to)
        unseen = ask is not None and ask.state == asking.State.OPEN
        away = unseen and to is not None and self._plan.session_of(to) is None
        self._counts.update(_places(job)[2:] if away else _places(job))

    def full(self, job: Job) -> str:
        """What it waits for; "": there is room."""
        limits = {"circle": self._rota.per_circle, "backend": self._rota.per_backend, "peer": 1}
        for kind, name in _places(job):
            if limits[kind] and self._counts[kind, name] >= limits[kind]:
                return f"{kind} {name} has as many running as it may" if kind != "peer" else "it does another"
        return ""


def begin(plan: Plan) -> int:
    """Begin what may begin, the oldest first; returns how many did."""
    changed = plan.jobs_changed()
    freed = [
        later for job in changed if job.state == State.DONE for later in plan.view.jobs_after(job.job_id)
    ]
    return begin_of(plan, (*plan.view.jobs_ready(plan.now), *changed, *freed))


def begin_of(plan: Plan, jobs_: Iterable[Job]) -> int:
    """The same, of these alone."""
    found = {each.job_id: each for each in jobs_}
    if not found:
        return 0
    crew, begun = Crew(plan), 0
    for job_id in found:
        job = plan.job(job_id)
        if job and job.state == State.QUEUED and not waits_for(plan, job, crew):
            begun += _begun(plan, job, crew)
    return begun


def waits_for(plan: Plan, job: Job, crew: Crew) -> str:
    """What holds up a queued job; "": nothing does."""
    window = nights.window(plan.rota(), job.circle, plan.now) if job.tonight else None
    if window and not window.holds(plan.now):
        return "it waits for the night"
    to = plan.peer(job.to)
    if to and plan.view.waiting_count(to.peer_id) >= UNREAD_LIMIT:
        return f"{to.name} has too much unread"
    return jobs.held_up(job, before(plan, job), plan.now) or limited(plan, job) or crew.full(job)


def limited(plan: Plan, job: Job) -> str:
    """Why the account that pays for it has nothing for it now; "": it has."""
    account = allowance.account_of(plan, job.backend, job.circle)
    if account.state == usage.State.LIMITED:
        return allowance.told(plan, account)
    trying = plan.job(account.job_id) if account.state == usage.State.TRYING else None
    if trying and trying.state == State.RUNNING and trying.job_id != job.job_id:
        return f"{trying.job_id} tries first whether the usage limit of {account.name} is over"
    return ""


def concluded(plan: Plan, ask: Ask) -> None:
    """An ask is over: so is the try of the job that it was, unless that is held open."""
    job = of_ask(plan, ask)
    if job is None or job.state not in {State.RUNNING, State.BLOCKED}:
        return
    last = ask.answers[-1] if ask.answers else None
    if ask.state in {asking.State.ANSWERED, asking.State.ACKNOWLEDGED} and last:
        _answered(plan, job, last)
    elif ask.state != asking.State.CANCELLED:
        _lost(plan, job, ask, last)
    begin(plan)


def acked(plan: Plan, ask: Ask, answer: Answer) -> None:
    """Whoever does it says themselves that it is over, perhaps after its ask was."""
    job = of_ask(plan, ask)
    if job is None or job.state not in {State.RUNNING, State.BLOCKED} or answer.sender.peer_id != job.to:
        return
    _over(plan, job, answer)
    begin(plan)


def of_ask(plan: Plan, ask: Ask) -> Job | None:
    """The job whose try it is; None: it is none, or belongs to a try that is over."""
    subject, _, job_id = ask.subject.partition("\n")
    job = plan.job(job_id) if subject == SUBJECT else None
    return job if job and job.ask_id == ask.ask_id else None


def asked_of(plan: Plan, job: Job, to: Peer) -> str:
    """Ask it; returns the ask's id."""
    command = c.SendAsk(
        sender=SCHEDULER.peer_id, to=(), question=_question(plan, job), deadline=LIFE_WITH_PEOPLE
    )
    subject = f"{SUBJECT}\n{job.job_id}"
    return sending.ask_of(plan, SCHEDULER, [to], command, subject=subject).ask.ask_id


def _begun(plan: Plan, job: Job, crew: Crew) -> bool:
    job = _for_anybody(plan, job)
    to = plan.peer(job.to)
    if why := _cannot(plan, job, to):
        became(plan, job, jobs.Fail(why, again=False))
        return False
    account = allowance.account_of(plan, job.backend, job.circle)
    if account.state == usage.State.TRYING:
        plan.put(usage.advance(account, usage.Try(job.job_id), now=plan.now))
    ask_id = asked_of(plan, job, to) if to else STARTING
    crew.takes(became(plan, job, jobs.Start(ask_id)))
    return True


def _for_anybody(plan: Plan, job: Job) -> Job:
    """A job for a folder is not bound to whoever was started for an earlier try, and is not there any more."""
    to = plan.peer(job.to) if job.path else None
    if to is None or not (
        to.forgotten_at or (plan.session_of(to) is None and not arriving.awaited(plan, to))
    ):
        return job
    return replace(job, to="")


def _cannot(plan: Plan, job: Job, to: Peer | None) -> str:
    """Whoever wanted it must still be allowed to, when it begins."""
    if job.account:
        person = plan.person(job.surface, job.account)
        if person is None or RIGHT not in person.rights:
            return f"{job.person or 'whoever wanted it'} may not have jobs done any more"
    if job.to and (to is None or to.forgotten_at):
        return "whoever was to do it is gone"
    return "" if job.to or plan.rota().spawns else NO_SPAWN


def _answered(plan: Plan, job: Job, answer: Answer) -> None:
    if job.held or job.state == State.BLOCKED:  # what was said at the turn's end is how far it is
        kept(plan, _noted(job, answer.text))
        return
    _over(plan, job, answer)


def _over(plan: Plan, job: Job, answer: Answer) -> None:
    if answer.how == asking.State.DECLINED:
        became(plan, job, jobs.Fail(f"declined: {answer.text}".rstrip(": "), again=False))
    else:
        became(plan, job, jobs.Finish(answer.text))


def _lost(plan: Plan, job: Job, ask: Ask, last: Answer | None) -> None:
    if ask.state == asking.State.DECLINED and last:
        _over(plan, job, last)
    elif ask.state == asking.State.EXPIRED:
        became(plan, job, jobs.Expire())
    else:
        became(
            plan, job, jobs.Fail(arriving.never_came(plan, job.to) or "whoever was to do it is gone for good")
        )


def _noted(job: Job, text: str) -> Job:
    return replace(job, note=fitted(text)) if text else job


def _question(plan: Plan, job: Job) -> str:
    owner = plan.peer(job.owner)
    wanted = job.person or (owner.name if owner else "nobody that is here any more")
    return (
        f"{job.prompt}\n\n"
        f"({told(job)}, wanted by {wanted}. Your answer ends it: `ack`, or the last words of this turn. If it goes on "
        f"after this turn, say so before you end it: job_update {job.job_id} running, or at the command line "
        f"`peerline job update {job.job_id} running`; end it later with `ack` or with done. If something must happen "
        "first: blocked, with a note.)"
    )


def _places(job: Job) -> tuple[tuple[str, str], ...]:
    """Where it takes a place. One that is held open goes on without its peer's turn, which is free for another."""
    peer = (("peer", job.to),) if job.to and not job.held else ()
    return (("circle", job.circle), ("backend", job.backend), *peer)
