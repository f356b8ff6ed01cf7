"""Coroutines run by hand: which goes on, and when, is decided by whoever holds them, never by a real clock.

A strand runs from one suspension to the next. What it waits for is a ``Later`` (an event, a sleep) or nothing but its
turn. Ending the home of a strand is a crash: it goes no further, and what it had not committed is gone.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from itertools import count
from typing import Any


class Later:
    """As much of a future as ``asyncio.sleep`` and ``asyncio.Event`` need."""

    def __init__(self) -> None:
        self._done = False
        self._result: Any = None

    def __await__(self) -> Generator[Later, None, Any]:
        while not self._done:
            yield self
        return self._result

    def done(self) -> bool:
        return self._done

    def cancelled(self) -> bool:
        return False

    def set_result(self, result: Any) -> None:
        self._done, self._result = True, result


class Turn:
    """Awaited, it lets somebody else go first."""

    def __await__(self) -> Generator[None, None, None]:
        yield


@dataclass(order=True)
class Timer:
    at: float
    number: int
    ring: Callable[[], None] = field(compare=False)
    off: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.off = True


@dataclass(eq=False)
class Strand:
    name: str
    home: str
    coro: Coroutine[Any, Any, Any]
    ended: Callable[[Any], None]
    waits: Later | None = None


class Strands:
    """Every strand there is, and the timers they sleep by. Stands in for the running loop while one runs."""

    def __init__(self) -> None:
        self.elapsed = 0.0  #: seconds that timers have seen
        self.all: list[Strand] = []
        self._timers: list[Timer] = []
        self._numbers = count()

    # --- what asyncio asks of a loop ----------------------------------------------------------------------------

    def create_future(self) -> Later:
        return Later()

    def time(self) -> float:
        return self.elapsed

    def call_later(
        self, delay: float, callback: Callable[..., None], *args: Any, context: Any = None
    ) -> Timer:
        timer = Timer(self.elapsed + delay, next(self._numbers), lambda: callback(*args))
        heapq.heappush(self._timers, timer)
        return timer

    # --- running ------------------------------------------------------------------------------------------------

    def start(
        self,
        name: str,
        home: str,
        coro: Coroutine[Any, Any, Any],
        ended: Callable[[Any], None] = lambda _: None,
    ) -> Strand:
        strand = Strand(name, home, coro, ended)
        self.all.append(strand)
        return strand

    def ready(self) -> list[Strand]:
        return [each for each in self.all if each.waits is None or each.waits.done()]

    def run(self, strand: Strand) -> None:
        """Let it go on to where it waits next."""
        asyncio._set_running_loop(self)  # type: ignore[arg-type]
        try:
            strand.waits = strand.coro.send(None)
        except StopIteration as end:
            result = end.value
        else:
            return
        finally:
            asyncio._set_running_loop(None)
        if strand in self.all:
            self.all.remove(strand)
        strand.ended(result)

    def end(self, home: str) -> list[Strand]:
        """None of that home goes on. Returns those that were cut off."""
        cut = [each for each in self.all if each.home == home]
        self.all = [each for each in self.all if each.home != home]
        for each in cut:
            each.coro.close()
        return cut

    def close(self) -> None:
        for home in {each.home for each in self.all}:
            self.end(home)

    # --- time ---------------------------------------------------------------------------------------------------

    def next_timer(self) -> float | None:
        while self._timers and self._timers[0].off:
            heapq.heappop(self._timers)
        return self._timers[0].at if self._timers else None

    def pass_to(self, elapsed: float) -> None:
        self.elapsed = max(self.elapsed, elapsed)
        while (at := self.next_timer()) is not None and at <= self.elapsed:
            heapq.heappop(self._timers).ring()
