"""Edits touch what they name and nothing else, whatever the document looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.errors import NotSpliceable
from hooks.jsontext import Node, apply, cut, merge, parse, undoing

SPACES = st.text(" \t\n\r", max_size=3)
NUMBERS = st.sampled_from(
    ["0", "-1", "1.50", "1e5", "-0.0", "123456789012345678901234567890", "true", "null"]
)
STRINGS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(
        lambda s: json.dumps(s, ensure_ascii=False)
    ),
    st.sampled_from([r'"A\/\ud83d\ude00"', r'"\ud800"', '"{[,:]}"', r'"\\\""', '"hooks"', '"allow"']),
)


def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(st.tuples(SPACES, inner, SPACES).map("".join), max_size=4)
    arrays = st.one_of(items.filter(bool).map(lambda x: f"[{','.join(x)}]"), SPACES.map(lambda s: f"[{s}]"))
    return st.one_of(arrays, objects(inner))


@st.composite
def objects(draw: st.DrawFn, inner: st.SearchStrategy[str]) -> str:
    keys = draw(st.lists(STRINGS, max_size=4, unique_by=json.loads))
    members = [f"{draw(SPACES)}{key}{draw(SPACES)}:{draw(SPACES)}{draw(inner)}{draw(SPACES)}" for key in keys]
    return "{" + (",".join(members) or draw(SPACES)) + "}"


VALUES = st.recursive(st.one_of(NUMBERS, STRINGS), containers, max_leaves=12)
OUR_SHAPE = {"hooks": {"Stop": [{"n": 1}], "New": [{"é": []}]}, "permissions": {"allow": ["a", "b"]}}


@st.composite
def settings_like(draw: st.DrawFn) -> str:
    """Documents in which the keys we want may stand, with values of the right kind."""
    filled = st.lists(VALUES, min_size=1, max_size=3).map(lambda x: f"[{','.join(x)}]")
    lists = st.one_of(filled, SPACES.map(lambda space: f"[{space}]"))
    names = st.sampled_from(['"Stop"', '"Other"', r'"\u0053topp"'])
    inner = st.dictionaries(names, lists, max_size=3)
    hooks = inner.map(lambda x: "{" + ",".join(f"\n    {k}: {v}" for k, v in x.items()) + "}")
    allow = lists.map(lambda x: f'{{ "deny":[], "allow" : {x} }}')
    parts = {'"hooks"': hooks, '"permissions"': allow, '"model"': VALUES, '"a b"': VALUES}
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), unique=True))
    members = [f"{draw(SPACES)}{key}{draw(SPACES)}:{draw(SPACES)}{draw(parts[key])}" for key in chosen]
    return draw(st.sampled_from(["", "\ufeff"])) + "{" + ",".join(members) + draw(SPACES) + "}" + draw(SPACES)


def loads(text: str) -> Any:
    return json.loads(text.removeprefix("\ufeff"))


def merged(document: Any, adding: Any) -> Any:
    if isinstance(adding, list):
        return document + [item for item in adding if item not in document]
    return {**document, **{k: merged(document[k], v) if k in document else v for k, v in adding.items()}}


@given(st.tuples(SPACES, objects(VALUES), SPACES).map("".join))
def test_what_python_reads_is_what_the_spans_hold(text: str) -> None:
    def rebuilt(node: Node) -> Any:
        if node.kind is dict:
            return {child.key: rebuilt(child.node) for child in node.children}
        if node.kind is list:
            return [rebuilt(child.node) for child in node.children]
        return node.value

    assert rebuilt(parse(text)) == json.loads(text)


@given(st.text('{}[]",:01.e-tru\\ \n', max_size=12).map(lambda s: "{" + s))
def test_what_python_refuses_is_refused(text: str) -> None:
    try:
        root = parse(text)
    except NotSpliceable:
        return
    assert root.value == json.loads(text)


@given(settings_like())
def test_merging_adds_what_is_missing_and_nothing_else_moves(text: str) -> None:
    edits = list(merge(parse(text), OUR_SHAPE))
    after = apply(text, edits)

    assert loads(after) == merged(loads(text), OUR_SHAPE)
    assert list(loads(after))[: len(loads(text))] == list(loads(text))
    assert all(not text[edit.start : edit.end].strip() for edit in edits), "only white space is ever replaced"
    assert list(merge(parse(after), OUR_SHAPE)) == []
    assert apply(after, undoing(text, edits)) == text


@given(settings_like(), st.data())
def test_cutting_takes_away_what_is_named_and_keeps_every_other_character(
    text: str, data: st.DataObject
) -> None:
    root = parse(text)
    doomed = data.draw(st.sets(st.sampled_from([child.start for child in root.children] or [0])))
    after = apply(text, list(cut(root, doomed)))

    kept = [child for child in root.children if child.start not in doomed]
    assert loads(after) == {child.key: child.node.value for child in kept}
    for child in kept:
        assert text[child.start : child.node.end] in after


@pytest.mark.parametrize(
    ("text", "at", "reason"),
    [
        ("", 0, "a value was expected"),
        ("[]", 0, "not an object"),
        ('{"a": 1,}', 8, "a key was expected"),
        ('{"a": [1,]}', 9, "a value was expected"),
        ('{"a": 1 "b": 2}', 8, "',' was expected"),
        ('{"a": NaN}', 6, "a value was expected"),
        ('{"a": 01}', 7, "',' was expected"),
        ('{"a": 1}\n// no', 9, "something follows the value"),
        ('{"a": 1, "b": {"x": 1, "\\u0078": 2}}', 23, 'the key "x" stands twice'),
        ('{"a": ' + "[" * 100_000, 0, "nested too deeply"),
    ],
)
def test_the_place_of_the_fault_is_told(text: str, at: int, reason: str) -> None:
    with pytest.raises(NotSpliceable) as told:
        parse(text)
    assert (told.value.at, told.value.reason) == (at, reason)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n\t"a": 1\n}\n', '{\n\t"a": 1,\n\t"k": [\n\t\t"x"\n\t]\n}\n'),
        ('{\r\n    "a": 1\r\n}', '{\r\n    "a": 1,\r\n    "k": [\r\n        "x"\r\n    ]\r\n}'),
        ('{"a":1}', '{"a":1,"k": ["x"]}'),
        ('{"a": 1, "b": 2}\n', '{"a": 1, "b": 2, "k": ["x"]}\n'),
        ("{}", '{\n  "k": [\n    "x"\n  ]\n}'),
        ('{\n  "k": []\n}', '{\n  "k": [\n    "x"\n  ]\n}'),
        ('{\n  "k": ["y"]\n}', '{\n  "k": ["y","x"]\n}'),
        ('{\n  "k": ["y", "z"]\n}', '{\n  "k": ["y", "z", "x"]\n}'),
        ('{\n  "k": [\n    "y"\n  ],\n\n  "b": 1 }', '{\n  "k": [\n    "y",\n    "x"\n  ],\n\n  "b": 1 }'),
    ],
)
def test_what_is_added_is_written_like_its_neighbours(before: str, after: str) -> None:
    assert apply(before, list(merge(parse(before), {"k": ["x"]}))) == after
