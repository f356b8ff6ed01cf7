"""What can be wrong on this machine, each with a code, a sentence and a fix."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from cli.life import is_up
from daemon import settings
from daemon.core.errors import PeerlineError
from daemon.lifecycle import private
from daemon.paths import Paths, found

Json = dict[str, Any]
OLDEST: Final = (3, 11)


async def findings(*, fix: bool) -> list[Json]:
    """Every finding; with ``fix`` those that can be mended safely are mended first."""
    paths = found()
    if fix and paths.home.exists():
        private(paths)
    told = [finding for check in CHECKS for finding in check(paths)]
    if not await is_up():
        told.append(_finding("info", "daemon_down", "no daemon is running", "start it with `peerline up`"))
    return told


def _config(paths: Paths) -> Iterator[Json]:
    try:
        settings.load(paths.config, os.environ)
    except PeerlineError as error:
        yield _finding("error", "config", str(error), error.hint)


def _modes(paths: Paths) -> Iterator[Json]:
    if not paths.home.exists():
        return
    for path in (paths.home, *paths.home.rglob("*")):
        if path.exists() and not path.is_symlink() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield _finding("error", "open_files", f"{path} can be read by others", "`peerline doctor --fix`")
            return


def _tmux(_: Paths) -> Iterator[Json]:
    if shutil.which("tmux") is None:
        yield _finding(
            "warning", "no_tmux", "tmux is not installed", "install it: your words reach agents by it"
        )


def _user(_: Paths) -> Iterator[Json]:
    if os.getuid() == 0:
        yield _finding(
            "warning", "root", "this is user 0: agents can do everything on this machine", "use another user"
        )


def _python(_: Paths) -> Iterator[Json]:
    if sys.version_info < OLDEST:
        yield _finding("error", "python", f"Python {sys.version.split()[0]} is too old", "use 3.11 or newer")


def _names(_: Paths) -> Iterator[Json]:
    """Our packages have plain names; another distribution's of the same name would shadow them."""
    import daemon
    import hooks

    roots = {Path(each.__file__ or "").parents[1] for each in (daemon, hooks)}
    if len(roots) > 1:
        yield _finding(
            "error",
            "shadowed",
            "another package is named like one of ours",
            "install peerline on its own: pipx or uv tool",
        )


CHECKS: Final[tuple[Callable[[Paths], Iterator[Json]], ...]] = (
    _python,
    _config,
    _modes,
    _user,
    _tmux,
    _names,
)


def _finding(level: str, code: str, sentence: str, fix: str) -> Json:
    return {"level": level, "code": code, "sentence": sentence, "fix": fix}
