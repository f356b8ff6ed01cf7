"""The tools about reviews: asking for one, who owes what, verdicts."""

from __future__ import annotations

from typing import Final

from mcp_server.calls import Call
from mcp_server.schema import ID_LENGTH, Json, choice, name, takes, text
from mcp_server.tool import Tool

SHORT: Final = 12  #: characters of a commit's name


async def _request(call: Call, what: str, reviewer: str) -> Json:
    return await call.client.request_review(what, reviewer, key=call.call_id)


async def _queue(call: Call, peer: str | None = None) -> Json:
    return await call.client.review_queue(peer)


async def _mark(call: Call, review: str, verdict: str, sha: str | None = None, note: str = "") -> Json:
    return await call.client.mark_reviewed(review, verdict, sha=sha, note=note, key=call.call_id)


def _said(told: Json) -> str:
    sha = f" at {told['head_sha'][:SHORT]}" if told["head_sha"] else ""
    who = f"by {told['author'] or 'somebody gone'}, for {told['reviewer'] or 'somebody gone'}"
    return f"{told['review_id']} {told['what']}: {told['state']}{sha}, {who} · next: {told['next']}"


def _listed(told: Json) -> str:
    return "\n".join(_said(each) for each in told["reviews"]) or "there is nothing to be reviewed"


REVIEW_TOOLS: Final = (
    Tool(
        "request_review",
        "Have a peer review your commits. Again after changes.",
        takes(
            "what",
            "reviewer",
            what=text("FOLDER#BRANCH or a pull request's URL", most=400),
            reviewer=name(),
        ),
        _request,
        _said,
    ),
    Tool(
        "review_queue",
        "Reviews you owe and wait for, with what is next; peer=* all.",
        takes(peer=name()),
        _queue,
        _listed,
        only_reads=True,
    ),
    Tool(
        "mark_reviewed",
        "Give your verdict on the head commit.",
        takes(
            "review",
            "verdict",
            review=text(most=ID_LENGTH),
            verdict=choice("approved", "changes-requested"),
            sha=text("What you looked at", most=64),
            note=text(),
        ),
        _mark,
        _said,
    ),
)
