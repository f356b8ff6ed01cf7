"""Asking a person whether Codex may run our hooks: it runs none that its user has not trusted.

Rule: never silently. Where nobody can be asked, it is said what Codex will ask.
"""

from __future__ import annotations

import os
import shutil
import sys
from typing import Final

import typer

from hooks.agents import CODEX
from hooks.codextrust import CodexSilent, Hook, names_of
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


def distrusted() -> list[tuple[str, str, str]]:
    """For the doctor: code, sentence and fix, if our hooks stand in Codex's file and it does not run them."""
    home = HomePaths.of(os.environ)
    if not names_of(CODEX, home.settings(CODEX)) or not shutil.which(CODEX.program):
        return []
    try:
        found = untrusted(home)
    except CodexSilent as error:
        return [("codex_silent", f"whether codex trusts our hooks is not known: {error}", error.hint or "")]
    said = f"codex does not trust {len(found)} of our hooks and runs none of them: its sessions are no peers"
    fix = "`peerline hooks install --trust`, or choose in codex's own dialog"
    return [("codex_hooks_untrusted", said, fix)] if found else []


def _says_yes(found: list[Hook]) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    typer.echo(f"codex runs a hook only if you trust it; {len(found)} of ours are not trusted yet:")
    for hook in found:
        typer.echo(f"  {hook.name}")
    return typer.confirm("trust them now?", default=False)
