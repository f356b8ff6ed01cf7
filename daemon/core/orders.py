"""Ordering a job: who does it, when it may begin and until when it must be done, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core import addressing, budgets, jobends, sending, shifts
from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound, Throttled
from daemon.core.model import Authority, Event, Job, Peer, Role, Rota
from daemon.core.rules import jobs, nights
from daemon.core.rules.cleaning import body, line
from daemon.core.rules.jobs import State
from daemon.core.view import Plan

MOST_OF_ONE: Final = 10_000  #: that go on, of one peer that is not the owner
MOST_AFTER: Final = 50
MOST_RETRIES: Final = 10
TITLE: Final = 200
FARTHEST: Final = timedelta(days=366)


def add(plan: Plan, command: c.AddJob) -> Job:
    """Queue it; it begins at once if nothing holds it up.

    Raises:
        UnknownPeer, AmbiguousPeer, NotAllowed: by the peer or the folder.
        NotFound: there is no job that it is to come after.
        Malformed: by title, prompt, times.
        Throttled: whoever wants it wants too many.

    """
    owner = sending.sender_of(plan, command.owner)
    to = _doing(plan, owner, command)
    circle = to.circle if to else addressing.checked_circle(command.circle or owner.circle)
    _bounded(plan, owner, command)
    job = replace(_of(plan, command), to=to.peer_id if to else "", circle=circle)
    job = _timed(plan, replace(job, backend=to.backend if to else command.backend), command)
    plan.tell(Event("job_added", job.job_id, owner.peer_id, what=job.title))
    made = jobends.kept(plan, job)
    if why := jobs.broken(jobends.before(plan, made)):
        raise Conflict(f"it would never begin: {why}", "retry that first")
    shifts.begin_of(plan, [made])
    return plan.job(made.job_id) or made


def known(plan: Plan, job_id: str) -> Job:
    found = plan.job(job_id)
    if found is None:
        raise NotFound(f'no job "{job_id[:40]}"', "list the jobs to see their ids")
    return found


def tonight(rota: Rota, job: Job, from_: datetime) -> datetime:
    window = nights.window(rota, job.circle, from_)
    if window is None:
        raise Conflict(f'circle "{job.circle}" has no night', "set `nights` in the config")
    return max(window.begins, from_)


def _doing(plan: Plan, owner: Peer, command: c.AddJob) -> Peer | None:
    """Who is to do it; None: somebody who is started in its folder."""
    if bool(command.to) == bool(command.path):
        raise Malformed("a job is for a peer or for a folder", "give to, or path and backend")
    if command.to:
        who = addressing.standpoint_of(plan, owner)
        found = addressing.several(plan, who, (command.to,), command.circle or None)
        if len(found) != 1 or found[0].role is Role.SERVICE:
            raise Malformed(f'"{command.to[:60]}" cannot do a job', "name one peer")
        return found[0]
    if not plan.rota().spawns:
        raise NotAllowed(shifts.NO_SPAWN, "give the job to a peer that is there")
    if not command.backend or not command.path.startswith(("/", "~/")):
        raise Malformed("a folder needs its whole path and a backend", "as in /src/app and claude-code")
    if not (command.may_spawn or owner.role is Role.ORCHESTRATOR or owner.authority is Authority.OWNER):
        raise NotAllowed(f"{owner.name} may not have anybody started", "the owner can grant it")
    return None


def _bounded(plan: Plan, owner: Peer, command: c.AddJob) -> None:
    body(command.prompt or command.title)
    if not line(command.title, TITLE):
        raise Malformed("a job without a title", "say in a few words what is to be done")
    if not 0 <= command.retries <= MOST_RETRIES:
        raise Malformed(f"{command.retries} retries", f"say 0 to {MOST_RETRIES}")
    if len(command.after) > MOST_AFTER:
        raise Malformed(f"after {len(command.after)} jobs", f"{MOST_AFTER} at most")
    for each in command.after:
        known(plan, each)
    of_owner = owner.authority is Authority.OWNER
    if not of_owner and plan.view.jobs_going_on(owner.peer_id) >= MOST_OF_ONE:
        raise Throttled(f"{owner.name} has {MOST_OF_ONE} jobs going on", "cancel one, or wait", after_s=60)


def _of(plan: Plan, command: c.AddJob) -> Job:
    return Job(
        job_id=plan.new_id("j"),
        title=line(command.title, TITLE),
        prompt=body(command.prompt or command.title),
        owner=command.owner,
        surface=command.surface,
        account=command.account,
        person=command.person,
        path=command.path,
        circle="",
        after=tuple(dict.fromkeys(command.after)),
        state=State.QUEUED,
        retries=command.retries,
        tonight=command.tonight,
        messages=budgets.checked(command.messages, "messages"),
        wakes=budgets.checked(command.wakes, "turns"),
        minutes=budgets.checked(command.minutes, "minutes", jobs.LONGEST_BUDGET),
        created_at=plan.now,
    )


def _timed(plan: Plan, job: Job, command: c.AddJob) -> Job:
    begins = command.due_at or plan.now
    if begins < plan.now or begins > plan.now + FARTHEST:
        raise Malformed("that time is over, or more than a year ahead", "say a time to come")
    if command.tonight:
        begins = tonight(plan.rota(), job, begins)
    deadline = command.deadline
    if deadline is not None and not timedelta() < deadline <= FARTHEST:
        raise Malformed(f"a deadline of {deadline.total_seconds():.0f} s", "from 1 s to a year")
    ends = plan.now + deadline if deadline else None
    if ends and ends <= begins:
        raise Malformed("its deadline is before it may begin", "give it longer")
    return replace(job, due_at=begins if begins > plan.now else None, deadline_at=ends)
