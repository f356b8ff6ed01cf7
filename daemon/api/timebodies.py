"""What may stand in a request about times to come."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, Field, StringConstraints, model_validator

from daemon.api.bodies import Name, Query, Strict, Words, whole

Time = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Timed(Strict):
    """Exactly one of ``at``, ``every``, ``cron`` and ``when`` (a person's words for any of these)."""

    at: Time | None = None
    every: Time | None = None
    cron: Time | None = None
    when: Time | None = None
    timezone: Time | None = None

    @model_validator(mode="after")
    def one_time(self) -> Self:
        if sum(each is not None for each in (self.at, self.every, self.cron, self.when)) != 1:
            raise ValueError("give exactly one of at, every, cron and when")
        return self


class ScheduleBody(Timed):
    to: Annotated[list[Name], Field(min_length=1, max_length=100)]
    text: Words
    kind: Literal["ask", "notice"] = "notice"
    circle: Name | None = None
    missed: Literal["once", "skip", "all"] = "once"
    most: Annotated[int, Field(ge=1, le=100), BeforeValidator(whole)] = 10
    overlap: Literal["skip", "allow"] | None = None
    until: Annotated[AwareDatetime, Field(strict=False)] | None = None
    jitter_s: Annotated[int, Field(ge=0, le=3600), BeforeValidator(whole)] = 0
    spawn: bool = False  #: start a peer where nobody is meant


class ScheduleChange(Strict):
    state: Literal["active", "paused"]


class SchedulesQuery(Query):
    whose: Literal["mine", "all"] = "mine"
    over: bool = False  #: those that are over, too


class CheckinBody(Timed):
    name: Name
    ask: Words
    of: Annotated[list[Name], Field(min_length=1, max_length=100)]
    report_to: Name = "me"
    circle: Name | None = None
    within_s: Annotated[int, Field(ge=1, le=10**6), BeforeValidator(whole)] | None = None
