"""What a file shall hold after an install or an uninstall: bytes in, bytes and a ledger row out. Pure.

While a file is exactly as we left it, everything starts from what it was before; else our entries are taken
out one by one, with those of the objects and lists we made that are empty then. What form a file has is known to
its ``Part`` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hooks.entries import PERMISSION, Addition, Own, Part
from hooks.errors import NotSpliceable, SettingsRefused
from hooks.jsontext import BOM, Edit, apply, undoing
from hooks.ledger import Row, digest

BLANK = BOM + " \t\r\n"


@dataclass(frozen=True, slots=True)
class Found:
    """What of ours stands in a file: the labels that are ``missing``, and those that are ``outdated``."""

    missing: tuple[str, ...]
    outdated: tuple[str, ...]


def found(part: Part, content: bytes | None) -> Found:
    """Tell what is there. Raises: SettingsRefused if ours could not be written into it."""
    text = decoded(part, content)
    own = owned(part, text)
    current = {one.label for one in own if one.current}
    outdated = tuple(one.label for one in own if not one.current)
    missing = tuple(label for label in part.wanted if label not in current)
    if missing or outdated:
        addition(part, without_ours(part, text, None, None))
    return Found(missing, outdated)


def installed(part: Part, content: bytes | None, row: Row | None) -> tuple[bytes, Row] | None:
    """Give the file with our entries in it; None if they are there already. Raises: SettingsRefused."""
    seen = found(part, content)
    if not seen.missing and not seen.outdated:
        return None
    base = without_ours(part, decoded(part, content), content, row)
    added = addition(part, base)
    after = encoded(part, apply(base, added.edits))
    existed = row.existed if row else content is not None
    folders = row.folders if row else ()
    undo = tuple(undoing(base, added.edits))
    return after, Row(digest(after), existed, undo, added.created, added.kept, folders)


def removed(part: Part, content: bytes | None, row: Row | None) -> bytes | None:
    """Give the file without our entries; None if it was ours alone. Raises: SettingsRefused."""
    if content is None:
        return None
    restored = without_ours(part, decoded(part, content), content, row)
    ours_alone = row is not None and not row.existed and part.is_bare(restored)
    return None if ours_alone else encoded(part, restored)


# -- adding and taking away ------------------------------------------------------------------------------


def addition(part: Part, base: str) -> Addition:
    try:
        return part.addition(base)
    except NotSpliceable as why:
        raise refusal(part, base, why) from None


def without_ours(part: Part, text: str, content: bytes | None, row: Row | None) -> str:
    if row and content is not None and digest(content) == row.after:
        return apply(text, row.undo)
    doomed = frozenset(one.start for one in removable(owned(part, text), row))
    return apply(text, removal(part, text, doomed, row)) if text.strip(BLANK) else text


def removal(part: Part, text: str, doomed: frozenset[int], row: Row | None) -> Sequence[Edit]:
    try:
        return part.removal(text, doomed, row.created if row else None)
    except NotSpliceable as why:
        raise refusal(part, text, why) from None


def removable(own: Sequence[Own], row: Row | None) -> Sequence[Own]:
    """Leave the permissions that a person gave: those the ledger names, or all if nothing else is ours."""
    if row:
        return [one for one in own if one.label not in row.kept]
    by_hand = all(one.label.startswith(PERMISSION) for one in own)
    return [] if by_hand else own


def owned(part: Part, text: str) -> Sequence[Own]:
    if not text.strip(BLANK):
        return []
    try:
        return part.own(text)
    except NotSpliceable as why:
        raise refusal(part, text, why) from None


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
        raise SettingsRefused(f"a path that is to stand in {part.path} is not UTF-8") from None


def refusal(part: Part, text: str, why: NotSpliceable) -> SettingsRefused:
    return refused_at(part, text.count("\n", 0, why.at) + 1, why.reason)


def refused_at(part: Part, line: int, reason: str) -> SettingsRefused:
    hint = f"mend that line, or put this into the file by hand:\n{part.by_hand}"
    return SettingsRefused(f"{part.path}, line {line}: {reason}; the file was left alone", hint)
