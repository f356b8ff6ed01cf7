"""Where requests to a platform are held back: made at its pace, and not at all where it wants to be left alone.

A wish to be left alone is kept in full, and told to whoever wants something there; nobody waits here for long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from bots import pacing
from bots.interface import NotNow
from bots.pacing import Pace, Pacing

AGAIN_S: Final = 5.0  #: when to try again what surely did not leave
AT_ONCE_S: Final = 0.05  #: what is waited for here; anything longer is told


class Turnstile:
    """Args: ``platform``: as people call it; ``what``: what is left alone, such as "this chat"."""

    def __init__(
        self, platform: str, pace: Pace, clock: Callable[[], float], what: str = "this chat"
    ) -> None:
        self._platform = platform
        self._what = what
        self._clock = clock
        self._pacing = Pacing(pace=pace)

    async def ready(self, room: str, *, group: bool = False) -> None:
        """Return when one request may be made at once; it is counted as made.

        Raises:
            NotNow: after so long.

        """
        while wait := pacing.wait(self._pacing, room, self._clock(), group=group):
            self.check(room)
            if wait > AT_ONCE_S:
                raise NotNow(f"{self._platform} takes only so many messages in a time", wait)
            await asyncio.sleep(wait)
        self._pacing = pacing.started(self._pacing, room, self._clock())

    def check(self, room: str) -> None:
        """Raise NotNow while the platform wants the room left alone."""
        if flood := pacing.flood(self._pacing, room, self._clock()):
            raise NotNow(
                f"{self._platform} wants {self._what} left alone for {flood:.0f} s", flood, quiet=True
            )

    @contextmanager
    def spared(self, room: str, *, counted: bool = True) -> Iterator[None]:
        """No request where none is wanted; and what did not leave costs the delivery no attempt.

        ``counted``: the request is one of those that ``ready`` counts.
        """
        self.check(room)
        try:
            yield
        except NotNow as later:
            if later.after_s:
                self.leave_alone(room, later.after_s)
            later.after_s, later.quiet = later.after_s or AGAIN_S, bool(later.after_s)
            raise
        finally:
            if counted:
                self._pacing = pacing.ended(self._pacing, room, self._clock())

    def leave_alone(self, room: str, for_s: float) -> None:
        self._pacing = pacing.flooded(self._pacing, room, self._clock() + for_s)


@contextmanager
def patiently() -> Iterator[None]:
    """What did not leave costs the delivery no attempt: it is said when to try again."""
    try:
        yield
    except NotNow as later:
        later.after_s = later.after_s or AGAIN_S
        raise
