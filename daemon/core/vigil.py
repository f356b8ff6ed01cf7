"""Whether the machine is to be kept awake: in the window of a circle that has jobs queued or running. Pure.

What is blocked, or waits for a usage limit beyond the window, keeps nothing awake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daemon.core import allowance
from daemon.core.model import Job
from daemon.core.rules import nights, usage
from daemon.core.rules.jobs import State
from daemon.core.rules.nights import Window
from daemon.core.view import Plan

KEEPS: Final = frozenset({State.QUEUED, State.RUNNING})
ALL: Final = -1
WHY: Final = "jobs of the night run"


@dataclass(frozen=True, slots=True)
class Vigil:
    """``again_at``: when that may change by time alone; None: not before something else happens."""

    awake: bool
    again_at: datetime | None


def program(pid: int, find: Callable[[str], str | None]) -> tuple[str, ...]:
    """What keeps this system awake for as long as that process lives; empty: it has nothing of the kind."""
    if caffeinate := find("caffeinate"):
        return (caffeinate, "-i", "-s", "-w", str(pid))
    inhibit, tail = find("systemd-inhibit"), find("tail")
    if not (inhibit and tail):
        return ()
    waits = (tail, "-s", "5", f"--pid={pid}", "-f", "/dev/null")
    return (inhibit, "--what=idle:sleep", "--who=peerline", f"--why={WHY}", "--mode=block", *waits)


def vigil(plan: Plan) -> Vigil:
    """What holds now."""
    found = [(job, window) for job in plan.view.jobs(limit=ALL, over=False) if (window := _window(plan, job))]
    times = [edge for _, window in found for edge in (window.begins, window.ends) if edge > plan.now]
    awake = any(window.holds(plan.now) and not _waits_beyond(plan, job, window) for job, window in found)
    return Vigil(awake, min(times, default=None))


def _window(plan: Plan, job: Job) -> Window | None:
    return nights.window(plan.rota(), job.circle, plan.now) if job.state in KEEPS else None


def _waits_beyond(plan: Plan, job: Job, window: Window) -> bool:
    if job.state == State.RUNNING:
        return False
    account = allowance.account_of(plan, job.backend, job.circle)
    limited = account.until_at if account.state == usage.State.LIMITED else None
    return any(at is not None and at >= window.ends for at in (limited, job.due_at))
