"""How much an app may ask and say: the tiers of the methods and the pace of a channel; and what a breach costs.

Whoever breaks a limit gets 429, the method (for posts: in that channel) is closed for `ban_s` seconds, and the breach
is remembered. Every further such request before that is over is a breach of its own. `None` in place of an
`Allowance` means no limits at all.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from dataclasses import dataclass, field

from tests.emulators.slack.calls import Call

_TIERS = {
    1: "",
    2: "conversations.list users.conversations reactions.remove users.list chat.startStream chat.stopStream",
    3: "apps.connections.open chat.update chat.delete conversations.history conversations.replies conversations.open"
    " conversations.info reactions.add",
    4: "conversations.members chat.postEphemeral users.info views.open views.update views.publish files.info"
    " files.getUploadURLExternal"
    " files.completeUploadExternal chat.appendStream assistant.threads.setStatus assistant.threads.setSuggestedPrompts",
}
TIER = {method: tier for tier, methods in _TIERS.items() for method in methods.split()}
POSTS = frozenset({"chat.postMessage"})
_JITTER = 0.95  #: how much of a window must have passed, since requests do not travel equally fast


@dataclass(frozen=True, slots=True)
class Allowance:
    """`burst` posts to a channel at once, then one each `gap_s`; a method `tiers[tier]` times in `minute_s`;
    `workspace` posts in `minute_s` in all."""

    gap_s: float = 1.0
    burst: int = 2
    tiers: tuple[int, int, int, int] = (1, 20, 50, 100)
    workspace: int = 300
    minute_s: float = 60.0
    ban_s: float = 5.0

    def times(self, scale: float) -> Allowance:
        """The same with a clock that runs so many times as fast."""
        return Allowance(
            self.gap_s / scale,
            self.burst,
            self.tiers,
            self.workspace,
            self.minute_s / scale,
            self.ban_s / scale,
        )


@dataclass(slots=True)
class Meter:
    """What was asked when, and every breach, as a sentence."""

    allowance: Allowance | None
    breaches: list[str] = field(default_factory=list)
    _filled: dict[str, tuple[float, float]] = field(default_factory=dict)
    _asked: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(deque))
    _closed_until: dict[tuple[str, str], float] = field(default_factory=dict)

    def claim(self, call: Call, now: float) -> int:
        """Return the seconds after which to try again, rounded up; 0 lets the request pass."""
        allowed = self.allowance
        if allowed is None:
            return 0
        key = (call.method, call.channel if call.method in POSTS else "")
        left = self._closed_until.get(key, 0) - now
        if left > 0:
            self.breaches.append(f"{' '.join(key).strip()} came {left:.2f} s before it was open again")
            return math.ceil(left)
        too_fast = self._too_fast(allowed, call, now)
        if not too_fast:
            return 0
        self.breaches.append(f"{' to '.join(filter(None, key))}: {too_fast}")
        self._closed_until[key] = now + allowed.ban_s
        return max(1, math.ceil(allowed.ban_s))

    def _too_fast(self, allowed: Allowance, call: Call, now: float) -> str:
        window = allowed.minute_s * _JITTER
        if call.method in POSTS:
            return self._posted(allowed, call.channel, window, now)
        tier = TIER.get(call.method)
        if tier is None:
            return ""
        most = allowed.tiers[tier - 1]
        if _full(self._asked[call.method], most, window, now):
            return f"more than {most} within {allowed.minute_s:g} s"
        self._asked[call.method].append(now)
        return ""

    def _posted(self, allowed: Allowance, channel: str, window: float, now: float) -> str:
        if _full(self._asked["posts"], allowed.workspace, window, now):
            return f"more than {allowed.workspace} in all within {allowed.minute_s:g} s"
        tokens, at = self._filled.get(channel, (float(allowed.burst), now))
        tokens = min(allowed.burst, tokens + (now - at) / (allowed.gap_s * _JITTER))
        if tokens < 1:
            return f"more than {allowed.burst} at once or one each {allowed.gap_s:g} s"
        self._filled[channel] = (tokens - 1, now)
        self._asked["posts"].append(now)
        return ""


def _full(stamps: deque[float], most: int, window: float, now: float) -> bool:
    while stamps and stamps[0] <= now - window:
        stamps.popleft()
    return len(stamps) >= most
