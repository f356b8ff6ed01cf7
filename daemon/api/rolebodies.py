"""What may stand in a request about roles, personas and the line at a glance."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from daemon.api.bodies import Name, Query, Strict, described
from daemon.core.addressing import NAME_LIMIT

PersonaName = Annotated[
    str, StringConstraints(max_length=200), described(pattern=rf"^[a-z0-9_-]{{0,{NAME_LIMIT}}}$")
]


class RoleBody(Strict):
    role: Literal["orchestrator", "agent"]
    force: bool = False


class PersonaBody(Strict):
    name: Annotated[PersonaName | None, Field(description="null: none any more")] = None


class OverviewQuery(Query):
    circle: Name | None = None
