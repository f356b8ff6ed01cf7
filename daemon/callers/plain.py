"""Files that others name: opened only if they are plain ones, so that no device or pipe holds us up or never ends."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(path: str | Path, flags: int = 0) -> BinaryIO:
    """Open a plain file for reading.

    Args:
        path: where it is.
        flags: more of ``os.open``'s.

    Raises:
        OSError: it is not there, is no plain file, or cannot be called that.

    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
    except ValueError as error:  # a nought in its name
        raise FileNotFoundError(path) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError(path)
    return open(descriptor, "rb")  # noqa: PTH123 -- Path cannot open a descriptor
