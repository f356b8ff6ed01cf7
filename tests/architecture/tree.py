"""The source tree as the tests of this folder read it: modules by dotted name, parsed, with what they import.

Works on a tree that is still growing: what is not there yet breaks no rule.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOP = frozenset({"daemon", "bots", "mcp_server", "hooks", "scheduler", "cli", "dashboard"})


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def modules_below(*folders: str) -> dict[str, Path]:
    return {name_of(path): path for top in folders for path in sorted((ROOT / top).rglob("*.py"))}


MODULES = modules_below(*sorted(TOP))
EVERYTHING = MODULES | modules_below("bench", "tests")


def source_of(module: str) -> str:
    return EVERYTHING[module].read_text(encoding="utf-8")


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(source_of(module))


def imports(tree: ast.Module) -> Iterator[str]:
    """Every imported name, also those imported late: ``from a import b`` is ``a.b``, whatever b is."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level  # a relative import keeps its dots, so no table allows it
            yield from (f"{dots}{node.module or ''}.{alias.name}" for alias in node.names)


def tracked_files() -> list[Path]:
    """What the repository would hand to a stranger."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]
