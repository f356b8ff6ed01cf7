"""What platforms tell, kept before it is confirmed to them: once by its id, and done in the commit of its effect."""

from __future__ import annotations

from dataclasses import replace

from daemon.core import commands as c
from daemon.core.view import Plan


def keep(plan: Plan, command: c.KeepIncoming) -> tuple[str, ...]:
    """Keep what is new; returns the ids of that, in order. What came before, done or not, comes to nothing."""
    fresh = []
    for update in command.updates:
        if plan.incoming(command.surface, update.update_id) is None:
            plan.put(replace(update, surface=command.surface, came_at=plan.now, done_at=None))
            fresh.append(update.update_id)
    return tuple(fresh)


def finish(plan: Plan, command: c.FinishIncoming) -> None:
    """Its id is kept, so that it cannot come again; its words are not."""
    for update_id in command.update_ids:
        update = plan.incoming(command.surface, update_id)
        if update and update.done_at is None:
            plan.put(replace(update, body="", done_at=plan.now))
