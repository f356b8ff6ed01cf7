"""What must hold after every commit, by raw rows and events alone: asks, deliveries, who is there.

The rules are written anew here, from what is promised; nothing is asked of the product's own functions. Jobs have a
part of their own, and so has what is told of all this.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from daemon.core import commands as c
from daemon.core.model import Heard
from tests.crowd.books import Books, Change, Commit, expect, written
from tests.crowd.ground import Ground, Row
from tests.crowd.jobwatch import JobWatch
from tests.crowd.loopwatch import LoopWatch
from tests.crowd.reviewwatch import ReviewWatch
from tests.crowd.rolewatch import RoleWatch
from tests.crowd.spawnwatch import SpawnWatch

OPEN = frozenset({"open", "seen", "working"})
ENDINGS = frozenset({"answered", "acknowledged", "declined", "expired", "cancelled", "orphaned"})
ASK_MOVES = {
    "open": {"seen", "working", *ENDINGS},
    "seen": {"working", *ENDINGS},
    "working": {"seen", *ENDINGS},
}
OVER = frozenset({"settled", "expired", "cancelled"})  #: ends of a delivery that nothing undoes
WAITS = frozenset({"queued", "held", "stalled", "uncertain", "seen"})
LINE = "p-peerline"
SLIP, APPROVAL, REVIEW = "sent\n", "approval", "review\n"
ROUTE = "route\n"  #: words that wait for somebody whom they are for; whoever said them may say them anew
LATE = "(late) "


class Oversight:
    def __init__(self, ground: Ground) -> None:
        self.books = Books(ground)
        self.jobs = JobWatch(self.books)
        self.reviews = ReviewWatch(self.books)
        self.roles = RoleWatch(self.books)
        self.loops = LoopWatch(self.books)
        self.spawns = SpawnWatch(self.books)
        self.commits = 0
        self.ended: Counter[str] = Counter()  #: by ask, how often it was told that it ended
        self.heard: dict[str, list[str]] = defaultdict(list)  #: by ask, what its asker was told of it

    # --- when ---------------------------------------------------------------------------------------------------

    def looks(self, commands: Sequence[Any], told: Any, now: datetime) -> None:
        """Something was committed; ``told``: what the last of the commands came to."""
        commit = self.books.read()
        if not commit.changes:
            return
        self.commits += 1
        at = written(now)
        self._written(commit, commands, at)
        self.jobs.looks(commit, commands, at)
        self.reviews.looks(commit, commands)
        self.roles.looks(commit, commands, now)
        self.loops.looks(commit, commands, at)
        self.spawns.looks(commit, commands)
        if isinstance(told, Heard) and told.understood == "nothing" and isinstance(commands[-1], c.Say):
            self._came_to_nothing(commit)

    def _written(self, commit: Commit, commands: Sequence[Any], at: str) -> None:
        for change in commit.changes["envelope"]:
            self._envelope(change, commit, commands)
        for change in commit.changes["delivery"]:
            self._delivery(change, at)
        for event in commit.events:
            self._event(event)
        for change in commit.changes["ask"]:
            self._ask(change, at)
        for change in commit.changes["peer"]:
            self._peer(change)
        for change in commit.changes["session"]:
            self._session(change)

    def saw_nothing(self, why: str) -> None:
        """What was refused, or found no room, has written nothing."""
        commit = self.books.read()
        found = [f"{name}: {each.after}" for name, changes in commit.changes.items() for each in changes]
        expect(not found, f"{why}, and left behind {found[:3]}")

    def time_was_told(self, now: datetime) -> None:
        """Whoever looks after time has done so: nothing is left whose end has come."""
        at = written(now)
        for ask in self.books.rows("ask"):
            if ask["ended_at"] is None:
                expect(ask["deadline_at"] > at, f"open past its deadline: {ask}")
                self._still_wanted(ask)
        for each in self.books.rows("delivery"):
            leased = each["state"] == "leased" and each["leased_until"] <= at
            expect(not leased, f"leased past its lease: {each}")
            waits = each["state"] in {"queued", "held", "stalled", "uncertain"} and each["expires_at"] <= at
            expect(not waits, f"waits past its end: {each}")
        for each in self.books.rows("schedule"):
            expect(not each["wakes_at"] or each["wakes_at"] > at, f"due, and nothing was decided: {each}")
        self.jobs.time_was_told(at)

    def at_the_end(self, since: datetime) -> None:
        """So much time has gone by that whatever was said before ``since`` is over, if it can be."""
        begun = written(since)
        for ask in self.books.rows("ask"):
            if ask["created_at"] < begun:
                expect(ask["ended_at"] is not None, f"it never ended: {ask}")
            if not ask["subject"].startswith(SLIP):
                must = int(ask["ended_at"] is not None)
                expect(self.ended[ask["ask_id"]] == must, f"ended {self.ended[ask['ask_id']]} times: {ask}")
        envelopes = self.books.keyed["envelope"]
        for each in self.books.rows("delivery"):
            shown = each["state"] == "handed" and each["road"] in {"chat", "poll"}
            late = envelopes[each["envelope_id"]]["created_at"] >= begun
            stands = each["state"] in {"dead", "stalled", *OVER} or shown or late
            expect(stands, f"accepted, and nothing came of it: {each}")
        self.jobs.at_the_end(begun)
        self.reviews.at_the_end(begun)

    def _came_to_nothing(self, commit: Commit) -> None:
        """Words that are refused are told of, and nothing of what they wanted is left."""
        for table in ("job", "schedule", "sticky", "errand", "follow"):
            found = [x.after for x in commit.changes[table]]
            expect(not found, f"refused, and left behind {found}")
        asked = [x.after for x in commit.changes["ask"] if x.before is None]
        expect(not asked, f"refused, and asked {asked}")

    # --- asks ---------------------------------------------------------------------------------------------------

    def _ask(self, change: Change, at: str) -> None:
        before, after = change.before, change.after
        expect(after is not None, f"an ask is gone: {before}")
        assert after is not None
        ask_id, over = after["ask_id"], after["state"] in ENDINGS
        expect(over == (after["ended_at"] is not None), f"{ask_id} is {after['state']}, {after['ended_at']}")
        if before:
            self._moved(before, after)
        elif over:
            expect(False, f"{ask_id} began as {after['state']}")
        if not over:
            self._still_wanted(after)
        elif before and before["state"] in OPEN:
            self._just_ended(after, at)
        if before and over:
            late = sum(each["late"] for each in after["answers"])
            told = sum(each.startswith(LATE) for each in self.heard[ask_id])
            expect(told in {0, late}, f"{ask_id}: {late} late answers, told of {told}")

    def _moved(self, before: Row, after: Row) -> None:
        ask_id = after["ask_id"]
        climbed = after["to"][: len(before["to"])] == before["to"] and before["state"] in OPEN
        expect(climbed or before["to"] == after["to"], f"{ask_id} was asked of {before['to']}: {after['to']}")
        routes = before["subject"].startswith(ROUTE) and after["subject"].startswith(ROUTE)
        expect(routes or before["subject"] == after["subject"], f"{ask_id} is about {after['subject']}")
        for name in ("asker", "need", "created_at", "options"):
            expect(before[name] == after[name], f"{ask_id}: {name} was {before[name]}, is {after[name]}")
        if before["state"] in ENDINGS:
            same = (before["state"], before["ended_at"]) == (after["state"], after["ended_at"])
            expect(same, f"{ask_id} ended as {before['state']}, and again as {after['state']}")
            expect(
                after["answers"][: len(before["answers"])] == before["answers"], f"{ask_id} forgot answers"
            )
            more = after["answers"][len(before["answers"]) :]
            expect(all(each["late"] for each in more), f"{ask_id}: late, and not so marked")
        elif before["state"] != after["state"]:
            legal = after["state"] in ASK_MOVES[before["state"]]
            expect(legal, f"{ask_id} went from {before['state']} to {after['state']}")

    def _still_wanted(self, ask: Row) -> None:
        """Nobody waits for the impossible, nor for what is there already."""
        said = {each["sender"]["peer_id"]: each["how"] for each in ask["answers"]}
        positive = sum(how != "declined" for how in said.values())
        heard = set(said) | set(ask["lost"])
        left = len(set(ask["to"]) - heard)
        too_few = positive + left < ask["need"] and ask["need"] < len(ask["to"])
        done = positive >= ask["need"] or left == 0 or too_few
        expect(not done, f"{ask['ask_id']} has what it needs, and is {ask['state']}: {ask}")
        for peer_id in set(ask["to"]) - heard:
            peer = self.books.row("peer", peer_id)
            expect(peer is not None and not peer["forgotten_at"], f"{ask['ask_id']} waits for nobody: {ask}")

    def _just_ended(self, ask: Row, at: str) -> None:
        ask_id = ask["ask_id"]
        expect(ask["ended_at"] == at, f"{ask_id} ended at {ask['ended_at']}, and it is {at}")
        if ask["subject"].startswith(SLIP):
            return
        expect(self.ended[ask_id] == 1, f"{ask_id} is over, and its end was told {self.ended[ask_id]} times")
        asker = self.books.row("peer", ask["asker"])
        wanted = asker is not None and not asker["forgotten_at"] and not _told_otherwise(ask)
        must = int(wanted and ask["state"] != "cancelled")
        told = len([each for each in self.heard[ask_id] if not each.startswith(LATE)])
        expect(told == must, f"{ask_id} is {ask['state']}: its asker was told {told} times, not {must}")
        for each in self.books.rows("delivery"):
            if each["envelope_id"] == ask_id:
                expect(each["state"] not in WAITS, f"{ask_id} is over, and goes on its way: {each}")

    # --- what was said ------------------------------------------------------------------------------------------

    def _envelope(self, change: Change, commit: Commit, commands: Sequence[Any]) -> None:
        """Said once, and on its way to each of those it is for."""
        before, after = change.before, change.after
        expect(after is not None, f"a message is gone: {before}")
        assert after is not None
        if before:
            edited = any(isinstance(x, c.Edit) for x in commands)
            others = {name for name in after if after[name] != before[name]} - {"body", "checksum"}
            expect(edited and not others, f"a message was changed: {before} {after}")
            return
        made = [x.after for x in commit.changes["delivery"] if x.after and x.before is None]
        to = sorted(x["peer_id"] for x in made if x["envelope_id"] == after["envelope_id"])
        expect(to == sorted(after["to"]), f"for {after['to']}, and on its way to {to}: {after}")
        if after["kind"] == "answer":
            ask = self.books.row("ask", after["correlation_id"])
            if ask and after["to"] == [ask["asker"]]:
                self.heard[ask["ask_id"]].append(after["body"])
                told = [x for x in self.heard[ask["ask_id"]] if not x.startswith(LATE)]
                expect(len(told) <= 1, f"{ask['ask_id']}: its asker was told twice: {told}")

    def _delivery(self, change: Change, at: str) -> None:
        before, after = change.before, change.after
        expect(after is not None, f"a delivery is gone: {before}")
        assert after is not None
        state, name = after["state"], after["delivery_id"]
        expect((state == "leased") == (after["holder"] is not None), f"{name} is {state}, {after['holder']}")
        peer, ask = self.books.row("peer", after["peer_id"]), self.books.row("ask", after["envelope_id"])
        forgotten = peer is not None and peer["forgotten_at"]
        if before is None:
            return
        same = all(before[x] == after[x] for x in ("envelope_id", "peer_id", "kind"))
        expect(same, f"{name} is another one: {before} {after}")
        if before["state"] != state:
            expect(before["state"] not in OVER, f"{name} was {before['state']}, and is {state}")
        if state == "expired" and before["state"] != state:
            expect(after["expires_at"] <= at, f"{name} expired before its time: {after}")
        if state == "cancelled" and before["state"] != state:
            off = ask is not None and ask["ended_at"] is not None
            expect(bool(off or forgotten or after["kind"] == "change"), f"{name} was dropped: {after}")
        if state in {"queued", "held"}:
            expect(not forgotten, f"{name} waits for somebody who is forgotten")

    def _event(self, event: Row) -> None:
        if event["type"] == "ended":
            self.ended[event["ref"]] += 1
            expect(self.ended[event["ref"]] == 1, f"{event['ref']} ended twice: {event}")
            ask = self.books.row("ask", event["ref"])
            expect(ask is not None and ask["state"] == event["what"], f"told that it ended: {event}, {ask}")

    # --- who is there -------------------------------------------------------------------------------------------

    def _peer(self, change: Change) -> None:
        after = change.after
        expect(after is not None, f"a peer is gone: {change.before}")
        assert after is not None
        if after["forgotten_at"]:
            return
        place = (after["circle"], after["name"])
        there = [x for x in self.books.rows("peer") if not x["forgotten_at"]]
        same = [x["peer_id"] for x in there if (x["circle"], x["name"]) == place]
        expect(len(same) == 1, f"{place} is {same}")

    def _session(self, change: Change) -> None:
        before, after = change.before, change.after
        expect(after is not None, f"a session is gone: {before}")
        assert after is not None
        live = [
            x["session_id"]
            for x in self.books.rows("session")
            if x["peer_id"] == after["peer_id"] and x["ended_at"] is None
        ]
        expect(len(live) <= 1, f"{after['peer_id']} runs as {live}")


def _told_otherwise(ask: Row) -> bool:
    """By the agent's own dialog; or in the words in which reviews are told of."""
    subject: str = ask["subject"]
    return subject == APPROVAL or subject.startswith(REVIEW)
