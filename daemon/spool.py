"""What hooks said while no daemon listened: one file each, replayed in order, each once.

Written by hooks/pipe.py as ``$PEERLINE_HOME/spool/<ns>-<pid>-<size>``: the very request it would have sent. Under a
name with a dot before it, it is not whole yet; if its writer has ended, it never will be.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote


@dataclass(frozen=True, slots=True)
class Record:
    """One hook event as it was to be sent."""

    path: Path
    agent: str
    event: str
    headers: dict[str, str]
    body: bytes


def waiting(folder: Path) -> bool:
    return any(True for _ in _files(folder))


def records(folder: Path) -> Iterator[Record]:
    """Yield the records in their order; one that is not whole is dropped, and what killed hooks left is removed."""
    for path in _abandoned(folder):
        path.unlink(missing_ok=True)
    for path in sorted(_files(folder)):
        try:
            yield _parsed(path, path.read_bytes())
        except (ValueError, OSError):
            path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in _plain_files(folder) if not path.name.startswith("."))


def _abandoned(folder: Path) -> Iterator[Path]:
    return (path for path in _plain_files(folder) if path.name.startswith(".") and not _is_written(path))


def _plain_files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if path.is_file())


def _is_written(path: Path) -> bool:
    """Whether the hook that began this file still lives."""
    _, _, rest = path.name.partition("-")
    try:
        os.kill(int(rest.partition("-")[0]), 0)
    except (ValueError, OverflowError, ProcessLookupError):
        return False
    except OSError:
        pass  # it lives, but is not ours to speak to
    return True


def _parsed(path: Path, raw: bytes) -> Record:
    if len(raw) != int(path.name.rpartition("-")[2]):
        # Nothing of it was synced: after a power failure a name may outlive its bytes.
        raise ValueError("torn")
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    _, target, _ = first.split(" ")
    *_, agent, event = target.split("/")
    headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Record(path, unquote(agent), unquote(event), headers, body)
