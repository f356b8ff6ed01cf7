"""What the README and the how-to pages tell a user to type is there: commands and their options, tools, keys, paths.

``coming-from.md`` says it in tables, whose middle column is held to the letter; what it calls
planned must not be there.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from cli.app import app
from daemon.api.table import ENDPOINTS
from daemon.core.rules.words import BY_NAME as WORDS
from daemon.paths import Paths
from daemon.settings import PREFIX, Settings
from daemon.wire import routes
from mcp_server.tools import BY_NAME as TOOLS
from tests.architecture.tree import MODULES, ROOT, source_of

COMING_FROM = ROOT / "docs/how-to/coming-from.md"
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs/how-to").glob("*.md")))
#: Named before they were there. What is there by now must go from this list.
ON_THEIR_WAY: frozenset[str] = frozenset()
PLANNED, NOTHING = "*planned:*", "\N{EN DASH}"
QUOTED = re.compile(r"`([^`]+)`")
TYPED = re.compile(r"^ {4,}(peerline .*)$", re.MULTILINE)
VARIABLE = re.compile(rf"\b{PREFIX}[A-Z][A-Z_]+\b")
TOOL = re.compile(r"(\w+)\(([\w, ]*)\)")
KEY = re.compile(r"[a-z_]+(\.[a-z_]+)+")
ENDPOINT = re.compile(r"(GET|POST|PATCH|DELETE) (/\S+)")
BESIDE = {("GET", routes.HEALTH), ("GET", routes.OPENAPI), ("POST", routes.HOOKS), ("POST", routes.MCP)}


# --- what there is ---------------------------------------------------------------------------------------------------


@cache
def program() -> Any:
    return typer.main.get_command(app)


def complaint_of_command(text: str) -> str:
    """What of it is not there, as it would be listed above; "" if all of it is."""
    words = shlex.split(text.partition("#")[0].partition("|")[0])[1:]
    command, said = program(), "peerline"
    while words and (below := getattr(command, "commands", None)) and not words[0].startswith("-"):
        said = f"{said} {words[0]}"
        if (found := below.get(words.pop(0))) is None:
            return said
        command = found
    known = {name for each in command.params for name in (*each.opts, *each.secondary_opts)} | {"--help"}
    strange = (word.partition("=")[0] for word in words if word.startswith("-") and word != "-")
    return next((f"{said} {option}" for option in strange if option not in known), "")


def keys_of(kind: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for name, field in kind.model_fields.items():
        yield (name,)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from ((name, *rest) for rest in keys_of(field.annotation))


@cache
def keys() -> frozenset[str]:
    return frozenset(".".join(each) for each in keys_of(Settings))


@cache
def variables() -> frozenset[str]:
    """Those that the product's own text names, and one for each key."""
    sources = [*(source_of(module) for module in MODULES), (ROOT / "install.sh").read_text()]
    named = {found for source in sources for found in VARIABLE.findall(source)}
    return frozenset(named | {PREFIX + key.upper().replace(".", "__") for key in keys()})


@cache
def paths() -> frozenset[str]:
    home = Paths(Path("$PEERLINE_HOME"))
    found = [getattr(home, name) for name, kind in vars(Paths).items() if isinstance(kind, property)]
    return frozenset(str(path) for path in found)


def has_tool(name: str, told: str) -> bool:
    tool = TOOLS.get(name)
    return tool is not None and set(re.findall(r"\w+", told)) <= set(tool.takes["properties"])


def is_there(said: str) -> bool:
    """One thing in the middle column, by what it looks like."""
    if said.startswith("peerline "):
        return complaint_of_command(said) == ""
    if said.startswith("$PEERLINE_HOME"):
        return said in paths()
    if said.startswith("/"):
        return said[1:].partition(" ")[0] in WORDS
    if tool := TOOL.fullmatch(said):
        return has_tool(*tool.groups())
    if served := ENDPOINT.fullmatch(said):
        return served.groups() in BESIDE | {(each.method, each.path) for each in ENDPOINTS}
    return said in variables() or said in keys() or said in TOOLS


# --- what is said ----------------------------------------------------------------------------------------------------


def typed(page: Path) -> Iterator[str]:
    """Every command of ours on the page, in its text and in blocks to copy; but names of those of others in a table."""
    text = page.read_text()
    yield from TYPED.findall(text)
    if page == COMING_FROM:
        text = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    yield from (said for said in QUOTED.findall(text) if said.startswith("peerline "))


def rows() -> Iterator[tuple[str, str, str]]:
    for line in COMING_FROM.read_text().splitlines():
        if not line.startswith("|") or set(line) <= set("|- "):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
        assert len(cells) == 3, line
        if cells[1] != "Peerline":
            yield cells[0], cells[1], cells[2]


ROWS = tuple(rows())


def is_missing(said: str) -> bool:
    on_its_way = complaint_of_command(said) if said.startswith("peerline ") else said
    return not is_there(said) and on_its_way not in ON_THEIR_WAY


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_tells_to_type_is_there(page: Path) -> None:
    wrong = {said: complaint for said in typed(page) if (complaint := complaint_of_command(said))}

    assert {said: why for said, why in wrong.items() if why not in ON_THEIR_WAY} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_variable_that_a_page_names_is_read(page: Path) -> None:
    assert set(VARIABLE.findall(page.read_text())) - variables() == set()


def test_whatever_has_a_counterpart_names_one_that_is_there() -> None:
    said = [each for _, ours, _ in ROWS if not ours.startswith(PLANNED) for each in QUOTED.findall(ours)]

    assert len(said) > 100
    assert [each for each in said if is_missing(each)] == []


def test_every_row_names_what_is_typed_here_or_says_why_nothing_is() -> None:
    assert [theirs for theirs, ours, _ in ROWS if ours != NOTHING and not QUOTED.findall(ours)] == []


def test_what_a_row_calls_planned_is_not_there_yet() -> None:
    planned = {each for _, ours, _ in ROWS if ours.startswith(PLANNED) for each in QUOTED.findall(ours)}

    assert [each for each in planned - paths() if is_there(each)] == []


def test_commands_in_the_remarks_are_there_or_on_their_way() -> None:
    said = [
        each
        for _, ours, remark in ROWS
        if not ours.startswith(PLANNED)
        for each in QUOTED.findall(remark)
        if each.startswith(("peerline ", "$PEERLINE_HOME", "/"))
    ]

    assert [each for each in said if is_missing(each)] == []


def test_what_has_arrived_is_on_its_way_no_more() -> None:
    assert [said for said in ON_THEIR_WAY if is_there(said)] == []
