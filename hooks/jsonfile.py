"""A ``Part`` that is a JSON file, put together from chapters: hooks, permissions, MCP servers.

Rule: an agent whose files are JSON is a row of chapters in ``hooks/parts.py``; only what is peculiar to it is written
anew.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hooks.agents import WAKE, WAKES_S, Agent, Event
from hooks.entries import ENTRY, PERMISSION, Addition, HomePaths, Own, command, is_ours
from hooks.errors import NotSpliceable
from hooks.jsontext import BOM, Edit, Node, apply, cut, merge, parse, sparing, strict, uncommented

BLANK = BOM + " \t\r\n"


class Chapter(Protocol):
    """What shall stand below one key of the root; no two chapters of a file share theirs."""

    @property
    def additions(self) -> dict[str, Any]: ...

    @property
    def wanted(self) -> tuple[str, ...]: ...

    def own(self, root: Node) -> Iterator[Own]: ...


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A ``Part``."""

    agent: Agent
    path: Path
    chapters: tuple[Chapter, ...]
    filled_in: tuple[str, ...] = ()  #: what the agent itself puts into a file that has little in it
    comments: bool = False  #: it may have some
    last_commas: bool = (
        False  #: a comma may stand behind the last of a list; only where there may be comments
    )

    @property
    def additions(self) -> dict[str, Any]:
        return {key: value for chapter in self.chapters for key, value in chapter.additions.items()}

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(label for chapter in self.chapters for label in chapter.wanted)

    @property
    def by_hand(self) -> str:
        return json.dumps(self.additions, indent=2, ensure_ascii=False)

    def own(self, text: str) -> Sequence[Own]:
        root = self.parsed(text)
        return [one for chapter in self.chapters for one in chapter.own(root)]

    def parsed(self, text: str) -> Node:
        return parse(strict(text, last_commas=self.last_commas) if self.comments else text)

    def addition(self, base: str) -> Addition:
        if not base.strip(BLANK):
            edit = Edit(len(BOM) if base.startswith(BOM) else 0, len(base), f"{self.by_hand}\n")
            return Addition([edit], tuple(made(None, self.additions)))
        root = self.parsed(base)
        edits = list(merge(root, self.additions))
        if taken := next((edit for edit in edits if base[edit.start : edit.end].strip()), None):
            raise NotSpliceable("a comment stands where ours would have to", taken.start)
        self.parsed(apply(base, edits))
        return Addition(edits, tuple(made(root, self.additions)), tuple(one.label for one in self.own(base)))

    def removal(
        self, text: str, doomed: frozenset[int], created: tuple[tuple[str, ...], ...] | None
    ) -> Sequence[Edit]:
        root = self.parsed(text)
        edits = list(cut(root, doomed | emptied(root, doomed, created)))
        if self.comments:
            edits = [less for edit in edits for less in sparing(text, edit)]
            self.parsed(apply(text, edits))
        return edits

    def is_bare(self, text: str) -> bool:
        if self.comments and uncommented(text) != text:
            return False
        return not text.strip(BLANK) or all(each.key in self.filled_in for each in self.parsed(text).children)


