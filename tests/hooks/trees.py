"""What stands in a folder, so that two looks at it can be compared."""

from __future__ import annotations

from pathlib import Path


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Name -> mode and content of everything below."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    }


def stamps(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Of files, what a write would change; a folder's times change when it is looked into."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path: (path.stat().st_mtime_ns, path.stat().st_ino, path.stat().st_size) for path in files}
