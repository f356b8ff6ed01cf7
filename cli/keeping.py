"""Writing into the config file: private, whole or not at all, and followed where it is a link."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from cli.splicing import Value, by_hand, spliced
from daemon.core.errors import Refused


def keep(config: Path, section: str, key: str, value: Value) -> None:
    """Set one value; the rest of the file stays as it is, to the byte.

    Raises:
        Refused: it cannot be read, written, or changed safely.

    """
    place = config.resolve()
    try:
        raw = place.read_bytes() if place.exists() else b""
        _written(place, spliced(raw.decode("utf-8"), section, key, value).encode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(
            f"{config} cannot be changed: {type(error).__name__}",
            f"put it there yourself:\n{by_hand(section, key)}",
        ) from None


def _written(place: Path, content: bytes) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=".config-")  # 0600 from the first moment
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
