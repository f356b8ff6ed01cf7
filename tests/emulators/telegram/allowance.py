"""How much a bot may say: the pace of a chat, of a group, and of all together; and what a breach costs.

Whoever breaks a limit gets 429, its chat is closed for `ban_s` seconds, and the breach is remembered. Every further
request to that chat before the ban is over is a breach of its own. The times of an `Allowance` may be chosen, so that
a rig need not wait as long as the real platform would have it wait; `None` in place of one means no limits at all.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.emulators.telegram.calls import Call

# What a person sees change counts; a typing sign or a reaction does not.
_SAYS = """
sendmessage senddocument sendphoto sendvideo sendvoice sendaudio sendmediagroup copymessage forwardmessage
editmessagetext editmessagecaption editmessagereplymarkup editmessagemedia
"""
SAYING = frozenset(_SAYS.split())
_JITTER = 0.95  #: how much of a window must have passed, since requests do not travel equally fast


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` messages to a chat at once, then one each `gap_s`; `group` in `minute_s`; `total` in `second_s`."""

    gap_s: float = 1.0
    burst: int = 3
    group: int = 20
    minute_s: float = 60.0
    total: int = 30
    second_s: float = 1.0
    ban_s: float = 5.0

    def times(self, scale: float) -> Allowance:
        """The same with a clock that runs so many times as fast."""
        return Allowance(
            self.gap_s / scale,
            self.burst,
            self.group,
            self.minute_s / scale,
            self.total,
            self.second_s / scale,
            self.ban_s / scale,
        )


@dataclass(slots=True)
class Meter:
    """What was said when, and every breach, as a sentence."""

    allowance: Allowance | None
    breaches: list[str] = field(default_factory=list)
    _filled: dict[int, tuple[float, float]] = field(default_factory=dict)
    _groups: dict[int, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _all: deque[float] = field(default_factory=deque)
    _closed_until: dict[int, float] = field(default_factory=dict)

    def claim(self, call: Call, now: float) -> int:
        """Return the seconds after which to try again, rounded up; 0 lets the request pass."""
        chat_id = call.chat_id
        if self.allowance is None or chat_id is None:
            return 0
        left = self._closed_until.get(chat_id, 0) - now
        if left > 0:
            self.breaches.append(f"{call.method} to {chat_id} came {left:.2f} s before its ban was over")
            return math.ceil(left)
        if call.method.lower() not in SAYING:
            return 0
        return self._said(self.allowance, call, chat_id, now)

    def _said(self, allowed: Allowance, call: Call, chat_id: int, now: float) -> int:
        too_fast = self._too_fast(allowed, chat_id, now)
        if not too_fast:
            return 0
        self.breaches.append(f"{call.method} to {chat_id}: {too_fast}")
        if "in all" not in too_fast:
            self._closed_until[chat_id] = now + allowed.ban_s
        return max(1, math.ceil(allowed.ban_s))

    def _too_fast(self, allowed: Allowance, chat_id: int, now: float) -> str:
        if _full(self._all, allowed.total, allowed.second_s * _JITTER, now):
            return f"more than {allowed.total} in all within {allowed.second_s:g} s"
        group = self._groups[chat_id]
        if chat_id < 0 and _full(group, allowed.group, allowed.minute_s * _JITTER, now):
            return f"more than {allowed.group} to a group within {allowed.minute_s:g} s"
        tokens, at = self._filled.get(chat_id, (float(allowed.burst), now))
        tokens = min(allowed.burst, tokens + (now - at) / (allowed.gap_s * _JITTER))
        if tokens < 1:
            return f"more than {allowed.burst} at once or one each {allowed.gap_s:g} s"
        self._filled[chat_id] = (tokens - 1, now)
        group.append(now)
        self._all.append(now)
        return ""


def _full(stamps: deque[float], most: int, window: float, now: float) -> bool:
    while stamps and stamps[0] <= now - window:
        stamps.popleft()
    return len(stamps) >= most
