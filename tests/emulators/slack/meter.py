"""How much an app may ask and say: the tiers of the methods and the pace of a channel; and what a breach costs.

Whoever breaks a limit gets 429, the method (for posts: in that channel) is closed for `ban_s` seconds, and the breach
is remembered. Every further such request before that is over is a breach of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.emulators import allowance
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


@dataclass(frozen=True, slots=True)
class Allowance(allowance.Allowance):
    """Posts to a channel by its burst; a method `tiers[tier]` times in `minute_s`; `workspace` posts in that in all."""

    tiers: tuple[int, int, int, int] = (1, 20, 50, 100)
    workspace: int = 300


class Meter(allowance.Meter[Allowance]):
    def claim(self, call: Call, now: float) -> int:
        """Return the seconds after which to try again, rounded up; 0 lets the request pass."""
        allowed = self.allowance
        if allowed is None:
            return 0
        key = (call.method, call.channel if call.method in POSTS else "")
        left = self.closed_until.get(key, 0) - now
        if left > 0:
            self.breaches.append(f"{' '.join(key).strip()} came {left:.2f} s before it was open again")
            return math.ceil(left)
        too_fast = self._too_fast(allowed, call, now)
        if not too_fast:
            return 0
        self.breaches.append(f"{' to '.join(filter(None, key))}: {too_fast}")
        self.closed_until[key] = now + allowed.ban_s
        return max(1, math.ceil(allowed.ban_s))

    def _too_fast(self, allowed: Allowance, call: Call, now: float) -> str:
        if call.method in POSTS:
            return self._posted(allowed, call.channel, now)
        tier = TIER.get(call.method)
        if tier is None:
            return ""
        most = allowed.tiers[tier - 1]
        if self.full(call.method, most, allowed.minute_s, now):
            return f"more than {most} within {allowed.minute_s:g} s"
        self.count(call.method, now)
        return ""

    def _posted(self, allowed: Allowance, channel: str, now: float) -> str:
        if self.full("posts", allowed.workspace, allowed.minute_s, now):
            return f"more than {allowed.workspace} in all within {allowed.minute_s:g} s"
        if hurried := self.hurried(allowed, channel, now):
            return hurried
        self.count("posts", now)
        return ""
