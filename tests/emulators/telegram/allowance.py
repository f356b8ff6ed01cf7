"""How much a bot may say: the pace of a chat, of a group, and of all together; and what a breach costs.

Whoever breaks a limit gets 429, its chat is closed for `ban_s` seconds, and the breach is remembered. Every further
request to that chat before the ban is over is a breach of its own. The times of an `Allowance` may be chosen, so that
a rig need not wait as long as the real platform would have it wait.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tests.emulators import allowance
from tests.emulators.telegram.calls import Call

# What a person sees change counts; a typing sign or a reaction does not.
_SAYS = """
sendmessage senddocument sendphoto sendvideo sendvoice sendaudio sendmediagroup copymessage forwardmessage
editmessagetext editmessagecaption editmessagereplymarkup editmessagemedia
"""
SAYING = frozenset(_SAYS.split())


@dataclass(frozen=True, slots=True)
class Allowance(allowance.Allowance):
    """Messages to a chat by its burst; `group` of them to a group in `minute_s`; `total` in `second_s`."""

    burst: int = 3
    group: int = 20
    total: int = 30
    second_s: float = 1.0


class Meter(allowance.Meter[Allowance]):
    def claim(self, call: Call, now: float) -> int:
        """Return the seconds after which to try again, rounded up; 0 lets the request pass."""
        chat_id = call.chat_id
        if self.allowance is None or chat_id is None:
            return 0
        left = self.closed_until.get(chat_id, 0) - now
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
            self.closed_until[chat_id] = now + allowed.ban_s
        return max(1, math.ceil(allowed.ban_s))

    def _too_fast(self, allowed: Allowance, chat_id: int, now: float) -> str:
        if self.full("all", allowed.total, allowed.second_s, now):
            return f"more than {allowed.total} in all within {allowed.second_s:g} s"
        if chat_id < 0 and self.full(chat_id, allowed.group, allowed.minute_s, now):
            return f"more than {allowed.group} to a group within {allowed.minute_s:g} s"
        if hurried := self.hurried(allowed, chat_id, now):
            return hurried
        self.count(chat_id, now)
        self.count("all", now)
        return ""
