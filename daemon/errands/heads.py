"""Where the head of a branch is now, and whether it is merged: read with git from a repository on this machine.

A repository is a stranger's, so it is read as ``git`` says there. Rule: what is named by somebody reaches git only as a
whole ref, and what the repository names reaches others only if it could stand in a command line as it is.
"""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Final

from daemon.core.errors import Malformed, NotFound, PeerlineError, Unavailable
from daemon.core.model import Review, Seen, Source
from daemon.errands import pulls
from daemon.errands.git import GitSaysNo, Tree, opened
from daemon.errands.showing import inline

BRANCH: Final = "branch"
PULL: Final = "pull-request"
WITHIN_S: Final = 5.0
USAGE: Final = "say FOLDER#BRANCH, or a pull request's URL"
LONGEST: Final = 400  #: characters
_REF: Final = re.compile(r"[\w./+=,%@-]{1,200}")
_NO_REF: Final = re.compile(r"^[-/]|\.\.|//|@\{|^@$|/$|\.$|(?:^|/)\.|\.lock(?:/|$)")
_TRUNKS: Final = ("main", "master")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


async def submitted(what: str, folder: str = "") -> tuple[Source, Seen]:
    """What is meant by ``FOLDER#BRANCH`` or a URL, and how it stands; ``folder``: from where a path is meant.

    Raises:
        Malformed: it is neither, or no name of a branch.
        NotFound: there is no such folder, repository, branch or commit.
        Unavailable: git does not say, or not in time.

    """
    if _CONTROL.search(what) or not 0 < len(what) <= LONGEST:
        raise Malformed("that is nothing to be reviewed", USAGE)
    if "://" in what:
        return await _pull(what)
    place, _, branch = what.rpartition("#") if "#" in what else (what, "", "")
    try:
        async with asyncio.timeout(WITHIN_S), opened(_folder(place, folder)) as tree:
            return await _branch(tree, branch, place)
    except NotFound as error:
        raise NotFound(str(error), error.hint or USAGE) from error
    except TimeoutError as error:
        raise Unavailable("git takes too long to say", "try it again", after_s=5) from error
    except (GitSaysNo, OSError) as error:
        raise NotFound(f"git cannot read {inline(place)}", "look at it with `git status` there") from error


async def look(review: Review) -> Seen:
    """How it stands now; what cannot be looked at says why."""
    source = review.source
    try:
        async with asyncio.timeout(WITHIN_S):
            return await (pulls.look(source.url) if source.kind == PULL else _looked(review))
    except TimeoutError:
        return Seen(trouble="that took too long", help="look again later")
    except PeerlineError as error:
        return Seen(trouble=str(error), help=error.hint)
    except (GitSaysNo, OSError):
        return Seen(
            trouble=f"git cannot read {inline(source.repository)}", help="look at it with `git status` there"
        )


def checked(branch: str) -> str:
    """The name of a branch, if it is one that stands in a command line as it is.

    Raises:
        Malformed: it is not.

    """
    if not plain(branch):
        raise Malformed(f"{inline(branch[:80])} is no branch to be reviewed", "use letters, digits and ._/+-")
    return branch


def plain(name: str) -> bool:
    return bool(_REF.fullmatch(name)) and _NO_REF.search(name) is None


async def _pull(url: str) -> tuple[Source, Seen]:
    """What cannot be looked at now may be later: that is no reason not to ask for a review."""
    source = Source(kind=PULL, url=pulls.checked(url))
    try:
        async with asyncio.timeout(WITHIN_S):
            return source, await pulls.look(source.url)
    except TimeoutError:
        return source, Seen(trouble="gh takes too long to say", help="look again later")
    except Unavailable as error:
        return source, Seen(trouble=str(error), help=error.hint)


def _folder(place: str, from_: str) -> str:
    """The real path.

    Raises:
        Malformed: nobody knows from where it is meant.

    """
    path = Path(from_ or "/") / Path(place or ".").expanduser()
    if not from_ and not Path(place).expanduser().is_absolute():
        raise Malformed(f"{inline(place)} is no whole path", "say where the folder lies, from / on")
    return os.path.realpath(path)


def _shared(tree: Tree) -> str:
    return os.path.realpath(tree.common)


def _place(source: Source) -> str:
    """A work tree may be gone, and its repository still be there."""
    places = (source.folder, str(Path(source.repository).parent))
    return next((each for each in places if Path(each).is_dir()), source.folder)


async def _branch(tree: Tree, branch: str, place: str) -> tuple[Source, Seen]:
    wanted = branch or tree.branch
    if not wanted:
        raise NotFound(f"no branch is checked out in {inline(place or '.')}", "name it: FOLDER#BRANCH")
    head = await tree.ref(f"refs/heads/{checked(wanted)}")
    if not head:
        why = "has no commit yet" if wanted == tree.branch else "is not there"
        raise NotFound(f"branch {inline(wanted)} {why}", "commit first, or name another: FOLDER#BRANCH")
    base, trunks = await _trunks(tree, wanted)
    source = Source(
        kind=BRANCH,
        folder=str(tree.top),
        repository=_shared(tree),
        branch=wanted,
        base=base if plain(base) else "",
    )
    merged = await _is_in(tree, head, trunks)
    return source, Seen(head=head, merged=merged)


async def _looked(review: Review) -> Seen:
    source, pinned = review.source, review.submitted_sha
    async with opened(_place(source)) as tree:
        if _shared(tree) != source.repository:
            raise NotFound(
                f"another repository lies in {inline(source.folder)} now", "request it again from there"
            )
        head = await tree.ref(f"refs/heads/{checked(source.branch)}")
        _, trunks = await _trunks(tree, source.branch)
        last = head or review.head_sha
        merged = await _is_in(tree, last, trunks) and not await _is_behind(tree, last, pinned)
        gone = "" if head or merged else "its branch is gone"
        return Seen(head=head, merged=merged, closed=gone)


async def _trunks(tree: Tree, branch: str) -> tuple[str, list[str]]:
    """What the branch is to become a part of: its name, and the commits of it here and at the origin."""
    far = await tree.leads_to("refs/remotes/origin/HEAD")
    near = [far.partition("/")[2]] if far else list(_TRUNKS)
    found = [(name, sha) for name in near if (sha := await tree.ref(f"refs/heads/{name}"))][:1]
    if branch in {near[0] if far else "", *(name for name, _ in found)}:
        return "", []
    if far and (sha := await tree.ref(f"refs/remotes/{far}")):
        found.append((far, sha))
    return (found[0][0] if found else ""), [sha for _, sha in found]


async def _is_in(tree: Tree, sha: str, trunks: list[str]) -> bool:
    return any([await _is_ancestor(tree, sha, each) for each in trunks])


async def _is_behind(tree: Tree, head: str, pinned: str) -> bool:
    """A branch that was set back to where it began is not merged."""
    return bool(pinned) and head != pinned and await _is_ancestor(tree, head, pinned)


async def _is_ancestor(tree: Tree, sha: str, of: str) -> bool:
    try:
        await tree.git("merge-base", "--is-ancestor", sha, of)
    except GitSaysNo:
        return False
    return True
