"""TOML as text: where its tables stand, and edits that leave every other character alone.

Nothing is ever serialised but what we add. The text is read by ``tomllib``; here is only found where each table begins.
All functions are pure; offsets count code points.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hooks.errors import NotSpliceable
from hooks.jsontext import BOM

# What may hold a bracket that begins no table: strings of all four kinds, comments.
TOKEN = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|\#[^\n]*|[\[\]{}]', re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table's header and all below it, at ``text[start:end]``; the lines between it and the next are not in it."""

    path: tuple[str, ...]
    start: int
    end: int


def read(text: str) -> dict[str, Any]:
    """Raises: NotSpliceable."""
    try:
        return tomllib.loads(text.removeprefix(BOM))
    except (tomllib.TOMLDecodeError, RecursionError) as why:
        found = re.search(r"at line (\d+)", str(why))
        line = int(found[1]) - 1 if found else 0
        at = sum(len(each) for each in text.splitlines(keepends=True)[:line])
        raise NotSpliceable(str(why), at) from None


def tables(text: str) -> list[Table]:
    """Every ``[table]`` and ``[[table]]``, in order. Raises: NotSpliceable."""
    read(text)
    heads = list(headers(text))
    starts = [start for start, _ in heads]
    ends = [*starts[1:], len(text)][: len(starts)]
    return [
        Table(path, start, start + content(text[start:end]))
        for (start, path), end in zip(heads, ends, strict=True)
    ]


def content(text: str) -> int:
    """How much of it belongs to a table: comments and empty lines at its end are the next one's."""
    lines = text.splitlines(keepends=True)
    while len(lines) > 1 and (not lines[-1].strip() or lines[-1].lstrip().startswith("#")):
        lines.pop()
    return sum(map(len, lines))


def headers(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    depth = 0
    for token in TOKEN.finditer(text):
        sign = token.group()
        if sign == "[" and depth == 0 and begins_line(text, token.start()):
            yield token.start(), path_of(text, token.start())
        depth += (sign in "[{") - (sign in "]}") if len(sign) == 1 else 0


def begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].removeprefix(BOM).strip()


def path_of(text: str, at: int) -> tuple[str, ...]:
    """The keys of the header that stands there, found by reading it alone."""
    end = text.find("\n", at)
    found: Any = read(text[at : None if end < 0 else end].rstrip("\r"))
    path: list[str] = []
    while found:
        found = found[0] if isinstance(found, list) else found
        if found:
            [(key, found)] = found.items()
            path.append(key)
    return tuple(path)


def newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def merged(document: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """Both, table by table. Raises: ValueError where both say something else of the same."""
    done = dict(document)
    for key, value in more.items():
        there = done.get(key)
        if key not in done:
            done[key] = value
        elif isinstance(there, Mapping) and isinstance(value, Mapping):
            done[key] = merged(there, value)
        else:
            raise ValueError(key)
    return done
