"""What an answer about times to come looks like; as in ``answers``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from daemon.api.answers import Moment, Told


class Occurrence(Told):
    due_at: Moment
    last_at: Moment
    count: int
    more: bool
    outcome: Literal["sent", "skipped", "folded", "overlapped", "failed"]
    reason: str
    message_id: str | None
    decided_at: Moment


class Schedule(Told):
    schedule_id: str
    owner: str
    to: list[str]
    text: str
    kind: Literal["ask", "notice"]
    rule: str
    timezone: str
    state: Literal["active", "paused", "over", "removed"]
    next_at: Moment | None
    next: str
    checkin: str | None
    occurrences: list[Occurrence] = Field(default_factory=list)


class Schedules(Told):
    schedules: list[Schedule]


class Decided(Told):
    decided: int


class Situation(Told):
    peer: str
    peer_id: str
    text: str
    blocked: bool
    silent: bool
    at: Moment


class Checkin(Told):
    name: str
    schedule_id: str
    owner: str
    ask: str
    of: list[str]
    report_to: str
    within_s: int
    rule: str
    timezone: str
    state: Literal["active", "paused", "over", "removed"]
    next_at: Moment | None
    next: str
    looked_at: Moment | None
    heard: int
    states: list[Situation]


class Checkins(Told):
    checkins: list[Checkin]
