"""What we did to other programs' files, so that it can be undone to the byte.

``$PEERLINE_HOME/setup.json`` holds one row per file: the digest of what we wrote and the edits that turn it
back. It keeps no word of the files' own content: what we replace is white space and lines of our own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hooks.files import content_of, locked, make_folders, replace
from hooks.jsontext import Edit


@dataclass(frozen=True, slots=True)
class Row:
    """``after`` is the digest of the file we left; ``undo`` gives the text before, or no file (``existed``).

    ``created``: the keys whose object or list we made; ``kept``: entries like ours that were there already;
    ``folders``: those we made for the file, innermost first.
    """

    after: str
    existed: bool
    undo: tuple[Edit, ...]
    created: tuple[tuple[str, ...], ...]
    kept: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> Row:
        return cls(
            after=row["after"],
            existed=row["existed"],
            undo=tuple(Edit(**edit) for edit in row["undo"]),
            created=tuple(tuple(path) for path in row["created"]),
            kept=tuple(row["kept"]),
            folders=tuple(row["folders"]),
        )


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Ledger:
    def __init__(self, peerline_home: Path) -> None:
        self.path = peerline_home / "setup.json"

    def row(self, path: Path) -> Row | None:
        """Give what was written down; a ledger that is gone or spoiled only costs exactness."""
        try:
            return Row.read(self._rows()[str(path)])
        except (KeyError, TypeError):
            return None

    def paths(self) -> list[Path]:
        """Every file that holds something of ours, as far as is written down."""
        return [Path(path) for path in self._rows()]

    def folders(self) -> list[Path]:
        """Every folder that we made."""
        rows = filter(None, map(self.row, self.paths()))
        return [Path(folder) for row in rows for folder in row.folders]

    def put(self, path: Path, row: Row) -> None:
        make_folders(self.path.parent)
        with locked(self.path):
            self._save({**self._rows(), str(path): asdict(row)})

    def drop(self, path: Path) -> None:
        if str(path) not in self._rows():
            return
        with locked(self.path):
            self._save({name: row for name, row in self._rows().items() if name != str(path)})

    def _rows(self) -> dict[str, Any]:
        try:
            rows = json.loads(content_of(self.path) or b"{}")
        except ValueError:
            return {}
        return rows if isinstance(rows, dict) else {}

    def _save(self, rows: Mapping[str, Any]) -> None:
        text = json.dumps(rows, indent=2) + "\n"
        replace(self.path, content_of(self.path), text.encode() if rows else None)
