"""A terminal shows all of it and obeys none of it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.console.markup import fragments, harmless, plain_text
from tests.bots.test_markdown import ANY_TEXT


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT | st.text(st.characters(categories=["Cc", "Cf", "Cs", "Nd"])))
def test_nothing_a_terminal_obeys_gets_through(markdown: str) -> None:
    controls = [char for char in plain_text(markdown) if unicodedata.category(char) in ("Cc", "Cs")]

    assert set(controls) <= {"\n"}


@pytest.mark.parametrize(
    "hidden", ["\x1b[2J", "a&#27;[2Jb", "\x9b2J", "\x07", "x\ry", "`\x1b]0;t\x07`", "\u202e"]
)
def test_escape_sequences_lose_what_makes_them_work(hidden: str) -> None:
    assert not set("\x1b\x9b\x07\r\u202e") & set(plain_text(hidden) + harmless(hidden))


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("a **b**", [("", "a "), ("class:strong", "b")]),
        ("**a *b***", [("class:strong", "a "), ("class:strong class:emphasis", "b")]),
        ("# T", [("class:heading", "T")]),
        ("`x`", [("class:code", "x")]),
        ("[x](http://a.b)!", [("class:link", "x"), ("class:target", " (http://a.b)"), ("", "!")]),
        ("<http://a.b>", [("class:link", "http://a.b")]),
        ("```py\nx\n```", [("class:block", "x")]),
        ("> q", [("class:quote", "│ q")]),
    ],
)
def test_styles_name_what_is_marked(markdown: str, expected: list[tuple[str, str]]) -> None:
    assert [fragment for fragment in fragments(markdown) if fragment[1]] == expected


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("> a\n> > b", "│ a\n│ \n│ │ b"),
        ("- x\n  ```\n  one\n  two\n  ```", "• x\n  one\n  two"),
        ("- > q", "• \n  │ q"),
        ("|漢字|b|\n|-|-|\n|1|2|", "漢字 │ b\n─────┼──\n1    │ 2"),
        ("```make\nall:\n\tgo\n```", "all:\n    go"),
    ],
)
def test_plain_text_keeps_the_shape(markdown: str, text: str) -> None:
    assert plain_text(markdown) == text


def test_harmless_keeps_lines_and_turns_tabs_into_spaces() -> None:
    assert harmless("a\tb\n\x1bc\ud800") == "a    b\nc"
