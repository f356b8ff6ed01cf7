"""Jobs: durable work for a peer, or for one that is to be started in a folder, and all that may be done about it.

A job carries no authority of its own, and is asked by the scheduler, so that no asker stands behind it but its owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daemon.core import braking, budgets, closing, jobends, limiting, orders, shifts
from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed
from daemon.core.model import Authority, Claim, Event, Job, Role, Session
from daemon.core.orders import known
from daemon.core.rules import asking, jobs
from daemon.core.rules.cleaning import clean, fitted, line
from daemon.core.rules.jobs import State
from daemon.core.rules.presence import IN_TURN
from daemon.core.schedules import SCHEDULER
from daemon.core.view import Plan

MOST_CLAIMS: Final = 20
CLAIM: Final = 300


def configure(plan: Plan, command: c.ConfigureWork) -> None:
    """What the config says, and nothing of what it said before."""
    plan.put(command.rota)


def update(plan: Plan, command: c.UpdateJob) -> Job:
    """Whoever does it says how far it is: ``running`` and ``blocked`` hold it open, ``done`` and ``failed`` end it.

    Raises:
        NotFound, NotAllowed: there is none, or somebody else does it.
        InvalidTransition: it does not run.
        Conflict: what it comes after failed, so it was never begun.

    """
    job = known(plan, command.job_id)
    if command.by and command.by != job.to:
        raise NotAllowed(f'job "{job.job_id}" is not yours to do', "only whoever does it says how far it is")
    note = fitted(clean(command.note))
    claims = (*job.claims, *_claims(command.claims))
    noted = replace(job, note=note or job.note, claims=claims, claimed=job.claimed or bool(command.claims))
    if len(claims) > MOST_CLAIMS:
        raise Malformed(f"{len(claims)} claims", f"{MOST_CLAIMS} at most")
    after = _went(plan, noted, command.state, note)
    if jobs.is_over(after):
        _withdraw(plan, after)
    shifts.begin(plan)
    return plan.job(job.job_id) or after


def cancel(plan: Plan, command: c.CancelJob) -> Job:
    """It ends: its ask is withdrawn, and a turn that works on it makes no further tool call.

    Raises:
        NotFound, NotAllowed: as ever.
        Conflict: it is over already.

    """
    job = owned(plan, command.job_id, command.by)
    if jobs.is_over(job):
        raise Conflict(f'job "{job.job_id}" is {job.state} already', "nothing is left to cancel")
    after = jobends.became(plan, job, jobs.Cancel(command.named), by=command.by)
    _stop(plan, job, command.named)
    shifts.begin(plan)
    return after


def retry(plan: Plan, command: c.RetryJob) -> Job:
    """Try it anew, as if it had never been tried; what is blocked is asked once more.

    Raises:
        NotFound, NotAllowed: as ever.
        Conflict: what it comes after failed.
        InvalidTransition: it goes on, or is done.

    """
    job = owned(plan, command.job_id, command.by)
    if why := jobs.broken(jobends.before(plan, job)):
        raise Conflict(f"it would never begin: {why}", "retry that first")
    event = jobs.Return("") if job.state == State.BLOCKED else jobs.Retry()
    late = job.deadline_at and job.deadline_at <= plan.now
    anew = job.deadline_at - job.created_at + plan.now if late and job.deadline_at else job.deadline_at
    jobends.became(plan, replace(job, deadline_at=anew), event)
    _withdraw(plan, job)
    shifts.begin(plan)
    return plan.job(job.job_id) or job


def begin(plan: Plan, command: c.BeginJobs) -> int:
    """Decide what time has brought about, and begin what may begin; returns of how many something was decided."""
    due = plan.view.jobs_due(plan.now)
    for job in due:
        _came(plan, plan.job(job.job_id) or job)
    return len(due) + limiting.due(plan) + shifts.begin(plan)


def give(plan: Plan, command: c.GiveJob) -> Job:
    """Somebody was started for it in its folder: ask them. One that is not waited for any more changes nothing."""
    job = known(plan, command.job_id)
    to = plan.peer(command.to)
    if job.state != State.RUNNING or job.ask_id != shifts.STARTING or to is None:
        return job
    return jobends.became(plan, job, jobs.Give(to.peer_id, shifts.asked_of(plan, job, to)))


def fail(plan: Plan, command: c.FailJob) -> Job:
    """Nobody could be started for it."""
    job = known(plan, command.job_id)
    if job.state != State.RUNNING or job.ask_id != shifts.STARTING:
        return job
    after = jobends.became(plan, job, jobs.Fail(line(command.why, CLAIM), again=command.again))
    shifts.begin(plan)
    return after


def judge(plan: Plan, command: c.JudgeClaims) -> Job:
    """What was claimed was looked at."""
    job = known(plan, command.job_id)
    judged = {each.claim: each for each in command.claims}
    claims = tuple(judged.get(each.claim, each) for each in job.claims)
    left = any(each.verified is None and not each.why for each in claims)
    after = jobends.kept(plan, replace(job, claims=claims, claimed=left))
    told = ", ".join(f"{each.claim}: {verdict(each)}" for each in command.claims)
    plan.tell(Event("job_claims", job.job_id, job.owner, what=line(told, CLAIM)))
    return after


def died(plan: Plan, session: Session) -> None:
    """The session is gone for good: what it was at has failed."""
    lost = [job for job in plan.view.jobs_running() if job.to == session.peer_id and _was_seen(plan, job)]
    for job in lost:
        jobends.became(plan, job, jobs.Fail("its session ended"))
        _withdraw(plan, job)
    if lost:
        shifts.begin(plan)


def left(plan: Plan, session: Session) -> None:
    """Nobody is there for what it was asked and has not seen: that takes no place until somebody is."""
    if any(job.to == session.peer_id for job in plan.view.jobs_running()):
        shifts.begin(plan)


def owned(plan: Plan, job_id: str, by: str) -> Job:
    """The job, if it is theirs to change; ``by``: "" is the owner of the machine."""
    job, peer = known(plan, job_id), plan.peer(by) if by else None
    may = peer and (peer.authority is Authority.OWNER or peer.role is Role.ORCHESTRATOR)
    if by and by != job.owner and not may:
        raise NotAllowed(
            f'job "{job_id}" is not yours', "whoever wants it, an orchestrator or the owner changes it"
        )
    return job


def waits_for(plan: Plan, job: Job) -> str:
    """What holds it up, for people; "": nothing does."""
    if job.state == State.QUEUED:
        return shifts.waits_for(plan, job, shifts.Crew(plan))
    ask = plan.ask(job.ask_id)
    if job.state == State.RUNNING and ask and ask.state == asking.State.OPEN:
        return "it is asked, and not seen yet"
    return job.reason if job.state == State.BLOCKED else ""


def verdict(claim: Claim) -> str:
    known_as = {True: "verified", False: "not so", None: "unverified"}
    return known_as[claim.verified] + (f" ({claim.why})" if claim.why else "")


def _claims(told: Sequence[str]) -> list[Claim]:
    found = [line(each, CLAIM) for each in told]
    if any(not each for each in found):
        raise Malformed("an empty claim", "say `commit SHA`, `file PATH`, `tests` or what is so")
    return [Claim(claim=each) for each in dict.fromkeys(found)]


def _went(plan: Plan, job: Job, state: str, note: str) -> Job:
    match state:
        case "running":
            _check_begun(plan, job)
            going = jobends.became(plan, job, jobs.Start()) if job.state == State.BLOCKED else job
            return jobends.kept(plan, jobs.advance(going, jobs.Hold(), now=plan.now))
        case "blocked":
            return jobends.became(plan, job, jobs.Block(note or "whoever does it says so"))
        case "done":
            return jobends.became(plan, job, jobs.Finish(note))
        case "failed":
            return jobends.became(plan, job, jobs.Fail(note or "whoever did it says so", again=False))
        case _:
            raise Malformed(f'state "{state[:20]}"', "say running, blocked, done or failed")


def _check_begun(plan: Plan, job: Job) -> None:
    """One that waits for what it comes after was never asked of anybody, so nobody can go on with it."""
    if job.state == State.BLOCKED and (why := jobs.broken(jobends.before(plan, job))):
        raise Conflict(f'job "{job.job_id}" was not begun: {why}', "whoever wants it retries that first")


def _came(plan: Plan, job: Job) -> None:
    """What time brings about for one job."""
    if jobs.is_over(job):
        return
    over, again = _spent(plan, job)
    if job.deadline_at and job.deadline_at <= plan.now:
        jobends.became(plan, job, jobs.Expire())
        _stop(plan, job, "its deadline")
    elif over:
        jobends.became(plan, job, jobs.Fail(over, again=again))
        _stop(plan, job, "its budget")
    elif job.tonight and job.state == State.QUEUED:
        jobends.kept(plan, replace(job, due_at=orders.tonight(plan.rota(), job, plan.now)))
    else:
        jobends.kept(plan, job)


def _spent(plan: Plan, job: Job) -> tuple[str, bool]:
    """Of what it took more than it may, and whether another try may help."""
    rota = plan.rota()
    ends = budgets.ends_at(rota, job)
    if job.state != State.RUNNING:
        return "", False
    if over := budgets.spent(rota, job):
        return over, False
    over = f"it took longer than {budgets.minutes(rota, job)} minutes"
    return (over, not job.minutes) if ends and ends <= plan.now else ("", False)


def _stop(plan: Plan, job: Job, by: str) -> None:
    """Nobody is to go on with it. ``job``: as it was before it ended."""
    peer = plan.peer(job.to)
    session, ask = plan.session_of(peer) if peer else None, plan.ask(job.ask_id)
    at_work = job.state != State.QUEUED and session is not None and session.turn in IN_TURN
    if peer and session and at_work and ask and session.turn_ask == ask.ask_id:
        braking.stop(plan, c.StopTurn(peer_id=peer.peer_id, by=by))
    _withdraw(plan, job)


def _was_seen(plan: Plan, job: Job) -> bool:
    ask = plan.ask(job.ask_id)
    return ask is None or ask.state != asking.State.OPEN


def _withdraw(plan: Plan, job: Job) -> None:
    ask = plan.ask(job.ask_id)
    if ask and not asking.is_over(ask):
        closing.cancel(plan, c.CancelAsk(ask_id=ask.ask_id, by=SCHEDULER.peer_id))
