"""What a tool is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from daemon.core.errors import PeerlineError
from mcp_server import phrasing
from mcp_server.schema import Json


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str
    takes: Json
    run: Callable[..., Awaitable[Json]]  #: ``run(call, **arguments)``
    say: Callable[[Json], str]
    only_reads: bool = False
    waits: bool = False  #: for others, so it tells its progress
    changes: bool = False  #: once it is done, its caller is shown other tools
    refuse: Callable[[PeerlineError], str] = phrasing.refusal
