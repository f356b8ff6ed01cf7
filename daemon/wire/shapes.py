"""The nouns as the outside sees them: the JSON of product and ``--json``, stable; fields may be added."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from daemon.core import model as m
from daemon.core.rules.delivery import level

Json = dict[str, Any]


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds, ``2026-11-21T09:00:00.000Z``."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None


def peer(shown: m.PeerShown, now: datetime) -> Json:
    one, session = shown.peer, shown.session
    return {
        "peer_id": one.peer_id,
        "name": one.name,
        "circle": one.circle,
        "role": one.role,
        "backend": one.backend,
        "path": one.path,
        "machine": one.machine,
        "branch": one.branch,
        "status": shown.status,
        "turn_state": _turn_state(shown),
        "turn_source": session.turn_source if session else "",
        "turn_age_s": round((now - session.turn_at).total_seconds(), 3) if session else None,
        "description": one.description,
        "last_seen": moment(one.last_seen),
        "role_since": moment(one.role_at),
        "persona": one.persona,
        "availability": shown.availability,
        "reach": {"road": shown.reach.road, "proof": shown.reach.proof, "reason": shown.reach.reason},
    }


def _turn_state(shown: m.PeerShown) -> str:
    if shown.started:
        return m.Turn.PENDING_FIRST_TURN
    return shown.session.turn if shown.session else ""


def spawn(one: m.Spawned, by: str, attach: str) -> Json:
    """``by``: the name of who wanted it; ``attach``: the command that shows its terminal."""
    start = one.spawn
    return {
        "spawn_id": start.spawn_id,
        "peer_id": one.peer.peer_id,
        "name": one.peer.name,
        "circle": one.peer.circle,
        "backend": start.backend,
        "profile": start.profile,
        "path": start.path,
        "branch": start.branch,
        "worktree": start.worktree,
        "state": start.state,
        "reason": start.reason,
        "by": by,
        "depth": start.depth,
        "attach": attach,
        "ask_id": one.ask_id,
        "wanted_at": moment(start.wanted_at),
    }


def sender(who: m.Sender) -> Json:
    """``from`` is always the name; who that is stands beside it."""
    return {
        "from": who.name,
        "from_peer": {
            "peer_id": who.peer_id,
            "circle": who.circle,
            "role": who.role,
            "authority": who.authority,
            "person": who.person,
        },
    }


def ask(shown: m.AskShown) -> Json:
    one = shown.ask
    heard = {each.sender.peer_id for each in one.answers}
    told: Json = {
        "ask_id": one.ask_id,
        "state": one.state,
        "to": [who.name for who in shown.to],
        "question": one.question,
        "options": list(one.options),
        "need": one.need,
        "answers": [answer(each) for each in one.answers],
        "absent": [who.name for who in shown.to if who.peer_id not in heard],
        "deadline_at": moment(one.deadline_at),
        "created_at": moment(one.created_at),
        "ended_at": moment(one.ended_at),
        "pending": one.ended_at is None,
    }
    if shown.carriages:
        told["deliveries"] = carriages(shown.carriages)
    return told


def answer(one: m.Answer) -> Json:
    return {
        **sender(one.sender),
        "text": one.text,
        "option": one.option,
        "how": one.how,
        "at": moment(one.at),
        "late": one.late,
    }


def sent(one: m.Sent) -> Json:
    return {"message_id": one.envelope.envelope_id, "deliveries": carriages(one.carriages)}


def carriages(all_of_them: Iterable[m.Carriage]) -> list[Json]:
    return [
        {
            "peer": each.peer.name,
            "peer_id": each.peer.peer_id,
            "level": level(each.delivery),
            "road": each.reach.road,
            "recipient_state": each.turn or each.status,
            "reason": each.reach.reason,
            "ahead": each.ahead,
        }
        for each in all_of_them
    ]


def message(parcel: m.Parcel) -> Json:
    envelope = parcel.envelope
    about = envelope.envelope_id if envelope.kind is m.Kind.ASK else envelope.correlation_id
    return {
        "message_id": envelope.envelope_id,
        "kind": envelope.kind,
        **sender(envelope.sender),
        "text": envelope.body,
        "ask_id": about,
        "options": list(envelope.options),
        "urgency": envelope.urgency,
        "schedule_id": envelope.schedule or None,
        "at": moment(envelope.created_at),
        "level": level(parcel.delivery),
    }


def past(envelope: m.Envelope, own: str, to: Iterable[str]) -> Json:
    """A message of a peer's history; ``own``: the peer's id, ``to``: the recipients' names."""
    about = envelope.envelope_id if envelope.kind is m.Kind.ASK else envelope.correlation_id
    return {
        "message_id": envelope.envelope_id,
        "kind": envelope.kind,
        "direction": "sent" if envelope.sender.peer_id == own else "received",
        **sender(envelope.sender),
        "to": list(to),
        "text": envelope.body,
        "ask_id": about,
        "at": moment(envelope.created_at),
    }


def why(story: m.Story) -> Json:
    envelope, one = story.envelope, story.ask
    waits = dict(story.waits)
    deliveries = [
        {"peer": who.name, "peer_id": who.peer_id, "level": level(each)}
        | {"reason": each.reason or waits.get(each.delivery_id, "")}
        | {"road": each.road, "attempts": each.attempts, "events": _events(story.told, who.peer_id)}
        for each, who in story.deliveries
    ]
    ended = {"how": one.state, "at": moment(one.ended_at)} if one and one.ended_at else None
    return {
        "id": envelope.envelope_id,
        "kind": envelope.kind,
        **sender(envelope.sender),
        "state": one.state if one else _furthest(story.deliveries),
        "text": envelope.body,
        "schedule_id": envelope.schedule or None,
        "trace": envelope.trace or envelope.envelope_id,
        "hops": envelope.hops,
        "at": moment(envelope.created_at),
        "deliveries": deliveries,
        "events": _events(story.told, ""),
        "ended": ended,
    }


def event(told: m.Told) -> Json:
    """One line of the feed."""
    one = told.event
    return {
        "seq": told.seq,
        "at": moment(told.at),
        "type": one.type,
        "ref": one.ref,
        "peer_id": one.peer_id,
        "what": one.what,
        "evidence": one.evidence,
    }


def person(one: m.Person) -> Json:
    return {
        "surface": one.surface,
        "id": one.account,
        "name": one.name,
        "rights": list(one.rights),
        "owner": one.owner,
        "source": "paired" if one.paired_at else "config",
    }


def _events(told: Iterable[m.Told], peer_id: str) -> list[Json]:
    return [
        {"at": moment(each.at), "what": each.event.what, "evidence": each.event.evidence}
        for each in told
        if each.event.peer_id == peer_id or not peer_id
    ]


def _furthest(deliveries: Iterable[tuple[m.Delivery, m.Peer]]) -> str:
    levels = {level(each) for each, _ in deliveries}
    return next(iter(levels)) if len(levels) == 1 else "underway"
