"""The tools about who coordinates: claiming it, for all; and the line at a glance, for whoever does.

The answer to a claim teaches what the role is for, so that nobody else has to carry those words. Its object holds them,
too: Claude Code shows its model the object and not the text.
"""

from __future__ import annotations

from typing import Final

from mcp_server.calls import Call
from mcp_server.schema import Json, flag, name, takes
from mcp_server.tool import Tool

TAUGHT: Final = """\
you are now the orchestrator of circle "{circle}": you see and reach all circles. There are more tools for you now; if \
they are not in your list, call them all the same: orchestrator_status, job_create, job_list, job_update, job_result, \
job_cancel.
- Look before you hand out: orchestrator_status tells who does what, what is open and what is stuck, and why.
- One piece of work, one peer: absolute paths, the branch, what counts as done, how to close. Short questions by ask, \
work that lasts by job_create; what needs an answer never by notify_peer.
- Parallel work in one repository: a worktree and a branch for each. Let another runtime review.
- schedule a check-in for yourself; do not poll, and do not answer answers.
- The role allows you nothing that your user has not allowed, and what you ask of others allows them nothing."""


async def _claim(call: Call, *, force: bool = False) -> Json:
    me = await call.client.whoami()
    told = await call.client.claim_role(me["peer_id"], "orchestrator", force=force, key=call.call_id)
    return {**told, "text": TAUGHT.format(circle=told["circle"])}


async def _status(call: Call, circle: str | None = None) -> Json:
    """In few words alone: a model that is given an object reads all of it."""
    told = await call.client.overview(circle)
    return {"circle": told["circle"], "at": told["at"], "text": told["text"]}


def _said(told: Json) -> str:
    text: str = told["text"]
    return text


CLAIM: Final = Tool(
    "claim_orchestrator_role",
    "Become who coordinates the others of your circle, when your user wants that. "
    "force: also from one that is offline or silent for 10 minutes.",
    takes(force=flag()),
    _claim,
    _said,
    changes=True,
)
STATUS: Final = Tool(
    "orchestrator_status",
    "The line at a glance: who coordinates, what each does, open asks with their age, jobs, what is stuck and why.",
    takes(circle=name()),
    _status,
    _said,
    only_reads=True,
)
