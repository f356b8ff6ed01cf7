"""Copies of the database that can take its place: made while it is written to, each checked before it counts.

A copy is made by SQLite's online backup from a connection that only reads, of one moment, in pieces. It has a temporary
name until it is synced and found sound; only then do the oldest go. Restoring deletes nothing: what was there is moved
aside, and at every moment a database is in its place.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from daemon.core.errors import NotFound, StoreDamaged
from daemon.store import checking, opening, watching

KEPT: Final = 24
PAGES: Final = 128  #: copied at once: half a megabyte
PAUSE_S: Final = 0.002
STAMP: Final = "peerline-%Y%m%dT%H%M%SZ.db"
BESIDE: Final = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Backup:
    path: Path
    made_at: datetime
    size: int  #: bytes


@dataclass(frozen=True, slots=True)
class Restored:
    backup: Backup
    aside: Path | None  #: where what was there lies now
    lost: int | None  #: messages it does not have; None: what was there cannot be read


class Interrupted(Exception):
    """The daemon ends; the copy is given up."""


def found(folder: Path) -> Sequence[Backup]:
    """Newest first."""
    listed = []
    for path in folder.glob("peerline-*.db"):
        with contextlib.suppress(ValueError, FileNotFoundError):
            made_at = datetime.strptime(path.name, STAMP).replace(tzinfo=UTC)
            listed.append(Backup(path, made_at, path.stat().st_size))
    return sorted(listed, key=lambda each: each.made_at, reverse=True)


def make(database: Path, folder: Path, now: datetime, stop: threading.Event) -> Backup:
    """Copy it as it is at this moment, check the copy, and let the oldest go.

    Raises:
        StoreDamaged: the copy is not sound, so neither is what was copied. It does not count.
        OSError: the disk.
        sqlite3.Error: the disk, or the database.
        Interrupted: by ``stop``.

    """
    _refuse_too_large(database)
    folder.mkdir(mode=0o700, exist_ok=True)
    unfinished = _empty(folder)
    try:
        _copy(database, unfinished, stop)
        _synced(unfinished)
        _approved(unfinished, stop)
        backup = Backup(folder / now.strftime(STAMP), now, unfinished.stat().st_size)
        unfinished.rename(backup.path)
    finally:
        unfinished.unlink(missing_ok=True)
    _synced(folder)
    for old in found(folder)[KEPT:]:
        old.path.unlink()
    return backup


def restore(database: Path, chosen: Path | None, folder: Path, aside: Path, now: datetime) -> Restored:
    """Put a backup, by default the newest sound one, into the database's place. Nobody may have that open.

    Raises:
        NotFound: there is no sound backup.
        StoreDamaged: the chosen one is not sound.

    """
    backup = _named(chosen) if chosen else _newest_sound(folder)
    _approved(backup.path, threading.Event())
    lost = _lost(database, backup.path)
    fresh = _empty(database.parent)
    try:
        fresh.write_bytes(backup.path.read_bytes())
        _synced(fresh)
        moved = _set_aside(database, aside / now.strftime("%Y%m%dT%H%M%SZ"))
        fresh.rename(database)
    finally:
        fresh.unlink(missing_ok=True)
    _synced(database.parent)
    return Restored(backup, moved, lost)


def _refuse_too_large(database: Path) -> None:
    """A copy must not be what fills the disk."""
    disk = os.statvfs(database.parent)
    if disk.f_bavail * disk.f_frsize < database.stat().st_size + watching.LOW_BYTES:
        raise OSError(errno.ENOSPC, "too little room for a copy")


def _empty(folder: Path) -> Path:
    """A new file that nobody else may read; what a copy that was cut off left behind goes."""
    path = folder / ".copying"
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    return path


def _copy(database: Path, target: Path, stop: threading.Event) -> None:
    def breathe(*_: int) -> None:
        if stop.wait(PAUSE_S):
            raise Interrupted

    with contextlib.closing(opening.reading(database)) as source, contextlib.closing(_plain(target)) as copy:
        # Held for the whole copy: else each commit that comes meanwhile would begin it anew.
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM sqlite_master").fetchone()
        source.backup(copy, pages=PAGES, progress=breathe)


def _plain(path: Path) -> sqlite3.Connection:
    """It is synced once, at the end."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode = OFF")
    conn.execute("PRAGMA synchronous = OFF")
    return conn


def _synced(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _approved(path: Path, stop: threading.Event) -> None:
    seen = checking.examine(path, stop, still=True)
    if stop.is_set():
        raise Interrupted
    if not seen.is_well:
        what = seen.problem or f"{len(seen.damaged)} rows are not as they were written"
        raise StoreDamaged(f"{path} is not sound: {what}", "choose another with `peerline restore --list`")
    with contextlib.closing(opening.untouched(path)) as conn:
        version = conn.execute("PRAGMA user_version").fetchone()[0]
    if not 0 < version <= len(opening.migrations()):
        raise StoreDamaged(f"{path} is of schema {version}, which this Peerline does not know")


def _named(path: Path) -> Backup:
    if not path.is_file():
        raise NotFound(f"there is no file {path}", "`peerline restore --list` shows what there is")
    told = path.stat()
    return Backup(path, datetime.fromtimestamp(told.st_mtime, UTC), told.st_size)


def _newest_sound(folder: Path) -> Backup:
    for backup in found(folder):
        with contextlib.suppress(StoreDamaged):
            _approved(backup.path, threading.Event())
            return backup
    raise NotFound(f"there is no sound backup in {folder}", "move the database aside to begin anew")


def _lost(database: Path, backup: Path) -> int | None:
    """How many messages were accepted since; by the broken file itself, as far as that can be read."""
    known = 0
    with contextlib.closing(opening.untouched(backup)) as conn:
        known = _last(conn)
    try:
        with contextlib.closing(opening.reading(database)) as conn:
            sql = "SELECT count(*) FROM envelope WHERE rowid > ?"
            return int(conn.execute(sql, (known,)).fetchone()[0])
    except (sqlite3.Error, StoreDamaged):
        return None


def _last(conn: sqlite3.Connection) -> int:
    return int(conn.execute("SELECT coalesce(max(rowid), 0) FROM envelope").fetchone()[0])


def _set_aside(database: Path, folder: Path) -> Path | None:
    """The log first: beside another database it would be taken for that one's."""
    if not database.exists():
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for end in BESIDE:
        with contextlib.suppress(FileNotFoundError):
            database.with_name(f"{database.name}{end}").rename(folder / f"{database.name}{end}")
    (folder / database.name).unlink(missing_ok=True)
    os.link(database, folder / database.name)
    _synced(folder)
    return folder
