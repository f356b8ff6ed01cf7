"""Whether keys sent to a pane would reach the agent, and nothing else.

Rule: everything is looked at anew for each act, the pane in one look, so that nothing of it is older than the rest.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from daemon.callers import processes
from daemon.core.model import Pane, Session
from daemon.panes import Look, PaneNow, obstacle
from daemon.tmux import Tmux, TmuxFailed, TmuxSilent
from daemon.transports.screens import Standing, screen_of

#: What may have the keys of a pane while no agent has.
OTHERS: Final = processes.SHELLS | {"tmux"}


@dataclass(frozen=True, slots=True)
class Reached:
    """The agent has the keys of its pane, and is in the session that is meant."""

    look: Look
    stands: Standing


async def reached(tmux: Tmux, pane: Pane, session: Session) -> Reached | str:
    """Look where keys would go; why not to the agent, if they would not.

    Raises:
        TmuxSilent: tmux did not answer.
        ValueError: the pane's number is none.

    """
    try:
        look = await tmux.look(pane.pane_id)
    except TmuxSilent:
        raise
    except TmuxFailed as error:
        return str(error)
    stands = await asyncio.to_thread(screen_of(session).standing, session, look)
    if why := obstacle(look.now, pane, processes.started) or _not_the_agent(look.now, session):
        return why
    return stands if isinstance(stands, str) else Reached(look, stands)


def _not_the_agent(now: PaneNow, session: Session) -> str:
    agent = processes.process(session.pid)
    if agent is None or agent.started != session.started:
        return "the agent is gone from its pane"
    # It may have been started elsewhere with a pane's variables, or put to sleep behind another program.
    if agent.terminal != now.tty or not agent.foreground or now.command in OTHERS:
        return f"the pane listens with {now.command or 'nothing'}, not with the agent"
    return ""
