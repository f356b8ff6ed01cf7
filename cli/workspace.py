"""The folder in which an orchestrator works: what is written there, and what of it is left as it is.

Rule: a file that somebody changed is theirs. What we wrote is known by its digest, kept beside it; whatever else
stands there is told of, and replaced only with force, when the old one is kept under another name.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.core.errors import Malformed

SOURCES: Final = Path(__file__).parent / "workspace_files"
FILES: Final = ("AGENTS.md", "CLAUDE.md", "GEMINI.md")
LEDGER: Final = ".peerline.json"  #: file -> SHA-256 of what we wrote last
WRITTEN, UNCHANGED, KEPT, REPLACED = "written", "as it is", "kept, you changed it", "replaced"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one file. ``difference``: between what stands there and what we would write."""

    file: str
    what: str
    difference: str = ""
    backup: str = ""


def laid(folder: Path, *, force: bool = False) -> list[Done]:
    """Write what is missing or old; idempotent.

    Raises:
        Malformed: there is no such folder to be had.

    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        known = _known(folder)
        done = [_laid(folder, name, known.get(name, ""), force=force) for name in FILES]
        ours = {each.file: _digest(SOURCES / each.file) for each in done if each.what != KEPT}
        _write(folder / LEDGER, json.dumps({**known, **ours}, indent=1, sort_keys=True) + "\n")
    except OSError as error:
        raise Malformed(f"{folder} cannot be made ready: {error.strerror}", "name another folder") from error
    return done


def is_laid(folder: Path) -> bool:
    return (folder / FILES[0]).is_file()


def _laid(folder: Path, name: str, known: str, *, force: bool) -> Done:
    path, wanted = folder / name, (SOURCES / name).read_text()
    if not os.path.lexists(path):
        _write(path, wanted)
        return Done(name, WRITTEN)
    standing = path.read_text(errors="replace")
    if standing == wanted:
        return Done(name, UNCHANGED)
    if known and _digest(path) == known and not path.is_symlink():
        _write(path, wanted)
        return Done(name, WRITTEN)
    difference = "\n".join(
        difflib.unified_diff(
            standing.splitlines(), wanted.splitlines(), f"{name} (yours)", f"{name} (ours)", lineterm=""
        )
    )
    if not force:
        return Done(name, KEPT, difference)
    backup = _free(path)
    path.rename(backup)
    _write(path, wanted)
    return Done(name, REPLACED, difference, backup.name)


def _free(path: Path) -> Path:
    n = 1
    while os.path.lexists(found := path.with_name(f"{path.name}.{n}.bak")):
        n += 1
    return found


def _write(path: Path, text: str) -> None:
    """Whole or not at all; in place of a link, never through it."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    fresh.write_text(text)
    fresh.replace(path)


def _known(folder: Path) -> Mapping[str, str]:
    try:
        told = json.loads((folder / LEDGER).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return {name: str(digest) for name, digest in told.items()} if isinstance(told, dict) else {}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
