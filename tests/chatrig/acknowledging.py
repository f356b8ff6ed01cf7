"""How long Slack waits for its acknowledgement while the store is busy with what agents say and people ask.

Every envelope counts: words, taps, and what the line itself said, which Slack tells it back.
"""

from __future__ import annotations

import asyncio
import gc
from dataclasses import dataclass, field

from tests.chatrig.grounds import SLACK
from tests.chatrig.setting import CIRCLE, Line, Shim, line, shims

PROMISED_S = 0.5


@dataclass(frozen=True, slots=True)
class Plan:
    """``words`` of people, ``at_once`` at a time, while each of ``senders`` writes notices without a pause."""

    words: int = 1000
    at_once: int = 5
    senders: int = 4
    length: int = 2000
    scale: float = 1000.0


@dataclass(slots=True)
class Verdict:
    latencies: list[float] = field(default_factory=list)
    notices: int = 0
    wrong: list[str] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        """The smallest that so many are not above."""
        return sorted(self.latencies)[min(len(self.latencies) - 1, int(share * len(self.latencies)))]

    def told(self) -> str:
        shares = ", ".join(f"p{s * 100:g} {self.quantile(s) * 1000:.0f} ms" for s in (0.5, 0.95, 0.99, 0.999))
        return f"{len(self.latencies)} envelopes beside {self.notices} notices: {shares}"


async def run(plan: Plan) -> Verdict:
    names = [f"s{n}" for n in range(plan.senders)]
    async with (
        line(surface=SLACK, forums=1, topics=0, scale=plan.scale) as here,
        here.house.agent("worker", CIRCLE),
        shims(here.house, *names) as senders,
    ):
        verdict, enough = Verdict(), asyncio.Event()
        gc.freeze()  # this process is Slack here, and would stop for half a second to search itself for garbage
        async with asyncio.TaskGroup() as all_of_them:
            for sender in senders:
                all_of_them.create_task(_busy(sender, plan, verdict, enough))
            await _said(here, plan)
            enough.set()
        verdict.latencies = here.ground.emulator.deliveries.latencies()
        verdict.wrong = here.ground.emulator.checks(settled=False)
    return verdict


async def _busy(sender: Shim, plan: Plan, verdict: Verdict, enough: asyncio.Event) -> None:
    """To the other agent: what is measured is the store, not the channel."""
    while not enough.is_set():
        await sender.notify("worker", "busy " * (plan.length // 5))
        verdict.notices += 1


async def _said(here: Line, plan: Plan) -> None:
    ada = here.people[0]
    (place,) = here.ground.places(ada)[1:]
    for first in range(0, plan.words, plan.at_once):
        for n in range(first, min(plan.words, first + plan.at_once)):
            if n % 10:
                ada.says(f"aside {n};", channel=place.room)
            else:
                here.ground.speak(ada, place, "worker", f"word {n};", None)
        await here.ground.taken_in()
