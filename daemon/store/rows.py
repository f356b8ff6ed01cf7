"""Nouns <-> rows, by the fields of the dataclasses. Rule: one way of writing each type, whatever the table."""

from __future__ import annotations

import json
import sqlite3
import types
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from daemon.core import model as m
from daemon.core.view import KEYS

N = TypeVar("N")
TABLES: Final = {kind: kind.__name__.lower() for kind in KEYS}


@dataclass(frozen=True, slots=True)
class Table:
    """The statements of one noun."""

    put: str
    get: str
    columns: tuple[str, ...]


def when(at: datetime) -> str:
    """Microseconds always, so that text order is time order."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _table(kind: Any) -> Table:
    name, keys = TABLES[kind], KEYS[kind]
    columns = tuple(field.name for field in fields(kind))
    quoted = [f'"{column}"' for column in columns]
    marks = ", ".join("?" * len(columns))
    changes = ", ".join(f"{column} = excluded.{column}" for column in quoted)
    where = " AND ".join(f'"{key}" = ?' for key in keys)
    on = ", ".join(f'"{key}"' for key in keys)
    return Table(
        put=f"INSERT INTO {name} ({', '.join(quoted)}) VALUES ({marks}) ON CONFLICT ({on}) DO UPDATE SET {changes}",
        get=f"SELECT * FROM {name} WHERE {where}",
        columns=columns,
    )


table: Final[Callable[[Any], Table]] = cache(_table)


def to_row(noun: Any) -> list[Any]:
    return [_column(getattr(noun, name)) for name in table(type(noun)).columns]


def from_row(kind: type[N], row: sqlite3.Row) -> N:
    return kind(**{name: read(row[name]) for name, read in _readers(kind)})


def told_from(row: sqlite3.Row) -> m.Told:
    event = m.Event(
        row["type"],
        row["ref"],
        row["peer_id"],
        row["what"],
        row["evidence"],
        tuple((name, value) for name, value in json.loads(row["detail"])),
    )
    return m.Told(row["seq"], datetime.fromisoformat(row["at"]), event)


def _column(value: Any) -> Any:
    if value is None or (isinstance(value, str | int) and not isinstance(value, Enum | bool)):
        return value
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, bool):
        return int(value)
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, datetime):
        return when(value)
    if isinstance(value, Enum):
        return value.value
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _found_readers(kind: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, _reader(hints[field.name])) for field in fields(kind))


_readers: Final[Callable[[Any], tuple[tuple[str, Callable[[Any], Any]], ...]]] = cache(_found_readers)


def _reader(hint: Any) -> Callable[[Any], Any]:
    if get_origin(hint) in {Union, types.UnionType}:
        inner = _reader(next(each for each in get_args(hint) if each is not type(None)))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple or is_dataclass(hint):
        revived = _reviver(hint)
        return lambda value: revived(json.loads(value))
    return _reviver(hint)


def _reviver(hint: Any) -> Callable[[Any], Any]:
    """From plain JSON to the type."""
    if get_origin(hint) in {Union, types.UnionType}:
        inner = _reviver(next(each for each in get_args(hint) if each is not type(None)))
        return lambda value: None if value is None else inner(value)
    if get_origin(hint) is tuple:
        each = _reviver(get_args(hint)[0])
        return lambda value: tuple(each(one) for one in value)
    if is_dataclass(hint):
        readers = {name: _reviver(kind) for name, kind in get_type_hints(hint).items()}
        made: Any = hint
        return lambda value: made(**{name: readers[name](x) for name, x in value.items() if name in readers})
    if hint is datetime:
        return datetime.fromisoformat
    if isinstance(hint, type) and issubclass(hint, Enum | bool):
        return hint
    return lambda value: value
