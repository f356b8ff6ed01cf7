"""JSON as text: where each value stands, and edits that leave every other character alone.

Nothing is ever serialised but what we add. ``parse`` gives the spans, ``merge`` and ``cut`` give edits,
``apply`` performs them and ``undoing`` turns them round. All functions are pure; offsets count code points.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hooks.errors import NotSpliceable

KINDS = {"{": dict, "[": list}
SPACE = re.compile(r"[ \t\r\n]*")
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
ATOM = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|true|false|null")
BOM = "\ufeff"
COMMENT = re.compile(r'("(?:[^"\\\n]|\\.)*")|//[^\r\n]*|/\*.*?\*/', re.DOTALL)
LAST_COMMA = re.compile(r'("(?:[^"\\\n]|\\.)*")|(?<=[\w"}\]\s]),(?=\s*[}\]])')


@dataclass(frozen=True, slots=True)
class Node:
    """A value at ``text[start:end]``."""

    text: str
    start: int
    end: int
    children: tuple[Child, ...] = ()

    @property
    def kind(self) -> type:
        return KINDS.get(self.text[self.start], object)

    @property
    def value(self) -> Any:
        return json.loads(self.text[self.start : self.end])

    def get(self, key: str) -> Node | None:
        return next((child.node for child in self.children if child.key == key), None)


@dataclass(frozen=True, slots=True)
class Child:
    """A member (``start`` is that of its key) or an item (``key`` is None)."""

    key: str | None
    start: int
    node: Node


@dataclass(frozen=True, slots=True)
class Edit:
    """Put ``new`` in the place of ``text[start:end]``."""

    start: int
    end: int
    new: str


# -- reading ---------------------------------------------------------------------------------------------


def parse(text: str) -> Node:
    """Give the root object. Raises: NotSpliceable for anything else, and for a key that stands twice."""
    try:
        root = read_value(text, skip(text, len(BOM) if text.startswith(BOM) else 0))
    except RecursionError:
        raise NotSpliceable("nested too deeply", 0) from None
    if (rest := skip(text, root.end)) != len(text):
        raise NotSpliceable("something follows the value", rest)
    if root.kind is not dict:
        raise NotSpliceable("not an object", root.start)
    return root


def skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def read_value(text: str, at: int) -> Node:
    opening = text[at : at + 1]
    if opening in KINDS:
        return read_container(text, at, "}" if opening == "{" else "]")
    if found := STRING.match(text, at) or ATOM.match(text, at):
        return Node(text, at, found.end())
    raise NotSpliceable("a value was expected", at)


def read_container(text: str, start: int, closing: str) -> Node:
    children: list[Child] = []
    at = skip(text, start + 1)
    while not (text.startswith(closing, at) and not children):
        children.append(read_member(text, at) if closing == "}" else read_item(text, at))
        at = skip(text, children[-1].node.end)
        if text.startswith(closing, at):
            break
        at = skip(text, expect(text, at, ","))
    refuse_doubles(children)
    return Node(text, start, at + 1, tuple(children))


def read_item(text: str, at: int) -> Child:
    return Child(None, at, read_value(text, at))


def read_member(text: str, at: int) -> Child:
    found = STRING.match(text, at)
    if found is None:
        raise NotSpliceable("a key was expected", at)
    colon = skip(text, found.end())
    return Child(json.loads(found.group()), at, read_value(text, skip(text, expect(text, colon, ":"))))


def expect(text: str, at: int, sign: str) -> int:
    if not text.startswith(sign, at):
        raise NotSpliceable(f"'{sign}' was expected", at)
    return at + 1


def refuse_doubles(children: Sequence[Child]) -> None:
    seen: set[str] = set()
    for child in children:
        if child.key is not None and child.key in seen:
            raise NotSpliceable(f"the key {json.dumps(child.key)} stands twice", child.start)
        seen.add(child.key or "")


# -- comments, where an agent allows them -------------------------------------------------------------------


def uncommented(text: str) -> str:
    """The same text with spaces for comments: every other character stays at its place."""
    return COMMENT.sub(lambda found: found[1] or re.sub(r"[^\n]", " ", found[0]), text)


def strict(text: str, *, last_commas: bool) -> str:
    """The same without comments, and without commas behind the last of a list; of the same length, too."""
    bare = uncommented(text)
    return LAST_COMMA.sub(lambda found: found[1] or " ", bare) if last_commas else bare


def sparing(text: str, edit: Edit) -> Iterator[Edit]:
    """What is left of an edit that takes away when somebody's comments stay, and the white space with them."""
    bare = uncommented(text)
    if bare[edit.start : edit.end] == text[edit.start : edit.end]:
        yield edit
        return
    for found in re.finditer(r"\S+(?:[ \t]+\S+)*", bare[edit.start : edit.end]):
        start, end = edit.start + found.start(), edit.start + found.end()
        if bare[start:end] == text[start:end]:
            yield Edit(start, end, "")
        else:
            yield from (
                Edit(start + one.start(), start + one.end(), "")
                for one in re.finditer(r"\S+", bare[start:end])
            )


