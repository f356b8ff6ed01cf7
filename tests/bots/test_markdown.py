"""Every string becomes a tree, and nothing a person would miss is lost on the way."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bots.layout import lay_out
from bots.markdown import parse
from bots.splitting import split, whole_graphemes
from bots.tree import (
    BULLET,
    CodeBlock,
    Document,
    Emphasis,
    Heading,
    Item,
    Link,
    List,
    Paragraph,
    Quote,
    Rule,
    Strike,
    Strong,
    Table,
    Text,
    plain,
)

PIECES = [
    *("# ", "## ", "- ", "  - ", "    ", "> ", "1. ", "7) ", "---\n", "| ", " | ", "|-|-|\n", "|:-|\n", "\\"),
    *(
        "*",
        "**",
        "_",
        "__",
        "~~",
        "`",
        "``",
        "```\n",
        "```py\n",
        "```py x=y\n",
        "[",
        "](",
        ")",
        "![",
        "<",
        ">",
    ),
    *("http://a.b/c", "rel/path.md", "<std::string>", "<http://x.y>", "tg://user", '"', " ", "\n", "\n\n"),
    *("word", "Vec<String>", "ä", "漢字", "👍🏽", "🇵🇹", "e\u0301", "x", "\t", "a@b.cd", "!", ".", "\u3000"),
]
MARKDOWN = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
ANY_TEXT = st.text(st.characters(), max_size=200) | MARKDOWN


def textual(document: Document) -> str:
    return lay_out(document).text


def squeezed(text: str) -> str:
    """Leave out what layout may add: white space and lines."""
    return re.sub(r"[\s─┼│]", "", text)


@settings(max_examples=150, deadline=None)
@given(ANY_TEXT)
def test_any_string_parses_and_shows_something_if_there_was_something(markdown: str) -> None:
    seen = any(unicodedata.category(char)[0] in "LNPS" for char in markdown)

    assert bool(textual(parse(markdown)).strip()) or not seen


@settings(max_examples=150, deadline=None)
@given(st.text("aB<>:, 😀", max_size=40))
def test_angle_brackets_are_text(text: str) -> None:
    assert textual(parse(f"x {text}")).split() == f"x {text}".split()


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT, st.integers(min_value=8, max_value=200))
def test_parts_fit_and_together_say_everything_once(markdown: str, limit: int) -> None:
    document = parse(markdown)

    parts = split(document, limit, lambda part: len(textual(part)))

    assert all(len(textual(part)) <= limit for part in parts)
    assert squeezed("".join(map(textual, parts))) == squeezed(textual(document))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["`code span`", "**bold text**", "word", "Sentence."]), max_size=60))
def test_no_entity_that_fits_a_part_is_cut(words: list[str]) -> None:
    whole = [span for block in parse(" ".join(words)).blocks for span in block.spans]

    parts = split(parse(" ".join(words)), 30, lambda part: len(textual(part)))

    cut = [span for part in parts for block in part.blocks for span in block.spans]
    assert [span for span in cut if not isinstance(span, Text)] == [
        span for span in whole if not isinstance(span, Text)
    ]


def inline(markdown: str) -> str:
    [paragraph] = parse(markdown).blocks
    assert isinstance(paragraph, Paragraph)
    return plain(paragraph.spans)


@pytest.mark.parametrize(
    ("markdown", "read"),
    [
        ("Vec<String> and <T>", "Vec<String> and <T>"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("unique_ptr<std::string>", "unique_ptr<std::string>"),
        ("see <https://a.b/c>", "see https://a.b/c"),
        ("mail <a@b.cd>", "mail a@b.cd"),
        ("[the plan](docs/plan.md)", "the plan (docs/plan.md)"),
        ("[site](https://a.b)", "site (https://a.b)"),
        ('[site](https://a.b "the title")', "site (https://a.b) (the title)"),
        ("![a chart](chart.png)", "a chart (chart.png)"),
        ("![](chart.png)", "chart.png"),
        ("[x](javascript:alert(1))", "[x](javascript:alert(1))"),
        ("[![badge](b.svg)](https://ci.example)", "badge (b.svg) (https://ci.example)"),
        ("__init__.py and __name__", "__init__.py and __name__"),
        ("x**2 + y**2", "x**2 + y**2"),
        ("src/*.py and tests/*.py", "src/*.py and tests/*.py"),
        ("f(*args, **kwargs)", "f(*args, **kwargs)"),
        ("5 &lt; 6 &amp;&amp; &#x202e;x&#27;", "5 < 6 && x\ufffd"),
        ("one\ntwo", "one\ntwo"),
        ("\ud83d\ude00 \ud800 \x1b[31m\x00", "😀 \ufffd [31m"),
        ("#", "#"),
        (">", ">"),
        ("~~~\n~~~", "~~~\n~~~"),
    ],
)
def test_hard_cases_read_as_meant(markdown: str, read: str) -> None:
    assert inline(markdown) == read


def test_a_definition_nobody_refers_to_is_shown() -> None:
    assert textual(parse("see later\n\n[later]: https://a.b")) == "see later\n\n[later]: https://a.b"


def test_a_tree_has_every_kind_of_block() -> None:
    inlined = "p **b** *i* ~~s~~ [l](http://a.b)"
    document = parse(f"# T\n\n{inlined}\n\n> q\n\n```py\nx\n```\n\n|a|\n|-:|\n|1|\n\n---\n\n- x\n  1. y")

    words = (
        *(Text("p "), Strong((Text("b"),)), Text(" "), Emphasis((Text("i"),)), Text(" ")),
        *(Strike((Text("s"),)), Text(" "), Link((Text("l"),), "http://a.b")),
    )
    nested = List((Item("1.", (Paragraph((Text("y"),)),)),))
    assert document.blocks == (
        Heading(1, (Text("T"),)),
        Paragraph(words),
        Quote((Paragraph((Text("q"),)),)),
        CodeBlock("x", "py"),
        Table(((Text("a"),),), (((Text("1"),),),), ("right",)),
        Rule(),
        List((Item(BULLET, (Paragraph((Text("x"),)), nested)),)),
    )


@pytest.mark.parametrize(
    ("markdown", "markers"),
    [("3. a\n7. b", ["3.", "7."]), ("1. a\n1. b", ["1.", "2."]), ("4) a\n5) b", ["4.", "5."])],
)
def test_numbers_stay_as_written_unless_they_only_ask_to_be_counted(
    markdown: str, markers: list[str]
) -> None:
    [numbered] = parse(markdown).blocks

    assert [item.marker for item in numbered.items] == markers


@pytest.mark.parametrize("quoted", ["", "> ", "- x\n\n  "])
def test_cells_beyond_the_header_are_kept(quoted: str) -> None:
    rows = [quoted + "|a|b|", "|-|-|", "|1|2|3|4 \\| 5|"]
    text = textual(parse(f"\n{quoted.rpartition(chr(10))[2]}".join(rows)))

    assert "1 │ 2 │ 3 │ 4 \\| 5" in text


def test_columns_are_aligned_by_what_the_eye_sees() -> None:
    text = textual(parse("|name|n|\n|:-|-:|\n|漢字|1|\n|e\u0301|10|"))

    assert text.splitlines() == ["name │  n", "─────┼───", "漢字 │  1", "e\u0301    │ 10"]


@pytest.mark.parametrize(
    ("fence", "before", "language"),
    [
        ("```py", [], "py"),
        ("```c++", [], "c++"),
        ('```py title="x"', ['py title="x"'], "py"),
        ("```", [], ""),
    ],
)
def test_what_stands_beside_a_language_is_shown(fence: str, before: list[str], language: str) -> None:
    *noted, code = parse(f"{fence}\nx\n```").blocks

    assert [plain(block.spans) for block in noted] == before
    assert code == CodeBlock("x", language)


@pytest.mark.parametrize(
    "deep", ["> " * 500 + "bottom", "- " * 300 + "bottom", "*a " * 900 + "b*" * 900, "![" * 900]
)
def test_what_is_nested_beyond_reason_is_shown_as_written(deep: str) -> None:
    assert textual(parse(deep)) == deep


def cut(markdown: str, limit: int) -> list[str]:
    return [textual(part) for part in split(parse(markdown), limit, lambda part: len(textual(part)))]


def test_code_is_closed_and_opened_again_with_its_language() -> None:
    parts = split(parse("```rust\none()\ntwo()\nthree()\n```"), 12, lambda part: len(textual(part)))

    assert [part.blocks for part in parts] == [
        (CodeBlock("one()\ntwo()", "rust"),),
        (CodeBlock("three()", "rust"),),
    ]


@pytest.mark.parametrize(
    ("markdown", "limit", "parts"),
    [
        ("One two. Three four five.", 15, ["One two. ", "Three four ", "five."]),
        ("aaaa bbbb cccc", 10, ["aaaa bbbb ", "cccc"]),
        ("a" * 25, 10, ["a" * 10, "a" * 10, "a" * 5]),
        ("see `a long piece` now", 14, ["see ", "a long piece ", "now"]),
        ("- one\n- two\n- three", 12, ["• one\n• two", "• three"]),
        ("para\n\n# Head\n\nbody text", 15, ["para", "Head\n\nbody text"]),
        ("|a|\n|-|\n|1|\n|2|\n|3|", 5, ["a\n─\n1", "2\n3"]),
        ("👍🏽" * 3, 3, ["👍🏽"] * 3),
        ("```\n👍🏽👍🏽\n```", 3, ["👍🏽"] * 2),
        ("- - - - - word", 6, ["• ◦ ▪ ", "▪ ▪ ", "word"]),
        ("short\n\n```\nx = 1\ny = 2\n```", 16, ["short", "x = 1\ny = 2"]),
    ],
)
def test_cuts_fall_where_they_hurt_least(markdown: str, limit: int, parts: list[str]) -> None:
    assert cut(markdown, limit) == parts


@pytest.mark.parametrize("whole", ["e\u0301", "👍🏽", "🇵🇹", "👩\u200d💻", "❤\ufe0f"])
def test_what_the_eye_sees_as_one_letter_stays_one(whole: str) -> None:
    text = whole * 3

    cuts = [whole_graphemes(text, at) for at in range(len(whole), len(text) + 1)]

    assert {at % len(whole) for at in cuts} == {0}
