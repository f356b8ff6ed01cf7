"""Reviews: giving a verdict, and who owes what to whom.

What is to be looked at outside, the head of a branch or a pull request, was looked at by whoever gives the command.
Rule: nobody judges what is their own, and a verdict that is not about the head as it is now is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from daemon.core import addressing, attending, closing, sending, weighing
from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound
from daemon.core.model import Answer, Ask, Peer, Review, ReviewShown, Seen, Sender
from daemon.core.posting import LINE, stamp
from daemon.core.rules import asking, reviews
from daemon.core.rules.attention import Matter
from daemon.core.rules.cleaning import clean, fitted, line
from daemon.core.rules.reviews import State
from daemon.core.view import Plan
from daemon.core.weighing import Given, told


def mark(plan: Plan, command: c.MarkReviewed) -> ReviewShown:
    """Give a verdict on the head.

    Raises:
        NotFound, NotAllowed: there is no such review, or it is not theirs to judge.
        Conflict: the commit is not the head any more, or has its verdict, or the review is over.
        Malformed: it is no verdict, or no commit.

    """
    review = known(plan, command.review_id)
    by = sending.sender_of(plan, command.by)
    if not command.owner and command.by != review.reviewer:
        raise NotAllowed(f"{told(review)} was not asked of you", "only who was asked gives the verdict")
    check_judge(plan, review, by)
    given = Given(
        review_id=review.review_id,
        verdict=command.verdict,
        sha=command.sha,
        by=by.peer_id,
        named=command.person or by.name,
        note=command.note,
    )
    after = judged(plan, looked(plan, review, command.seen), given, stamp(plan, by, command.person))
    return shown(plan, after)


def see(plan: Plan, command: c.SeeHeads) -> tuple[Review, ...]:
    """Write how they stand now."""
    found = [(plan.review(review_id), seen) for review_id, seen in command.seen]
    return tuple(looked(plan, review, seen) for review, seen in found if review)


def weigh(plan: Plan, given: Given, trouble: str = "") -> Review:
    """The head was looked at just now: the verdict counts, if it is about that.

    Raises:
        Conflict, Malformed, NotFound: it does not; another ask is open where the reviewer is to look again.

    """
    review = known(plan, given.review_id)
    if trouble:
        raise Conflict(f"{told(review)} could not be looked at: {trouble}", "try it again later")
    by = plan.peer(given.by)
    return judged(plan, review, given, stamp(plan, by, given.named) if by else LINE)


def judged(plan: Plan, review: Review, given: Given, sender: Sender) -> Review:
    """Write the verdict, close the ask, and tell whose work it is."""
    _check_verdict(review, given)
    if (before := reviews.told_at(review, review.head_sha)) is not None:
        if before.verdict == given.verdict:
            return review
        raise Conflict(
            f"{told(review)} is {before.verdict} at {reviews.short(before.sha)} already",
            "a commit has one verdict; its author changes something and requests it again",
        )
    note = fitted(clean(given.note).strip())
    ask_id, alone = (
        review.ask_id,
        replace(review, ask_id=""),
    )  # else the end of the ask would be weighed again
    after = weighing.became(plan, alone, reviews.Judge(given.verdict, note, given.named))
    plan.put(after)
    _close_ask(plan, plan.ask(ask_id), after, sender)
    words = f": {note}" if note else ""
    sha = reviews.short(review.head_sha)
    text = (
        f"{told(after)} is {after.state} at {sha} by {given.named}{words}\n\nnext: {next_step(plan, after)}"
    )
    weighing.tell(plan, after, text, but=given.by, matter=Matter.DONE)
    return after


def looked(plan: Plan, review: Review, seen: Seen) -> Review:
    """Write what was seen of it; what is over stays as it ended."""
    if reviews.is_over(review):
        return review
    after = weighing.became(plan, review, reviews.found(review, seen))
    if reviews.is_over(after):
        withdraw(plan, plan.ask(after.ask_id))
    return after


def owed(plan: Plan, peer_id: str) -> Sequence[Review]:
    """What that peer is to look at, the oldest first."""
    return [x for x in weighing.going_on(plan) if x.reviewer == peer_id and reviews.waits(x)]


def awaited(plan: Plan, peer_id: str) -> Sequence[Review]:
    """What goes on of what that peer made, or asked for."""
    return [x for x in weighing.going_on(plan) if peer_id in {x.author, x.requester}]


def queue(plan: Plan, peer_id: str = "") -> Sequence[Review]:
    """What goes on: all of it, or what that peer owes and waits for."""
    return [
        x for x in weighing.going_on(plan) if not peer_id or peer_id in {x.reviewer, x.author, x.requester}
    ]


def over(plan: Plan, peer_id: str = "") -> Sequence[Review]:
    """The newest that are over, of the same."""
    found = plan.view.reviews_over()
    return [x for x in found if not peer_id or peer_id in {x.reviewer, x.author, x.requester}]


def met(plan: Plan, here: Peer) -> Sequence[Review]:
    """What goes on of which that conversation may be told: both whose work it is and who looks at it are met there."""
    who = addressing.standpoint_of(plan, here)
    return [x for x in weighing.going_on(plan) if x.reviewer == here.peer_id or _is_met(plan, who, x)]


def shown(plan: Plan, review: Review) -> ReviewShown:
    names = [peer.name if (peer := plan.peer(x)) else "" for x in (review.author, review.reviewer)]
    return ReviewShown(review=review, author=names[0], reviewer=names[1], next=next_step(plan, review))


def known(plan: Plan, review_id: str) -> Review:
    found = plan.review(review_id)
    if found is None:
        raise NotFound(f'no review "{review_id[:40]}"', "list the reviews to see their ids")
    return found


def check_judge(plan: Plan, review: Review, by: Peer, person: str = "") -> None:
    """Nobody judges what is their own; ``person``: who speaks there, as ``attending`` calls them."""
    author = plan.peer(review.author)
    mine = attending.whose(author) if author else ""
    if by.peer_id == review.author or (mine and mine in {attending.whose(by), person}):
        raise NotAllowed(f"{told(review)} is about your own work", "somebody else has to look at it")


def next_step(plan: Plan, review: Review) -> str:
    """What is to be done about it now, and by whom."""
    reviewer, author = plan.peer(review.reviewer), plan.peer(review.author)
    whose = author.name if author else "its author"
    if reviewer is None or reviewer.forgotten_at:
        if reviews.waits(review):
            return "whoever was asked is gone: ask somebody else"
        return _settled(review, "somebody", whose)
    if review.state == State.PENDING and not open_ask(plan, review):
        return f"{reviewer.name} gave no verdict: mark it, request it again, or ask somebody else"
    if review.state == State.PENDING and review.head_sha != review.submitted_sha:
        return f"{reviewer.name} reviews the head as it is now, or {whose} requests it again"
    return _settled(review, reviewer.name, whose)


def _settled(review: Review, reviewer: str, author: str) -> str:
    last = review.verdicts[-1].verdict if review.verdicts else ""
    return {
        State.PENDING: f"{reviewer} reviews it",
        State.CHANGED: f"was {last} before: {reviewer} reviews it again, or {author} requests that",
        State.APPROVED: f"{author} merges it",
        State.CHANGES_REQUESTED: f"{author} changes it and requests it again",
        State.UNKNOWN: review.reason,
        State.MERGED: "nothing: it is merged",
        State.CLOSED: f"nothing: {review.reason}",
    }[State(review.state)]


def _is_met(plan: Plan, who: addressing.Standpoint, review: Review) -> bool:
    peers = [plan.peer(review.author), plan.peer(review.reviewer)]
    return all(peer is None or who.meets(peer) for peer in peers)


def _check_verdict(review: Review, given: Given) -> None:
    if given.verdict not in reviews.VERDICTS.values():
        raise Malformed(f'no verdict "{given.verdict[:40]}"', "say approved or changes-requested")
    if reviews.is_over(review):
        raise Conflict(f"{told(review)} is {review.state} already", "nothing is left to judge")
    if review.state == State.UNKNOWN:
        raise Conflict(
            f"{told(review)} cannot be looked at: {review.reason}", "give the verdict when it can be"
        )
    sha = (given.sha or review.asked_sha or review.submitted_sha).lower()
    if not reviews.SHA.fullmatch(sha):
        raise Malformed(f'"{given.sha[:70]}" is no commit', "give at least 7 characters of its name")
    if not review.head_sha.startswith(sha):
        raise Conflict(
            f"{reviews.short(sha)} is not the head of {line(review.what, weighing.BRIEF)} any more: "
            f"{review.head_sha} is",
            "look at that one, and give the verdict on it",
        )


def open_ask(plan: Plan, review: Review) -> Ask | None:
    """The ask that its reviewer has not answered yet."""
    ask = plan.ask(review.ask_id)
    return ask if ask and not asking.is_over(ask) else None


def _close_ask(plan: Plan, ask: Ask | None, review: Review, sender: Sender) -> None:
    """Its reviewer has answered it by their verdict; when it is another's verdict, it is taken back."""
    if ask is None or asking.is_over(ask):
        return
    if sender.peer_id not in ask.to:
        withdraw(plan, ask)
        return
    option = next(each for each, verdict in reviews.VERDICTS.items() if verdict == review.state)
    words = review.verdicts[-1].note or option
    answer = Answer(sender=sender, text=words, how=asking.State.ANSWERED, at=plan.now, option=option)
    closing.answered(plan, ask, answer)


def withdraw(plan: Plan, ask: Ask | None) -> None:
    if ask and not asking.is_over(ask):
        closing.cancel(plan, c.CancelAsk(ask_id=ask.ask_id, by=ask.asker))
