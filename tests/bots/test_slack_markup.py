"""What leaves for Slack reads as what was written, calls nobody, and fits."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bots.layout import lay_out
from bots.markdown import parse
from bots.slack.markup import LONGEST_FALLBACK, fallback, messages, source, units
from bots.tree import visible
from tests.bots.test_markdown import ANY_TEXT, MARKDOWN, PIECES

CALLING = st.lists(
    st.sampled_from(
        [*PIECES, "<!channel>", "<!here|here>", "<@U1>", "<#C1>", "&lt;!channel&gt;", "&", "<!", "@here"]
    ),
    max_size=30,
).map("".join)
READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LIVE = re.compile(r"<(![a-z]|@\w|#\w)", re.IGNORECASE)


class Seen(str):
    """What a person sees of a source."""


def read(markdown: str) -> str:
    """The words that somebody sees who knows Markdown; white space and markers of lists aside."""
    words = []
    for token in READER.parse(markdown):
        assert not token.type.startswith("html"), token
        if token.type in {"fence", "code_block"}:
            words += [token.info, token.content]
        words += [token.info] if token.type == "list_item_open" and token.info else []
        for child in token.children or ():
            assert not child.type.startswith("html"), child
            words.append(child.content)
    return "".join(words)


def squeezed(text: str) -> str:
    """White space, lines and markers of lists aside, and what has no width."""
    kept = re.sub(r"[\s─┼│•◦▪]", "", text)
    return "".join(char for char in kept if unicodedata.category(char) != "Cf")


def without_numbers(text: str) -> str:
    return re.sub(r"[\d.]", "", text)


@settings(max_examples=400, deadline=None)
@given(ANY_TEXT)
def test_what_is_read_is_what_the_tree_says(markdown: str) -> None:
    tree = parse(markdown)

    assert without_numbers(squeezed(read(source(tree)))) == without_numbers(squeezed(told(tree)))


def told(tree) -> str:
    """The words of a tree, and the languages of its code."""
    page = lay_out(tree)
    text, at = "", 0
    for mark in page.marks:
        if mark.kind == "block" and mark.detail:
            text, at = text + page.text[at : mark.start] + mark.detail, mark.start
    return text + page.text[at:]
