"""Kinds of trouble that Slack's surface tells of, and what a person can do about each. Pure."""

from __future__ import annotations

from typing import Final

#: (what the trouble says, what to do about it); the first that fits.
_FIXES: Final = (
    (
        "refuses the bot token",
        (
            "copy the Bot User OAuth Token (xoxb-…) again from the app's page, OAuth & Permissions: "
            "`peerline slack start --new-token`"
        ),
    ),
    (
        "refuses the app token",
        (
            "make an app-level token (xapp-…) with the scope connections:write on the app's page, Basic Information: "
            "`peerline slack start --new-token`"
        ),
    ),
    (
        "refuses the token",
        "copy both tokens again from the app's page: `peerline slack start --new-token`",
    ),
    (
        "lacks the right",
        "put the manifest of `peerline slack manifest` into the app's page (App Manifest) and install the app again",
    ),
    ("Socket Mode is off", "switch Socket Mode on, on the app's page"),
    ("cannot be reached", "is this machine online, and slack.api_base right? It goes on trying by itself"),
    ("no answer from", "it goes on trying by itself; is something in between, such as a proxy?"),
    ("asks to wait", "nothing: it goes on by itself when that time is over"),
    ("makes no sense", "something answers in Slack's place, such as a proxy's page: look with a browser"),
    ("Slack answers", "nothing: Slack has trouble of its own, and it is tried again"),
)


def fix(trouble: str) -> str:
    """What to do; "" where nothing is wrong."""
    found = (what for sign, what in _FIXES if sign in trouble)
    return next(found, "it is tried again by itself; `peerline logs` tells more") if trouble else ""
