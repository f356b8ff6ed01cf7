"""How often each method may be called: so many times a minute, in the whole workspace. Pure.

Source: docs.slack.dev/apis/web-api/rate-limits. Posting has no tier: it is counted by channel.
Sockets are opened at a rhythm of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from bots.pacing import MINUTE, Pace

SELDOM, OFTEN, VERY_OFTEN = 20, 50, 100
POST: Final = "chat.postMessage"  #: counted by channel, by whoever posts
UNCOUNTED: Final = Pace(gap=0, burst=1, per_second=1000, per_minute=1)
TIERS: Final[Mapping[str, int]] = {
    "assistant.threads.setSuggestedPrompts": OFTEN,
    "chat.update": OFTEN,
    "conversations.history": OFTEN,
    "conversations.open": OFTEN,
    "conversations.replies": OFTEN,
    "files.completeUploadExternal": VERY_OFTEN,
    "files.getUploadURLExternal": VERY_OFTEN,
    "files.info": VERY_OFTEN,
    "reactions.add": OFTEN,
    "reactions.remove": SELDOM,
    "users.info": VERY_OFTEN,
    "views.open": VERY_OFTEN,
    "views.publish": VERY_OFTEN,
    "views.update": VERY_OFTEN,
}


def pace_of(method: str, haste: float) -> Pace:
    """How often in any minute, on a clock that runs so many times as fast."""
    most = TIERS.get(method)
    if most is None:
        return UNCOUNTED
    return Pace(gap=MINUTE / most / haste, burst=most, per_second=10 * most, per_minute=most)
