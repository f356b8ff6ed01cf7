"""What may stand in a request about times to come."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, model_validator

from daemon.api.bodies import Name, Query, Strict, Words, whole

Time = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class ScheduleBody(Strict):
    """Exactly one of ``at``, ``every``, ``cron`` and ``when`` (a person's words for any of these)."""

    to: Annotated[list[Name], Field(min_length=1, max_length=100)]
    text: Words
    at: Time | None = None
    every: Time | None = None
    cron: Time | None = None
    when: Time | None = None
    timezone: Time | None = None
    kind: Literal["ask", "notice"] = "notice"
    circle: Name | None = None
    missed: Literal["once", "skip", "all"] = "once"
    most: Annotated[int, Field(ge=1, le=100), BeforeValidator(whole)] = 10
    overlap: Literal["skip", "allow"] = "skip"
    until: Annotated[AwareDatetime, Field(strict=False)] | None = None
    jitter_s: Annotated[int, Field(ge=0, le=3600), BeforeValidator(whole)] = 0

    @model_validator(mode="after")
    def one_time(self) -> ScheduleBody:
        if sum(each is not None for each in (self.at, self.every, self.cron, self.when)) != 1:
            raise ValueError("give exactly one of at, every, cron and when")
        return self


class ScheduleChange(Strict):
    state: Literal["active", "paused"]


class SchedulesQuery(Query):
    whose: Literal["mine", "all"] = "mine"


Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class JobBody(Strict):
    """For a peer (``to``), or for somebody who is started in a folder (``path`` and ``backend``)."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    prompt: Words | None = None
    to: Name | None = None
    path: Annotated[str, StringConstraints(min_length=1, max_length=4096)] | None = None
    backend: Name | None = None
    circle: Name | None = None
    after: Annotated[list[Id], Field(max_length=50, default=[])]
    at: Time | None = None
    timezone: Time | None = None
    tonight: bool = False
    deadline_s: Annotated[int, Field(ge=1, le=366 * 24 * 3600), BeforeValidator(whole)] | None = None
    retries: Annotated[int, Field(ge=0, le=10), BeforeValidator(whole)] = 0

    @model_validator(mode="after")
    def one_doer(self) -> JobBody:
        if (self.to is None) == (self.path is None):
            raise ValueError("give either to, or path and backend")
        return self


class JobChange(Strict):
    state: Literal["running", "blocked", "done", "failed"]
    note: Annotated[str, StringConstraints(max_length=65536)] = ""
    claims: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=300)]],
        Field(max_length=20, default=[]),
    ]


class JobsQuery(Query):
    whose: Literal["mine", "all"] = "mine"
    over: bool = True
    limit: Annotated[int, Field(ge=1, le=1000)] = 200
