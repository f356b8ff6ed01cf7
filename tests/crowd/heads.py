"""Reviews as the crowd has them done: branches whose heads move, and what is wanted and said of them."""

from __future__ import annotations

from daemon.core import commands as c
from daemon.core.model import Errand, Review, Seen, Source
from tests.crowd.agents import Agent
from tests.crowd.stage import Stage

VERDICTS = ("approved", "approved", "changes-requested", "perhaps")


class Heads:
    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.heads = dict.fromkeys(("one", "two", "three", "four"), "a")
        self.merged: set[str] = set()
        self.closed: set[str] = set()

    def acts(self, agent: Agent) -> None:
        roll = self.stage.rng.random()
        for below, deed in ((0.4, self._requests), (0.75, self._marks)):
            if roll < below:
                deed(agent)
                return
        self._move()

    def _requests(self, agent: Agent) -> None:
        stage = self.stage
        branch = stage.pick(*self.heads)
        peers = stage.look(lambda plan: plan.peers())
        reviewer = stage.pick(*peers).peer_id if stage.chance(0.95) else "nobody"
        stage.do(
            c.RequestReview(
                requester=agent.peer_id,
                what=f"/src/app#{branch}",
                reviewer=reviewer,
                source=_source(branch),
                seen=self.seen(branch),
            )
        )

    def _marks(self, agent: Agent) -> None:
        stage = self.stage
        rows = stage.oversight.books.rows("review")
        if not rows:
            return
        row = stage.pick(*([x for x in rows if not x["ended_at"]] or rows))
        branch = row["source"]["branch"]
        stage.do(
            c.MarkReviewed(
                review_id=row["review_id"],
                by=row["reviewer"] if stage.chance(0.85) else agent.peer_id,
                verdict=stage.pick(*VERDICTS),
                sha=stage.pick("", self.sha(branch), self.sha(branch), "b" * 40, "short"),
                note=stage.pick("", f"note {stage.new()}"),
                seen=self.seen(branch),
            )
        )

    def _move(self) -> None:
        """Somebody commits, or takes a commit back; seldom it is merged, and begun anew."""
        stage = self.stage
        branch = stage.pick(*self.heads)
        self.merged.discard(branch)
        self.closed.discard(branch)
        if stage.chance(0.2):
            stage.pick(self.merged, self.closed).add(branch)
        else:
            self.heads[branch] = stage.pick("a", "b", "c", "d")
        stage.met["a head that moves"] += 1
        if stage.chance(0.5):
            self._are_looked_at()

    def _are_looked_at(self) -> None:
        going: list[Review] = list(self.stage.look(lambda plan: plan.view.reviews_open()))
        found = tuple((x.review_id, self.seen(x.source.branch)) for x in going)
        if found:
            self.stage.do(c.SeeHeads(seen=found))

    def run_errands(self) -> None:
        """What was put to be looked at is looked at, sooner or later."""
        errands: list[Errand] = list(self.stage.look(lambda plan: plan.view.errands()))
        for errand in errands:
            if self.stage.chance(0.6):
                if errand.what in {"reviews", "verdict"}:
                    self._are_looked_at()
                self.stage.do(
                    c.FinishErrand(errand_id=errand.errand_id, text=self.stage.pick("", "", "it broke"))
                )

    def sha(self, branch: str) -> str:
        return self.heads[branch] * 40

    def seen(self, branch: str) -> Seen:
        if self.stage.chance(0.1):
            return Seen(trouble="git takes too long", help="look again")
        closed = "its branch is gone" if branch in self.closed else ""
        return Seen(head=self.sha(branch), merged=branch in self.merged, closed=closed)


def _source(branch: str) -> Source:
    return Source(kind="branch", folder="/src/app", repository="/src/app/.git", branch=branch, base="main")
