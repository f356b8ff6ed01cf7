"""What becomes of a review when the ask by which its reviewer was asked ends.

A verdict is not written here: what it is about must be looked at first, outside, so an errand is put that does so, and
what it finds is weighed (``reviewing.weigh``). Rule: whoever asked for the review is told once how the ask ended.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Final

from daemon.core.model import Ask, Errand, Event, Kind, Peer, Review
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules import asking, reviews
from daemon.core.rules.attention import Matter
from daemon.core.rules.cleaning import fitted, line
from daemon.core.view import Plan

SUBJECT: Final = "review"  #: of an ask, with the review's id
WHAT: Final = "verdict"  #: of the errand
BRIEF: Final = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A verdict that somebody gave, before the head was looked at."""

    review_id: str
    verdict: str
    sha: str  #: the commit that they were shown
    by: str  #: peer id
    named: str  #: as others call them
    note: str = ""


def is_review(ask: Ask) -> bool:
    return ask.subject.startswith(f"{SUBJECT}\n")


def concluded(plan: Plan, ask: Ask) -> None:
    """The ask is over: weigh the verdict that it ended with, or tell that there is none."""
    review = of_ask(plan, ask)
    if review is None or reviews.is_over(review):
        return
    if ask.state == asking.State.CANCELLED:
        became(plan, review, reviews.Close("taken back by who asked for it"))
        return
    last = ask.answers[-1] if ask.answers else None
    verdict, note = reviews.verdict_said(last.option, last.text) if last else ("", "")
    if last and verdict and last.how == asking.State.ANSWERED:
        by, named = last.sender.peer_id, last.sender.person or last.sender.name
        sha = review.asked_sha
        put(plan, Given(review_id=review.review_id, verdict=verdict, sha=sha, by=by, named=named, note=note))
        return
    tell(plan, review, f"{told(review)} {_ended(ask)}")


def of_ask(plan: Plan, ask: Ask) -> Review | None:
    """The review whose reviewer it asks; None: it is none, or was asked once more since."""
    subject, _, review_id = ask.subject.partition("\n")
    review = plan.review(review_id) if subject == SUBJECT else None
    return review if review and review.ask_id == ask.ask_id else None


def put(plan: Plan, given: Given, *, alone: str = "", reply_to: str = "") -> None:
    """Have the head looked at, and the verdict weighed then."""
    errand = Errand(
        errand_id=plan.new_id("e"),
        what=WHAT,
        peer_id=given.by,
        argument=json.dumps(asdict(given)),
        conversation=given.by,
        reply_to=reply_to,
        asked_at=plan.now,
        alone=alone,
    )
    plan.put(errand)


def given_by(errand: Errand) -> Given:
    return Given(**json.loads(errand.argument))


def review_meant(argument: str) -> str:
    """The id of the review that such an errand is about."""
    return str(json.loads(argument)["review_id"])


def became(plan: Plan, review: Review, event: reviews.Happening) -> Review:
    """Write it as it is after that, and say so if that is another state."""
    after = reviews.advance(review, event, now=plan.now)
    plan.put(after)
    if after.state != review.state:
        why = line(after.reason, BRIEF)
        plan.tell(Event("review_changed", after.review_id, after.author, what=after.state, evidence=why))
    return after


def told(review: Review) -> str:
    return f"review {review.review_id} of {line(review.what, BRIEF)}"


def tell(plan: Plan, review: Review, text: str, *, but: str = "", matter: Matter = Matter.DONE) -> None:
    """Tell whose work it is, and who asked for the review; ``but``: who need not be told."""
    wanted = (plan.peer(each) for each in dict.fromkeys((review.author, review.requester)) if each != but)
    to: list[Peer] = [peer for peer in wanted if peer and not peer.forgotten_at]
    if to:
        letter = Letter(
            kind=Kind.NOTICE, text=fitted(text), correlation_id=review.ask_id or None, matter=matter
        )
        post(plan, LINE, to, letter)


def _ended(ask: Ask) -> str:
    last = ask.answers[-1] if ask.answers else None
    if ask.state == asking.State.EXPIRED:
        return "was not answered in time: ask somebody else, or request it again"
    if last is None:
        return "will not be done, whoever was asked is gone for good: ask somebody else"
    who, words = last.sender.person or last.sender.name, f": {last.text}" if last.text else ""
    if ask.state == asking.State.DECLINED:
        return f"was declined by {who}; ask somebody else{words}"
    return f"has no verdict yet; {who} answered{words or ' without words'}"


def going_on(plan: Plan) -> list[Review]:
    """All that are not over, the oldest first."""
    found = [plan.review(each.review_id) or each for each in plan.view.reviews_open()]
    return [each for each in found if not reviews.is_over(each)]
