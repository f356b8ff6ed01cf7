"""Asking a person whether Codex may run our hooks: it runs none that its user has not trusted.

Rule: never silently. Where nobody can be asked, it is said what Codex will ask.
"""

from __future__ import annotations

import sys
from typing import Final

import typer

from hooks.codextrust import CodexSilent, Hook
from hooks.entries import HomePaths
from hooks.trusting import trust, untrusted

ASKED_BY_CODEX: Final = (
    'codex will ask "Hooks need review" at its next start, and runs none of our hooks until you choose '
    '"Trust all and continue" (or run `peerline hooks install --trust`)'
)


def settled(home: HomePaths, *, consent: bool, asks: bool) -> list[str]:
    """What is left to say after the question was put, or answered beforehand (``consent``)."""
    try:
        found = untrusted(home)
        if not found:
            return []
        if consent or (asks and _says_yes(found)):
            trust(home, found)
            return [f"codex trusts our {len(found)} hooks now"]
    except CodexSilent as error:
        return [f"whether codex trusts our hooks is not known: {error}", ASKED_BY_CODEX]
    return [ASKED_BY_CODEX]


def _says_yes(found: list[Hook]) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    typer.echo(f"codex runs a hook only if you trust it; {len(found)} of ours are not trusted yet:")
    for hook in found:
        typer.echo(f"  {hook.name}")
    return typer.confirm("trust them now?", default=False)
