"""What a person can have done about reviews by talking: seeing what goes on, and giving a verdict.

Both want the heads looked at first, so they put an errand; what it finds is told here. Rule: a verdict needs the right
to approve, also on the card by which one was asked, and nobody gives one on their own work.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from daemon.core import attending, requesting, reviewing, sending, weighing
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, PeerlineError, for_people
from daemon.core.model import Ask, Errand, Heard, Kind, Peer, Review, Seen, Urgency
from daemon.core.posting import LINE, Letter, post, reply
from daemon.core.rules import reviews
from daemon.core.rules.cleaning import fitted, line
from daemon.core.said import looking
from daemon.core.said.deeds import Talk
from daemon.core.view import Plan
from daemon.core.weighing import Given, told

LIST: Final = "reviews"  #: the errand, and subject of a choice among what it found
ONE: Final = "review-one"  #: subject of what is to become of one: its id, and the head that was shown
RIGHT: Final = "approve"
MOST_SHOWN: Final = sending.OPTIONS_LIMIT
BRIEF: Final = 48
NOTHING: Final = "there is nothing to be reviewed"
CHOICE_LIFE: Final = timedelta(minutes=30)


def _reviews(talk: Talk, rest: str) -> Heard:
    if not reviewing.met(talk.plan, talk.here):
        talk.tell(NOTHING)
        return Heard("command")
    errand = Errand(
        errand_id=talk.plan.new_id("e"),
        what=LIST,
        peer_id=talk.here.peer_id,
        argument="",
        conversation=talk.here.peer_id,
        reply_to=talk.near,
        asked_at=talk.plan.now,
        alone=talk.alone,
    )
    talk.plan.put(errand)
    talk.tell("looking at the heads…", passing=True)
    return Heard("errand", errand_id=errand.errand_id)


DEEDS: Final = {LIST: _reviews}


def check(talk: Talk, ask: Ask, text: str, option: str | None) -> None:
    """Whether this person's verdict may be taken, if the words are one.

    Raises:
        NotAllowed: they have not the right, or it is their own work.

    """
    review = weighing.of_ask(talk.plan, ask)
    if review and reviews.verdict_said(option, text)[0]:
        _may(talk, review)


def chosen(talk: Talk, ask: Ask, choice: str) -> Heard:
    """One of the list: it is shown with keys, if there is anything to be said of it."""
    review = reviewing.known(talk.plan, ask.subject.split("\n")[1:][ask.options.index(choice)])
    if not reviews.waits(review):
        talk.tell(_row(talk.plan, review))
        return Heard("command")
    subject = f"{ONE}\n{review.review_id}\n{review.head_sha}"
    _offer(talk.plan, talk.here, _row(talk.plan, review), tuple(reviews.VERDICTS), subject, talk.alone)
    return Heard("command")


def judged(talk: Talk, ask: Ask, choice: str) -> Heard:
    """A verdict on the one that was shown."""
    _, review_id, sha = ask.subject.split("\n")
    review = reviewing.known(talk.plan, review_id)
    _may(talk, review)
    given = Given(
        review_id=review_id,
        verdict=reviews.VERDICTS[choice],
        sha=sha,
        by=talk.here.peer_id,
        named=talk.person.name,
    )
    weighing.put(talk.plan, given, alone=talk.alone, reply_to=talk.near)
    return Heard("command")


RESOLVED: Final = {LIST: chosen, ONE: judged}


def finish(plan: Plan, command: c.FinishErrand) -> None:
    """Tell what an errand found: of reviews here, of all else where that is at home."""
    errand = plan.errand(command.errand_id)
    tell = _TOLD.get(errand.what) if errand else None
    if errand is None or tell is None:
        looking.finish(plan, command)
    elif looking.done(plan, errand):
        tell(plan, errand, command)


def _listed(plan: Plan, errand: Errand, command: c.FinishErrand) -> None:
    here = plan.peer(errand.conversation)
    if here is None or here.forgotten_at:
        return
    found = reviewing.met(plan, here)
    if command.text or not found:
        reply(plan, here, command.text or NOTHING, to=errand.reply_to, alone=errand.alone)
        return
    _offer_list(plan, here, found, errand)


def _offer_list(plan: Plan, here: Peer, found: Sequence[Review], errand: Errand) -> None:
    shown = sorted(found, key=lambda x: (x.reviewer != here.peer_id, not reviews.waits(x)))[:MOST_SHOWN]
    rows = [f"{n}. {_row(plan, each)}" for n, each in enumerate(shown, 1)]
    more = [f"and {len(found) - len(shown)} more: `peerline review queue`"] if len(found) > len(shown) else []
    options = tuple(f"{n}. {line(each.what, BRIEF)}" for n, each in enumerate(shown, 1))
    subject = "\n".join([LIST, *(each.review_id for each in shown)])
    _offer(plan, here, "\n".join([*rows, *more]), options, subject, errand.alone, errand.reply_to)


def _weighed(plan: Plan, errand: Errand, command: c.FinishErrand) -> None:
    given = weighing.given_by(errand)
    for head in command.choices:  # another look, begun before this one, may have ended after it
        reviewing.see(plan, c.SeeHeads(seen=((given.review_id, Seen(head=head)),)))
    try:
        with plan.whole():
            after = reviewing.weigh(plan, given, command.text)
    except PeerlineError as error:
        _refused(plan, errand, given, error)
        return
    by = plan.peer(given.by)
    if by and plan.conversation(by.peer_id):
        sha = reviews.short(after.head_sha)
        reply(plan, by, f"{told(after)} is {after.state} at {sha}", to=errand.reply_to, alone=errand.alone)


def _refused(plan: Plan, errand: Errand, given: Given, error: PeerlineError) -> None:
    """Whoever gave it is told why it does not count; if the head had moved, they are asked about that one."""
    requesting.ask_again(plan, given.review_id)
    by = plan.peer(given.by)
    if by is None or by.forgotten_at:
        return
    text = fitted(f"your verdict does not count: {for_people(error)}")
    if plan.conversation(by.peer_id):
        reply(plan, by, text, to=errand.reply_to, aloud=True, alone=errand.alone)
    else:
        post(plan, LINE, [by], Letter(kind=Kind.NOTICE, text=text, urgency=Urgency.NORMAL))


_TOLD: Final = {LIST: _listed, weighing.WHAT: _weighed}


def _may(talk: Talk, review: Review) -> None:
    if RIGHT not in talk.person.rights:
        raise NotAllowed("a verdict needs the right to approve", "the owner can grant it")
    reviewing.check_judge(talk.plan, review, talk.here, attending.called(talk.person))


def _offer(
    plan: Plan, here: Peer, text: str, options: tuple[str, ...], subject: str, alone: str, near: str = ""
) -> None:
    command = c.SendAsk(sender=LINE.peer_id, to=(), question=text, options=options, deadline=CHOICE_LIFE)
    sending.ask_of(plan, LINE, [here], command, subject=subject, alone=alone, near=near)


def _row(plan: Plan, review: Review) -> str:
    peers = [plan.peer(review.author), plan.peer(review.reviewer)]
    names = [peer.name if peer else "somebody who is gone" for peer in peers]
    sha = f" at {reviews.short(review.head_sha)}" if review.head_sha else ""
    return (
        f"`{review.review_id}` {line(review.what, weighing.BRIEF)}: {review.state}{sha} · "
        f"by {names[0]}, for {names[1]} · next: {line(reviewing.next_step(plan, review), 2 * weighing.BRIEF)}"
    )