# -- adding ----------------------------------------------------------------------------------------------


def merge(node: Node, additions: Mapping[str, Any] | Sequence[Any]) -> Iterator[Edit]:
    """Yield the edits after which ``node`` holds the additions: missing keys and items come last.

    Raises: NotSpliceable where a value of another kind stands in the way.
    """
    if isinstance(additions, Mapping):
        yield from merge_members(node, additions)
    else:
        yield from merge_items(node, additions)


def merge_members(node: Node, additions: Mapping[str, Any]) -> Iterator[Edit]:
    must_be(node, dict, "an object")
    for key, value in additions.items():
        if inner := node.get(key):
            yield from merge(inner, value)
    missing = {key: value for key, value in additions.items() if node.get(key) is None}
    if missing:
        yield insertion(node, [(f"{json.dumps(key)}: ", value) for key, value in missing.items()])


def merge_items(node: Node, additions: Sequence[Any]) -> Iterator[Edit]:
    must_be(node, list, "a list")
    there = [child.node.value for child in node.children]
    missing = [item for item in additions if item not in there]
    if missing:
        yield insertion(node, [("", item) for item in missing])


def must_be(node: Node, kind: type, words: str) -> None:
    if node.kind is not kind:
        raise NotSpliceable(f"{words} was expected", node.start)


def insertion(node: Node, entries: Sequence[tuple[str, Any]]) -> Edit:
    """Write like the neighbours: on lines of their own if those are, else behind them."""
    if node.children:
        gap = gap_before_last(node)
        shown = [f",{gap}{key}{rendered(node.text, value, gap)}" for key, value in entries]
        return Edit(node.children[-1].node.end, node.children[-1].node.end, "".join(shown))
    outer = line_break(node.text) + indent_at(node.text, node.start) if on_lines(node.text) else ""
    gap = outer + indent_unit(node.text) if outer else ""
    inner = ("," + (gap or " ")).join(f"{key}{rendered(node.text, value, gap)}" for key, value in entries)
    return Edit(node.start + 1, node.end - 1, gap + inner + outer)


def gap_before_last(node: Node) -> str:
    before = node.children[-2].node.end if len(node.children) > 1 else node.start
    gap = node.text[before : node.children[-1].start].lstrip(" \t\r\n").lstrip(",{[")
    return line_break(node.text) + gap.rpartition("\n")[2] if "\n" in gap else gap


def rendered(text: str, value: Any, gap: str) -> str:
    on_line = "\n" in gap
    plain = json.dumps(value, ensure_ascii=False, indent=indent_unit(text) if on_line else None)
    return plain.replace("\n", gap)


def line_break(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def on_lines(text: str) -> bool:
    return "\n" in text.strip() or text.strip(BOM + " \t\r\n")[1:-1].strip() == ""


def indent_at(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at].lstrip(BOM)
    return line[: len(line) - len(line.lstrip(" \t"))]


def indent_unit(text: str) -> str:
    found = re.match(rf"{BOM}?[ \t\r\n]*{{[ \t\r]*\n[ \t\r\n]*?([ \t]*)\S", text)
    return found.group(1) if found and found.group(1) else "  "


# -- taking away -----------------------------------------------------------------------------------------


def cut(node: Node, doomed: Collection[int]) -> Iterator[Edit]:
    """Yield the edits that take away the children that start at one of ``doomed``, at any depth."""
    kept = [at for at, child in enumerate(node.children) if child.start not in doomed]
    if not kept and node.children:
        yield Edit(node.start + 1, node.end - 1, "")
        return
    for at, child in enumerate(node.children):
        if child.start not in doomed:
            yield from cut(child.node, doomed)
        elif at < kept[0]:
            yield Edit(child.start, node.children[at + 1].start, "")
        else:
            yield Edit(node.children[at - 1].node.end, child.node.end, "")


# -- doing and undoing -----------------------------------------------------------------------------------


def apply(text: str, edits: Sequence[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def undoing(text: str, edits: Sequence[Edit]) -> list[Edit]:
    """Give the edits that turn ``apply(text, edits)`` into ``text`` again."""
    shift, undone = 0, []
    for edit in sorted(edits, key=lambda edit: edit.start):
        start = edit.start + shift
        undone.append(Edit(start, start + len(edit.new), text[edit.start : edit.end]))
        shift += len(edit.new) - (edit.end - edit.start)
    return undone
