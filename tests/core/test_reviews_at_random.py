"""Requests, verdicts, moving heads and reviewers who go, in any order, against a small model of what must hold."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from daemon.core import commands as c
from daemon.core.errors import Malformed, PeerlineError
from daemon.core.model import Kind, Peer, Review, Seen, Source
from daemon.core.rules import reviews
from tests.core.line import Line

STEPS = 60
SOURCE = Source(kind="branch", folder="/src/api", repository="/src/api/.git", branch="feature", base="main")


class House:
    """One author, three reviewers, and a head that moves, also back to where it was."""

    def __init__(self, seed: int) -> None:
        self.line = Line()
        self.luck = Random(seed)  # noqa: S311 -- the same steps for the same seed
        self.author = self.line.agent("api")
        self.reviewers = [self.line.agent(f"web{n}") for n in range(3)]
        self.head = "a"
        self.ended: dict[str, str] = {}

    def step(self) -> None:
        deeds = [
            self.request,
            self.request,
            self.mark,
            self.mark,
            self.answer,
            self.move,
            self.look,
            self.lose,
        ]
        deed = self.luck.choices(deeds, weights=[3, 2, 3, 2, 4, 3, 3, 0.3])[0]
        try:
            deed()
        except PeerlineError:
            return  # refused: nothing was written, which the check below sees, too

    def seen(self) -> Seen:
        luck = self.luck.random()
        if luck < 0.05:
            return Seen(trouble="git takes too long")
        closed = "its branch is gone" if luck > 0.99 else ""
        return Seen(head=self.head * 40, merged=0.98 < luck <= 0.99, closed=closed)

    def request(self) -> None:
        reviewer = self.luck.choice(self.reviewers)
        command = c.RequestReview(
            requester=self.author.peer_id,
            what="/src/api#feature",
            reviewer=reviewer.peer_id,
            source=SOURCE,
            seen=self.seen(),
        )
        self.line.do(command)

    def mark(self) -> None:
        review, sha = self.any(), self.luck.choice([self.head, "a", "b", "c"]) * 40
        command = c.MarkReviewed(
            review_id=review.review_id,
            by=self.luck.choice([*self.reviewers, self.author]).peer_id,
            verdict=self.verdict(),
            sha=sha,
            seen=self.seen(),
        )
        before = len(review.verdicts)
        after = self.line.do(command).review
        assert after.verdicts[-1].sha == self.head * 40 == sha or len(after.verdicts) == before
        assert command.by == review.reviewer

    def answer(self) -> None:
        asks = [ask for peer in self.reviewers for ask in self.line.view.open_asks_to(peer.peer_id)]
        ask = self.luck.choice(asks) if asks else None
        if ask:
            by, words = (
                self.line.peer(ask.to[0]),
                self.luck.choice(["approved", "Changes requested: no", "hm"]),
            )
            self.line.answer(ask, by, words, decline=self.luck.random() < 0.1)

    def move(self) -> None:
        self.head = self.luck.choice("abc")

    def look(self) -> None:
        """Whoever looks outside comes back; sometimes it is looked at in vain."""
        for errand in self.line.view.errands():
            trouble = "that took too long" if self.luck.random() < 0.1 else ""
            if not trouble:
                ids = [x.review_id for x in self.line.view.reviews_open()]
                self.line.do(c.SeeHeads(seen=tuple((each, self.seen()) for each in ids)))
            self.line.do(c.FinishErrand(errand_id=errand.errand_id, text=trouble))

    def lose(self) -> None:
        peer = self.luck.choice(self.reviewers)
        self.line.do(c.EndSession(session_id=self.line.session(peer).session_id, why="exit"))
        self.line.do(c.ForgetPeer(peer_id=peer.peer_id))

    def any(self) -> Review:
        found = self.all()
        return self.luck.choice(found) if found else self.missing()

    def missing(self) -> Review:
        raise Malformed("no review yet", "ask for one")

    def verdict(self) -> str:
        return self.luck.choice(["approved", "changes-requested"])

    def all(self) -> list[Review]:
        return [*self.line.view.reviews_open(), *self.line.view.reviews_over(1000)]

    def told(self) -> Counter[str]:
        """How many verdicts the author was told of each review."""
        bodies = [text for kind, text in self.line.inbox(self.author) if kind is Kind.NOTICE]
        return Counter(text.split()[1] for text in bodies if "\n\nnext: " in text)

    def check(self) -> None:
        for review in self.all():
            assert len({x.sha for x in review.verdicts}) == len(review.verdicts)
            assert self.told()[review.review_id] == len(review.verdicts)
            assert self.ended.get(review.review_id, review.state) == review.state
            if review.ended_at:
                self.ended[review.review_id] = review.state
            assert len(self.open_asks(review)) <= (0 if review.ended_at else 1)
        goes_on = [x.reviewer for x in self.line.view.reviews_open()]
        assert len(goes_on) == len(set(goes_on))

    def open_asks(self, review: Review) -> list[str]:
        reviewer: Peer | None = self.line.view.get(Peer, review.reviewer)
        assert reviewer is not None
        asks = self.line.view.open_asks_to(reviewer.peer_id)
        return [x.ask_id for x in asks if x.subject == f"review\n{review.review_id}"]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_verdicts_are_told_once_and_reviews_end_once(seed: int) -> None:
    house = House(seed)
    for _ in range(STEPS):
        house.step()
        house.check()


def test_the_steps_reach_every_state() -> None:
    states = set()
    for seed in range(12):
        house = House(seed)
        for _ in range(STEPS):
            house.step()
            states |= {each.state for each in house.all()}
    assert states == set(reviews.State)
