"""Reads a work tree with git, and lets nothing that lies in it run a program.

A repository's own config can name programs: filters, diff drivers, fsmonitor, hooks, ssh, transports. So what compares
files never reads that config: it works in a git folder of our own for as long as it takes, which has an empty config
and borrows the repository's objects and index. Only names of refs are asked of the repository itself, by commands
that read no object and start nothing. No lock is taken and nothing is written there (git 2.30 and later).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.core.errors import NotFound, TooLarge, Unavailable
from daemon.core.rules.measures import size
from daemon.errands.showing import inline

WITHIN_S: Final = 10.0
OUTPUT: Final = 8 * 1024 * 1024  #: bytes that one command may say
_STDERR: Final = 4096
_EMPTY_TREES: Final = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_ALWAYS: Final = (
    "--no-pager",
    "--no-optional-locks",
    "-c", "core.fsmonitor=false",
    "-c", "core.untrackedCache=false",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.attributesFile=/dev/null",
    "-c", "core.quotePath=false",
    "-c", "core.bigFileThreshold=8m",
    "-c", "color.ui=false",
    "-c", "submodule.recurse=false",
    "-c", "protocol.allow=never",
)  # fmt: skip
_ENVIRONMENT: Final = {
    "PATH": os.defpath,
    "HOME": "/nonexistent",
    "LC_ALL": "C.UTF-8",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    "GIT_SSH_COMMAND": "false",
    "GIT_ASKPASS": "false",
}
DIFF: Final = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--ignore-submodules=dirty")


class GitSaysNo(Exception):
    """Git ended with an error; its own words."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A work tree that can be compared, while it is open."""

    top: Path
    base: str  #: the commit that is compared with, or the empty tree
    born: bool  #: there is a commit
    branch: str  #: "" when detached
    upstream: str  #: its name; "" for none
    ahead_behind: tuple[int, int] | None
    environment: dict[str, str]
    excludes: tuple[str, ...]
    common: Path  #: the git folder that all its work trees share

    async def ref(self, name: str) -> str:
        """The commit of a ref that is named in full, such as ``refs/heads/main``; "" if there is none."""
        return await _ref(self.top, "--verify", name)

    async def leads_to(self, name: str) -> str:
        """The short name of what a symbolic ref stands for; "" if it is none."""
        return await _symbolic(self.top, name)

    async def git(self, *words: str, fails: tuple[int, ...] = (), most: int = OUTPUT) -> bytes:
        """What git says inside; ``fails``: exit codes that are an answer, too.

        Raises:
            GitSaysNo: it failed.
            TooLarge: it says more than ``most`` bytes.
            TimeoutError: it takes too long.

        """
        return await _git(self.top, self.environment, words, fails=fails, most=most)


@contextlib.asynccontextmanager
async def opened(folder: str) -> AsyncIterator[Tree]:
    """The work tree that ``folder`` lies in.

    Raises:
        NotFound: it lies in none.
        GitSaysNo: git cannot read it.

    """
    top = top_of(folder)
    wanted = ("--absolute-git-dir", "--git-common-dir", "--show-object-format")
    told = await _git(top, _ENVIRONMENT, ("rev-parse", *wanted))
    git_dir, common, hashes = os.fsdecode(told).split("\n")[:3]
    with _own_folder(Path(git_dir), top / common, hashes, top) as (environment, excludes):
        head = await _ref(top, "--verify", "HEAD")
        name = await _ref(top, "--abbrev-ref", "HEAD") if head else await _symbolic(top, "HEAD")
        upstream = await _ref(top, "--abbrev-ref", "@{upstream}")
        far = await _ref(top, "--verify", "@{upstream}") if upstream else ""
        tree = Tree(
            top=top,
            base=head or _EMPTY_TREES.get(hashes, _EMPTY_TREES["sha1"]),
            born=bool(head),
            branch="" if name == "HEAD" else name,
            upstream=upstream,
            ahead_behind=await _between(top, environment, head, far) if head and far else None,
            environment=environment,
            excludes=excludes,
            common=top / common,
        )
        yield tree


async def told(top: Path, *words: str, within_s: float = WITHIN_S) -> str:
    """What git says in a repository of which it reads the config: for words that start nothing that stands there.

    Raises:
        GitSaysNo: it failed.
        TimeoutError: it takes too long.

    """
    said = await _git(top, _ENVIRONMENT, words, within_s=within_s)
    return os.fsdecode(said)


