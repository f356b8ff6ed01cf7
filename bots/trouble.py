"""Kinds of trouble that any platform's surface tells of, and what a person can do about each. Pure."""

from __future__ import annotations

from collections.abc import Sequence

Fixes = Sequence[tuple[str, str]]  #: (what the trouble says, what to do about it)


def fix(trouble: str, platform: str, own: Fixes) -> str:
    """What to do, the first that fits; "" where nothing is wrong. ``own``: what is that platform's alone."""
    found = (what for sign, what in (*own, *_shared(platform)) if sign in trouble)
    return next(found, "it is tried again by itself; `peerline logs` tells more") if trouble else ""


def _shared(platform: str) -> Fixes:
    base = f"{platform.lower()}.api_base"
    return (
        ("cannot be reached", f"is this machine online, and {base} right? It goes on trying by itself"),
        ("no answer from", "it goes on trying by itself; is something in between, such as a proxy?"),
        ("asks to wait", "nothing: it goes on by itself when that time is over"),
        (
            "makes no sense",
            f"something answers in {platform}'s place, such as a proxy's page: look with a browser",
        ),
        (f"{platform} answers", f"nothing: {platform} has trouble of its own, and it is tried again"),
    )
