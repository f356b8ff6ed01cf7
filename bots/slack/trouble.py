"""Kinds of trouble that Slack's surface tells of, and what a person can do about each. Pure."""

from __future__ import annotations

from typing import Final

#: (what the trouble says, what to do about it); the first that fits.
_FIXES: Final = (
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
