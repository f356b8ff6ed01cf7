"""What can be wrong on a machine: one entry for each check, each finding with a code, a sentence and a fix."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from daemon import settings
from daemon.core.errors import PeerlineError
from daemon.paths import Paths
from daemon.store import backups, checking, watching
from daemon.store.opening import RESTORE

Json = dict[str, Any]
OLDEST: Final = (3, 11)
#: Names that are plain enough for others to have them.
PACKAGES: Final = ("bots", "cli", "daemon", "dashboard", "hooks", "mcp_server", "scheduler")


def findings(paths: Paths) -> list[Json]:
    """Everything that is wrong, or worth knowing, by looking at files and programs alone."""
    return [told for check in CHECKS for told in check(paths)]


def finding(level: str, code: str, sentence: str, fix: str) -> Json:
    """One finding; ``level`` is error, warning or info."""
    return {"level": level, "code": code, "sentence": sentence, "fix": fix}


def _config(paths: Paths) -> Iterator[Json]:
    try:
        settings.load(paths.config, os.environ)
    except PeerlineError as error:
        yield finding("error", "config", str(error), error.hint)


def _modes(paths: Paths) -> Iterator[Json]:
    if not paths.home.exists():
        return
    for path in (paths.home, *paths.home.rglob("*")):
        if path.exists() and not path.is_symlink() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            yield finding("error", "open_files", f"{path} can be read by others", "`peerline doctor --fix`")
            return


def _tmux(_: Paths) -> Iterator[Json]:
    if shutil.which("tmux") is None:
        yield finding(
            "warning", "no_tmux", "tmux is not installed", "install it: your words reach agents by it"
        )


def _user(_: Paths) -> Iterator[Json]:
    if os.getuid() == 0:
        yield finding(
            "warning", "root", "this is user 0: agents can do everything on this machine", "use another user"
        )


def _python(_: Paths) -> Iterator[Json]:
    if sys.version_info < OLDEST:
        yield finding("error", "python", f"Python {sys.version.split()[0]} is too old", "use 3.11 or newer")


def _names(_: Paths) -> Iterator[Json]:
    """Our packages have plain names; another distribution's of the same name would shadow them."""
    here = Path(__file__).parents[1]
    specs = [(name, find_spec(name)) for name in PACKAGES]
    hidden = [name for name, spec in specs if spec and spec.origin and Path(spec.origin).parents[1] != here]
    of_all = packages_distributions()
    others = {other for name in PACKAGES for other in of_all.get(name, ()) if other.lower() != "peerline"}
    if hidden or others:
        yield finding(
            "error",
            "shadowed",
            f"another package is named like one of ours: {', '.join(sorted({*hidden, *others}))}",
            "install peerline on its own: pipx or uv tool",
        )


def _room(paths: Paths) -> Iterator[Json]:
    """What the store's own files and the disk say; the daemon tells the same in its warnings."""
    if paths.database.exists():
        for code, sentence in watching.room(paths.database):
            yield finding("warning", code, sentence, watching.FIXES[code])


def _database(paths: Paths) -> Iterator[Json]:
    """All of it is read, beside a daemon that runs too."""
    if not paths.database.exists():
        return
    seen = checking.examine(paths.database)
    if seen.problem:
        newest = next(iter(backups.found(paths.backups)), None)
        fix = (
            f"{RESTORE} ({newest.path.name})" if newest else "there is no backup: move it aside to begin anew"
        )
        yield finding("error", "database_damaged", f"{paths.database} is damaged: {seen.problem}", fix)
    if seen.damaged:
        lost = ", ".join(each.ref for each in seen.damaged)
        fix = "start the daemon: it sets them aside, and tells who sent them"
        yield finding("error", "messages_damaged", f"not on the disk as they were written: {lost}", fix)


CHECKS: Final[tuple[Callable[[Paths], Iterator[Json]], ...]] = (
    _python,
    _config,
    _modes,
    _user,
    _tmux,
    _names,
    _room,
    _database,
)
