"""Checks of files: who may read and write them, whose they are, and whether they are what they seem."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

from daemon import ledger
from daemon.lifecycle import private
from daemon.safety.scene import OTHERS, WRITING, Check, Scene

LEAST_TOKEN: Final = 43  #: characters: 256 bits in base 64
LEAST_DIFFERENT: Final = 16
FAR: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "fuse.sshfs", "glusterfs", "davfs"}
)
MEND: Final = "`peerline doctor --security --fix`"

Places = Callable[[Scene], Iterable[Path]]


def _below(folder: Path) -> list[Path]:
    return [folder, *folder.rglob("*")] if folder.exists() else []


def _told(path: Path) -> os.stat_result | None:
    """Of the thing itself; None when it has gone meanwhile."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _part(name: str) -> Places:
    return lambda scene: _below(scene.paths.home / name)


def _rest(scene: Scene) -> list[Path]:
    """What lies in the home and has no check of its own."""
    known = {"run", "logs", "spool", "backups", "config.yaml", "token"}
    home = scene.paths.home
    return [
        path
        for path in _below(home)
        if path != home
        and path.relative_to(home).parts[0] not in known
        and not path.name.startswith(scene.paths.database.name)
    ]


def _open(places: Places, mask: int = OTHERS) -> Callable[[Scene], Iterator[str]]:
    """Say what others may read or write there; links are looked at by a check of their own."""

    def look(scene: Scene) -> Iterator[str]:
        for path in places(scene):
            told = _told(path)
            if told and not stat.S_ISLNK(told.st_mode) and told.st_mode & mask:
                yield f"{path} has mode {stat.S_IMODE(told.st_mode):04o}"

    return look


def _foreign(scene: Scene) -> Iterator[str]:
    for path in _below(scene.paths.home):
        told = _told(path)
        if told and path != scene.paths.config and told.st_uid != scene.uid:
            yield f"{path} belongs to user {told.st_uid}"


def _config(scene: Scene) -> Iterator[str]:
    path = scene.paths.config
    if path.exists():
        told = path.stat()  # where a link leads: that is what is obeyed
        if told.st_mode & WRITING:
            yield f"{path} can be written by others"
        if told.st_uid != scene.uid:
            yield f"{path} belongs to user {told.st_uid}"


def _links(scene: Scene) -> Iterator[str]:
    paths = scene.paths
    parts = (
        paths.home,
        paths.socket.parent,
        paths.logs,
        paths.spool,
        paths.files,
        paths.database,
        paths.token,
    )
    yield from (f"{path} is a link" for path in parts if path.is_symlink())


def _weak(scene: Scene) -> Iterator[str]:
    if scene.paths.token.exists():
        told = scene.paths.token.read_bytes().strip()
        if len(told) < LEAST_TOKEN or len(set(told)) < LEAST_DIFFERENT:
            yield f"{scene.paths.token} can be guessed"


def _many(scene: Scene) -> Iterator[str]:
    for path in _below(scene.paths.home):
        if "token" in path.name and path not in {scene.paths.token, scene.paths.home}:
            yield f"{path} may be another token"


def _parent(scene: Scene) -> Iterator[str]:
    """Who may rename the home may put another in its place."""
    parent = scene.paths.home.parent
    told = parent.stat() if parent.exists() else None
    if told and told.st_mode & WRITING and not told.st_mode & stat.S_ISVTX:
        yield f"{parent} can be written by others"


def _audit(scene: Scene) -> Iterator[str]:
    _, flaws = ledger.verify(scene.paths.logs)
    yield from (f"{flaw.file}, line {flaw.line}: {flaw.problem}" for flaw in flaws)


def _far(scene: Scene) -> Iterator[str]:
    """The mount that the home lies on is the longest one above it."""
    home = str(scene.paths.home.resolve())
    mounted = [row.split()[1:3] for row in scene.mounts.splitlines() if len(row.split()) > 2]  # noqa: PLR2004 -- device, place, kind
    above = [each for each in mounted if f"{home}/".startswith(f"{each[0].rstrip('/')}/")]
    place, kind = max(above, key=lambda each: len(each[0]), default=("", ""))
    if kind in FAR:
        yield f"{home} lies on {place}, a file system of type {kind}"


def _private(scene: Scene) -> None:
    if scene.paths.home.exists():
        private(scene.paths)


def _closed_config(scene: Scene) -> None:
    path = scene.paths.config
    if path.exists() and not path.is_symlink() and path.stat().st_uid == scene.uid:
        path.chmod(0o600)


def _mode(code: str, what: str, places: Places) -> Check:
    return Check(code, "error", f"{what} can be read by nobody else", _open(places), MEND, _private)


CHECKS: Final = (
    _mode("home_open", "the home", lambda scene: [scene.paths.home]),
    _mode("socket_open", "the socket's folder", _part("run")),
    _mode(
        "database_open",
        "the database",
        lambda scene: scene.paths.home.glob(f"{scene.paths.database.name}*"),
    ),
    _mode("logs_open", "the log", _part("logs")),
    _mode("spool_open", "the spool", _part("spool")),
    _mode("backups_open", "the folder of backups", _part("backups")),
    _mode("token_open", "the token", _part("token")),
    _mode("config_open", "the configuration", _part("config.yaml")),
    _mode("other_files_open", "what else is in the home", _rest),
    Check(
        "config_foreign", "error", "the configuration is written by you alone", _config, MEND, _closed_config
    ),
    Check(
        "foreign_owner",
        "error",
        "all of the home is yours",
        _foreign,
        "find out who put it there; `chown` it",
    ),
    Check("linked", "error", "no part of the home is a link", _links, "put the folder itself in its place"),
    Check(
        "home_parent",
        "error",
        "nobody can put another home in its place",
        _parent,
        "`chmod go-w` that folder",
    ),
    Check(
        "token_weak", "error", "the token cannot be guessed", _weak, "delete the file and restart the daemon"
    ),
    Check("token_many", "warning", "one file holds a token", _many, "delete or rename it"),
    Check(
        "network_home",
        "error",
        "the home is on a disk of this machine",
        _far,
        "set PEERLINE_HOME to a local folder",
    ),
    Check(
        "audit_broken",
        "error",
        "the audit log is an unbroken chain",
        _audit,
        "`peerline audit verify` names each line",
    ),
)
