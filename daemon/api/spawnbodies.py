"""What may stand in a request to start an agent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from daemon.api.bodies import NAMED, Name, Strict, Words, described


class SpawnBody(Strict):
    """Somebody is to be started in a folder; ``message`` is asked of them when they are there."""

    path: Annotated[str, StringConstraints(min_length=1, max_length=4096)]
    backend: Name | None = None
    profile: Name | None = None
    name: Name | None = None
    circle: Annotated[Name, described(pattern=NAMED)] | None = None
    worktree: Name | None = None
    message: Words | None = None
    role: Literal["agent", "orchestrator"] | None = None
