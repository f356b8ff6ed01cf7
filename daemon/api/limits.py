"""How much one sender may send, and how often a wrong token may be tried: counted in memory, told when refused."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from daemon.core.errors import Throttled, TooLarge

MINUTE: Final = timedelta(minutes=1)
MOST_KEYS: Final = 10_000


@dataclass(slots=True)
class Window:
    """At most ``limit`` happenings of a key in a minute; 0 is no limit."""

    name: str
    limit: int
    _seen: dict[str, deque[datetime]] = field(default_factory=dict)

    def count(self, key: str, now: datetime) -> None:
        """Count one.

        Raises:
            Throttled: it would be one too many; says when to try again.

        """
        self.check(key, now)
        if self.limit:
            self._recent(key, now).append(now)

    def check(self, key: str, now: datetime, about: str = "") -> None:
        """As ``count``, but counts nothing. ``about``: whom it concerns, for who is refused."""
        if not self.is_full(key, now):
            return
        wait = max(0.1, (self._recent(key, now)[0] + MINUTE - now).total_seconds())
        raise Throttled(
            f"{self.name} is {self.limit} a minute{about and f', {about}'}",
            f"try again in {wait:.0f} s",
            after_s=round(wait, 1),
        )

    def is_full(self, key: str, now: datetime) -> bool:
        return bool(self.limit) and len(self._recent(key, now)) >= self.limit

    def _recent(self, key: str, now: datetime) -> deque[datetime]:
        if len(self._seen) > MOST_KEYS:
            self._seen.clear()
        seen = self._seen.setdefault(key, deque())
        while seen and seen[0] <= now - MINUTE:
            seen.popleft()
        return seen


@dataclass(frozen=True, slots=True)
class Narrow:
    """What one set of tools allows beside the limits of all: ``longest`` characters (0: any), and so many a minute."""

    name: str
    longest: int
    window: Window

    def sending(self, sender: str, text: str, now: datetime) -> None:
        """Count one. Raises TooLarge, Throttled."""
        if self.longest and len(text) > self.longest:
            raise TooLarge(
                f"the message has {len(text)} characters, {self.name} is {self.longest}",
                "write it into a file and send its absolute path",
            )
        self.window.count(sender, now)


@dataclass(slots=True)
class Limits:
    peer: Window
    pair: Window
    narrow: Mapping[str, Narrow] = field(default_factory=dict)  #: by the set of tools

    @property
    def counts_pairs(self) -> bool:
        return bool(self.pair.limit)

    def sending(self, sender: str, now: datetime, *, text: str = "", profile: str = "") -> None:
        """Count a message of ``sender``. Raises TooLarge, Throttled."""
        if profile in self.narrow:
            self.narrow[profile].sending(sender, text, now)
        self.peer.count(sender, now)

    def meeting(self, sender: str, to: Mapping[str, str], now: datetime) -> None:
        """Count it for each whom it is for, or for none; ``to``: name by peer id.

        Raises:
            Throttled: one of them gets too many from that sender.

        """
        for peer_id, name in to.items():
            self.pair.check(f"{sender}>{peer_id}", now, f"and {name} had as many from you")
        for peer_id in to:
            self.pair.count(f"{sender}>{peer_id}", now)
