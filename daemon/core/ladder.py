"""Where it begins that somebody looks after an ask which is not answered.

Rule: one that a person is asked, and one that agents ask of agents. What a person asks of an agent they look after
themselves, and what the line itself asks has its own time.
"""

from __future__ import annotations

from datetime import timedelta

from daemon.core import attending
from daemon.core.model import AGENTS, Ask, Escalation, Role
from daemon.core.view import Plan


def begin(plan: Plan, ask: Ask) -> None:
    """Put the ask; and if the config wants it so, look after it."""
    plan.put(ask)
    after = plan.custom().escalate_after_s
    if after and ask.asker != attending.LINE and (is_of_a_person(plan, ask) or _is_between_agents(plan, ask)):
        plan.put(Escalation(ask_id=ask.ask_id, at=plan.now + timedelta(seconds=after)))


def is_of_a_person(plan: Plan, ask: Ask) -> bool:
    return any(peer.role is Role.HUMAN for each in ask.to if (peer := plan.peer(each)))


def _is_between_agents(plan: Plan, ask: Ask) -> bool:
    asker = plan.peer(ask.asker)
    return asker is not None and asker.role in AGENTS and asker.backend != "cli"
