"""The line at a glance, as JSON: everything that is known, with its age in seconds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from daemon.core import overviewwords
from daemon.core.overview import Overview, Row, Stuck
from daemon.wire.shapes import moment

Json = dict[str, Any]


def overview(found: Overview) -> Json:
    return {
        "circle": found.circle,
        "at": moment(found.at),
        "orchestrators": [_presence(row, found.at) for row in found.orchestrators],
        "peers": [_row(row, found.at) for row in found.rows],
        "schedules": [
            {
                "schedule_id": x.schedule_id,
                "to": list(x.to),
                "text": x.text[:200],
                "next_at": moment(x.next_at),
            }
            for x in found.schedules
        ],
        "more_schedules": found.more_schedules,
        "text": overviewwords.compact(found),
    }


def _presence(row: Row, now: datetime) -> Json:
    return {
        "peer_id": row.peer.peer_id,
        "name": row.peer.name,
        "circle": row.peer.circle,
        "status": row.found.status,
        "since": moment(row.peer.role_at),
        **_sign(row, now),
        "evidence": row.found.evidence(now),
    }


def _row(row: Row, now: datetime) -> Json:
    return {
        "peer_id": row.peer.peer_id,
        "name": row.peer.name,
        "circle": row.peer.circle,
        "role": row.peer.role,
        "backend": row.peer.backend,
        "persona": row.peer.persona,
        "status": row.found.status,
        "turn_state": row.found.turn,
        "doing": row.doing,
        "description": row.peer.description,
        **_sign(row, now),
        "asks": [
            {"ask_id": x.ask_id, "from": x.asker, "state": x.state, "age_s": _age(x.created_at, now)}
            for x in row.asks
        ],
        "jobs": [{"job_id": x.job_id, "title": x.title, "state": x.state} for x in row.jobs],
        "reviews": list(row.reviews),
        "stuck": [_stuck(each, now) for each in row.stuck],
    }


def _sign(row: Row, now: datetime) -> Json:
    sign = row.found.sign
    return {"last_sign": moment(sign.at), "last_sign_age_s": _age(sign.at, now), "last_sign_by": sign.how}


def _stuck(stuck: Stuck, now: datetime) -> Json:
    return {"why": stuck.why, "evidence": stuck.evidence, "age_s": _age(stuck.since, now)}


def _age(at: datetime, now: datetime) -> float:
    return round(max(0.0, (now - at).total_seconds()), 3)
