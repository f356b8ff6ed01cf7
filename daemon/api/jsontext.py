"""JSON from outside, read strictly: no NaN, no duplicate keys, no endless numbers or nesting, no broken text."""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

from daemon.core.errors import Malformed

MOST_DEEP: Final = 32
MOST_DIGITS: Final = 19


def loads(text: bytes) -> Any:
    """Decode ``text``.

    Raises:
        Malformed: it is no JSON as we take it; says why.

    """
    try:
        told = json.loads(text, parse_constant=_constant, parse_int=_integer, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"not the JSON we take: {str(error)[:200] or 'nested too deeply'}") from error
    return checked(told)


def checked(told: Any) -> Any:
    """Return what was decoded, by whomever, if it is text throughout and not nested without an end.

    Raises:
        Malformed: it is not.

    """
    try:
        _bounded(told, MOST_DEEP)
    except ValueError as error:
        raise Malformed(f"not the JSON we take: {str(error)[:200]}") from error
    return told


def loads_loosely(text: bytes) -> Any:
    """Decode what an agent's hook sent: other people's data, so broken text in it is mended, not refused.

    Raises:
        Malformed: it is no JSON at all.

    """
    try:
        return mended(json.loads(text.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        raise Malformed("the hook's payload is no JSON") from error


def mended(value: Any) -> Any:
    """Replace what is no text, wherever it stands: other people's data is kept as well as it can be.

    A nought is none either: it may stand in a path or a name that we look for, and no file has one.
    """
    match value:
        case str():
            return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
        case dict():
            return {mended(key): mended(inner) for key, inner in value.items()}
        case list():
            return [mended(inner) for inner in value]
        case _:
            return value


def _constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return made


def _bounded(value: Any, depth: int) -> None:
    if depth < 0:
        raise ValueError(f"nested deeper than {MOST_DEEP}")
    match value:
        case str():
            value.encode()  # a lone surrogate is no text; UnicodeEncodeError is a ValueError
        case dict():
            for key, inner in value.items():
                key.encode()
                _bounded(inner, depth - 1)
        case list():
            for inner in value:
                _bounded(inner, depth - 1)
        case _:
            pass
