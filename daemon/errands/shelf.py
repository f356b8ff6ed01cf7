"""Our own copies of what goes out, or comes in, as a file: private, under random names, gone after some days.

Rule: what is handed out is what was looked at. Nobody else writes here, so nothing changes between the two.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from daemon.core.errors import TooLarge
from daemon.core.model import Attachment
from daemon.core.rules.measures import size
from daemon.errands.showing import named

KEPT: Final = timedelta(days=8)  #: a day longer than what may still be on its way to somebody
_SUFFIX: Final = re.compile(r"\.[A-Za-z0-9]{1,8}")


class Shelf:
    """``most``: bytes that may lie here in all; None: as many as come."""

    def __init__(self, folder: Path, *, most: int | None = None) -> None:
        self.folder = folder
        self._most = most

    def keep(self, pieces: Iterable[bytes], name: str) -> Attachment:
        """Write a copy, synced. What makes ``pieces`` may raise: then nothing is kept.

        ``name``: what a person knows it by.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._most is not None and self._size() >= self._most:
            raise TooLarge(
                "too many files lie here", f"those of the last days have {size(self._most)} or more"
            )
        suffix = Path(name).suffix
        path = self.folder / f"{secrets.token_hex(10)}{suffix if _SUFFIX.fullmatch(suffix) else ''}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as copy:
                for piece in pieces:
                    copy.write(piece)
                copy.flush()
                os.fsync(copy.fileno())
                written = copy.tell()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Attachment(path=str(path), name=named(name).replace("/", "_"), size=written)

    def _size(self) -> int:
        return sum(path.lstat().st_size for path in self.folder.glob("*"))

    def tidy(self, now: datetime) -> None:
        """Take away what has lain here for too long."""
        for path in self.folder.glob("*"):
            with contextlib.suppress(OSError):
                if now.timestamp() - path.lstat().st_mtime > KEPT.total_seconds():
                    path.unlink()
