"""What Codex asks its person, as people read it; and what is decided, as its hook hears it (0.169.0).

A permission waits at its hook for 60 s, and then at Codex's own dialog. A question (``request_user_input``) and a plan
are told by no hook of their own, but by the call and by the turn's end: what is decided about those goes by a key into
the dialog (``transports/dialog.py``), so they are put before people only where keys reach it.

Rule: what is shown is all of what is decided about.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from daemon.agents import requests
from daemon.agents.interface import Json, Surroundings
from daemon.agents.speech import input_of, text
from daemon.core import commands as c
from daemon.core.deciding import ALLOW, APPROVE, DENY, KEEP_PLANNING
from daemon.core.model import Approval
from daemon.core.rules.approval import What

QUESTION: Final = "request_user_input"
PLAN: Final = "plan"


def permission(session_id: str, payload: Json) -> c.RequestApproval:
    tool, cwd = text(payload, "tool_name"), text(payload, "cwd")
    return c.RequestApproval(
        session_id=session_id,
        what=What.PERMISSION,
        tool=tool,
        shown=requests.wants("", tool, input_of(payload), cwd),
        digest=requests.digest(session_id, cwd, tool, input_of(payload)),
        request=requests.request(asked_of(payload)),
        options=(ALLOW, DENY),
    )


def asked_of(payload: Json) -> Json:
    """What is done, without the agent's own words for it: only the request carries those."""
    return {name: value for name, value in input_of(payload).items() if name != "description"}


def question(session_id: str, payload: Json, around: Surroundings) -> c.RequestApproval | None:
    """None when the call asks nothing, or nothing that can be answered from afar."""
    if text(payload, "tool_name") != QUESTION or not (around.pane and around.lasting):
        return None
    given = input_of(payload)
    found = requests.questions(given)
    if not found or not all(each.options for each in found):
        return None
    return requests.questioned(session_id, text(payload, "cwd"), QUESTION, given, found)


def plan(session_id: str, payload: Json, around: Surroundings) -> c.RequestApproval | None:
    """A turn that ended with a plan is followed by Codex's question whether to go by it."""
    if not (around.plan and around.pane and around.lasting and around.live):
        return None
    request = {"plan": around.plan}
    return c.RequestApproval(
        session_id=session_id,
        what=What.PLAN,
        tool=PLAN,
        shown=requests.plan("", request),
        digest=requests.digest(session_id, text(payload, "cwd"), PLAN, request),
        request=requests.request(request),
        options=(APPROVE, KEEP_PLANNING),
        rests=True,
    )


def done(session_id: str, payload: Json) -> c.CloseApprovals:
    """A call was made, so whatever it needed was allowed, or answered."""
    tool = text(payload, "tool_name")
    answers = tuple(_answers(payload)) if tool == QUESTION else ()
    return c.CloseApprovals(
        session_id=session_id,
        tool=tool,
        request=requests.request(asked_of(payload)),
        outcome=f"answered at the agent itself: {', '.join(answers)}"
        if answers
        else "allowed at the agent itself",
        allowed=True,
        answers=answers,
    )


def decision(approval: Approval) -> Json:
    if approval.choice == ALLOW:
        return requests.decided({"behavior": "allow"})
    return requests.decided({"behavior": "deny", "message": approval.words or f"denied by {approval.by}"})


def _answers(payload: Json) -> Iterator[str]:
    """In the order of the questions."""
    try:
        told = json.loads(text(payload, "tool_response"))["answers"]
        for asked in input_of(payload)["questions"]:
            yield ", ".join(told[asked["id"]]["answers"])
    except (ValueError, KeyError, TypeError):
        return
