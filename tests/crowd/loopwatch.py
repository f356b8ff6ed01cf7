"""What must hold of chains of messages, and of those who wait for each other. A part of the overseer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from daemon.core import commands as c
from tests.crowd.books import Books, Commit, expect
from tests.crowd.ground import Row

LONGEST = 8
AGENTS = frozenset({"agent", "orchestrator"})
OF_THEIR_OWN = frozenset({"ask", "notice", "broadcast"})


class LoopWatch:
    def __init__(self, books: Books) -> None:
        self.books = books
        self.deepest = 0

    def looks(self, commit: Commit, commands: Sequence[Any], at: str) -> None:
        for change in commit.changes["envelope"]:
            if change.after and change.before is None:
                self._said(change.after)
        for command in commands:
            if isinstance(command, c.AwaitAsk) or (isinstance(command, c.SendAsk) and command.wait):
                who = command.by if isinstance(command, c.AwaitAsk) else command.sender
                expect(who not in self.stuck(at), f"{who} waits in a ring, since {command}")

    def daemon_began(self) -> None:
        """Whoever waited was cut off with the daemon before."""
        waits = [x for x in self.books.rows("ask") if x["waited_until"] and not x["ended_at"]]
        expect(not waits, f"nobody waits any more, and it is said: {waits}")

    def _said(self, envelope: Row) -> None:
        sender = envelope["sender"]
        to = [self.books.row("peer", x) or {} for x in envelope["to"]]
        among = sender["role"] in AGENTS and any(x.get("role") in AGENTS for x in to)
        if among and envelope["kind"] in OF_THEIR_OWN:
            self.deepest = max(self.deepest, envelope["hops"])
            expect(envelope["hops"] <= LONGEST, f"a chain too long: {envelope}")
        if sender["role"] == "human":
            expect(envelope["hops"] == 0, f"what a person says begins a chain: {envelope}")

    def stuck(self, at: str) -> set[str]:
        """Those who wait for each other, so that none of them is ever free to answer."""
        waits = [x for x in self.books.rows("ask") if self._is_waited_for(x, at)]
        stuck = {x["asker"] for x in waits}
        while free := {x for x in stuck if self._may_be_freed(x, waits, stuck)}:
            stuck -= free
        return stuck

    def _may_be_freed(self, who: str, waits: list[Row], stuck: set[str]) -> bool:
        return all(_can_be_met(ask, stuck) for ask in waits if ask["asker"] == who)

    def _is_waited_for(self, ask: Row, at: str) -> bool:
        asker = self.books.row("peer", ask["asker"])
        session = self.books.row("session", asker["session_id"]) if asker else None
        there = session is not None and session["ended_at"] is None
        return there and not ask["ended_at"] and bool(ask["waited_until"]) and ask["waited_until"] > at


def _can_be_met(ask: Row, stuck: set[str]) -> bool:
    """Whether those who are not held up are enough: who says no, or is gone, is heard."""
    said = {each["sender"]["peer_id"]: each["how"] != "declined" for each in ask["answers"]}
    left = set(ask["to"]) - set(said) - set(ask["lost"])
    return len(left - stuck) >= min(ask["need"] - sum(said.values()), len(left))
