"""What became of the times of schedules: one row for each, or for several in a row that share their fate."""

from __future__ import annotations

from daemon.core.model import Event, Occurrence, Outcome, Schedule
from daemon.core.rules.timetable import Due
from daemon.core.view import Plan


def written(
    plan: Plan, schedule: Schedule, due: Due, outcome: Outcome, reason: str, envelope_id: str = ""
) -> Occurrence:
    row = Occurrence(
        schedule_id=schedule.schedule_id,
        due_at=due.at,
        last_at=due.last_at,
        count=due.count,
        more=due.more,
        outcome=outcome,
        reason=reason,
        envelope_id=envelope_id,
        decided_at=plan.now,
    )
    plan.put(row)
    plan.tell(Event("schedule_fired", schedule.schedule_id, schedule.owner, what=outcome, evidence=reason))
    return row
