"""What hooks said while no daemon listened: one file each, replayed in order, each once.

Written by hooks/pipe.py as ``$PEERLINE_HOME/spool/<ns>-<pid>-<size>``: the very request it would have sent.
"""

from __future__ import annotations

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
    """Yield the records in their order; one that is not whole is dropped."""
    for path in sorted(_files(folder)):
        try:
            yield _parsed(path, path.read_bytes())
        except (ValueError, OSError):
            path.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        yield from (path for path in folder.iterdir() if not path.name.startswith("."))


def _parsed(path: Path, raw: bytes) -> Record:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    _, target, _ = first.split(" ")
    *_, agent, event = target.split("/")
    headers = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Record(path, unquote(agent), unquote(event), headers, body)
