"""What must hold of agents that are started from here, by raw rows and events alone. A part of the overseer."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from daemon.core import commands as c
from tests.crowd.books import Books, Change, Commit, expect
from tests.crowd.ground import Row

MOVES = {
    "wanted": {"starting", "failed"},
    "starting": {"running", "failed"},
    "running": {"over"},
    "failed": set[str](),
    "over": set[str](),
}
LIVE = frozenset({"wanted", "starting", "running"})
NAMES = ("server_pid", "server_started", "pane_id", "pane_pid", "pane_started")


class SpawnWatch:
    def __init__(self, books: Books) -> None:
        self.books = books
        self.told: Counter[tuple[str, str]] = Counter()

    def looks(self, commit: Commit, commands: Sequence[Any]) -> None:
        for event in commit.events:
            if event["type"] in {"spawn_wanted", "spawn_arrived", "spawn_failed", "spawn_over"}:
                self.told[event["type"], event["ref"]] += 1
                expect(self.told[event["type"], event["ref"]] == 1, f"told twice: {event}")
        for change in commit.changes["spawn"]:
            self._spawn(change, commit, commands)

    def _spawn(self, change: Change, commit: Commit, commands: Sequence[Any]) -> None:
        before, after = change.before, change.after
        expect(after is not None, f"a start is gone: {before}")
        assert after is not None
        state = after["state"]
        expect((state in LIVE) == (after["ended_at"] is None), f"{state}: {after}")
        if before is None:
            self._wanted(after, commands)
        elif before["state"] != state:
            expect(state in MOVES[before["state"]], f"{before['state']} became {state}: {after}")
        if state == "running" and before and before["state"] != state:
            self._arrived(after)
        if state == "failed" and before and before["state"] != state:
            self._failed(after, commit)

    def _wanted(self, spawn: Row, commands: Sequence[Any]) -> None:
        """Within what is allowed, and there from the first."""
        expect(spawn["state"] == "wanted", f"it begins as {spawn}")
        for command in (x for x in commands if isinstance(x, c.WantSpawn)):
            live = [x for x in self.books.rows("spawn") if x["state"] in LIVE]
            expect(len(live) <= command.live, f"{len(live)} are there, of {command.live}")
            expect(spawn["depth"] <= command.depth, f"too deep: {spawn}")
        mine = [
            x for x in self.books.rows("spawn") if x["peer_id"] == spawn["peer_id"] and x["state"] in LIVE
        ]
        expect(len(mine) == 1, f"one peer is started twice: {mine}")
        peer = self.books.row("peer", spawn["peer_id"])
        expect(
            peer is not None and not peer["forgotten_at"], f"whoever is started is a peer: {spawn}, {peer}"
        )

    def _arrived(self, spawn: Row) -> None:
        peer = self.books.row("peer", spawn["peer_id"])
        session = self.books.row("session", peer["session_id"]) if peer else None
        expect(session is not None and session["ended_at"] is None, f"nobody arrived: {spawn}, {session}")
        assert session is not None
        expect(_pane(session) == _pane(spawn), f"another pane's: {session} is no {spawn}")

    def _failed(self, spawn: Row, commit: Commit) -> None:
        """Who waits for it is told, and nobody asks it any more."""
        for ask in self.books.rows("ask"):
            waits = not ask["ended_at"] and spawn["peer_id"] in ask["to"]
            heard = spawn["peer_id"] in ask["lost"] or any(
                x["sender"]["peer_id"] == spawn["peer_id"] for x in ask["answers"]
            )
            expect(not waits or heard, f"it never came, and is asked: {ask}")
        by = self.books.row("peer", spawn["by"])
        there = by is not None and not by["forgotten_at"] and by["role"] != "service"
        heard_of = [
            x.after["body"]
            for x in commit.changes["envelope"]
            if x.after and spawn["by"] in x.after["to"] and spawn["reason"] in x.after["body"]
        ]
        expect(not there or heard_of, f"who wanted it hears nothing: {spawn}")
        peer = self.books.row("peer", spawn["peer_id"])
        never = peer is not None and peer["session_id"] is None
        expect(not never or bool(peer and peer["forgotten_at"]), f"it never was, and is there: {peer}")


def _pane(row: Row) -> list[Any]:
    pane = json.loads(row["pane"]) if isinstance(row["pane"], str) else row["pane"]
    return [pane[name] for name in NAMES] if pane else []
