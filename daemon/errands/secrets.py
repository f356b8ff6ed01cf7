"""Which files are never handed out of a folder, by their names. Rule: better one too many than one too few."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Final

NAMES: Final = (
    ".env*",
    "*.env",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.kdbx",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "*credentials*",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".htpasswd",
)
FOLDERS: Final = (".git", ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".peerline")


def is_secret(path: str) -> bool:
    """Whether one of the path's names is one of those; case does not matter, as on some file systems."""
    names = [name.casefold() for name in PurePosixPath(path).parts]
    return any(name in FOLDERS or _is_key(name) or any(fnmatchcase(name, x) for x in NAMES) for name in names)


def _is_key(name: str) -> bool:
    """``id_work`` and ``id_work.pub``, but not ``id_map.py``."""
    return name.startswith("id_") and PurePosixPath(name).suffix in {"", ".pub", ".old", ".bak"}
