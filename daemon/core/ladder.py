"""Where it begins that somebody looks after an ask which a person does not answer."""

from __future__ import annotations

from datetime import timedelta

from daemon.core import attending
from daemon.core.model import Ask, Escalation, Role
from daemon.core.view import Plan


def begin(plan: Plan, ask: Ask) -> None:
    """Put the ask; and if the config wants it so, and a person is asked, look after it."""
    plan.put(ask)
    after = plan.custom().escalate_after_s
    asked = [peer for each in ask.to if (peer := plan.peer(each))]
    if after and ask.asker != attending.LINE and any(peer.role is Role.HUMAN for peer in asked):
        plan.put(Escalation(ask_id=ask.ask_id, at=plan.now + timedelta(seconds=after)))
