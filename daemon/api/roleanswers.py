"""What an answer about the line at a glance looks like."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from daemon.api.answers import Moment, RoleWord, Told

StatusWord = Literal["online", "busy", "offline"]


class Signed(Told):
    last_sign: Moment
    last_sign_age_s: float
    last_sign_by: str


class Presence(Signed):
    peer_id: str
    name: str
    circle: str
    status: StatusWord
    since: Moment | None
    evidence: str


class OpenAsk(Told):
    ask_id: str
    from_: str = Field(alias="from")  #: the asker's id
    state: str
    age_s: float


class GoingJob(Told):
    job_id: str
    title: str
    state: str


class Stuck(Told):
    why: Literal["dead", "person", "usage limit", "peer", "error", "silent"]
    evidence: str
    age_s: float


class Row(Signed):
    peer_id: str
    name: str
    circle: str
    role: RoleWord
    backend: str
    persona: str
    status: StatusWord
    turn_state: str
    doing: str
    description: str
    asks: list[OpenAsk]
    jobs: list[GoingJob]
    reviews: list[str]
    stuck: list[Stuck]


class Ahead(Told):
    schedule_id: str
    to: list[str]
    text: str
    next_at: Moment | None


class Overview(Told):
    circle: str
    at: Moment
    orchestrators: list[Presence]
    peers: list[Row]
    schedules: list[Ahead]
    more_schedules: int
    text: str