def top_of(folder: str) -> Path:
    """Found by ourselves: a repository's config could name any other place."""
    here = Path(folder)
    if not folder or not here.is_dir():
        raise NotFound(f"its folder {inline(folder)} is not there" if folder else "it has told of no folder")
    for each in (here, *here.parents):
        if (each / ".git").exists():
            return each
    raise NotFound(f"its folder {inline(folder)} is in no git repository")


@contextlib.contextmanager
def _own_folder(
    git_dir: Path, common: Path, hashes: str, top: Path
) -> Iterator[tuple[dict[str, str], tuple[str, ...]]]:
    """A git folder with an empty config over that repository's objects and index."""
    with tempfile.TemporaryDirectory(prefix="peerline-git-") as made:
        own = Path(made)
        (own / "refs").mkdir()
        (own / "HEAD").write_text("ref: refs/heads/nothing\n")
        version = "\trepositoryformatversion = 1\n[extensions]\n\tobjectformat = sha256\n"
        (own / "config").write_text(
            f"[core]\n{version}" if hashes == "sha256" else "[core]\n\trepositoryformatversion = 0\n"
        )
        for shared in git_dir.glob("sharedindex.*"):  # a split index names its other half
            (own / shared.name).symlink_to(shared)
        index = git_dir / "index"
        environment = _ENVIRONMENT | {
            "GIT_DIR": str(own),
            "GIT_WORK_TREE": str(top),
            "GIT_OBJECT_DIRECTORY": str(common / "objects"),
            "GIT_INDEX_FILE": str(index),
        }
        exclude = common / "info" / "exclude"
        yield environment, (f"--exclude-from={exclude}",) if exclude.is_file() else ()


async def _ref(top: Path, *words: str) -> str:
    """A name or a hash, "" if there is none."""
    try:
        told = await _git(top, _ENVIRONMENT, ("rev-parse", "--quiet", *words))
    except GitSaysNo:
        return ""
    return told.decode(errors="replace").strip()


async def _symbolic(top: Path, name: str) -> str:
    try:
        told = await _git(top, _ENVIRONMENT, ("symbolic-ref", "--quiet", "--short", name))
    except GitSaysNo:
        return ""
    return told.decode(errors="replace").strip()


async def _between(top: Path, environment: dict[str, str], near: str, far: str) -> tuple[int, int] | None:
    """How many commits each has that the other has not; None where history is cut off."""
    try:
        told = await _git(top, environment, ("rev-list", "--left-right", "--count", f"{near}...{far}"))
        ahead, behind = told.split()
        return int(ahead), int(behind)
    except (GitSaysNo, ValueError):
        return None


async def _git(
    top: Path,
    environment: dict[str, str],
    words: tuple[str, ...],
    *,
    fails: tuple[int, ...] = (),
    most: int = OUTPUT,
    within_s: float = WITHIN_S,
) -> bytes:
    program = shutil.which("git")
    if program is None:
        raise Unavailable("there is no git on this machine", "install git")
    child = await asyncio.create_subprocess_exec(
        *(program, *_ALWAYS, *words),
        cwd=top,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(within_s):
            said, complaint = await asyncio.gather(
                _read(child, child.stdout, most), _read(child, child.stderr, most)
            )
            code = await child.wait()
    except BaseException:
        await _ended(child)
        raise
    if said is None or complaint is None:
        raise TooLarge(f"git says more than {size(most)}", "ask for one file")
    if code and code not in fails:
        raise GitSaysNo(complaint[:_STDERR].decode(errors="replace").strip())
    return said


async def _read(
    child: asyncio.subprocess.Process, pipe: asyncio.StreamReader | None, most: int
) -> bytes | None:
    """All that comes; None if it is too much. Read to the end all the same: a full pipe is never closed."""
    pieces, length = list[bytes](), 0
    while pipe and (piece := await pipe.read(65536)):
        length += len(piece)
        if length > most:
            _kill(child)
        else:
            pieces.append(piece)
    return b"".join(pieces) if length <= most else None


async def _ended(child: asyncio.subprocess.Process) -> None:
    _kill(child)
    for pipe in (child.stdout, child.stderr):
        while pipe and await pipe.read(65536):
            pass
    await child.wait()


def _kill(child: asyncio.subprocess.Process) -> None:
    """With whatever it started: ``git`` may be somebody's script."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
