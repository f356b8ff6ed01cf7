"""What is changed in a peer's work tree: all of it in numbers, one file's patch, or the whole as a file."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.core.errors import NotAllowed, NotFound, TooLarge
from daemon.core.rules.measures import size
from daemon.core.rules.secrets import is_secret
from daemon.errands import git
from daemon.errands.git import DIFF, Tree
from daemon.errands.interface import Found, Sight
from daemon.errands.shelf import Shelf
from daemon.errands.showing import block, inline, named

PATCH: Final = "patch"
MOST_CHOICES: Final = 8
MOST_NEW_LISTED: Final = 20
MOST_NEW_IN_PATCH: Final = 100
LONGEST_SHOWN: Final = 3000  #: characters of a patch that is shown in place
LONGEST_STAT: Final = 6000
LARGEST_PATCH: Final = 16 * 1024 * 1024  #: bytes
HINT: Final = "/diff NAME lists the files that are changed"


@dataclass(frozen=True, slots=True)
class Changes:
    """Paths below the top of the work tree."""

    changed: tuple[str, ...]  #: since the last commit
    new: tuple[str, ...]  #: not known to git yet
    hidden: tuple[str, ...]  #: of both kinds, never shown


class Diff:
    """``shelf`` keeps what goes out as a file; nothing below ``home`` is ever shown."""

    def __init__(self, shelf: Shelf, home: Path) -> None:
        self._shelf, self._home = shelf, home

    async def __call__(self, sight: Sight) -> Found:
        try:
            async with git.opened(sight.peer.path) as tree:
                changes = await _changes(tree, self._home)
                if not sight.argument:
                    return await _overview(sight, tree, changes)
                return await self._patch(sight, tree, changes)
        except git.GitSaysNo as error:
            raise NotAllowed(f"git cannot read {inline(sight.peer.path)}: {named(str(error))}") from error

    async def _patch(self, sight: Sight, tree: Tree, changes: Changes) -> Found:
        if sight.argument == PATCH:
            patch, left = await _whole(tree, changes)
            what, kept = "the whole difference", f"{sight.peer.name}.patch"
        else:
            path, left = _meant(changes, sight.argument), 0
            patch = await _of_file(tree, changes, path)
            what, kept = inline(path), f"{sight.peer.name}-{Path(path).name}.patch"
        text = patch.decode(errors="replace")
        if not text.strip():
            return Found(f"nothing is changed in {what} of {inline(sight.peer.name)}")
        told = f"{what} of {inline(sight.peer.name)}"
        if sight.argument != PATCH and len(text) <= LONGEST_SHOWN:
            return Found(f"{told}\n\n{block(text, 'diff')}")
        attachment = await asyncio.to_thread(self._shelf.keep, [patch], kept)
        lines = text.count("\n")
        left_out = f"; {left} file{'s are' if left > 1 else ' is'} left out" if left else ""
        return Found(f"{told}, {lines} lines{left_out}", attachment)


async def _changes(tree: Tree, home: Path) -> Changes:
    changed = _paths(await tree.git(*DIFF, "--name-only", "--no-renames", "-z", tree.base, "--"))
    others = ("ls-files", "--others", "--exclude-standard", *tree.excludes, "-z", "--")
    new = _paths(await tree.git(*others))
    hidden = {x for x in (*changed, *new) if is_secret(x) or (tree.top / x).is_relative_to(home)}
    return Changes(
        tuple(path for path in changed if path not in hidden),
        tuple(path for path in new if path not in hidden),
        tuple(sorted(hidden)),
    )


def _paths(told: bytes) -> list[str]:
    return [os.fsdecode(each) for each in told.split(b"\0") if each]


async def _overview(sight: Sight, tree: Tree, changes: Changes) -> Found:
    head = _head(tree)
    if not (changes.changed or changes.new or changes.hidden):
        return Found(f"{inline(sight.peer.name)} {head}: nothing is changed")
    stat = (
        await tree.git(*DIFF, "--stat=56,36", "--stat-count=40", tree.base, "--") if changes.changed else b""
    )
    lines = [f"{inline(sight.peer.name)} {head}"]
    if stat:
        lines.append(block(stat.decode(errors="replace")[:LONGEST_STAT], "text"))
    if changes.new:
        lines.append(_listed(changes.new))
    if changes.hidden:
        lines.append(f"not shown, by their names: {', '.join(map(inline, changes.hidden[:MOST_CHOICES]))}")
    return Found("\n\n".join(lines), choices=_choices(changes))


def _head(tree: Tree) -> str:
    where = f"on {inline(tree.branch)}" if tree.branch else f"at {inline(tree.base[:10])}, on no branch"
    if not tree.born:
        return f"{where}, no commit yet"
    if tree.ahead_behind is None:
        return where
    ahead, behind = tree.ahead_behind
    return f"{where}, {ahead} ahead and {behind} behind {inline(tree.upstream)}"


def _listed(new: Sequence[str]) -> str:
    more = f"\n… and {len(new) - MOST_NEW_LISTED} more" if len(new) > MOST_NEW_LISTED else ""
    names = "\n".join(f"- {inline(path)}" for path in new[:MOST_NEW_LISTED])
    return f"new, not added yet:\n{names}{more}"


def _choices(changes: Changes) -> tuple[str, ...]:
    """What can be said again and found again: not every name is text."""
    files = [path for path in (*changes.changed, *changes.new) if _is_text(path) and not path.endswith("/")][
        :MOST_CHOICES
    ]
    patch = (PATCH,) if files else ()
    return (*(f"./{path}" if path == PATCH else path for path in files), *patch)


def _is_text(path: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in path)


def _meant(changes: Changes, wanted: str) -> str:
    """The one file that is called so, or whose path ends so."""
    plain = wanted.removeprefix("./")
    every = (*changes.changed, *changes.new)
    found = [path for path in every if path == plain] or [
        path for path in every if path.endswith(f"/{plain}")
    ]
    if is_secret(plain) or (not found and plain in changes.hidden):
        raise NotAllowed(
            f"{inline(plain)} looks like a secret by its name", "look at it at the machine itself"
        )
    if len(found) != 1:
        many = f"{len(found)} changed files end in {inline(plain)}"
        raise NotFound(many if found else f"{inline(plain)} is not changed", HINT)
    return found[0]


async def _of_file(tree: Tree, changes: Changes, path: str) -> bytes:
    if path in changes.new:
        return await _of_new(tree, path)
    return await tree.git(*DIFF, "--no-renames", tree.base, "--", f":(top,literal){path}")


async def _of_new(tree: Tree, path: str) -> bytes:
    """A file that git does not know yet, as one that is added; ``-`` alone would be standard input."""
    if path.endswith("/"):
        raise NotAllowed(
            f"{inline(path)} is a repository of its own", "an agent that works there can be looked at"
        )
    named_so = "./-" if path == "-" else path
    return await tree.git(*DIFF, "--binary", "--no-index", "--", os.devnull, named_so, fails=(1,))


async def _whole(tree: Tree, changes: Changes) -> tuple[bytes, int]:
    """The patch, and how many files are left out of it: hidden ones, and new ones that are too large."""
    without = [f":(top,exclude,literal){path}" for path in changes.hidden]
    parts = [await tree.git(*DIFF, "--binary", tree.base, "--", ":(top)", *without)]
    for path in changes.new[:MOST_NEW_IN_PATCH]:
        with contextlib.suppress(TooLarge, NotAllowed):
            parts.append(await _of_new(tree, path))
    if sum(map(len, parts)) > LARGEST_PATCH:
        raise TooLarge(f"the difference has more than {size(LARGEST_PATCH)}", "ask for one file")
    return b"".join(parts), len(changes.hidden) + len(changes.new) + 1 - len(parts)
