"""How much an agent's inbox still takes: so many messages at once, then one every so often.

Claude Code 2.1.329 gives each sender a bucket of 30 messages that fills by one in two seconds, and drops what comes to
an empty one without a word to the sender ("Dropped a peer message … rate limit" stands on its screen). We stay a little
below that, as its clock is not ours.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

AT_ONCE: Final = 28
REFILL_S: Final = 2.1


class Allowance:
    """One bucket for each session, as full as we know: after a restart of ours, full."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full_at: dict[str, float] = {}  #: when the session's bucket will be full again

    def wait_s(self, session_id: str) -> float:
        """Seconds until one more is taken; 0: now."""
        missing_s = self._full_at.get(session_id, 0.0) - self._clock()
        return max(0.0, missing_s - (AT_ONCE - 1) * REFILL_S)

    def spend(self, session_id: str) -> None:
        now = self._clock()
        self._full_at = {each: at for each, at in self._full_at.items() if at > now}
        self._full_at[session_id] = max(self._full_at.get(session_id, now), now) + REFILL_S
