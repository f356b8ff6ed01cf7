"""Files of other programs, replaced whole or not at all.

A file is written beside its place, synced and renamed over it, with its mode and owner; and only if it still
holds what the change was computed from. Claude Code rewrites its .claude.json at any moment and takes the
folder ``<file>.lock`` meanwhile (seen in 2.1.329; the npm package proper-lockfile, stale after 10 s): whoever
edits here holds the same lock from reading to writing, so neither loses the other's edit.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path

from hooks.errors import SettingsBusy

LOCK_STALE_S = 10.0
LOCK_WAIT_S = 12.0  # long enough for one to become stale whose holder was killed
LOCK_STEP_S = 0.05
LOOK_STEP_S = 0.002
BESIDE = ".new"
WRITABLE = 0o222


class Changed(Exception):
    """The file is no longer what the change was computed from; nothing was written."""


def content_of(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def settled_content(path: Path) -> bytes | None:
    """Give what stands there while nobody writes, without the lock: who only looks leaves no trace.

    Whoever writes under the lock takes it before the first byte goes and gives it back after the last one came;
    so what was read is whole if the lock was free before and after, and the file is still the one that it was.
    It is waited for no longer than for an edit. Raises: OSError.
    """
    lock = lock_of(path)
    deadline = time.monotonic() + LOCK_WAIT_S
    while True:
        free, before, content = is_free(lock), shape(path), content_of(path)
        free = free and is_free(lock)
        if (free and shape(path) == before) or time.monotonic() > deadline:
            return content
        time.sleep(LOOK_STEP_S)  # noqa: TID251  a command line at work; no loop runs here


def shape(path: Path) -> tuple[int, int, int] | None:
    with suppress(FileNotFoundError):
        there = path.stat()
        return there.st_ino, there.st_size, there.st_mtime_ns
    return None


def lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")


def replace(path: Path, before: bytes | None, after: bytes | None) -> None:
    """Make ``path`` hold ``after`` (None: not exist). Raises: Changed, OSError."""
    if after is None:
        check(path, before)
        path.unlink(missing_ok=True)
        return
    beside = written_beside(path, after)
    try:
        check(path, before)
        beside.rename(path)
    except BaseException:
        beside.unlink()
        raise
    sync_folder(path.parent)


def check(path: Path, before: bytes | None) -> None:
    if content_of(path) != before:
        raise Changed


def written_beside(path: Path, content: bytes) -> Path:
    fd, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=BESIDE, dir=path.parent)
    with os.fdopen(fd, "wb") as file:
        with suppress(FileNotFoundError):
            like(file.fileno(), path.stat())
        file.write(content)
        file.flush()
        os.fsync(fd)
    return Path(name)


def like(fd: int, model: os.stat_result) -> None:
    ours = os.fstat(fd)
    if (ours.st_uid, ours.st_gid) != (model.st_uid, model.st_gid):
        with suppress(PermissionError):
            os.fchown(fd, model.st_uid, model.st_gid)
    os.fchmod(fd, model.st_mode & 0o7777)


def sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of a file whose folder exists; what was left unfinished beside it goes.

    Raises: SettingsBusy, OSError.
    """
    lock = lock_of(path)
    deadline = time.monotonic() + LOCK_WAIT_S
    while not taken(lock):
        if time.monotonic() > deadline:
            raise SettingsBusy(f"{path} is locked by another program ('{lock}')", "try again in a moment")
        time.sleep(LOCK_STEP_S)  # noqa: TID251  a command line at work; no loop runs here
    try:
        for left in unfinished(path):
            left.unlink(missing_ok=True)
        yield
    finally:
        with suppress(FileNotFoundError):
            lock.rmdir()


def unfinished(path: Path) -> list[Path]:
    """What was written beside it and never came to its place."""
    return list(path.parent.glob(f".{escape(path.name)}.????????{BESIDE}"))


def tidy(path: Path) -> None:
    """Take away what somebody left there who was killed, also where nothing is to be written.

    Raises: SettingsBusy, OSError.
    """
    if lock_of(path).exists() or unfinished(path):
        with locked(path):
            pass


def taken(lock: Path) -> bool:
    try:
        lock.mkdir()
    except FileExistsError:
        if is_left(lock):
            with suppress(OSError):
                lock.rmdir()
        return False
    return True


def is_left(lock: Path) -> bool:
    """Whether it is too old to be held by anybody."""
    with suppress(OSError):
        return time.time() - lock.stat().st_mtime > LOCK_STALE_S
    return False


def is_free(lock: Path) -> bool:
    return not lock.exists() or is_left(lock)


def obstacle(path: Path) -> str:
    """What forbids to replace it, "" if nothing does. A file that somebody made read-only is to stay as it is."""
    if path.exists() and not path.stat().st_mode & WRITABLE:
        return "it is read-only"
    folder = next(one for one in path.parents if one.exists())
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"{folder} may not be written in"


def missing_folders(folder: Path) -> list[Path]:
    """Innermost first."""
    return [one for one in (folder, *folder.parents) if not one.exists()]


def make_folders(folder: Path) -> None:
    """Create what is missing of ``folder``, mode 0700."""
    for one in reversed(missing_folders(folder)):
        one.mkdir(mode=0o700, exist_ok=True)


def drop_folders(folders: Iterable[Path]) -> None:
    """Remove those that are empty, innermost first."""
    for folder in sorted(set(folders), key=lambda one: len(one.parts), reverse=True):
        with suppress(OSError):
            folder.rmdir()
