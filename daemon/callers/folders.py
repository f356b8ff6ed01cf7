"""Which repository and branch a folder belongs to, read from git's files: no process is started for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Checkout:
    repo: str  #: the common git folder, the same for all worktrees of a repository
    branch: str


def checkout_of(folder: str) -> Checkout:
    """The checkout that ``folder`` lies in; empty when there is none, or it cannot be read."""
    if not folder:
        return Checkout("", "")
    try:
        for place in (Path(folder), *Path(folder).parents):
            if git := _git_folder(place):
                return Checkout(str(_shared(git)), _branch(git))
    except (OSError, ValueError, UnicodeDecodeError):
        pass
    return Checkout("", "")


def _git_folder(place: Path) -> Path | None:
    inside = place / ".git"
    if inside.is_dir():
        return inside
    if inside.is_file():  # a worktree or a submodule: the file names the folder
        kind, _, target = _line(inside).partition(": ")
        return (place / target).resolve() if kind == "gitdir" else None
    return None


def _shared(git: Path) -> Path:
    named = git / "commondir"
    return (git / _line(named)).resolve() if named.is_file() else git.resolve()


def _branch(git: Path) -> str:
    head = _line(git / "HEAD")
    return head.removeprefix("ref: refs/heads/") if head.startswith("ref: ") else head[:12]


def _line(path: Path) -> str:
    if not path.is_file():  # a pipe would hold us up until somebody writes
        raise FileNotFoundError(path)
    with path.open(encoding="utf-8") as file:
        return file.read(MOST_BYTES).strip()
