"""How long it takes from a phone to an agent's hook and from an agent to a phone, when nothing else goes on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.chatrig.setting import CIRCLE, Line, p95, shims
from tests.scenarios.house import PATIENCE_S, FakeAgent, until

MOST = 20  #: words to one agent: its inbox takes 28 at once, then one in two seconds


@dataclass(slots=True)
class Times:
    """Seconds."""

    inward: list[float] = field(default_factory=list)
    outward: list[float] = field(default_factory=list)

    def told(self) -> str:
        return ", ".join(
            f"{name}: p50 {sorted(times)[len(times) // 2] * 1000:.0f} ms, p95 {p95(times) * 1000:.0f} ms"
            for name, times in (("chat to hook", self.inward), ("agent to chat", self.outward))
        )


async def measured(line: Line, rounds: int) -> Times:
    times = Times()
    for first in range(0, rounds, MOST):
        async with line.house.agent(f"worker{first}", CIRCLE) as worker:
            await _inward(line, worker, f"warm up {first};", Times())
            for n in range(first, min(rounds, first + MOST)):
                await _inward(line, worker, f"word {n};", times)
    async with shims(line.house, "front") as (front,):
        for n in range(rounds):
            began = time.monotonic()
            await front.notify(line.ground.peer(line.people[0]), f"note {n};")
            note = await line.people[0].sees(f"note {n};", within=PATIENCE_S)
            (at,) = [
                sight.at for sight in line.people[0].saw() if sight.what == "new" and sight.message == note
            ]
            times.outward.append(at - began)
    return times


async def _inward(line: Line, worker: FakeAgent, words: str, times: Times) -> None:
    """The agent writes down what its hook gave it: the file's own time says when."""
    ada, heard = line.people[0], worker.home / "heard"
    name = worker.home.name
    began = time.time_ns()
    ada.says(f"@{name} {words}")
    await until(lambda: worker.times_heard(words) > 0, f"for {words}")
    times.inward.append((heard.stat().st_mtime_ns - began) / 1e9)
    await ada.sees(f"answer to: {words}", within=PATIENCE_S)
