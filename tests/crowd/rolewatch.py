"""What must hold of roles, by raw rows and events alone. A part of the overseer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from daemon.core import commands as c
from tests.crowd.books import Books, Change, Commit, expect, written

SILENT = timedelta(minutes=10)


class RoleWatch:
    def __init__(self, books: Books) -> None:
        self.books = books

    def looks(self, commit: Commit, commands: Sequence[Any], now: datetime) -> None:
        changed = [x for x in commit.changes["peer"] if x.before and x.after and _role(x) is not None]
        for change in changed:
            self._changed(change, commit, commands, now)
        if commit.changes["peer"]:
            there = [x for x in self.books.rows("peer") if not x["forgotten_at"]]
            leads = Counter(x["circle"] for x in there if x["role"] == "orchestrator")
            expect(not leads or max(leads.values()) == 1, f"two lead one circle: {leads}")

    def _changed(self, change: Change, commit: Commit, commands: Sequence[Any], now: datetime) -> None:
        """Claimed, or given at its start, or given back; or taken, with force, from one that is away or silent."""
        assert change.after is not None
        if change.after["role"] == "orchestrator" and self._arrived(change.after["peer_id"], commit):
            return
        peer_id = change.after["peer_id"]
        for claim in (x for x in commands if isinstance(x, c.ClaimRole)):
            if claim.peer_id == peer_id:
                expect(change.after["role"] == claim.role, f"{claim}: {change}")
                return
            expect(claim.force and self._may_lose_it(peer_id, now), f"{claim} took it: {change}")
            expect(self._was_told(peer_id, commit), f"nobody told {peer_id} that it leads no more")
            return
        moved = any(isinstance(x, c.MovePeer | c.RegisterSession) for x in commands)
        expect(moved and change.after["role"] == "agent", f"nobody claimed it: {change}")
        expect(self._was_told(peer_id, commit), f"nobody told {peer_id} that it leads no more")

    def _arrived(self, peer_id: str, commit: Commit) -> bool:
        """Whoever was started to lead is there now."""
        starts = (x.after for x in commit.changes["spawn"] if x.after and x.after["peer_id"] == peer_id)
        return any(x["state"] == "running" and x["role"] == "orchestrator" for x in starts)

    def _may_lose_it(self, peer_id: str, now: datetime) -> bool:
        peer = self.books.row("peer", peer_id)
        session = self.books.row("session", peer["session_id"]) if peer else None
        if peer is None or session is None or session["ended_at"]:
            return True
        signs = [peer["last_seen"], session["turn_at"], *(each["at"] for each in session["arrivals"])]
        return session["turn"] != "working" and max(signs) <= written(now - SILENT)

    def _was_told(self, peer_id: str, commit: Commit) -> bool:
        return any(x.after and x.after["to"] == [peer_id] for x in commit.changes["envelope"])


def _role(change: Change) -> str | None:
    assert change.before is not None
    assert change.after is not None
    return change.after["role"] if change.after["role"] != change.before["role"] else None
