"""Nouns <-> rows, by the fields of the dataclasses. Rule: one way of writing each type, whatever the table.

What holds words of somebody carries a sum of its row: a disk that gives back something else is found out.
"""

from __future__ import annotations

import json
import sqlite3
import types
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from daemon.core import model as m
from daemon.core.errors import StoreDamaged
from daemon.core.nouns import KEYS

N = TypeVar("N")
_encoded: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
TABLES: Final = {kind: kind.__name__.lower() for kind in KEYS}
SUMMED: Final = frozenset({m.Envelope, m.Ask})
WAKING: Final = frozenset(
    {m.Schedule, m.Job, m.Review}
)  #: carry no sum; one that cannot be read would hold up the rest
BETWEEN: Final = "\x1f"


@dataclass(frozen=True, slots=True)
class Table:
    """The statements of one noun."""

    put: str
    get: str
    columns: tuple[str, ...]


def when(at: datetime) -> str:
    """Microseconds always, so that text order is time order."""
    return (at if at.tzinfo is UTC else at.astimezone(UTC)).isoformat(timespec="microseconds")


def keyed(part: str | datetime) -> str:
    """A part of a key as it is written."""
    return when(part) if isinstance(part, datetime) else part


def _table(kind: Any) -> Table:
    name, keys = TABLES[kind], KEYS[kind]
    columns = tuple(field.name for field in fields(kind))
    quoted = [f'"{column}"' for column in (*columns, *(("checksum",) if kind in SUMMED else ()))]
    marks = ", ".join("?" * len(quoted))
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
    row = [write(getattr(noun, name)) for name, write in _writers(type(noun))]
    return [*row, summed(row)] if type(noun) in SUMMED else row


def summed(row: Iterable[Any]) -> int:
    """CRC-32 of what stands in the columns: every flipped bit and every torn piece changes it."""
    return zlib.crc32(BETWEEN.join(map(str, row)).encode())


def is_whole(kind: type[Any], row: Mapping[str, Any] | sqlite3.Row) -> bool:
    """Whether a row of what carries a sum is as it was written; of anything else, whether it can be read."""
    columns = table(kind).columns
    values = [row[name] for name in columns]
    if kind in SUMMED:
        return bool(row["checksum"] == summed(values))
    try:
        reader(kind, columns)(values)
    except StoreDamaged:
        return False
    return True


def damaged(what: str, key: object = "") -> StoreDamaged:
    return StoreDamaged(
        f'{what} "{key}" is not on the disk as it was written' if key else what,
        "`peerline doctor` says what to do",
        after_s=2,
    )


def reader(kind: type[N], names: Sequence[str]) -> Callable[[Sequence[Any]], N]:
    """What makes a noun of a row whose columns are called ``names``, in their order.

    It raises StoreDamaged when the row is not what was written.
    """
    return _reader_of(kind, tuple(names))


def _found_reader(kind: Any, names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    hints = get_type_hints(kind)
    columns = [(field.name, names.index(field.name), _reader(hints[field.name])) for field in fields(kind)]
    plain = [(name, at) for name, at, read in columns if read is None]
    others = [(name, at, read) for name, at, read in columns if read is not None]

    def made(row: Sequence[Any]) -> Any:
        values = {name: row[at] for name, at in plain}
        try:
            for name, at, read in others:
                value = row[at]
                values[name] = None if value is None else read(value)
        except (LookupError, TypeError, ValueError) as error:
            raise damaged(TABLES[kind], row[0]) from error
        return kind(**values)

    return _checked(kind, names, made) if kind in SUMMED else made


def _checked(
    kind: Any, names: tuple[str, ...], made: Callable[[Sequence[Any]], Any]
) -> Callable[[Sequence[Any]], Any]:
    columns = [names.index(name) for name in table(kind).columns]
    sum_at = names.index("checksum")

    def read(row: Sequence[Any]) -> Any:
        if row[sum_at] != summed([row[at] for at in columns]):
            raise damaged(TABLES[kind], row[columns[0]])
        return made(row)

    return read


_reader_of: Final[Callable[[Any, tuple[str, ...]], Callable[[Sequence[Any]], Any]]] = cache(_found_reader)


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


def _found_writers(kind: Any) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    hints = get_type_hints(kind)
    return tuple((field.name, _writer(_not_none(hints[field.name]))) for field in fields(kind))


_writers: Final[Callable[[Any], tuple[tuple[str, Callable[[Any], Any]], ...]]] = cache(_found_writers)


def _writer(hint: Any) -> Callable[[Any], Any]:
    if hint is datetime:
        return lambda value: None if value is None else when(value)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: None if value is None else value.value
    if hint is bool:
        return int
    if hint in {str, int}:
        return lambda value: value
    plain = _plain(hint)
    return lambda value: None if value is None else _encoded(plain(value))


def _plain(hint: Any) -> Callable[[Any], Any]:
    """To plain JSON, by the type."""
    inner = _not_none(hint)
    if inner is not hint:
        some = _plain(inner)
        return lambda value: None if value is None else some(value)
    if get_origin(hint) is tuple:
        each = _plain(get_args(hint)[0])
        return lambda value: [each(one) for one in value]
    if is_dataclass(hint):
        writers = [(name, _plain(kind)) for name, kind in get_type_hints(hint).items()]
        return lambda value: {name: write(getattr(value, name)) for name, write in writers}
    if hint is datetime:
        return when
    if isinstance(hint, type) and issubclass(hint, Enum):
        return lambda value: value.value
    return lambda value: value


def _not_none(hint: Any) -> Any:
    if get_origin(hint) in {Union, types.UnionType}:
        return next(each for each in get_args(hint) if each is not type(None))
    return hint


def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """From a column that holds something; None: as it is."""
    hint = _not_none(hint)
    if hint in {str, int}:
        return None
    revived = _reviver(hint)
    if get_origin(hint) is tuple or is_dataclass(hint):
        return lambda value: revived(json.loads(value))
    return revived


def _reviver(hint: Any) -> Callable[[Any], Any]:
    """From plain JSON to the type."""
    inner = _not_none(hint)
    if inner is not hint:
        some = _reviver(inner)
        return lambda value: None if value is None else some(value)
    if get_origin(hint) is tuple:
        each = _reviver(get_args(hint)[0])
        return lambda value: tuple(each(one) for one in value)
    if is_dataclass(hint):
        readers = {name: _reviver(kind) for name, kind in get_type_hints(hint).items()}
        made: Any = hint
        return lambda value: made(**{name: readers[name](x) for name, x in value.items() if name in readers})
    if hint is datetime:
        return datetime.fromisoformat
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {member.value: member for member in hint}.__getitem__
    if hint is bool:
        return bool
    return lambda value: value
