"""What the files of the store and their disk say from outside, without being opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

LOW_BYTES: Final = 200 * 1000 * 1000
LONG_LOG_BYTES: Final = 64 * 1024 * 1024
FIXES: Final = {
    "disk_low": "free some space: on a full disk nothing is accepted",
    "long_log": "end what keeps the database open, such as a `sqlite3` shell; then it becomes short by itself",
}


def room(database: Path) -> Iterator[tuple[str, str]]:
    """(code, sentence) for each thing that is running out."""
    disk = os.statvfs(database.parent)
    free = disk.f_bavail * disk.f_frsize
    if free < LOW_BYTES:
        yield "disk_low", f"only {free // 10**6} MB are free where the messages are kept"
    log = database.with_name(f"{database.name}-wal")
    if log.exists() and (size := log.stat().st_size) > LONG_LOG_BYTES:
        yield "long_log", f"the database's log is {size // 2**20} MB long: another program keeps reading it"
