"""What is told of how things stand, held against the raw rows: who is there, what is open, what is to be done."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from daemon.core import glance, listing, work
from daemon.core.model import Peer, PeerShown
from tests.crowd.books import expect, written
from tests.crowd.ground import Row
from tests.crowd.stage import Stage

IN_TURN = frozenset({"working", "awaiting_input"})
SPANS = frozenset({"orchestrator", "service", "human"})
FRESH = timedelta(seconds=90)


class Told:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.books = stage.oversight.books

    def is_true(self) -> None:
        """One of everything; over many moments, everything."""
        peers = [x for x in self.books.rows("peer") if not x["forgotten_at"]]
        caller = self.stage.pick(*peers)
        self._list(caller, peers)
        self._asks(caller)
        self._jobs(caller)
        if self.stage.chance(0.25):
            self._board()

    # --- who is there -------------------------------------------------------------------------------------------

    def _list(self, caller: Row, peers: list[Row]) -> None:
        stage = self.stage
        circle = stage.pick(None, None, "*", "dev")
        offline, itself = stage.chance(0.3), stage.chance(0.3)

        def look(plan: Any) -> tuple[PeerShown, ...]:
            me = plan.peer(caller["peer_id"])
            return listing.peers(plan, me, circle=circle, show_offline=offline, include_self=itself)

        shown = {each.peer.peer_id: each for each in stage.look(look)}
        meant = {
            x["peer_id"]
            for x in peers
            if self._is_seen(caller, x, circle)
            and (itself or x["peer_id"] != caller["peer_id"])
            and (offline or self.status(x) != "offline" or x["role"] in SPANS or self._is_awaited(x))
        }
        expect(set(shown) == meant, f"{caller['name']} is shown {set(shown) ^ meant} or not, of {circle}")
        for peer_id, each in shown.items():
            self._fits(self.books.row("peer", peer_id), each)

    def _is_awaited(self, peer: Row) -> bool:
        """Somebody who is being started."""
        mine = [x for x in self.books.rows("spawn") if x["peer_id"] == peer["peer_id"]]
        return any(x["state"] in {"wanted", "starting"} for x in mine)

    def _fits(self, row: Row | None, each: PeerShown) -> None:
        assert row is not None
        what = f"{row['circle']}/{row['name']}"
        expect(each.status == self.status(row), f"{what} is told {each.status}: {self.status(row)}")
        same = (each.peer.name, each.peer.circle, each.peer.role) == (row["name"], row["circle"], row["role"])
        expect(same, f"{what} is told as {each.peer}")
        session = self.session(row)
        turn = each.session.turn if each.session else ""
        expect(turn == (session["turn"] if session else ""), f"{what} is told {turn}: {session}")
        roads = each.reach.road != "none" or each.status == "offline" or row["role"] in SPANS
        expect(roads, f"{what} is {each.status}, and is not reached: {each.reach}")

    def _is_seen(self, caller: Row, peer: Row, circle: str | None) -> bool:
        here = self.books.row("conversation", peer["peer_id"])
        if here and here["thread"]:
            return False
        if not self._meets(caller, peer):
            return False
        outside = caller["role"] == "human" or caller["backend"] == "cli"
        everywhere = outside or caller["role"] == "orchestrator"
        wanted = "*" if circle is None and everywhere else circle
        mine = "" if outside else caller["circle"]
        if wanted == "*" or peer["circle"] == (wanted or mine):
            return True
        return peer["role"] in SPANS and wanted in {None, mine}

    def _meets(self, caller: Row, peer: Row) -> bool:
        own = self.books.row("conversation", caller["peer_id"])
        everybody = own is None or "*" in own["circles"] or peer["peer_id"] == caller["peer_id"]
        return everybody or peer["circle"] in own["circles"]

    def session(self, peer: Row) -> Row | None:
        found = self.books.row("session", peer["session_id"])
        return found if found and found["ended_at"] is None else None

    def status(self, peer: Row) -> str:
        """By its session, or by the age of its surface's last round trip."""
        here = self.books.row("conversation", peer["peer_id"])
        if here:
            beat, now = here["beat_at"], self.stage.watch.now()
            young = beat is not None and beat > written(now - FRESH)
            return "online" if young and not here["closed"] else "offline"
        session = self.session(peer)
        if session is None:
            return "online" if peer["role"] == "service" and not peer["session_id"] else "offline"
        return "busy" if session["turn"] in IN_TURN else "online"

    # --- what is open -------------------------------------------------------------------------------------------

    def _asks(self, caller: Row) -> None:
        me = caller["peer_id"]
        by, to = self.stage.ground.look(lambda tx: (tx.asks(asker=me), tx.asks(to=me)))
        rows = [x for x in self.books.rows("ask") if x["ended_at"] is None]
        for found, meant in (
            (by, {x["ask_id"] for x in rows if x["asker"] == me}),
            (to, {x["ask_id"] for x in rows if me in x["to"]}),
        ):
            told = {x.ask_id for x in found}
            expect(told == meant, f"of {caller['name']} is told {told}, and open is {meant}")
            for each in found:
                row = self.books.row("ask", each.ask_id)
                same = row is not None and row["state"] == each.state
                expect(same and row["created_at"] == written(each.created_at), f"told: {each}; is: {row}")

    def _jobs(self, caller: Row) -> None:
        def look(plan: Any) -> list[tuple[Any, str]]:
            return [(job, work.waits_for(plan, job)) for job in plan.view.jobs(caller["peer_id"])]

        found = self.stage.look(look)
        theirs = {"owner", "to"}
        meant = {
            x["job_id"] for x in self.books.rows("job") if any(x[y] == caller["peer_id"] for y in theirs)
        }
        told = {job.job_id for job, _ in found}
        expect(told == meant or len(meant) > 200, f"told {told ^ meant} of {caller['name']}")
        at = written(self.stage.watch.now())
        for job, waits in found:
            row = self.books.row("job", job.job_id)
            same = row is not None and (row["state"], row["result"]) == (job.state, job.result)
            expect(same, f"told: {job}; is: {row}")
            assert row is not None
            if job.state == "queued" and not waits:
                free = self.stage.oversight.jobs.could_begin(row, at)
                expect(free or job.tonight, f"told that nothing holds it up: {row}")

    def _board(self) -> None:
        """What a person reads at a glance of those who are there."""
        chat = self.stage.pick(*[x for x in self.books.rows("conversation") if not x["thread"]])
        here = self.books.row("peer", chat["peer_id"])
        if here is None or here["forgotten_at"]:
            return

        def look(plan: Any) -> str:
            peer: Peer = plan.peer(chat["peer_id"])
            return glance.text(plan, peer)

        text = self.stage.look(look)
        board = text.partition("\n\n")[0]
        for row in self.books.rows("peer"):
            if row["forgotten_at"] or row["role"] not in {"agent", "orchestrator"}:
                continue
            meets = "*" in chat["circles"] or row["circle"] in chat["circles"]
            line = f"- `{row['circle']}/{row['name']}` "
            there = self.status(row) != "offline"
            expect((line in board) == (meets and there), f"{line} {self.status(row)}: {text}")
        open_ = sum(x["asker"] == chat["peer_id"] and not x["ended_at"] for x in self.books.rows("ask"))
        expect((f"open: {open_} ask" in text) == (open_ > 0), f"{open_} are open: {text}")
