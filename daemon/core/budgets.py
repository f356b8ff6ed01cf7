"""What one job may cost: messages its doer sends, turns it begins, and how long a try takes. Counted while it runs.

Rule: the one too many still happens, and ends the job: time decides so at once, since a spent job is due to be looked
at. What is counted is whatever its doer does meanwhile, so that nothing is done beside the job.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from daemon.core.errors import Malformed
from daemon.core.model import Job, Rota
from daemon.core.rules import jobs
from daemon.core.rules.measures import counted
from daemon.core.view import Plan


def checked(number: int | None, what: str, most: int = jobs.LARGEST_BUDGET) -> int:
    """What a job may; 0: as the config says.

    Raises:
        Malformed: it is none that can be.

    """
    if number is None:
        return 0
    if not 1 <= number <= most:
        raise Malformed(f"a budget of {number} {what}", f"say 1 to {most}")
    return number


def spent(rota: Rota, job: Job) -> str:
    """Of what it took more than it may; "": of nothing."""
    messages, wakes = job.messages or rota.messages, job.wakes or rota.wakes
    if messages and job.sent > messages:
        return f"it sent more than {counted(messages, 'message')}, its budget"
    if wakes and job.woken > wakes:
        return f"it took more than {counted(wakes, 'turn')}, its budget"
    return ""


def minutes(rota: Rota, job: Job) -> int:
    return job.minutes or rota.minutes


def ends_at(rota: Rota, job: Job) -> datetime | None:
    """When its try has taken as long as one may."""
    most = minutes(rota, job)
    return job.began_at + timedelta(minutes=most) if most and job.began_at else None


def used(plan: Plan, peer_id: str, *, sent: int = 0, woken: int = 0) -> None:
    """The peer does something, at the cost of what it is at."""
    for stale in plan.view.jobs_running():
        job = plan.job(stale.job_id) or stale
        if job.to != peer_id or job.state != jobs.State.RUNNING:
            continue
        more = replace(job, sent=job.sent + sent, woken=job.woken + woken)
        plan.put(replace(more, wakes_at=plan.now) if spent(plan.rota(), more) else more)
