"""One value put into a YAML file that a person wrote, while all the rest stays as it is, to the byte.

Pure. Rule: the outcome is read again, and where anything but that value has changed, nothing is done.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from daemon.core.errors import Refused

Value = str | list[str]


def spliced(text: str, section: str, key: str, value: Value) -> str:
    """Return the text with ``section.key`` set to the value; a section within another is ``outer.inner``.

    Raises:
        Refused: that cannot be done safely; the hint has lines to paste, without the value.

    """
    keys = [*section.split("."), key]
    try:
        before = yaml.safe_load(text)
        after = _put(text, keys, value)
        if yaml.safe_load(after) == _wanted(before, keys, value):
            return after
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        pass  # as if it had come out wrong
    raise Refused(
        f"the config is written in a way into which {section}.{key} cannot be put safely",
        f"put it there yourself:\n{by_hand(section, key)}",
    )


def by_hand(section: str, key: str) -> str:
    """The lines to paste, without the value."""
    names = [*section.split("."), key]
    return "\n".join(f"{'  ' * depth}{name}:" for depth, name in enumerate(names)) + " …"


def _wanted(before: Any, keys: Sequence[str], value: Value) -> dict[Any, Any]:
    told, (first, *rest) = dict(before or {}), keys
    return told | {first: _wanted(told.get(first), rest, value) if rest else value}


def _put(text: str, keys: Sequence[str], value: Value) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    node = yaml.compose(text, yaml.SafeLoader)
    for depth, name in enumerate(keys):
        pair = _pair_of(node, name)
        if pair is None:
            return _added(text, node, _lines(keys[depth:], value), newline, is_root=depth == 0)
        start, node = pair[0].start_mark, pair[1]
        rest = keys[depth + 1 :]
        if rest and isinstance(node, yaml.ScalarNode):  # named and left empty
            at = _line_end(text, node.start_mark.index)
            below: str = newline + " " * (start.column + 2)
            return text[:at] + below + below.join(_lines(rest, value)) + text[at:]
    return _replaced(text, node, value)


def _lines(keys: Sequence[str], value: Value) -> list[str]:
    """In block style, without the indent of the first."""
    *outer, last = (f"{'  ' * depth}{name}:" for depth, name in enumerate(keys))
    return [*outer, f"{last} {json.dumps(value)}"]


def _replaced(text: str, node: Any, value: Value) -> str:
    start, end = node.start_mark.index, node.end_mark.index
    space = "" if text[start - 1 : start].isspace() else " "
    return f"{text[:start]}{space}{json.dumps(value)}{text[end:]}"


def _added(text: str, node: Any, lines: Sequence[str], newline: str, *, is_root: bool) -> str:
    if is_root:
        between = "" if not text or text.endswith("\n") else newline
        return f"{text}{between}{newline.join(lines)}{newline}"
    at = node.start_mark.index
    if node.flow_style:
        *outer, last = (line.strip() for line in lines)
        entry = "".join(f"{each} {{" for each in outer) + last + "}" * len(outer)
        return f"{text[: at + 1]}{entry}{', ' if node.value else ''}{text[at + 1 :]}"
    below = newline + " " * node.start_mark.column
    return f"{text[:at]}{below.join(lines)}{below}{text[at:]}"


def _pair_of(node: Any, key: str) -> tuple[Any, Any] | None:
    """A mapping's key and its value; None: it is not there."""
    if node is None:
        return None
    return next((pair for pair in node.value if getattr(pair[0], "value", None) == key), None)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1] == "\r" else end
