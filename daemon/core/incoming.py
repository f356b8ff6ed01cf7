"""What platforms tell, kept before it is confirmed to them: once by its id, and done in the commit of its effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daemon.core import commands as c
from daemon.core.view import Plan, View

SERVICE: Final = "service"  #: address of a surface's own service peer, where nobody speaks


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


def known(view: View, surface: str) -> dict[str, str]:
    """Every conversation of a surface by its address, with the newest update kept in its lane; "" where there is none.

    From there on it is to be read again after a silence, if the platform can be asked.
    """
    there = {each.address for each in view.conversations(surface) if each.address != SERVICE}
    # Also threads of these chats in which nobody has called us yet: somebody may have, meanwhile.
    newest = {lane: found for lane, found in view.newest_incoming(surface) if lane.partition("/")[0] in there}
    return dict.fromkeys(there, "") | newest
