"""Asking for a review: of what, by whom, and what is refused.

What is asked is bound to the commit that was the head; asked for again, the same review is about the head as it is
then. Rule: one open review for the same thing and reviewer, and one open ask of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from daemon.core import addressing, attending, reviewing, sending, weighing
from daemon.core import commands as c
from daemon.core.errors import Conflict, NotAllowed, NotFound, Throttled
from daemon.core.model import Authority, Event, Peer, Review, ReviewShown, Role, Source
from daemon.core.posting import stamp
from daemon.core.rules import reviews
from daemon.core.rules.cleaning import line
from daemon.core.rules.reviews import State
from daemon.core.view import Plan
from daemon.core.weighing import told

WHAT: Final = 400  #: characters
MOST_OPEN: Final = 200  #: of one requester that is not the owner


def request(plan: Plan, command: c.RequestReview) -> ReviewShown:
    """Ask somebody to look at it as it is now; asked for again, the same review is about the new head.

    Raises:
        UnknownPeer, AmbiguousPeer, NotAllowed: by the reviewer or the author.
        Conflict: nothing is there to be reviewed, or that commit has its verdict.
        Throttled: whoever asks has asked for too much.

    """
    requester = sending.sender_of(plan, command.requester)
    who = addressing.standpoint_of(plan, requester)
    reviewer = addressing.one(plan, who, command.reviewer, command.circle)
    author = _author(plan, requester, command)
    _check_reviewer(plan, reviewer, author)
    _check_worth(command)
    review = _the_same(plan, command.source, reviewer)
    if review is None:
        made = _made(plan, command, author, reviewer)
        return reviewing.shown(plan, _requested(plan, made, command.person))
    if review.author != author.peer_id and requester.authority is not Authority.OWNER:
        whose = plan.peer(review.author)
        raise NotAllowed(
            f"{told(review)} is asked for by {whose.name if whose else 'somebody else'} already",
            "only its author requests it again; the list of reviews shows how it stands",
        )
    after = _requested(plan, reviewing.looked(plan, review, command.seen), command.person)
    return reviewing.shown(plan, after)


def ask_again(plan: Plan, review_id: str) -> Review | None:
    """A verdict came to nothing since the head had moved: its reviewer is asked about the head as it is now."""
    review = plan.review(review_id)
    if review is None or not reviews.waits(review) or reviewing.open_ask(plan, review):
        return None
    return _asked(plan, review) if review.asked_sha != review.head_sha else None


def _author(plan: Plan, requester: Peer, command: c.RequestReview) -> Peer:
    if not command.author:
        return requester
    if requester.authority is not Authority.OWNER:
        raise NotAllowed("only the owner says whose work it is", "ask for a review of your own work")
    who = addressing.standpoint_of(plan, requester)
    return addressing.one(plan, who, command.author, command.circle)


def _check_reviewer(plan: Plan, reviewer: Peer, author: Peer) -> None:
    if reviewer.role is Role.SERVICE:
        raise NotAllowed(f'"{reviewer.name}" is a service and reviews nothing', "ask an agent or a person")
    if reviewer.authority is Authority.UNVERIFIED:
        raise NotAllowed(f'nobody knows who speaks as "{reviewer.name}"', "ask an agent or a person")
    same = attending.whose(author)
    if reviewer.peer_id == author.peer_id or (same and same == attending.whose(reviewer)):
        hint = "ask somebody else"
        if author.authority is Authority.OWNER:
            hint += ", or say with --author PEER whose work it is"
        raise NotAllowed(f'"{reviewer.name}" would review their own work', hint)


def _check_worth(command: c.RequestReview) -> None:
    what, seen = line(command.what, WHAT), command.seen
    if seen.merged:
        raise Conflict(
            f'"{what}" has nothing that {command.source.base or "its base"} has not', "commit first"
        )
    if seen.closed:
        raise Conflict(f'"{what}" is not open: {seen.closed}', "nothing is left to review")


def _the_same(plan: Plan, source: Source, reviewer: Peer) -> Review | None:
    return next(
        (
            x
            for x in weighing.going_on(plan)
            if x.reviewer == reviewer.peer_id and _place(x.source) == _place(source)
        ),
        None,
    )


def _place(source: Source) -> tuple[str, str, str]:
    return source.url, source.repository, source.branch


def _made(plan: Plan, command: c.RequestReview, author: Peer, reviewer: Peer) -> Review:
    requester = sending.sender_of(plan, command.requester)
    own = [x for x in weighing.going_on(plan) if x.requester == requester.peer_id]
    if requester.authority is not Authority.OWNER and len(own) >= MOST_OPEN:
        raise Throttled(f"{requester.name} has {MOST_OPEN} reviews open", "close some first", after_s=60)
    seen = command.seen
    made = Review(
        review_id=plan.new_id("r"),
        what=line(command.what, WHAT),
        source=command.source,
        author=author.peer_id,
        requester=requester.peer_id,
        person=command.person,
        reviewer=reviewer.peer_id,
        submitted_sha=seen.head,
        head_sha=seen.head,
        state=State.PENDING,
        requested_at=plan.now,
        looked_at=plan.now,
    )
    plan.tell(
        Event("review_requested", made.review_id, author.peer_id, what=made.what, evidence=reviewer.name)
    )
    return reviewing.looked(plan, made, seen)


def _requested(plan: Plan, review: Review, person: str) -> Review:
    if not reviews.can(review, reviews.Request):
        raise Conflict(
            f"{told(review)} is {review.state} at {reviews.short(review.head_sha)} already",
            "commit something new, then request it again",
        )
    ask = reviewing.open_ask(plan, review)
    if ask and review.asked_sha == review.head_sha:
        return weighing.became(plan, review, reviews.Request(ask.ask_id))
    return _asked(plan, replace(review, person=person))


def _asked(plan: Plan, review: Review) -> Review:
    """Ask its reviewer about the head; what they were asked before is taken back."""
    before = reviewing.open_ask(plan, review)
    requester, reviewer = plan.peer(review.requester), plan.peer(review.reviewer)
    if requester is None or reviewer is None or reviewer.forgotten_at:
        raise NotFound("whoever was to review it is gone", "ask somebody else")
    command = c.SendAsk(
        sender=requester.peer_id,
        to=(),
        question=_question(plan, review, reviewer),
        options=tuple(reviews.VERDICTS),
    )
    subject = f"{weighing.SUBJECT}\n{review.review_id}"
    asked = sending.ask_of(plan, stamp(plan, requester, review.person), [reviewer], command, subject=subject)
    after = weighing.became(plan, review, reviews.Request(asked.ask.ask_id))
    reviewing.withdraw(plan, before)
    return after


def _question(plan: Plan, review: Review, reviewer: Peer) -> str:
    source, sha, author = review.source, reviews.short(review.head_sha), plan.peer(review.author)
    whose = f", the work of {author.name}" if author and review.author != review.requester else ""
    lines = [f"Please review {review.what}{whose}.", ""]
    if source.branch:
        lines.append(
            f"branch {source.branch}" + (f", to become a part of {source.base}" if source.base else "")
        )
    lines.append(f"commit {review.head_sha}" if sha else f"its head is not known: {review.reason}")
    if source.url:
        lines.append(f"`gh pr diff {source.url}`")
    if source.folder and sha:
        shows = f"git diff {source.base}...{sha}" if source.base else f"git show {sha}"
        lines.append(f"in {source.folder}: `{shows}`")
    return "\n".join([*lines, "", f"({told(review)}. {_way(review, reviewer)})"])


def _way(review: Review, reviewer: Peer) -> str:
    """How a verdict is given; by whom matters."""
    if reviewer.role is Role.HUMAN:
        return "Tap your verdict; or say it with a note, as in: changes requested: the tests are missing"
    return (
        "Your verdict ends this, on that commit: approved or changes-requested, with a note, by "
        f"mark_reviewed {review.review_id} or `peerline review mark {review.review_id} approved --note …`. "
        "If the head moves meanwhile, look again."
    )
