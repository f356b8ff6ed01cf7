"""Usage limits, drawn through to jobs: what a limited account was at is paused, and goes on when it is free again.

Rule: a pause costs no try and rings nobody; the owner is told once for each time an account runs out.
"""

from __future__ import annotations

from typing import Final

from daemon.core import allowance, attending, closing, jobends, shifts
from daemon.core import commands as c
from daemon.core.model import Account, Event, Kind, Session
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules import asking, jobs, resets, usage
from daemon.core.rules.measures import counted
from daemon.core.rules.usage import State
from daemon.core.schedules import SCHEDULER
from daemon.core.view import Plan

PAUSED: Final = "its usage limit was reached"


def hit(plan: Plan, command: c.HitLimit) -> None:
    """A turn of that session ended because nothing is left to use."""
    session = plan.session(command.session_id)
    peer = plan.peer(session.peer_id) if session else None
    if peer is None:
        return
    rota = plan.rota()
    before = allowance.account_of(plan, peer.backend, peer.circle)
    until = resets.moment(resets.How(command.how), command.said, plan.now, rota.zone)
    after = usage.advance(before, usage.Hit(until), now=plan.now)
    plan.put(after)
    told = f"{after.until_at:%Y-%m-%d %H:%M} UTC" if after.until_at else ""
    plan.tell(Event("usage_limit", after.name, peer.peer_id, after.state, told))
    paused = _paused(plan, peer.peer_id, command.session_id)
    if before.state == State.FREE:
        _tell(plan, after, paused)


def due(plan: Plan) -> int:
    """Whose time has come: one job of each may try. Returns how many accounts that were."""
    ready = [
        x for x in plan.view.accounts() if x.state == State.LIMITED and x.until_at and x.until_at <= plan.now
    ]
    for account in ready:
        plan.put(usage.advance(account, usage.Reset(), now=plan.now))
        plan.tell(Event("usage_limit", account.name, what=State.TRYING))
    return len(ready)


def went_well(plan: Plan, session: Session) -> None:
    """A turn is over, and its words came: if it began since, its account has something to use."""
    peer = plan.peer(session.peer_id)
    account = allowance.account_of(plan, peer.backend, peer.circle) if peer else None
    if account is None or not usage.can(account, usage.Pass):
        return
    if session.turn_began_at and account.since_at and session.turn_began_at > account.since_at:
        plan.put(usage.advance(account, usage.Pass(), now=plan.now))
        allowance.freed(plan, account)
        plan.tell(Event("usage_limit", account.name, what=State.FREE))
        shifts.begin(plan)


def _paused(plan: Plan, peer_id: str, session_id: str) -> int:
    """What its turn was about is queued again; returns how many jobs that were."""
    session = plan.session(session_id)
    at_work = [
        x for x in plan.view.jobs_running() if x.to == peer_id and (not x.held or _is_at(session, x.ask_id))
    ]
    for stale in at_work:
        job = plan.job(stale.job_id) or stale
        jobends.became(plan, job, jobs.Return(PAUSED))
        ask = plan.ask(job.ask_id)
        if ask and not asking.is_over(ask):
            closing.cancel(plan, c.CancelAsk(ask_id=ask.ask_id, by=SCHEDULER.peer_id))
    return len(at_work)


def _is_at(session: Session | None, ask_id: str) -> bool:
    return session is not None and session.turn_ask == ask_id


def _tell(plan: Plan, account: Account, paused: int) -> None:
    """It wants nothing of the owner, so it is shown without a sound."""
    waits = f"; {counted(paused, 'job')} paused" if paused else ""
    text = f"{allowance.told(plan, account)}{waits}. Its jobs go on by themselves."
    for room in attending.rooms(plan, attending.OWNER)[:1]:
        post(plan, LINE, [room], Letter(kind=Kind.NOTICE, text=text, silent=True))
