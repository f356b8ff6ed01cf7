"""Who is stuck, and why, worked out anew from raw rows, and held against what an orchestrator is told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from daemon.core import addressing, overview
from tests.crowd.books import Books, expect, written
from tests.crowd.ground import Row
from tests.crowd.stage import Stage

AGENTS = frozenset({"agent", "orchestrator"})
SILENT = timedelta(minutes=10)
IN_A_CALL = ("ask_peer", "wait_for")
GOES_ON = frozenset({"queued", "running", "blocked"})
OWED = frozenset({"pending", "changed-since-review"})


class Glances:
    """``orchestrator_status`` never contradicts the rows."""

    def __init__(self, stage: Stage, status: Any) -> None:
        self.stage = stage
        self.books: Books = stage.oversight.books
        self.status = status  #: of a peer's row
        self.asks: list[Row] = []

    def are_true(self) -> None:
        everywhere = addressing.Standpoint(everywhere=True)
        told = self.stage.look(lambda plan: overview.of(plan, everywhere))
        agents = {x["peer_id"]: x for x in self._agents()}
        self.asks = [x for x in self.books.rows("ask") if not x["ended_at"]]
        expect({x.peer.peer_id for x in told.rows} == set(agents), "somebody is left out, or is not there")
        leads = {x["peer_id"] for x in agents.values() if x["role"] == "orchestrator"}
        expect({x.peer.peer_id for x in told.orchestrators} == leads, f"told to lead: {told.orchestrators}")
        for row in told.rows:
            self._row(agents[row.peer.peer_id], row)

    def _agents(self) -> list[Row]:
        return [x for x in self.books.rows("peer") if x["role"] in AGENTS and not x["forgotten_at"]]

    def _row(self, peer: Row, told: overview.Row) -> None:
        me, name = peer["peer_id"], f"{peer['circle']}/{peer['name']}"
        expect(told.found.status == self.status(peer), f"{name}: told {told.found}: {self.status(peer)}")
        open_ = [x["ask_id"] for x in sorted(self._owed(me), key=lambda x: x["created_at"])]
        expect([x.ask_id for x in told.asks] == open_, f"{name}: told {told.asks}; open is {open_}")
        for each in told.asks:
            row = self.books.row("ask", each.ask_id)
            expect(row is not None and row["created_at"] == written(each.created_at), f"its age: {each}")
        jobs = {x["job_id"] for x in self.books.rows("job") if x["to"] == me and x["state"] in GOES_ON}
        expect({x.job_id for x in told.jobs} == jobs, f"{name}: told {told.jobs}; there is {jobs}")
        reviews = {
            x["review_id"]
            for x in self.books.rows("review")
            if x["reviewer"] == me
            and (x["state"] in OWED or (x["state"] == "unknown" and (x["wanted"] or not x["verdicts"])))
        }
        expect(set(told.reviews) == reviews, f"{name}: told {told.reviews}; owed is {reviews}")
        stuck = self._stuck(peer)
        expect({str(x.why) for x in told.stuck} == stuck, f"{name}: told {told.stuck}; it is {stuck}")
        for each in told.stuck:
            self.stage.met[f"stuck: {each.why}"] += 1
            expect(bool(each.evidence) and each.since <= self.stage.watch.now(), f"{name}: {each}")

    # --- stuck --------------------------------------------------------------------------------------------------

    def _stuck(self, peer: Row) -> set[str]:
        session = self.books.row("session", peer["session_id"])
        live = session if session and not session["ended_at"] else None
        found = {
            "dead": session is not None and live is None and self._is_awaited(peer),
            "person": live is not None
            and (live["turn"] == "awaiting_input" or self._asked(peer, live, True)),
            "peer": live is not None and self._asked(peer, live, False),
            "usage limit": self.status(peer) != "offline" and self._is_limited(peer),
            "error": self._went_wrong(peer, live),
            "silent": live is not None and live["turn"] == "working" and self._is_silent(peer, live),
        }
        return {why for why, true in found.items() if true}

    def _owed(self, peer_id: str) -> list[Row]:
        return [x for x in self.asks if peer_id in _owing(x)]

    def _is_awaited(self, peer: Row) -> bool:
        jobs = [x for x in self.books.rows("job") if x["to"] == peer["peer_id"] and x["state"] in GOES_ON]
        return bool(jobs or self._owed(peer["peer_id"]))

    def _asked(self, peer: Row, live: Row, human: bool) -> bool:
        """It rests, or its turn is in a call that waits, and an ask of its own is open to such a one."""
        if live["turn"] == "working" and not any(x in live["doing"] for x in IN_A_CALL):
            return False
        owing = {x for ask in self.asks if ask["asker"] == peer["peer_id"] for x in _owing(ask)}
        roles = {(self.books.row("peer", x) or {}).get("role") == "human" for x in owing}
        return human in roles

    def _is_limited(self, peer: Row) -> bool:
        account = self.books.row("account", peer["backend"])
        return account is not None and account["state"] == "limited"

    def _went_wrong(self, peer: Row, live: Row | None) -> bool:
        stuck = any(
            x["peer_id"] == peer["peer_id"] and x["state"] in {"stalled", "uncertain"}
            for x in self.books.rows("delivery")
        )
        return stuck or (live is not None and bool(live["failed_at"] or live["stopped"]))

    def _is_silent(self, peer: Row, live: Row) -> bool:
        signs = [peer["last_seen"], live["turn_at"], live["said_at"] or ""]
        signs += [each["at"] for each in live["arrivals"]]
        return max(signs) <= written(self.stage.watch.now() - SILENT)


def _owing(ask: Row) -> set[str]:
    return set(ask["to"]) - set(ask["lost"]) - {each["sender"]["peer_id"] for each in ask["answers"]}
