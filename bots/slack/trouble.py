"""Kinds of trouble that Slack's surface alone tells of, and what a person can do about each. Pure."""

from __future__ import annotations

from typing import Final

from bots import trouble

_FIXES: Final[trouble.Fixes] = (
    (
        "it lacks",
        (
            "put what `peerline slack manifest` prints into the app's page (App Manifest), install the app again, and "
            "make sure that the app token has the scope connections:write"
        ),
    ),
    (
        "refuses the token",
        "copy both tokens again from the app's page and put them in with `peerline slack start --new-token`",
    ),
    ("Socket Mode", "switch Socket Mode on, on the app's page"),
)


def fix(said: str) -> str:
    """What to do; "" where nothing is wrong."""
    return trouble.fix(said, "Slack", _FIXES)
