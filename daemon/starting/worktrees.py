"""A git worktree of its own for an agent: where it lies, and how it is made without running what a repository says.

It lies beside its repository, ``app.worktrees/BRANCH``, if agents may start there; else in our own home. A branch that
is there is used, with the worktree that it has already; else it begins where the repository stands.

Rule: making one checks files out, and a repository's config can name programs for that. None of them runs: hooks and
transports are off as for whatever only looks, and every filter that the config names is set to nothing; so what a
filter would have made (large files kept elsewhere) lies there as it is stored.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.core.errors import Conflict, Malformed, NotAllowed, Refused, Unavailable
from daemon.errands import git
from daemon.starting import ground

WITHIN_S: Final = 120.0  #: a large one takes a while
LONGEST: Final = 200
OURS: Final = "worktrees"  #: in our home
_ODD: Final = re.compile(r"[^A-Za-z0-9._-]+")
_PLAIN: Final = re.compile(r"[^\x00-\x20\x7f-\x9f\u2028\u2029-][^\x00-\x20\x7f-\x9f\u2028\u2029]*")
_FILTER: Final = re.compile(r"filter\.[^=\n]+\.(clean|smudge|process|required)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Yard:
    """Where worktrees may lie: the allowed folders, and our own home."""

    roots: Sequence[str]
    home: Path


async def checked(path: str, branch: str) -> None:
    """Refuse what cannot get a worktree, before anybody is started.

    Raises:
        Malformed: no branch can be called that.
        Refused: the folder is in no repository.

    """
    if len(branch) > LONGEST or not _PLAIN.fullmatch(branch):
        raise Malformed(f'"{_shown(branch)}" is no name of a branch', "as in fix-login")
    try:
        await git.told(git.top_of(path), "check-ref-format", "--branch", branch)
    except git.GitSaysNo as error:
        raise Malformed(f'"{_shown(branch)}" is no name of a branch', "as in fix-login") from error


async def made(path: str, branch: str, yard: Yard) -> str:
    """The folder in a worktree with that branch, made if it is not there; as deep in it as ``path`` is.

    Raises:
        Refused: it is taken, or cannot be made.
        Unavailable: git did not end in time.

    """
    top = git.top_of(path)
    if not ground.inside(str(top), yard.roots):
        raise NotAllowed(
            f"its repository {top} is outside the folders that agents may start in", "allow all of it"
        )
    try:
        place = await _existing(top, branch, yard) or await _added(top, branch, yard)
    except git.GitSaysNo as error:
        said = str(error).splitlines()[-1:]
        raise NotAllowed(
            f"git made no worktree: {' '.join(said)}", "look at `git worktree list` there"
        ) from error
    except TimeoutError as error:
        raise Unavailable(
            "git takes too long to make a worktree", "make it by hand, and start it there"
        ) from error
    return _as_deep(place, path, top)


def _as_deep(place: Path, path: str, top: Path) -> str:
    """The folder in it that stands for ``path``, if there is one."""
    deeper = os.path.realpath(place / os.path.relpath(path, top))
    return deeper if ground.is_inside(deeper, str(place)) and Path(deeper).is_dir() else str(place)


async def _existing(top: Path, branch: str, yard: Yard) -> Path | None:
    """The worktree that has the branch."""
    listed = await git.told(top, "worktree", "list", "--porcelain")
    having = (each.splitlines() for each in listed.split("\n\n"))
    lines = next((each for each in having if f"branch refs/heads/{branch}" in each), None)
    return _usable(lines[0].removeprefix("worktree "), branch, yard) if lines else None


def _usable(listed: str, branch: str, yard: Yard) -> Path:
    place = Path(os.path.realpath(listed))
    if (place / ".git").is_dir():
        raise Conflict(
            f'branch "{branch}" is checked out in {place} itself', "name another, or start it there"
        )
    if not _allowed(place, yard):
        raise NotAllowed(f'branch "{branch}" is checked out in {place}', "agents may not start there")
    return place


async def _added(top: Path, branch: str, yard: Yard) -> Path:
    place = _place(top, branch, yard)
    _clear_way(place)
    known = await _is_known(top, branch)
    how = (str(place), branch) if known else ("-b", branch, str(place), "HEAD")
    unfiltered = await _unfiltered(top)
    await git.told(top, *unfiltered, "worktree", "add", "--quiet", *how, within_s=WITHIN_S)
    return place


def _clear_way(place: Path) -> None:
    """The folder in which it is made, without a link on the way.

    Raises:
        Conflict: there is one.

    """
    place.parent.mkdir(0o700, parents=True, exist_ok=True)
    if os.path.realpath(place) != str(place):
        raise Conflict(f"a link lies where {place} is to be", "take it away")


def _place(top: Path, branch: str, yard: Yard) -> Path:
    name = _ODD.sub("-", branch).strip(".-") or "branch"
    if name != branch:
        name += "-" + hashlib.sha256(branch.encode()).hexdigest()[:6]
    beside = top.with_name(f"{top.name}.worktrees") / name
    if _allowed(beside, yard):
        return beside
    repository = f"{_ODD.sub('-', top.name)}-{hashlib.sha256(os.fsencode(top)).hexdigest()[:6]}"
    return Path(os.path.realpath(yard.home)) / OURS / repository / name


def _allowed(place: Path, yard: Yard) -> bool:
    own = f"{os.path.realpath(yard.home)}/{OURS}"
    try:
        return ground.is_inside(str(place), own) or bool(ground.inside(str(place), yard.roots))
    except Refused:
        return False


async def _is_known(top: Path, branch: str) -> bool:
    try:
        await git.told(top, "show-ref", "--verify", "--quiet", f"refs/heads/{branch}")
    except git.GitSaysNo:
        return False
    return True


async def _unfiltered(top: Path) -> list[str]:
    """What turns off every filter that the repository's config names."""
    listed = (await git.told(top, "config", "--list", "--name-only", "-z")).split("\0")
    named = [name.rpartition(".")[0] for name in listed if _FILTER.fullmatch(name)]
    off = ("smudge=", "clean=", "process=", "required=false")
    return [word for name in dict.fromkeys(named) for each in off for word in ("-c", f"{name}.{each}")]


def _shown(name: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in name[:60])
