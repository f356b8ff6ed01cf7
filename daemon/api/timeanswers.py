"""The shapes that are told of times to come."""

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
    occurrences: list[Occurrence] = Field(default=[])


class Schedules(Told):
    schedules: list[Schedule]


class Decided(Told):
    decided: int


class Claim(Told):
    """``verified`` is null for what was not, or cannot be, looked at."""

    claim: str
    verified: bool | None
    why: str


class Job(Told):
    job_id: str
    title: str
    prompt: str
    state: Literal["queued", "running", "blocked", "done", "failed", "cancelled", "expired"]
    reason: str
    owner: str
    person: str
    assignee: str
    path: str | None
    backend: str
    circle: str
    after: list[str]
    ask_id: str | None
    tries: int
    retries: int
    messages: int | None
    wakes: int | None
    minutes: int | None
    sent: int
    woken: int
    tonight: bool
    held: bool
    created_at: Moment
    due_at: Moment | None
    began_at: Moment | None
    deadline_at: Moment | None
    ended_at: Moment | None
    note: str
    result: str | None
    claims: list[Claim]
    waits_for: str = ""


class Jobs(Told):
    jobs: list[Job]


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
