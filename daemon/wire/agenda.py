"""The shapes of what lies ahead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.core import model as m
from daemon.core import schedules, when
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
        "next_at": moment(one.next_at),
        "next": when.moment(one.next_at, one.zone) if one.next_at else "",
        "last_at": moment(one.last_at),
        "missed": one.missed,
        "overlap": one.overlap,
        "until": moment(one.until),
        "jitter_s": one.jitter_s,
        "created_at": moment(one.created_at),
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
