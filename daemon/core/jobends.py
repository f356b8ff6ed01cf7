"""What becomes of the others when a job goes on to another state: its owner is told, and what comes after it follows.

Every change of a job is written here, in one commit with what follows from it, so each is told once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core import budgets
from daemon.core.model import Event, Job, Kind
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules import jobs, nights
from daemon.core.rules.attention import Matter
from daemon.core.rules.cleaning import fitted, line
from daemon.core.rules.jobs import State
from daemon.core.view import Plan

BRIEF: Final = 60
LONGEST_EVIDENCE: Final = 200
MATTERS: Final[dict[str, Matter]] = {
    State.DONE: Matter.DONE,
    State.CANCELLED: Matter.CHATTER,
}  #: all else went wrong


def became(plan: Plan, job: Job, event: jobs.Happening, *, by: str = "") -> Job:
    """Advance it, and all that hangs on it.

    Args:
        plan: the sheet it is written on.
        job: as it is.
        event: what happened to it.
        by: whoever did it (peer id), who need not be told.

    Raises:
        InvalidTransition: that cannot happen to it now.

    """
    after = kept(plan, jobs.advance(job, event, now=plan.now))
    if after.state == job.state:
        return after
    why = line(after.reason, LONGEST_EVIDENCE)
    plan.tell(Event("job_changed", job.job_id, job.owner, what=after.state, evidence=why))
    if (jobs.is_over(after) or after.state == State.BLOCKED) and by != job.owner:
        _tell_owner(plan, after)
    _followed(plan, after)
    return after


def kept(plan: Plan, job: Job) -> Job:
    """Write it, with the time at which it is to be looked at next."""
    written = replace(job, wakes_at=_wakes_at(plan, job))
    plan.put(written)
    return written


def told(job: Job) -> str:
    return f'job {job.job_id} "{line(job.title, BRIEF)}"'


def before(plan: Plan, job: Job) -> list[Job]:
    return [found for each in job.after if (found := plan.job(each))]


def _wakes_at(plan: Plan, job: Job) -> datetime | None:
    if jobs.is_over(job):
        return None
    ahead = [job.deadline_at] if job.deadline_at else []
    if job.state == State.QUEUED and job.due_at and job.due_at > plan.now:
        ahead.append(job.due_at)
    if (
        job.state == State.QUEUED and job.tonight
    ):  # whatever holds it up in this night may be gone in the next
        ahead += [begins] if (begins := nights.begins_after(plan.rota(), job.circle, plan.now)) else []
    if job.state == State.RUNNING:
        ahead += [plan.now] if budgets.spent(plan.rota(), job) else []
        ahead += [ends] if (ends := budgets.ends_at(plan.rota(), job)) else []
    return min(ahead, default=None)


def _followed(plan: Plan, job: Job) -> None:
    """What comes after it is blocked by its failure, and free again when that is mended."""
    if job.state in {State.RUNNING, State.BLOCKED}:
        return
    for stale in plan.view.jobs_after(job.job_id):
        later = plan.job(stale.job_id) or stale
        why = jobs.broken(before(plan, later))
        if why and later.state == State.QUEUED:
            became(plan, later, jobs.Block(why))
        elif not why and later.state == State.BLOCKED:  # one that was begun does not wait for others any more
            became(plan, later, jobs.Return(""))


def _tell_owner(plan: Plan, job: Job) -> None:
    owner = plan.peer(job.owner)
    if owner is None or owner.forgotten_at:
        return
    words = job.result or job.note if job.state == State.DONE else job.reason
    text = f"{told(job)} is {job.state}" + (f": {words}" if words else "")
    matter = MATTERS.get(job.state, Matter.FAILURE)
    letter = Letter(kind=Kind.NOTICE, text=fitted(text), correlation_id=job.ask_id or None, matter=matter)
    post(plan, LINE, [owner], letter)
