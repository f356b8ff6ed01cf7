"""What must hold of jobs, by raw rows and events alone. A part of the overseer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from daemon.core import commands as c
from tests.crowd.books import Books, Change, Commit, expect
from tests.crowd.ground import Row

OPEN = frozenset({"queued", "running", "blocked"})
ENDS = frozenset({"done", "failed", "cancelled", "expired"})
MOVES = {
    "queued": {"running", "blocked", "failed", "expired", "cancelled"},
    "running": {"queued", "blocked", "done", "failed", "expired", "cancelled"},
    "blocked": {"queued", "running", "done", "failed", "expired", "cancelled"},
    "failed": {"queued"},
    "expired": {"queued"},
    "cancelled": {"queued"},
    "done": set(),
}
STARTING = "starting"
GOES_ON = frozenset({"clear", "resume", "compact"})
BY_CIRCLE, BY_BACKEND = 4, 8  #: how many run at once, unless the config says otherwise


class JobWatch:
    def __init__(self, books: Books) -> None:
        self.books = books
        self.ends: Counter[str] = Counter()

    def looks(self, commit: Commit, commands: Sequence[Any], at: str) -> None:
        for change in commit.changes["job"]:
            self._job(change, commit, commands)
        for change in commit.changes["session"]:
            self._died(change, commit)
        if commit.changes["job"] or commit.changes["ask"]:
            self._one_ask_each()

    def time_was_told(self, at: str) -> None:
        for job in self.books.rows("job"):
            late = job["state"] in OPEN and job["deadline_at"] and job["deadline_at"] <= at
            expect(not late, f"goes on past its deadline: {job}")
            expect(not (job["wakes_at"] and job["wakes_at"] <= at), f"due, and not looked at: {job}")
            if job["state"] == "queued":
                expect(not self.could_begin(job, at), f"nothing holds it up, and it is not begun: {job}")

    def at_the_end(self, since: str) -> None:
        for job in self.books.rows("job"):
            young = job["began_at"] is not None and job["began_at"] >= since
            goes_on = job["held"] and not self._is_away(
                job
            )  # whoever does it says themselves when it is over
            expect(job["state"] != "running" or young or goes_on, f"it runs for ever: {job}")
            if job["state"] == "queued":
                expect(self._has_to_wait(job), f"queued for ever: {job}")

    def _has_to_wait(self, job: Row) -> bool:
        """For what it comes after, or for a place that somebody holds: a month each, where nobody comes back."""
        before = [self.books.row("job", x) for x in job["after"]]
        running = [x for x in self.books.rows("job") if x["state"] == "running"]
        taken = any(x[name] == job[name] for x in running for name in ("to", "circle", "backend"))
        return taken or any(x and x["state"] in OPEN for x in before)

    # --- one job ------------------------------------------------------------------------------------------------

    def _job(self, change: Change, commit: Commit, commands: Sequence[Any]) -> None:
        before, after = change.before, change.after
        expect(after is not None, f"a job is gone: {before}")
        assert after is not None
        name = after["job_id"]
        expect((after["state"] in ENDS) == (after["ended_at"] is not None), f"{name}: {after}")
        told = commit.told("job_changed", name)
        way = [before["state"] if before else "queued", *told]
        expect(way[-1] == after["state"], f"{name} is {after['state']}, and it was told {way}")
        for here, there in pairwise(way):
            expect(there in MOVES[here], f"{name} went from {here} to {there}: {way}")
            if here in ENDS:
                wished = any(isinstance(x, c.RetryJob | c.Tap) for x in commands)
                expect(wished, f"{name} was {here}, and is {there}, and nobody wished for it")
        self._told_of(after, told, commit, commands)
        self._begun(before, after, commit)
        if "done" in told:
            self._well_done(before, after, commit, commands)

    def _told_of(self, job: Row, told: list[str], commit: Commit, commands: Sequence[Any]) -> None:
        """Whoever wants it is told of each end once, unless they brought it about."""
        owner = self.books.row("peer", job["owner"])
        there = owner is not None and not owner["forgotten_at"]
        own = any(getattr(x, "by", None) == job["owner"] for x in commands) or _is_said(commands)
        must = [x for x in told if x in ENDS or x == "blocked"] if there else []
        said = [
            row["body"]
            for x in commit.changes["envelope"]
            if (row := x.after) and row["kind"] == "notice" and row["to"] == [job["owner"]]
        ]
        head = f'job {job["job_id"]} "'
        heard = [body for body in said if body.startswith(head) and '" is ' in body]
        fits = len(heard) == len(must) or (own and len(heard) < len(must))
        expect(fits, f"{job['job_id']} became {told}; whoever wants it was told {heard}")

    def _begun(self, before: Row | None, after: Row, commit: Commit) -> None:
        expect(after["state"] != "running" or after["ask_id"], f"it runs, and was never begun: {after}")
        tried = after["ask_id"] and (before is None or before["ask_id"] != after["ask_id"])
        if not tried:
            return
        for each in after["after"]:
            first = self.books.row("job", each)
            expect(first is not None and first["state"] == "done", f"begun before {first}: {after}")
        if after["ask_id"] == STARTING:
            return
        ask = self.books.row("ask", after["ask_id"])
        expect(ask is not None and ask["to"] == [after["to"]], f"asked of somebody else: {after}, {ask}")

    def _well_done(self, before: Row | None, after: Row, commit: Commit, commands: Sequence[Any]) -> None:
        """By its worker's own word, or by the answer to the ask of this very try."""
        if any(isinstance(x, c.UpdateJob) and x.job_id == after["job_id"] for x in commands):
            return
        tries = {after["ask_id"], before["ask_id"] if before else ""}
        by = [x["ref"] for x in commit.events if x["type"] == "answered"]
        expect(bool(tries & set(by)), f"done, and what was answered is {by}: {after}")

    # --- together -----------------------------------------------------------------------------------------------

    def _one_ask_each(self) -> None:
        jobs = {job["job_id"]: job for job in self.books.rows("job")}
        going: Counter[str] = Counter()
        for ask in self.books.rows("ask"):
            subject, _, job_id = ask["subject"].partition("\n")
            if subject != "job" or ask["ended_at"]:
                continue
            going[job_id] += 1
            job = jobs[job_id]
            expect(job["ask_id"] == ask["ask_id"], f"the ask of an earlier try is open: {ask}, {job}")
            expect(
                job["state"] in {"running", "blocked"}, f"its job is {job['state']}, and it is open: {ask}"
            )
        expect(not going or max(going.values()) == 1, f"asked twice at once: {going}")
        busy = Counter(x["to"] for x in jobs.values() if x["state"] == "running" and not x["held"])
        busy.pop("", None)
        expect(not busy or max(busy.values()) == 1, f"one does several at once: {busy}")
        for job in jobs.values():
            lost = job["state"] == "running" and not job["held"] and job["ask_id"] != STARTING
            expect(not lost or going[job["job_id"]] == 1, f"it runs, and nobody is asked: {job}")

    def _died(self, change: Change, commit: Commit) -> None:
        """Who dies fails what it was at."""
        before, after = change.before, change.after
        if not (before and after and after["ended_at"] and not before["ended_at"]):
            return
        if not commit.told("left", after["peer_id"]) or after["ended_why"] in GOES_ON:
            return
        for job in self.books.rows("job"):
            ask = self.books.row("ask", job["ask_id"])
            at_it = job["to"] == after["peer_id"] and job["state"] == "running"
            expect(not at_it or (ask is not None and ask["state"] == "open"), f"its worker is dead: {job}")

    def could_begin(self, job: Row, at: str) -> bool:
        """Whether nothing holds it up."""
        if (job["due_at"] and job["due_at"] > at) or job["tonight"] or not job["to"]:
            return False
        before = [self.books.row("job", x) for x in job["after"]]
        if not all(x and x["state"] == "done" for x in before):
            return False
        if any(x["state"] in {"limited", "trying"} for x in self.books.rows("account")):
            return False
        running = [x for x in self.books.rows("job") if x["state"] == "running"]
        busy = any(x["to"] == job["to"] and not x["held"] for x in running)
        here = [x for x in running if not self._waits_for_somebody_away(x)]
        circle = sum(x["circle"] == job["circle"] for x in here)
        backend = sum(x["backend"] == job["backend"] for x in here)
        return not busy and circle < BY_CIRCLE and backend < BY_BACKEND

    def _waits_for_somebody_away(self, job: Row) -> bool:
        ask = self.books.row("ask", job["ask_id"])
        return ask is not None and ask["state"] == "open" and self._is_away(job)

    def _is_away(self, job: Row) -> bool:
        peer = self.books.row("peer", job["to"])
        session = self.books.row("session", peer["session_id"]) if peer else None
        return peer is not None and (session is None or session["ended_at"] is not None)


def _is_said(commands: Sequence[Any]) -> bool:
    """By talking: whoever wants it may be who speaks."""
    return any(isinstance(x, c.Say | c.Tap | c.Edit | c.Unsay) for x in commands)
