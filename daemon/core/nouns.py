"""What is written: every noun that has a row of its own, and the fields by which it is found again."""

from __future__ import annotations

from typing import Any, Final

from daemon.core import model as m

Noun = (
    m.Peer
    | m.Session
    | m.Persona
    | m.Conversation
    | m.Person
    | m.Place
    | m.Incoming
    | m.Pairing
    | m.Envelope
    | m.Delivery
    | m.Ask
    | m.Sticky
    | m.Approval
    | m.Circle
    | m.Lock
    | m.Outage
    | m.Errand
    | m.Follow
    | m.Quiet
    | m.Schedule
    | m.Occurrence
    | m.Checkin
    | m.Job
    | m.Review
    | m.Rota
    | m.Account
    | m.Attention
    | m.Custom
    | m.Escalation
    | m.Spawn
)

KEYS: Final[dict[type, tuple[str, ...]]] = {
    m.Peer: ("peer_id",),
    m.Session: ("session_id",),
    m.Persona: ("peer_id",),
    m.Conversation: ("peer_id",),
    m.Person: ("surface", "account"),
    m.Place: ("surface", "address"),
    m.Incoming: ("surface", "update_id"),
    m.Pairing: ("surface",),
    m.Envelope: ("envelope_id",),
    m.Delivery: ("delivery_id",),
    m.Ask: ("ask_id",),
    m.Sticky: ("conversation", "person"),
    m.Approval: ("approval_id",),
    m.Circle: ("name",),
    m.Lock: ("name",),
    m.Outage: ("surface",),
    m.Errand: ("errand_id",),
    m.Follow: ("conversation", "peer_id", "what"),
    m.Quiet: ("surface", "room"),
    m.Schedule: ("schedule_id",),
    m.Occurrence: ("schedule_id", "due_at"),
    m.Checkin: ("name",),
    m.Job: ("job_id",),
    m.Review: ("review_id",),
    m.Rota: ("name",),
    m.Account: ("name",),
    m.Attention: ("person",),
    m.Custom: ("name",),
    m.Escalation: ("ask_id",),
    m.Spawn: ("spawn_id",),
}


def key_of(noun: Noun) -> tuple[Any, ...]:
    """Its kind, and by what it is known among those of its kind."""
    return (type(noun), *(getattr(noun, name) for name in KEYS[type(noun)]))
