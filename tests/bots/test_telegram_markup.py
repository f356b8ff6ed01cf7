"""What leaves for Telegram is accepted as it stands, and says all of it."""

from __future__ import annotations

import unicodedata
from itertools import combinations
from urllib.parse import unquote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bots.markdown import parse
from bots.splitting import units
from bots.telegram.markup import Entity, Message, messages, render
from tests.bots.test_markdown import ANY_TEXT, squeezed

STYLES = {"bold", "italic", "strikethrough"}


def covered(message: Message, entity: Entity) -> str:
    raw = message.text.encode("utf-16-le")
    return raw[2 * entity.offset : 2 * (entity.offset + entity.length)].decode("utf-16-le")


def end(entity: Entity) -> int:
    return entity.offset + entity.length


def assert_accepted(message: Message, limit: int) -> None:
    assert message.text == message.text.rstrip()
    assert 0 < units(message.text) <= limit
    assert len(message.entities) <= 100
    for entity in message.entities:
        assert 0 <= entity.offset < end(entity) <= units(message.text)
        seen = covered(message, entity)  # raises if half a character is covered
        assert seen == (seen.rstrip() if entity.type == "pre" else seen.strip())
    for outer, inner in combinations(message.entities, 2):
        assert_nested(outer, inner)


def assert_nested(outer: Entity, inner: Entity) -> None:
    if inner.offset >= end(outer):
        return
    assert end(inner) <= end(outer), "entities cross"
    assert outer.type not in ("pre", "code"), "code contains nothing"
    assert inner.type not in ("pre", "code") or outer.type == "blockquote"
    assert inner.type != outer.type
    assert {outer.type, inner.type} & STYLES or outer.type == "blockquote"


def said(message: Message) -> str:
    """Read the message as a person does who also looks at languages and at where links lead."""
    extras = [(entity.offset, entity.language or "") for entity in message.entities]
    extras += [(end(entity), unquote(entity.url or "")) for entity in message.entities]
    text, raw = "", message.text.encode("utf-16-le")
    at = 0
    for place, extra in sorted(extras, key=lambda pair: pair[0]):
        text += raw[2 * at : 2 * place].decode("utf-16-le") + extra
        at = place
    return text + raw[2 * at :].decode("utf-16-le")


def missable(markdown: str) -> list[str]:
    """Characters that are never markup: no ASCII punctuation, no list numbers, nothing invisible."""
    return [
        char
        for char in markdown
        if unicodedata.category(char)[0] in "LPSM" and not (char.isascii() and not char.isalpha())
    ]


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT, st.integers(min_value=16, max_value=300))
def test_every_part_is_accepted(markdown: str, limit: int) -> None:
    for message in messages(markdown, limit):
        assert_accepted(message, limit)


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT)
def test_every_visible_character_is_said_in_order(markdown: str) -> None:
    assume("&" not in markdown and "%" not in markdown)  # these stand for other characters
    told = iter("".join(map(said, messages(markdown))))

    lost = [char for char in missable(markdown) if char not in told]

    assert not lost


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT, st.integers(min_value=16, max_value=300))
def test_parts_together_are_the_whole(markdown: str, limit: int) -> None:
    whole = squeezed(render(parse(markdown)).text)
    shown = "".join(squeezed(message.text) for message in messages(markdown, limit))

    assert visible_only(shown) == visible_only(whole)


def visible_only(text: str) -> str:
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def looks(markdown: str) -> tuple[str, list[tuple[str, str]]]:
    [message] = messages(markdown)
    assert_accepted(message, 4096)
    return message.text, [(entity.type, covered(message, entity)) for entity in message.entities]


