"""Practice agents: they tell what Claude Code tells, and say themselves who they are and where their inbox is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daemon.agents import claude_code
from daemon.agents.interface import Json, Outcome, Surroundings
from daemon.core import commands as c
from daemon.core.model import Approval

BACKEND: Final = "practice"
CIRCLE: Final = "practice"


def commands(event: str, payload: Json, around: Surroundings) -> Sequence[c.Command]:
    return tuple(_ours(each, payload) for each in claude_code.commands(event, payload, around))


def answer(event: str, outcome: Outcome) -> Json | None:
    return claude_code.answer(event, outcome)


def decision(approval: Approval) -> Json:
    return claude_code.decision(approval)


def _ours(command: c.Command, payload: Json) -> c.Command:
    if not isinstance(command, c.RegisterSession):
        return command
    return replace(
        command,
        backend=BACKEND,
        circle=CIRCLE,
        wish=str(payload.get("name") or command.wish),
        inbox=str(payload.get("messaging_socket") or ""),
        pane=None,
    )
