"""What a worker says is so, looked at as far as that can be done without running anything of theirs.

``commit SHA`` is so if the repository of its folder has that commit, ``file PATH`` if it lies in the folder. What else
is claimed, that tests passed for one, is left unverified. Rule: only names and hashes are looked at; nothing is run.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from daemon.core.errors import NotFound, TooLarge
from daemon.core.model import Claim
from daemon.errands.git import GitSaysNo, opened

COMMIT: Final = re.compile(r"commit\s+([0-9a-f]{7,64})", re.IGNORECASE)
FILE: Final = re.compile(r"file\s+(\S.*)", re.IGNORECASE)
NOT_RUN: Final = "not run"
WORDS: Final = "only commits and files are looked at"


async def prove(folder: str, claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """The claims, each with what was found; ``folder``: where whoever makes them works."""
    return tuple([await _proven(folder, each) for each in claims])


async def _proven(folder: str, claim: Claim) -> Claim:
    if commit := COMMIT.fullmatch(claim.claim.strip()):
        return await _commit(folder, claim, commit[1])
    if file := FILE.fullmatch(claim.claim.strip()):
        return await asyncio.to_thread(_file, folder, claim, file[1])
    return replace(claim, why=NOT_RUN if claim.claim.lower().startswith("test") else WORDS)


async def _commit(folder: str, claim: Claim, sha: str) -> Claim:
    try:
        async with opened(folder) as tree:
            await tree.git("rev-parse", "--verify", "--quiet", f"{sha}^{{commit}}")
    except NotFound as error:
        return replace(claim, why=str(error))
    except GitSaysNo:
        return replace(claim, verified=False, why="its repository has no such commit")
    except (TooLarge, TimeoutError, OSError):
        return replace(claim, why="git did not say")
    return replace(claim, verified=True)


def _file(folder: str, claim: Claim, path: str) -> Claim:
    """A link counts for where it leads, and what leads out of the folder is not looked at."""
    try:
        top = Path(folder).resolve(strict=True)
        found = (top / path).resolve()
        inside = bool(folder) and found.is_relative_to(top)
        there = inside and found.exists()
    except (OSError, ValueError, RuntimeError):
        return replace(claim, why="its folder cannot be read")
    if not inside:
        return replace(claim, why="that lies outside its folder")
    return replace(claim, verified=True) if there else replace(claim, verified=False, why="no such file")
