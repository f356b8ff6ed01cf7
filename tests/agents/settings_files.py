"""Settings files of agents, written beside what stands in them already.

Rule: what is there stays, to the letter where the format allows it; only what is missing is added.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any


def merge_json(path: Path, wanted: Mapping[str, Any]) -> None:
    present = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_merged(present, wanted), indent=2))


def merge_toml(path: Path, wanted: Mapping[tuple[str, ...], Mapping[str, Any]]) -> None:
    """`wanted` is table -> its keys, `()` being the top of the file; values are what JSON and TOML write alike."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = path.read_text() if path.exists() else ""
    for table, keys in wanted.items():
        missing = dict(_missing(tomllib.loads(text), table, keys))
        if missing:
            text = _added(text, table, missing)
    path.write_text(text)


def _merged(present: Any, wanted: Any) -> Any:
    """`wanted` where `present` says nothing; lists keep what they have and gain the rest."""
    if isinstance(present, dict) and isinstance(wanted, dict):
        return present | {key: _merged(present.get(key), value) for key, value in wanted.items()}
    if isinstance(present, list) and isinstance(wanted, list):
        return present + [each for each in wanted if each not in present]
    return wanted if present is None else present


def _missing(parsed: Any, table: tuple[str, ...], keys: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in table:
        parsed = parsed.get(name, {})
    yield from ((key, value) for key, value in keys.items() if key not in parsed)


def _added(text: str, table: tuple[str, ...], keys: Mapping[str, Any]) -> str:
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in keys.items())
    if not table:
        return lines + text  # after a table's header they would belong to that table
    name = ".".join(part if re.fullmatch(r"[\w-]+", part) else json.dumps(part) for part in table)
    if header := re.search(rf"^\[{re.escape(name)}\][^\n]*\n", text, re.MULTILINE):
        return text[: header.end()] + lines + text[header.end() :]
    return f"{text.rstrip()}\n\n[{name}]\n{lines}" if text else f"[{name}]\n{lines}"
