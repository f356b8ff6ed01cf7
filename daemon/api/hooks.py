"""Hooks of coding agents: find who it is, let the agent's own file say what it means, answer in its words.

The same way for a hook that waits for its answer and for one replayed from the spool, but that the latter is handed
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from daemon.agents import claude_code, practice
from daemon.agents.interface import AgentHooks, Json, Surroundings
from daemon.core.errors import Malformed, NotFound
from daemon.core.model import Parcel
from daemon.engine.engine import Engine, Once

AGENTS: Final[Mapping[str, AgentHooks]] = {
    claude_code.BACKEND: claude_code,
    practice.BACKEND: practice,
}


async def handle(
    engine: Engine, agent: str, event: str, payload: Json, around: Surroundings, record: str
) -> str:
    """Commit what the event means; return what the hook is to print, "" for nothing.

    Args:
        engine: whose.
        agent: the backend's name, as the pipe was told at installation.
        event: the agent's own name for it.
        payload: the hook's JSON.
        around: where the hook ran.
        record: the pipe's id of this event; the same one twice has one effect.

    Raises:
        NotFound: no such agent.
        Malformed: the payload is not that agent's.

    """
    hooks = AGENTS.get(agent)
    if hooks is None:
        raise NotFound(f'no agent "{agent[:80]}"', f"known are {', '.join(AGENTS)}")
    if not isinstance(payload, Mapping):
        raise Malformed("a hook's payload is an object")
    commands = hooks.commands(event, payload, around)
    if not commands:
        return ""

    def render(results: Sequence[Any]) -> str:
        handed = results[-1] if isinstance(results[-1], tuple) else ()
        told = hooks.answer(event, [each for each in handed if isinstance(each, Parcel)])
        return json.dumps(told, ensure_ascii=False) if told else ""

    if not record:
        return render(await engine.handle_all(commands))
    return await engine.handle_once(commands, Once(f"hook:{agent}", record, event), render)
