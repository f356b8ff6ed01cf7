"""The shapes of what lies ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from daemon.core import model as m
from daemon.core import schedules
from daemon.core.rules import when
from daemon.wire.shapes import moment

Json = dict[str, Any]


def schedule(one: m.Schedule, owner: str) -> Json:
    return {
        "schedule_id": one.schedule_id,
        "owner": owner,
        "person": one.person,
        "to": list(one.to),
        "circle": one.circle or None,
        "text": one.text,
        "kind": one.kind,
        "rule": schedules.rule_told(one),
        "timezone": one.zone,
        "state": one.state,
        "reason": one.reason,
        "next_at": moment(one.next_at),
        "next": when.moment(one.next_at, one.zone) if one.next_at else "",
        "last_at": moment(one.last_at),
        "missed": one.missed,
        "overlap": one.overlap,
        "until": moment(one.until),
        "jitter_s": one.jitter_s,
        "checkin": one.checkin or None,
        "created_at": moment(one.created_at),
    }


def checkin(one: m.Checkin, its: m.Schedule, owner: str) -> Json:
    """``its``: the schedule that begins its rounds."""
    return {
        "name": one.name,
        "schedule_id": one.schedule_id,
        "owner": owner,
        "ask": its.text,
        "of": list(its.to),
        "report_to": one.report_to,
        "within_s": one.within_s,
        "rule": schedules.rule_told(its),
        "timezone": its.zone,
        "state": its.state,
        "next_at": moment(its.next_at),
        "next": when.moment(its.next_at, its.zone) if its.next_at else "",
        "looked_at": moment(one.looked_at),
        "heard": one.heard,
        "states": [situation(each) for each in one.states],
    }


def situation(one: m.Situation) -> Json:
    return {
        "peer": one.name,
        "peer_id": one.peer_id,
        "text": one.text,
        "blocked": one.blocked,
        "silent": one.silent,
        "at": moment(one.at),
    }


def history(found: Sequence[m.Occurrence]) -> list[Json]:
    return [occurrence(each) for each in found]


def occurrence(one: m.Occurrence) -> Json:
    return {
        "due_at": moment(one.due_at),
        "last_at": moment(one.last_at),
        "count": one.count,
        "more": one.more,
        "outcome": one.outcome,
        "reason": one.reason,
        "message_id": one.envelope_id or None,
        "decided_at": moment(one.decided_at),
    }


@dataclass(frozen=True, slots=True)
class Names:
    """Of those whom a job concerns; "": gone, or nobody yet."""

    owner: str
    doer: str


def job(one: m.Job, names: Names) -> Json:
    return {
        "job_id": one.job_id,
        "title": one.title,
        "prompt": one.prompt,
        "state": one.state,
        "reason": one.reason,
        "owner": names.owner,
        "person": one.person,
        "assignee": names.doer or (f"{one.path} ({one.backend})" if one.path else one.to),
        "path": one.path or None,
        "backend": one.backend,
        "circle": one.circle,
        "after": list(one.after),
        "ask_id": one.ask_id if one.ask_id.startswith("a-") else None,
        "tries": one.tries,
        "retries": one.retries,
        "messages": one.messages or None,
        "wakes": one.wakes or None,
        "minutes": one.minutes or None,
        "sent": one.sent,
        "woken": one.woken,
        "tonight": one.tonight,
        "held": one.held,
        "created_at": moment(one.created_at),
        "due_at": moment(one.due_at),
        "began_at": moment(one.began_at),
        "deadline_at": moment(one.deadline_at),
        "ended_at": moment(one.ended_at),
        "note": one.note,
        "result": one.result or None,
        "claims": [asdict(each) for each in one.claims],
    }
