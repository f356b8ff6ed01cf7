"""One value put into a YAML file that a person wrote, while all the rest stays as it is, to the byte.

Pure. Rule: the outcome is read again, and where anything but that value has changed, nothing is done.
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from daemon.core.errors import Refused


def spliced(text: str, section: str, key: str, value: str) -> str:
    """Return the text with ``section.key`` set to the value.

    Raises:
        Refused: that cannot be done safely; the hint has lines to paste, without the value.

    """
    try:
        before = yaml.safe_load(text)
        after = _put(text, section, key, value)
        if yaml.safe_load(after) == _wanted(before, section, key, value):
            return after
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        pass  # as if it had come out wrong
    raise Refused(
        f"the config is written in a way into which {section}.{key} cannot be put safely",
        f'put it there yourself:\n{section}:\n  {key}: "…"',
    )


def _wanted(before: Any, section: str, key: str, value: str) -> dict[Any, Any]:
    told = dict(before or {})
    return told | {section: dict(told.get(section) or {}) | {key: value}}


def _put(text: str, section: str, key: str, value: str) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    entry = f"{key}: {json.dumps(value)}"
    inside = _value_of(yaml.compose(text, yaml.SafeLoader), section)
    if inside is None:
        between = "" if not text or text.endswith("\n") else newline
        return f"{text}{between}{section}:{newline}  {entry}{newline}"
    if isinstance(inside, yaml.ScalarNode):  # named and left empty
        at = _line_end(text, inside.start_mark.index)
        return f"{text[:at]}{newline}  {entry}{text[at:]}"
    old = _value_of(inside, key)
    if isinstance(old, yaml.ScalarNode):
        space = "" if text[old.start_mark.index - 1 : old.start_mark.index].isspace() else " "
        return f"{text[: old.start_mark.index]}{space}{json.dumps(value)}{text[old.end_mark.index :]}"
    if isinstance(inside, yaml.MappingNode) and inside.flow_style:
        at = inside.start_mark.index + 1
        return f"{text[:at]}{entry}{', ' if inside.value else ''}{text[at:]}"
    at, indent = inside.start_mark.index, " " * inside.start_mark.column
    return f"{text[:at]}{entry}{newline}{indent}{text[at:]}"


def _value_of(node: Any, key: str) -> Any:
    """The value of a mapping's key; None: it is not there."""
    if node is None:
        return None
    return next((value for name, value in node.value if getattr(name, "value", None) == key), None)


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if text[end - 1] == "\r" else end
