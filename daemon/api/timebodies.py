"""What may stand in a request about times to come."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from daemon.api.bodies import NAMED, Name, Query, Strict, Words, described, whole
from daemon.core.rules.jobs import LARGEST_BUDGET, LONGEST_BUDGET

Time = Annotated[str, StringConstraints(min_length=1, max_length=200)]
SAID = "or otherwise as a person says it"
At = Annotated[Time, described(pattern=r"^in [1-9][0-9]?[mh]$", description=SAID)]
Length = Annotated[Time, described(pattern=r"^[1-9][0-9]?h$", description=SAID)]
Line = Annotated[Time, described(pattern=r"^[1-5]?[0-9] 1?[0-9] \* \* \*$", description=SAID)]
Zone = Annotated[Time, described(pattern="^(UTC|Europe/London)$", description="any of the IANA's")]
End = Annotated[
    AwareDatetime,
    Field(strict=False),
    described(pattern="^2[1-9][0-9]{2}-", description="after the first of its times"),
]
ONE_TIME: list[Any] = [
    {"required": [name], "properties": {name: {"type": "string"}}} for name in ("at", "every", "cron", "when")
]


class Timed(Strict):
    """Exactly one of ``at``, ``every``, ``cron`` and ``when`` (a person's words for any of these)."""

    model_config = ConfigDict(json_schema_extra={"oneOf": ONE_TIME})
    at: At | None = None
    every: Length | None = None
    cron: Line | None = None
    when: At | None = None
    timezone: Zone | None = None

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
    until: End | None = None
    jitter_s: Annotated[int, Field(ge=0, le=3600), BeforeValidator(whole)] = 0
    spawn: bool = False  #: start a peer where nobody is meant


class ScheduleChange(Strict):
    state: Literal["active", "paused"]


class SchedulesQuery(Query):
    whose: Literal["mine", "all"] = "mine"
    over: bool = False  #: those that are over, too


class CheckinBody(Timed):
    name: Annotated[Name, described(pattern=NAMED)]
    ask: Words
    of: Annotated[list[Name], Field(min_length=1, max_length=100)]
    report_to: Name = "me"
    circle: Name | None = None
    within_s: Annotated[int, Field(ge=30, le=86_400), BeforeValidator(whole)] | None = None


Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]


Budget = Annotated[int, Field(ge=1, le=LARGEST_BUDGET), BeforeValidator(whole)]


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
    messages: Budget | None = None  #: that whoever does it may send meanwhile
    wakes: Budget | None = None  #: turns they may begin meanwhile
    minutes: Annotated[int, Field(ge=1, le=LONGEST_BUDGET), BeforeValidator(whole)] | None = (
        None  #: that a try may take
    )

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
