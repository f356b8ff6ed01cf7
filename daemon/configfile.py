"""``config.yaml`` as it is written: what it says, and on which line it says it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from daemon.core.errors import Malformed


def told(path: Path) -> dict[str, Any]:
    """What it says; nothing, if there is none.

    Raises:
        Malformed: it cannot be read, is no YAML or no mapping; the sentence names file and line.

    """
    try:
        said = _read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or error
        raise Malformed(f"{path}{where}: {problem}", "it must be YAML") from error
    if said is None:
        return {}
    if not isinstance(said, dict):
        raise Malformed(f"{path}:1: not a mapping", "begin with a key, such as `owner:`")
    return _filled(said)


def _read(text: str) -> Any:
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


class _Loader(yaml.SafeLoader):
    """A key that stands twice is an error: whoever reads the file sees the first, the program took the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f'"{key.value}" stands twice'
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else id(key))
        return super().construct_mapping(node, deep)


def _filled(told: dict[Any, Any]) -> dict[Any, Any]:
    """Without what is named and left empty: that is as it would be unnamed."""
    kept = {name: value for name, value in told.items() if value is not None}
    return {name: _filled(value) if isinstance(value, dict) else value for name, value in kept.items()}


def line_of(path: Path, keys: list[str]) -> int:
    """The line on which the deepest of the keys that stands in the file stands."""
    node = yaml.compose(path.read_text(encoding="utf-8")) if path.exists() else None
    line = 1
    for key in keys:
        if isinstance(node, yaml.SequenceNode) and key.isdecimal() and int(key) < len(node.value):
            node = node.value[int(key)]
        elif isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == key), None)
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
            continue
        else:
            break
        line = node.start_mark.line + 1
    return line
