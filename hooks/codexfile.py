"""A ``Part`` that is Codex's config.toml: our MCP entry, and what Codex keeps there of its trust in our hooks.

Codex rewrites this file itself, with comments and order kept, and appends what it adds. So ours is added at the end,
too, and taken out table by table.

Rule: the outcome is read again, and where anything but ours has changed, nothing is done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hooks.agents import Agent
from hooks.entries import ENTRY, Addition, Own
from hooks.errors import NotSpliceable
from hooks.jsontext import BOM, Edit, apply
from hooks.tomltext import merged, newline, read, tables

SERVERS = "mcp_servers"
LABEL = f"{SERVERS}.{ENTRY}"
STATE = ("hooks", "state")


@dataclass(frozen=True, slots=True)
class CodexFile:
    """A ``Part``. ``entry``: our MCP server; ``hooks``: the names by which Codex knows our hooks, as they stand now."""

    agent: Agent
    path: Path
    entry: Mapping[str, Any]
    hooks: frozenset[str] = frozenset()

    @property
    def wanted(self) -> tuple[str, ...]:
        return (LABEL,)

    @property
    def by_hand(self) -> str:
        lines = (f"{key} = {literal(value)}" for key, value in self.entry.items())
        return "\n".join([f"[{LABEL}]", *lines])

    def trusting(self, text: str, digests: Mapping[str, str]) -> Edit:
        """What writes down that the hooks of those names are trusted as they stand. Raises: NotSpliceable."""
        end = newline(text)
        rows = (
            f'{end}[hooks.state.{json.dumps(name, ensure_ascii=False)}]{end}trusted_hash = "{digest}"{end}'
            for name, digest in digests.items()
        )
        edit = Edit(len(text), len(text), "".join(rows))
        wanted = {"hooks": {"state": {name: {"trusted_hash": digest} for name, digest in digests.items()}}}
        return added(text, edit, wanted, "hooks.state")

    def own(self, text: str) -> Sequence[Own]:
        servers = read(text).get(SERVERS, {})
        if not isinstance(servers, Mapping):
            raise NotSpliceable(f"'{SERVERS}' is no table", max(0, text.find(SERVERS)))
        there = servers.get(ENTRY)
        found = list(self.own_tables(text, is_current=includes(there, self.entry)))
        if there is not None and not any(one.label == LABEL for one in found):
            raise NotSpliceable(f"'{ENTRY}' is not written as a table of its own", max(0, text.find(ENTRY)))
        return found

    def own_tables(self, text: str, *, is_current: bool) -> Iterator[Own]:
        for table in tables(text):
            if table.path[:2] == (SERVERS, ENTRY):
                yield Own(LABEL, table.start, is_current)
            elif table.path[:2] == STATE and table.path[2:] and table.path[2] in self.hooks:
                yield Own(f"hooks.state.{table.path[2]}", table.start)

    def addition(self, base: str) -> Addition:
        """Raises: NotSpliceable."""
        end = newline(base)
        broken = base.removeprefix(BOM) and not base.endswith("\n")
        gap = (end if broken else "") + (end if base.strip(BOM + " \t\r\n") else "")
        edit = Edit(len(base), len(base), gap + self.by_hand.replace("\n", end) + end)
        return Addition([added(base, edit, {SERVERS: {ENTRY: dict(self.entry)}}, f"'{SERVERS}'")])

    def removal(
        self,
        text: str,
        doomed: frozenset[int],
        created: tuple[tuple[str, ...], ...] | None,  # noqa: ARG002 -- a table takes nothing else along
    ) -> Sequence[Edit]:
        going = [table for table in tables(text) if table.start in doomed]
        edits = [Edit(self.from_gap(text, table.start), table.end, "") for table in going]
        wanted = read(text)
        for table in going:
            wanted = without(wanted, table.path)
        if edits and solid(read(apply(text, edits))) != solid(wanted):
            raise NotSpliceable("our tables cannot be told from the others'", edits[0].start)
        return edits

    def from_gap(self, text: str, start: int) -> int:
        """The one empty line before it goes with it."""
        for gap in ("\r\n\r\n", "\n\n"):
            if text.endswith(gap, 0, start):
                return start - len(gap) // 2
        return start

    def is_bare(self, text: str) -> bool:
        return not text.strip(BOM + " \t\r\n")


def added(text: str, edit: Edit, wanted: Mapping[str, Any], place: str) -> Edit:
    """The edit, if it adds to the document what is wanted and nothing else. Raises: NotSpliceable."""
    try:
        right = read(apply(text, [edit])) == merged(read(text), wanted)
    except (NotSpliceable, ValueError):
        right = False
    if not right:
        raise NotSpliceable(f"{place} is written in a way to which no table can be added", 0)
    return edit


def without(document: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    """The document without what stands at that path."""
    key, *rest = path
    inner = document.get(key)
    kept = {name: value for name, value in document.items() if name != key}
    return {**kept, key: without(inner, rest)} if rest and isinstance(inner, Mapping) else kept


def solid(document: Any) -> Any:
    """The document without tables that hold nothing."""
    if not isinstance(document, Mapping):
        return document
    inner = {key: solid(value) for key, value in document.items()}
    return {key: value for key, value in inner.items() if value != {}}


def includes(there: object, wanted: object) -> bool:
    """Whether all that is wanted stands there; more may."""
    if isinstance(there, Mapping) and isinstance(wanted, Mapping):
        return all(key in there and includes(there[key], value) for key, value in wanted.items())
    return there == wanted


def literal(value: Any) -> str:
    """A value as TOML writes it on one line. JSON's strings are TOML's, but for the DEL that TOML wants escaped."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {literal(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(literal(each) for each in value) + "]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
