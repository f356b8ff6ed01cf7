"""Model <-> JSON for what machines pass to each other whole: strict in what it needs, lenient to newer fields."""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

from daemon.core.errors import Malformed
from daemon.wire.shapes import moment

T = TypeVar("T")


def encode(thing: Any) -> Any:
    """Dataclasses as objects, tuples as lists, times as RFC 3339 with microseconds."""
    if is_dataclass(thing) and not isinstance(thing, type):
        return {field.name: encode(getattr(thing, field.name)) for field in fields(thing)}
    if isinstance(thing, datetime):
        return thing.isoformat()
    if isinstance(thing, Enum):
        return thing.value
    if isinstance(thing, list | tuple):
        return [encode(each) for each in thing]
    return thing


def decode(kind: type[T], told: Any) -> T:
    """Make a ``kind`` of what ``encode`` made of it; unknown fields are passed over.

    Raises:
        Malformed: a field is missing or of another type.

    """
    try:
        made: T = _decoded(kind, told)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise Malformed(f"no {kind.__name__}: {error}") from error
    return made


def _decoded(kind: Any, told: Any) -> Any:
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        inner = [each for each in get_args(kind) if each is not type(None)]
        return None if told is None else _decoded(inner[0], told)
    if origin is tuple:
        if not isinstance(told, list):
            raise TypeError(f"{told!r} is no list")
        return tuple(_decoded(get_args(kind)[0], each) for each in told)
    if is_dataclass(kind) and isinstance(kind, type):
        hints, made = _hints(kind), kind
        return made(**{name: _decoded(hints[name], value) for name, value in told.items() if name in hints})
    if kind is datetime:
        return datetime.fromisoformat(told)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(told)
    if kind is not Any and not isinstance(told, kind):
        raise TypeError(f"{told!r} is no {kind.__name__}")
    return told


_hints: Final[Callable[[Any], dict[str, Any]]] = cache(get_type_hints)


__all__ = ["decode", "encode", "moment"]