@pytest.mark.parametrize(
    ("markdown", "text", "entities"),
    [
        ("# Plan", "Plan", [("bold", "Plan")]),
        ("# **Plan** `x` now", "Plan x now", [("bold", "Plan"), ("code", "x"), ("bold", "now")]),
        ("😀 **b**", "😀 b", [("bold", "b")]),
        ("**a *b* c**", "a b c", [("bold", "a b c"), ("italic", "b")]),
        ("***both***", "both", [("italic", "both"), ("bold", "both")]),
        ("~~old~~", "old", [("strikethrough", "old")]),
        ("**see `x` now**", "see x now", [("bold", "see"), ("code", "x"), ("bold", "now")]),
        ("[`x`](http://a.b)", "x", [("text_link", "x")]),
        ("[**x**](http://a.b)", "x", [("text_link", "x"), ("bold", "x")]),
        ("[![b](http://i.x)](http://c.d)", "b (http://i.x)", [("text_link", "b (http://i.x)")]),
        ("[x](rel.md)", "x (rel.md)", []),
        ("[x](ftp://a.b)", "x (ftp://a.b)", []),
        ("> a **b**", "a b", [("blockquote", "a b"), ("bold", "b")]),
        ("> a\n> > b", "a\n\n│ b", [("blockquote", "a\n\n│ b")]),
        ("> ```\n> x\n> ```", "x", [("blockquote", "x"), ("pre", "x")]),
        ("- a\n  - b\n    - c\n- d", "• a\n  ◦ b\n    ▪ c\n• d", []),
        ("3. a\n   - b", "3. a\n   ◦ b", []),
        ("- [ ] todo\n- [x] done", "• [ ] todo\n• [x] done", []),
        ("```\n  in\n```", "  in", [("pre", "  in")]),
        ("|a|b|\n|-|-|\n|1|`2`|", "a │ b\n──┼──\n1 │ 2", [("pre", "a │ b\n──┼──\n1 │ 2")]),
        ("|a|\n|-|\n|[x](http://a.b)|", None, [("pre", "a\n──────────────\nx (http://a.b)")]),
        ("- x\n  ```py\n  y\n  ```\n  z", "• x\ny\n  z", [("pre", "y")]),
        ("a\n\n---\n\nb", "a\n\n──────────\n\nb", []),
    ],
)
def test_hard_cases_look_as_meant(markdown: str, text: str | None, entities: list[tuple[str, str]]) -> None:
    shown = looks(markdown)

    assert shown == (shown[0] if text is None else text, entities)


def test_code_carries_its_language_and_a_link_its_address() -> None:
    [message] = messages("[ä](https://a.b/ä%20c?d=(e))\n\n```py\nx\n```")

    assert message.entities == (
        Entity("text_link", 0, 1, url="https://a.b/%C3%A4%20c?d=(e)"),
        Entity("pre", 3, 1, language="py"),
    )


@pytest.mark.parametrize("markdown", ["", " \n\t", "\u200b", "\x00\x1b"])
def test_nothing_to_see_is_no_message(markdown: str) -> None:
    assert messages(markdown) == []


def test_beyond_a_hundred_entities_the_least_important_are_given_up() -> None:
    [message] = messages("~~s~~ *i* " + "`c` " * 99 + "[l](http://a.b)")

    kinds = [entity.type for entity in message.entities]
    assert len(kinds) == 100
    assert kinds.count("code") == 99
    assert "text_link" in kinds


def test_a_link_is_never_given_up() -> None:
    parts = messages("[l](http://a.b) " * 250)

    assert sum(entity.type == "text_link" for part in parts for entity in part.entities) == 250
    assert all(len(part.entities) <= 100 for part in parts)


def test_a_part_is_measured_in_utf_16() -> None:
    parts = messages("😀" * 3000)

    assert [units(part.text) for part in parts] == [4096, 1904]


def test_a_long_answer_takes_no_more_parts_than_it_needs() -> None:
    parts = messages("```py\n" + "value = compute(1)\n" * 800 + "```")

    assert len(parts) == 4  # 15,200 units
    assert all(part.entities[0].language == "py" for part in parts)
    assert all(part.text.startswith("value") for part in parts)
