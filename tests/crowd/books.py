"""Raw rows, as the overseer keeps them: what each table holds, and what the last commit changed.

Nothing of the product reads them: columns are JSON or text, times are text that sorts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.crowd.ground import Ground, Row

LISTS = frozenset(
    {
        "to",
        "answers",
        "lost",
        "reminded",
        "after",
        "options",
        "sender",
        "circles",
        "claims",
        "verdicts",
        "source",
        "arrivals",
    }
)


class Broken(AssertionError):
    """Something that must hold does not."""


def expect(true: bool, what: str) -> None:
    if not true:
        raise Broken(what)


def written(at: datetime) -> str:
    """As times are written."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass
class Change:
    table: str
    before: Row | None
    after: Row | None


@dataclass
class Commit:
    """What one commit changed, by table, and what it told."""

    changes: dict[str, list[Change]] = field(default_factory=lambda: defaultdict(list))
    events: list[Row] = field(default_factory=list)

    def told(self, kind: str, ref: str) -> list[str]:
        """What the events of that kind about it say, in order."""
        return [each["what"] for each in self.events if (each["type"], each["ref"]) == (kind, ref)]


class Books:
    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.tables: dict[str, dict[int, Row]] = {name: {} for name in ground.tables}
        self.keyed: dict[str, dict[str, Row]] = {name: {} for name in ground.tables}  #: by the first column

    def read(self) -> Commit:
        """What was changed since the last look."""
        commit = Commit()
        for (name, at), raw in sorted(self._ground.touched().items()):
            row = _plain(raw) if raw else None
            before = self.tables[name].get(at)
            if before == row:
                continue
            commit.changes[name].append(Change(name, before, row))
            self._keep(name, at, before, row)
            if name == "event" and row:
                commit.events.append(row)
        return commit

    def rows(self, table: str) -> list[Row]:
        return list(self.tables.get(table, {}).values())

    def row(self, table: str, key: str | None) -> Row | None:
        return self.keyed.get(table, {}).get(key or "")

    def _keep(self, name: str, at: int, before: Row | None, row: Row | None) -> None:
        if row is None:
            self.tables[name].pop(at, None)
            if before:
                self.keyed[name].pop(_key(before), None)
        else:
            self.tables[name][at] = row
            self.keyed[name][_key(row)] = row


def _key(row: Row) -> str:
    key = next(iter(row))
    return str(row["delivery_id" if key == "seq" and "delivery_id" in row else key])


def _plain(raw: Row) -> Row:
    return {
        name: json.loads(value) if name in LISTS and str(value)[:1] in {"[", "{"} else value
        for name, value in raw.items()
    }


def named(rows: list[Row], key: str) -> dict[Any, Row]:
    return {row[key]: row for row in rows}
