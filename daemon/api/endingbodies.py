"""What may stand in a request to restart an agent, or to take its pane over."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from daemon.api.bodies import Name, Strict

Where = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class Restart(Strict):
    now: bool = False  #: a turn under way may be broken off


class Adopt(Strict):
    tmux: Where  #: the server's socket
    pane: Annotated[str, StringConstraints(pattern=r"^%[0-9]{1,9}$")]
    name: Name | None = None
    circle: Name | None = None
