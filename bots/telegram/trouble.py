"""Kinds of trouble that ``verdicts`` tells of, and what a person can do about each. Pure."""

from __future__ import annotations

from typing import Final

from bots.interface import NotNow


class Contested(NotNow):
    """Somebody else polls with this token: each takes updates from the other."""


class Hooked(NotNow):
    """A webhook is set, so polls are refused."""


#: (what the trouble says, what to do about it); the first that fits.
_FIXES: Final = (
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
    ("cannot be reached", "is this machine online, and telegram.api_base right? It goes on trying by itself"),
    ("no answer from", "it goes on trying by itself; is something in between, such as a proxy?"),
    ("asks to wait", "nothing: it goes on by itself when that time is over"),
    ("makes no sense", "something answers in Telegram's place, such as a proxy's page: look with a browser"),
    ("Telegram answers", "nothing: Telegram has trouble of its own, and it is tried again"),
    (
        "webhook",
        "look at telegram.webhook_url: Telegram must reach it by https and be passed on to the daemon",
    ),
)


def fix(trouble: str) -> str:
    """What to do; "" where nothing is wrong."""
    found = (what for sign, what in _FIXES if sign in trouble)
    return next(found, "it is tried again by itself; `peerline logs` tells more") if trouble else ""
