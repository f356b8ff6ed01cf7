"""Kinds of trouble that ``verdicts`` tells of, and what a person can do about each. Pure."""

from __future__ import annotations

from typing import Final

from bots import trouble
from bots.interface import NotNow


class Contested(NotNow):
    """Somebody else polls with this token: each takes updates from the other."""


class Hooked(NotNow):
    """A webhook is set, so polls are refused."""


_FIXES: Final[trouble.Fixes] = (
    (
        "another program polls",
        (
            "end that program (another Peerline, perhaps), or have BotFather revoke the token and put the new one in: "
            "`peerline telegram start --new-token`"
        ),
    ),
    (
        "refuses the token",
        "copy it from BotFather again and put it in with `peerline telegram start --new-token`",
    ),
    (
        "webhook",
        "look at telegram.webhook_url: Telegram must reach it by https and be passed on to the daemon",
    ),
)


def fix(said: str) -> str:
    """What to do; "" where nothing is wrong."""
    return trouble.fix(said, "Telegram", _FIXES)
