"""What a file shall hold after an install or an uninstall: bytes in, bytes and a ledger row out. Pure.

While a file is exactly as we left it, everything starts from what it was before; else our entries are taken
out one by one, with those of the objects and lists we made that are empty then.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hooks.entries import Own, Part
from hooks.errors import NotSpliceable, SettingsRefused
from hooks.jsontext import BOM, Edit, Node, apply, cut, merge, parse, undoing
from hooks.ledger import Row, digest

PERMISSION = "permissions.allow."
BLANK = BOM + " \t\r\n"


@dataclass(frozen=True, slots=True)
class Found:
    """What of ours stands in a file: the labels that are ``missing``, and those that are ``outdated``."""

    missing: tuple[str, ...]
    outdated: tuple[str, ...]


def found(part: Part, content: bytes | None) -> Found:
    """Tell what is there. Raises: SettingsRefused if ours could not be written into it."""
    text = decoded(part, content)
    own = list(part.own(rooted(part, text))) if text.strip(BLANK) else []
    current = {one.label for one in own if one.current}
    outdated = tuple(one.label for one in own if not one.current)
    missing = tuple(label for label in part.wanted if label not in current)
    if missing or outdated:
        additions(part, without_ours(part, text, None, None))
    return Found(missing, outdated)


def installed(part: Part, content: bytes | None, row: Row | None) -> tuple[bytes, Row] | None:
    """Give the file with our entries in it; None if they are there already. Raises: SettingsRefused."""
    seen = found(part, content)
    if not seen.missing and not seen.outdated:
        return None
    base = without_ours(part, decoded(part, content), content, row)
    edits, created, kept = additions(part, base)
    after = encoded(part, apply(base, edits))
    existed = row.existed if row else content is not None
    folders = row.folders if row else ()
    return after, Row(digest(after), existed, tuple(undoing(base, edits)), created, kept, folders)


def removed(part: Part, content: bytes | None, row: Row | None) -> bytes | None:
    """Give the file without our entries; None if it was ours alone. Raises: SettingsRefused."""
    if content is None:
        return None
    restored = without_ours(part, decoded(part, content), content, row)
    ours_alone = row is not None and not row.existed and bare(restored)
    return None if ours_alone else encoded(part, restored)


def bare(text: str) -> bool:
    return not text.strip(BLANK) or not parse(text).children


# -- adding ----------------------------------------------------------------------------------------------


def additions(part: Part, base: str) -> tuple[list[Edit], tuple[tuple[str, ...], ...], tuple[str, ...]]:
    """Give the edits, the paths of the objects and lists they make, and what was there already."""
    if not base.strip(BLANK):
        whole = json.dumps(part.additions, indent=2, ensure_ascii=False) + "\n"
        return [Edit(len(BOM) if base.startswith(BOM) else 0, len(base), whole)], all_made(part), ()
    root = rooted(part, base)
    try:
        edits = list(merge(root, part.additions))
    except NotSpliceable as why:
        raise refusal(part, base, why) from None
    return edits, tuple(made(root, part.additions)), tuple(one.label for one in part.own(root))


def all_made(part: Part) -> tuple[tuple[str, ...], ...]:
    return tuple(made(None, part.additions))


def made(
    node: Node | None, adding: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    for key, value in adding.items():
        inner = node.get(key) if node else None
        if inner is None and isinstance(value, dict | list):
            yield (*path, key)
        if isinstance(value, dict):
            yield from made(inner, value, (*path, key))


# -- taking away -----------------------------------------------------------------------------------------


def without_ours(part: Part, text: str, content: bytes | None, row: Row | None) -> str:
    if row and content is not None and digest(content) == row.after:
        return apply(text, row.undo)
    if not text.strip(BLANK):
        return text
    root = rooted(part, text)
    doomed = {one.start for one in removable(list(part.own(root)), row)}
    return apply(text, list(cut(root, doomed | emptied(root, doomed, row))))


def removable(own: list[Own], row: Row | None) -> list[Own]:
    """Leave the permissions that a person gave: those the ledger names, or all if nothing else is ours."""
    if row:
        return [one for one in own if one.label not in row.kept]
    by_hand = all(one.label.startswith(PERMISSION) for one in own)
    return [] if by_hand else own


def emptied(
    node: Node, doomed: Collection[int], row: Row | None, path: tuple[str, ...] = ()
) -> frozenset[int]:
    """Give the members that hold nothing but doomed things and that we made (unknown: take them as ours)."""
    more: set[int] = set()
    for child in node.children:
        if child.key is None:
            continue
        here = (*path, child.key)
        below = emptied(child.node, doomed, row, here)
        gone = {*doomed, *below}
        hollow = child.node.children and all(one.start in gone for one in child.node.children)
        more |= below | ({child.start} if hollow and (row is None or here in row.created) else set())
    return frozenset(more)


# -- text and refusals -----------------------------------------------------------------------------------


def decoded(part: Part, content: bytes | None) -> str:
    try:
        return (content or b"").decode()
    except UnicodeDecodeError as why:
        line = (content or b"").count(b"\n", 0, why.start) + 1
        raise refused_at(part, line, "not UTF-8") from None


def encoded(part: Part, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise SettingsRefused(f"'{part.home.packages!r}' or the socket's path is not UTF-8") from None


def rooted(part: Part, text: str) -> Node:
    try:
        return parse(text)
    except NotSpliceable as why:
        raise refusal(part, text, why) from None


def refusal(part: Part, text: str, why: NotSpliceable) -> SettingsRefused:
    return refused_at(part, text.count("\n", 0, why.at) + 1, why.reason)


def refused_at(part: Part, line: int, reason: str) -> SettingsRefused:
    by_hand = json.dumps(part.additions, indent=2, ensure_ascii=False)
    hint = f"mend that line, or put this into the file by hand:\n{by_hand}"
    return SettingsRefused(f"{part.path}, line {line}: {reason}; the file was left alone", hint)
