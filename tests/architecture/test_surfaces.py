"""docs/surfaces.md says what the surfaces share, file by file; it is as true as this."""

from __future__ import annotations

import re

from tests.architecture.tree import ROOT

PAGE = ROOT / "docs" / "surfaces.md"
FOLDERS = ("bots", "bots/telegram", "bots/slack", "bots/console", "cli/platforms", "cli/starts")


def named() -> set[str]:
    table = PAGE.read_text().partition("## What is different")[0]
    return set(re.findall(r"`([\w/]+\.py)`", table)) - {"tests/architecture/test_surfaces.py"}


def modules() -> set[str]:
    found = (path for folder in FOLDERS for path in (ROOT / folder).glob("*.py"))
    return {str(path.relative_to(ROOT)) for path in found if path.name != "__init__.py"}


def test_every_file_that_the_table_names_is_there() -> None:
    assert sorted(name for name in named() if not (ROOT / name).exists()) == []


def test_every_room_of_a_surface_stands_in_the_table() -> None:
    assert sorted(modules() - named()) == []


def test_nothing_that_is_shared_is_a_platforms_own_as_well() -> None:
    for line in PAGE.read_text().splitlines():
        shared = line.split("|")[2] if line.count("|") > 5 else ""
        assert not re.search(r"bots/(telegram|slack|console)/", shared)
