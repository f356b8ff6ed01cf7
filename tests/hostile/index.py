"""Every hostile case by its id: those of this folder, from its tables, and those of ``elsewhere.txt``.

python -m tests.hostile.index      writes README.md anew
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final

HERE: Final = Path(__file__).parent
TESTS: Final = HERE.parent
ID: Final = re.compile(r"([A-Z]+-[A-Z]?\d\d?)[: ]\s*(.+)", re.DOTALL)

CLASSES: Final = {
    "TOK": "Authentication",
    "WEB": "Browsers: hosts, origins, forms",
    "HTTP": "HTTP, by the byte",
    "JSON": "JSON",
    "LIM": "Limits",
    "SOCK": "The Unix socket",
    "ID": "Identity",
    "AUTH": "Authority of agents and programs",
    "ENV": "Imitation of the envelope",
    "TEXT": "Texts in the store",
    "TERM": "Texts on the command line",
    "PANE": "tmux: formats, targets, wrong panes",
    "STOP": "Stopping and killing",
    "SPAWN": "Starting agents",
    "TG": "Telegram",
    "SLK": "Slack",
    "APPR": "Approvals",
    "FILE": "Attachments and what is looked at",
    "NET": "The way out",
    "SEC": "Secrets",
    "HOME": "The home and its config",
    "MCP": "MCP",
    "HOOK": "Hooks",
}
#: Cases whose tests stand beside what they try: id -> (sentence, where below ``tests/``).
ELSEWHERE: Final = {
    name: (sentence, where)
    for name, sentence, where in (
        row.split(" | ") for row in (HERE / "elsewhere.txt").read_text(encoding="utf-8").splitlines()
    )
}


@dataclass(frozen=True, slots=True)
class Case:
    case_id: str
    sentence: str
    where: str  #: below ``tests/``

    @property
    def kind(self) -> str:
        return self.case_id.partition("-")[0]

    @property
    def is_honest(self) -> bool:
        return "-C" in self.case_id


def cases() -> list[Case]:
    found = [Case(name, *told) for name, told in ELSEWHERE.items()]
    for path in sorted(HERE.glob("test_*.py")):
        if path.name != "test_index.py":
            found += _in(importlib.import_module(f"tests.hostile.{path.stem}"), f"hostile/{path.name}")
    order = list(CLASSES)
    return sorted(found, key=lambda each: (order.index(each.kind), each.is_honest, each.case_id))


def readme() -> str:
    listed = cases()
    honest = sum(each.is_honest for each in listed)
    lines = [
        "# Hostile cases",
        "",
        f"{len(listed) - honest} hostile cases, each with its safe outcome in its test, and {honest} honest ones",
        "(`…-C…`) that must pass, so that refusing everything fails. That nothing was done is looked at: no row, no",
        "process, no connection.",
        "Made by `python -m tests.hostile.index`; `test_index.py` holds it to its word.",
    ]
    for kind, title in CLASSES.items():
        lines += ["", f"## {title}", "", "| id | what | tests/… |", "|---|---|---|"]
        lines += [
            f"| {each.case_id} | {each.sentence} | `{each.where}` |" for each in listed if each.kind == kind
        ]
    return "\n".join(lines) + "\n"


def _in(module: ModuleType, where: str) -> Iterator[Case]:
    """The keys of a module's tables, and ids that its tests name themselves."""
    tables = [table for name, table in vars(module).items() if isinstance(table, dict) and name.isupper()]
    keys = dict.fromkeys(
        key for table in tables for key in table if isinstance(key, str) and ID.fullmatch(key)
    )
    yield from (_case(key, where) for key in keys)
    for name, test in vars(module).items():
        if name.startswith("test_"):
            yield from (
                each for each in _of_test(test, where) if f"{each.case_id} {each.sentence}" not in keys
            )


def _of_test(test: Any, where: str) -> Iterator[Case]:
    told = test.__doc__ or ""
    if "," not in told.partition(":")[0] and ID.fullmatch(told):
        yield _case(told.partition("\n")[0], f"{where}::{test.__name__}")
    for mark in getattr(test, "pytestmark", ()):
        names = mark.kwargs.get("ids", mark.args[1] if mark.name == "parametrize" else ())
        if mark.name == "parametrize" and isinstance(names, list | tuple):
            yield from (
                _case(each, f"{where}::{test.__name__}")
                for each in names
                if isinstance(each, str) and ID.fullmatch(each)
            )


def _case(told: str, where: str) -> Case:
    found = ID.fullmatch(told)
    assert found
    return Case(found[1], found[2].strip().replace("|", "\\|"), where)


if __name__ == "__main__":
    (HERE / "README.md").write_text(readme())
