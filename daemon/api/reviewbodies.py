"""What may stand in a request about reviews, and what is told of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from daemon.api.answers import Moment, Told
from daemon.api.bodies import Name, Query, Strict, Text, described
from daemon.core.rules.reviews import SHA

What = Annotated[
    str,
    StringConstraints(min_length=1, max_length=400),
    described(pattern="^/[a-z]{1,20}#[a-z]{1,20}$", description="FOLDER#BRANCH, or a pull request's URL"),
]
Sha = Annotated[
    str, StringConstraints(max_length=64), described(pattern=f"^{SHA.pattern}$", description="of a commit")
]


class ReviewBody(Strict):
    what: What
    reviewer: Name
    circle: Name | None = None
    author: Name | None = None  #: whose work it is; for the owner to say


class VerdictBody(Strict):
    verdict: Literal["approved", "changes-requested"]
    sha: Sha | None = None  #: the commit that was looked at; else the one that was asked about
    note: Text = ""


class ReviewsQuery(Query):
    peer: Name | None = None  #: what that peer owes and waits for; ``*``: everybody
    over: bool = False  #: those that are over, too


class Verdict(Told):
    verdict: Literal["approved", "changes-requested"]
    sha: str
    note: str
    by: str
    at: Moment


class Review(Told):
    review_id: str
    what: str
    kind: Literal["branch", "pull-request"]
    branch: str | None
    folder: str | None
    url: str | None
    base: str | None
    author: str
    reviewer: str
    submitted_sha: str | None
    head_sha: str | None
    state: Literal[
        "pending", "changed-since-review", "approved", "changes-requested", "merged", "closed", "unknown"
    ]
    reason: str
    next: str
    ask_id: str | None
    verdicts: list[Verdict]
    requested_at: Moment
    looked_at: Moment
    ended_at: Moment | None


class Reviews(Told):
    reviews: list[Review]
