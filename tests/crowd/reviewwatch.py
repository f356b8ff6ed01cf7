"""What must hold of reviews, by raw rows and events alone. A part of the overseer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from daemon.core import commands as c
from tests.crowd.books import Books, Change, Commit, expect
from tests.crowd.ground import Row

ENDS = frozenset({"merged", "closed"})
SAID = frozenset({"approved", "changes-requested"})


class ReviewWatch:
    def __init__(self, books: Books) -> None:
        self.books = books
        self.ends: Counter[str] = Counter()

    def looks(self, commit: Commit, commands: Sequence[Any]) -> None:
        for change in commit.changes["review"]:
            self._review(change, commit, commands)
        if commit.changes["review"] or commit.changes["ask"]:
            self._one_ask_each()

    def at_the_end(self, since: str) -> None:
        """An ask that nobody answers ends, and then the review says what is to be done."""
        for review in self.books.rows("review"):
            over = review["state"] in ENDS
            expect(self.ends[review["review_id"]] == int(over), f"ended {self.ends}: {review}")

    def _review(self, change: Change, commit: Commit, commands: Sequence[Any]) -> None:
        before, after = change.before, change.after
        expect(after is not None, f"a review is gone: {before}")
        assert after is not None
        name, over = after["review_id"], after["state"] in ENDS
        expect(over == (after["ended_at"] is not None), f"{name}: {after}")
        told = commit.told("review_changed", name)
        self.ends[name] += sum(state in ENDS for state in told)
        expect(self.ends[name] == int(over), f"{name} is {after['state']}, and ended {self.ends[name]} times")
        if before and before["state"] in ENDS:
            expect(before == after, f"{name} was {before['state']}, and was changed: {after}")
        if before and before["state"] != after["state"]:
            expect(told[-1:] == [after["state"]], f"{name} is {after['state']}, and was told {told}")
        self._standing(after)
        self._verdicts(before, after, commit, commands)

    def _standing(self, review: Row) -> None:
        """What it is said to be fits its head and what was said of that."""
        state, head = review["state"], review["head_sha"]
        said = {each["sha"]: each["verdict"] for each in review["verdicts"]}
        expect(len(said) == len(review["verdicts"]), f"two verdicts on one commit: {review}")
        if state in SAID:
            expect(said.get(head) == state, f"{state} at a commit of which that was not said: {review}")
        elif state in {"pending", "changed-since-review"}:
            expect(head not in said, f"{state}, and there is a verdict: {review}")
        if state == "changed-since-review":
            expect(bool(said) and not review["wanted"], f"nothing was said of it before: {review}")

    def _verdicts(self, before: Row | None, after: Row, commit: Commit, commands: Sequence[Any]) -> None:
        """A verdict is given by who was asked, on the head of that moment, and told once."""
        old = before["verdicts"] if before else []
        expect(after["verdicts"][: len(old)] == old, f"a verdict was changed: {before} {after}")
        fresh = after["verdicts"][len(old) :]
        expect(len(fresh) <= 1, f"two verdicts at once: {after}")
        for verdict in fresh:
            own = verdict["by"] == after["author"]
            expect(not own and verdict["sha"] == after["head_sha"], f"{verdict} of {after}")
            for mark in (x for x in commands if isinstance(x, c.MarkReviewed)):
                meant = mark.sha or (before or after)["asked_sha"] or (before or after)["submitted_sha"]
                expect(verdict["sha"].startswith(meant), f"{mark} became {verdict}")
            by = [x.by for x in commands if isinstance(x, c.MarkReviewed)] or [after["reviewer"]]
            talked = any(isinstance(x, c.FinishErrand) for x in commands)
            expect(by == [after["reviewer"]] or talked, f"{by} judged what {after['reviewer']} was asked")
            self._author_knows(after, verdict, commit)

    def _author_knows(self, review: Row, verdict: Row, commit: Commit) -> None:
        author = self.books.row("peer", review["author"])
        there = author is not None and not author["forgotten_at"] and verdict["by"] != review["author"]
        head = f"review {review['review_id']} of "
        heard = [
            row["body"]
            for x in commit.changes["envelope"]
            if (row := x.after) and review["author"] in row["to"] and row["body"].startswith(head)
        ]
        told = [body for body in heard if f" is {verdict['verdict']} at " in body]
        expect(len(told) == int(there), f"{review['review_id']}: {verdict}; its author was told {heard}")

    def _one_ask_each(self) -> None:
        going: Counter[str] = Counter()
        for ask in self.books.rows("ask"):
            subject, _, review_id = ask["subject"].partition("\n")
            if subject != "review" or ask["ended_at"]:
                continue
            going[review_id] += 1
            review = self.books.row("review", review_id)
            expect(review is not None and review["state"] not in ENDS, f"over, and asked: {review}, {ask}")
        expect(not going or max(going.values()) == 1, f"asked twice at once: {going}")