@dataclass(frozen=True, slots=True)
class Hooks:
    """A ``Chapter``: the agent's hooks, in the form that Claude Code gave to all the others."""

    agent: Agent
    home: HomePaths

    @property
    def additions(self) -> dict[str, Any]:
        return {"hooks": {event.name: [self.group(event)] for event in self.agent.events}}

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(f"hooks.{event.name}" for event in self.agent.events)

    def group(self, event: Event) -> dict[str, Any]:
        matcher = {} if event.matcher is None else {"matcher": event.matcher}
        line, timeout = command(self.home, self.agent, event), event.timeout * self.agent.ticks
        name = {"name": ENTRY} if self.agent.named else {}
        run = {**name, "type": "command", "command": line, "timeout": timeout}
        return {**matcher, "hooks": [run, *([self.waking()] if event.wakes else [])]}

    def waking(self) -> dict[str, Any]:
        """It runs in the background; its exit code 2 wakes the agent, with what it wrote to standard error."""
        line = command(self.home, self.agent, Event(WAKE, seconds=WAKES_S))
        return {"type": "command", "command": line, "timeout": WAKES_S + 10, "asyncRewake": True}

    def own(self, root: Node) -> Iterator[Own]:
        hooks = root.get("hooks")
        for event in hooks.children if hooks else ():
            for group in event.node.children:
                yield from self.own_in_group(event.key or "", group.start, group.node)

    def own_in_group(self, event: str, start: int, group: Node) -> Iterator[Own]:
        runs = group.get("hooks")
        ours = [run for run in (runs.children if runs else ()) if self.is_run_of_ours(run.node.value)]
        whole = runs is not None and len(ours) == len(runs.children)
        if ours and whole:
            yield Own(f"hooks.{event}", start, group.value == self.wanted_group(event))
        elif ours:
            wanted = (self.wanted_group(event) or {}).get("hooks")
            for run in ours:
                yield Own(f"hooks.{event}", run.start, [each.node.value for each in ours] == wanted)

    def is_run_of_ours(self, run: object) -> bool:
        return isinstance(run, dict) and is_ours(run.get("command"), self.agent.name)

    def wanted_group(self, name: str) -> dict[str, Any] | None:
        return next((self.group(event) for event in self.agent.events if event.name == name), None)


@dataclass(frozen=True, slots=True)
class Permissions:
    """A ``Chapter``: the tools that may be called without a dialog, as Claude Code lists them."""

    tools: tuple[str, ...]

    @property
    def additions(self) -> dict[str, Any]:
        return {"permissions": {"allow": list(self.tools)}}

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(f"{PERMISSION}{tool}" for tool in self.tools)

    def own(self, root: Node) -> Iterator[Own]:
        permissions = root.get("permissions")
        allowed = permissions.get("allow") if permissions else None
        for item in allowed.children if allowed else ():
            if item.node.value in self.tools:
                yield Own(f"{PERMISSION}{item.node.value}", item.start)


@dataclass(frozen=True, slots=True)
class Server:
    """A ``Chapter``: our entry among the MCP servers below ``key``; more may stand in it, what we want must."""

    entry: Mapping[str, Any]
    key: str = "mcpServers"

    @property
    def additions(self) -> dict[str, Any]:
        return {self.key: {ENTRY: dict(self.entry)}}

    @property
    def wanted(self) -> tuple[str, ...]:
        return (f"{self.key}.{ENTRY}",)

    def own(self, root: Node) -> Iterator[Own]:
        servers = root.get(self.key)
        for server in servers.children if servers else ():
            if server.key == ENTRY:
                there = server.node.value
                current = isinstance(there, dict) and there.items() >= self.entry.items()
                yield Own(f"{self.key}.{ENTRY}", server.start, current)


def made(
    node: Node | None, adding: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """The paths of the objects and lists that adding it makes."""
    for key, value in adding.items():
        inner = node.get(key) if node else None
        if inner is None and isinstance(value, dict | list):
            yield (*path, key)
        if isinstance(value, dict):
            yield from made(inner, value, (*path, key))


def emptied(
    node: Node,
    doomed: Collection[int],
    created: tuple[tuple[str, ...], ...] | None,
    path: tuple[str, ...] = (),
) -> frozenset[int]:
    """Give the members that hold nothing but doomed things and that we made (unknown: take them as ours)."""
    more: set[int] = set()
    for child in node.children:
        if child.key is None:
            continue
        here = (*path, child.key)
        below = emptied(child.node, doomed, created, here)
        gone = {*doomed, *below}
        hollow = child.node.children and all(one.start in gone for one in child.node.children)
        more |= below | ({child.start} if hollow and (created is None or here in created) else set())
    return frozenset(more)
