"""What may stand in a request about people's attention, and what is told of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from daemon.api.answers import Moment, Told
from daemon.api.bodies import Name, Strict, described, whole
from daemon.api.timebodies import Time, Zone
from daemon.core.rules.attention import MOST_PER_HOUR

Hours = Annotated[Time, described(pattern="^2[0-3]:[0-5][0-9]-0[0-9]:[0-5][0-9]$", description="or off")]


class Wished(Strict):
    """What is not named stays as it is. ``quiet``: ``23:00-07:00``, ``23:00-07:00 but approvals``, ``off``."""

    quiet: Hours | None = None
    timezone: Zone | None = None
    pushes: Annotated[int, Field(ge=0, le=MOST_PER_HOUR), BeforeValidator(whole)] | None = None
    mute: Annotated[list[Name], Field(max_length=100)] = Field(default=[])
    hear: Annotated[list[Name], Field(max_length=100)] = Field(default=[])


class Attention(Told):
    """``pushes``: how often it may ring in an hour, 0: without a limit; ``breaks``: what rings in quiet hours, too."""

    person: str
    timezone: str | None
    quiet: str | None
    quiet_until: Moment | None
    breaks: list[str]
    pushes: int
    muted: list[str]
    held: int
    digest_at: Moment | None


class Attentions(Told):
    people: list[Attention]


class Digest(Attention):
    told: bool
