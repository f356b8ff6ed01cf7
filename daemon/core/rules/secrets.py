"""What is for no chat: files that are never handed out, by their names, and what looks like a secret in a text.

Rule: better one too many than one too few; but a text must stay readable, so only the secret itself is taken out.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
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


MASK: Final = "•••"
_NAMED: Final = (
    r"[A-Z0-9_]*(?:TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|CREDENTIALS?)[A-Z0-9_]*"
)
#: What stands in a group stays.
_LOOKS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----)(?:(?!-----END)[\s\S])+",
        r"()\b\d{6,12}:[A-Za-z0-9_-]{30,}",  # Telegram
        r"()\bxox[a-z]-[\w-]{8,}|\bxapp-[\w-]{8,}",  # Slack
        r"()\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS
        r"()\bgh[a-z]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{18,}",
        r"()\bsk-[\w-]{20,}|\bAIza[\w-]{30,}|\b[rs]k_(?:live|test)_\w{16,}|\bnpm_[A-Za-z0-9]{30,}",
        r"()\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+",  # JSON web tokens
        r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)[^\s/@]+(?=@)",  # with a password in the address
        rf"((?<![\w.]){_NAMED}[\"']?[ \t]*[=:][ \t]*)(?:\"[^\"\n]{{4,}}\"|'[^'\n]{{4,}}'|[^\s\"'`]{{6,}})",  # .env
    )
)


def masked(text: str) -> tuple[str, int]:
    """The text without the secrets in it, and how many they were."""
    found = 0
    for look in _LOOKS:
        text, times = look.subn(_put, text)
        found += times
    return text, found


def _put(match: re.Match[str]) -> str:
    return f"{match[1] or ''}{MASK}"


def is_secret(path: str) -> bool:
    """Whether one of the path's names is one of those; case does not matter, as on some file systems."""
    names = [name.casefold() for name in path.split("/") if name]
    return any(name in FOLDERS or _is_key(name) or any(fnmatchcase(name, x) for x in NAMES) for name in names)


def _is_key(name: str) -> bool:
    """``id_work`` and ``id_work.pub``, but not ``id_map.py``."""
    return name.startswith("id_") and name[3:].partition(".")[2] in {"", "pub", "old", "bak"}
