"""A message on its way, and the session it is for, as the roads are given them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from daemon.core.model import Authority, Delivery, Envelope, Kind, Parcel, Role, Sender, Session

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MARK = "8H2KQ0TZ"


def parcel(body: str = "how far are you?", mark: str = MARK) -> Parcel:
    sender = Sender(
        peer_id="p-1", name="telegram", circle="dev", role=Role.HUMAN, authority=Authority.OWNER, person="ada"
    )
    late = NOON + timedelta(days=1)
    envelope = Envelope(
        envelope_id="m-1",
        kind=Kind.NOTICE,
        sender=sender,
        to=("p-2",),
        body=body,
        created_at=NOON,
        expires_at=late,
    )
    delivery = Delivery(
        delivery_id="d-1",
        envelope_id="m-1",
        peer_id="p-2",
        kind=Kind.NOTICE,
        state="leased",
        due_at=NOON,
        expires_at=late,
        attempts=1,
        mark=mark,
    )
    return Parcel(delivery, envelope)


def session(pid: int = 1, started: int = 1, session_id: str = "s", **more: Any) -> Session:
    return Session(
        session_id=session_id,
        peer_id="p-2",
        pid=pid,
        started=started,
        began_at=NOON,
        turn_at=NOON,
        **more,
    )
