"""What leaves for Slack reads as what was written, calls nobody, and fits."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bots.layout import lay_out
from bots.markdown import parse
from bots.slack.blocks import content, parts_of, plainly
from bots.slack.markup import LONGEST_FALLBACK, fallback, messages, render, source
from bots.splitting import units
from bots.tree import Document
from tests.bots.test_markdown import ANY_TEXT, MARKDOWN, PIECES
from tests.bots.test_slack_shown import card
from tests.emulators.slack import blocks as kit
from tests.emulators.slack import limits
from tests.emulators.slack import text as words

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
CALLING = [
    "<!channel>",
    "<!here|here>",
    "<@U1ABC>",
    "<#C1|x>",
    "<!subteam^S1>",
    "&lt;!here&gt;",
    "&",
    "<!",
    "@here",
]
CALLS = st.lists(st.sampled_from([*PIECES, *CALLING]), max_size=40).map("".join)
SIGNS = st.text("*_~`[]()!#-+=.1 \n\\|&<>a:/ä", max_size=60)
WRITTEN = ANY_TEXT | MARKDOWN | CALLS | SIGNS
LIVE = re.compile(r"<(?:!(?:channel|here|everyone|subteam|date)|[@#]\w)", re.IGNORECASE)


def read(markdown: str) -> str:
    """The words that somebody sees who knows Markdown, with the languages of code."""
    seen = []
    for token in READER.parse(markdown):
        assert not token.type.startswith("html"), token
        if token.type in {"fence", "code_block"}:
            seen += [token.info, token.content]
        for child in token.children or ():
            assert not child.type.startswith("html"), child
            seen.append(child.content)
    return squeezed("".join(seen))


def told(tree: Document) -> str:
    """The words of a tree, with the languages of its code."""
    page = lay_out(tree)
    text, at = "", 0
    for mark in page.marks:
        if mark.kind == "block" and mark.detail:
            text, at = text + page.text[at : mark.start] + mark.detail, mark.start
    return squeezed(text + page.text[at:])


def squeezed(text: str) -> str:
    """Without what layout may add or take: white space, lines, markers and numbers of lists."""
    kept = re.sub(r"[\s─┼│•◦▪\d.]", "", text)
    return "".join(char for char in kept if unicodedata.category(char) != "Cf")


@settings(max_examples=300, deadline=None)
@given(WRITTEN)
def test_what_is_read_is_what_the_tree_says_sign_by_sign(markdown: str) -> None:
    tree = parse(markdown)

    assert read(source(tree)) == told(tree)


@settings(max_examples=100, deadline=None)
@given(WRITTEN, st.integers(min_value=40, max_value=300))
def test_parts_fit_and_together_are_the_whole(markdown: str, limit: int) -> None:
    parts = messages(markdown, limit)

    assert all(0 < units(part.source) <= limit for part in parts)
    assert without_words("".join(part.source for part in parts)) == without_words(source(parse(markdown)))


def without_words(markdown: str) -> str:
    """Letters alone: where it is cut, marks are closed and opened again, and a table's header is left empty."""
    return "".join(char for char in markdown if unicodedata.category(char)[0] == "L" or char in "漢字👍")


@settings(max_examples=200, deadline=None)
@given(CALLS | SIGNS)
def test_nobody_is_called_in_source_or_fallback_or_plainly(markdown: str) -> None:
    for part in messages(markdown):
        assert not LIVE.search(part.source)
        assert not words.live(part.source.replace("\\", ""))
        assert not LIVE.search(part.fallback)
        assert not any(words.live(each["text"]["text"]) for each in plainly(part)["blocks"])


@settings(max_examples=100, deadline=None)
@given(WRITTEN, st.lists(st.text(max_size=90), max_size=9))
def test_slack_takes_every_part_of_every_card(markdown: str, labels: list[str]) -> None:
    whole = card(markdown, *labels, words_for="a-1")

    for part in parts_of(whole, sent=False):
        for sent in (content(part.message, whole), plainly(part.message, whole)):
            assert kit.problems_of(sent["blocks"]) == []
            assert not kit.too_long(sent["blocks"])
            assert 0 < len(sent["text"]) <= limits.TEXT_ADVISED


def test_the_longest_part_with_the_longest_labels_and_outcome_is_still_taken() -> None:
    text = "ä & b" * 9000
    labels = [f"{n}{'x' * 80}" for n in range(5)]
    parts = parts_of(card(text, *labels, outcome="y" * 300, doubts=3, words_for="a-1"), sent=False)

    for part in parts:
        assert part.message.source == "" or not kit.too_long(
            content(part.message, card("", *labels))["blocks"]
        )


@pytest.mark.parametrize("fence", ["```", "~~~", "`````"])
def test_code_that_is_cut_is_closed_and_opened_again_with_its_language(fence) -> None:
    code = "\n".join(f"x{n} = 1 {'```' if fence != '```' else ''}" for n in range(400))

    parts = messages(f"{fence}py\n{code}\n{fence}", 600)

    assert len(parts) > 5
    for part in parts:
        first, *lines, last = part.source.split("\n")
        assert (first, last) == (f"{last}py", "```" if fence == "```" else "````")
        assert all(line.startswith("x") for line in lines)


@pytest.mark.parametrize(
    ("markdown", "made"),
    [
        ("# Plan \\#\ntext", "# Plan \\#\n\ntext"),
        ("**b** *i* ~~s~~ `c`", "**b** _i_ ~~s~~ `c`"),
        ("snake_case 2 * 3 C:\\Users a.b!", "snake_case 2 * 3 C:\\Users a.b!"),
        ("\\*no\\* \\_no\\_ \\`no\\`", "\\*no\\* \\_no\\_ \\`no\\`"),
        ("3. yes\n7. no", "3\\. yes\n\n7\\. no"),
        ("1. one\n2. two\n   - deep", "1. one\n2. two\n   - deep"),
        ("- [ ] todo\n- [x] done", "- [ ] todo\n- [x] done"),
        ("[x](http://a.b/(c)?q=1&copy=2)", "[x](http://a.b/%28c%29?q=1&amp;copy=2)"),
        ("> one\n> two", "> one  \n> two"),
        ("a\n\n---\n\nb", "a\n\n***\n\nb"),
        ("| a | b |\n|:-:|--:|\n| 1 | 2 |", "| a | b |\n| :-: | --: |\n| 1 | 2 |"),
        ("x < y & z > w", "x &lt; y &amp; z &gt; w"),
        ("`<!here>`", "`<\u2060!here>`"),
        ("`Vec<T> & <!DOCTYPE>`", "`Vec<T> & <!DOCTYPE>`"),
    ],
)
def test_it_reads_well_as_it_stands(markdown, made) -> None:
    assert source(parse(markdown)) == made


def test_the_fallback_is_escaped_plain_words_and_no_longer_than_slack_advises() -> None:
    assert fallback("a < b & c") == "a &lt; b &amp; c"
    long = fallback("<" * 2000)
    assert units(long) <= LONGEST_FALLBACK
    assert re.fullmatch("(&lt;)+…", long)


@settings(max_examples=100, deadline=None)
@given(WRITTEN)
def test_any_string_is_rendered(markdown: str) -> None:
    made = render(parse(markdown))

    assert units(made.fallback) <= LONGEST_FALLBACK
    assert made.source.isprintable() or set(made.source) & set("\n\u2060\t") or not made.source.isascii()
