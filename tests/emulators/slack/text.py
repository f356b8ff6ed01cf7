"""Slack's text: what is escaped, what a person sees of it, and which marks in it would call somebody."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token

# A mention in mrkdwn or markdown source. A backslash before it (markdown alone knows one) makes it plain.
_LIVE = re.compile(
    r"<(?:!(?:channel|here|everyone|subteam\^[A-Z0-9]+)|@[UW][A-Z0-9]+|#[CG][A-Z0-9]+)(?:\|[^<>]*)?>"
)
_SHOUT = re.compile(r"(?<![\w<!])@(?:channel|here|everyone)\b")
_MARK = re.compile(r"<([^<>]+)>")
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def live(text: str, *, markdown: bool = False, parsed: bool = False) -> list[str]:
    """Return the mentions that would call somebody; `parsed` (by `parse` or `link_names`): @here does too."""
    found = [
        hit.group()
        for hit in _LIVE.finditer(text)
        if not (markdown and hit.start() and text[hit.start() - 1] == "\\")
    ]
    return found + (_SHOUT.findall(text) if parsed else [])


def seen(text: str, named: Callable[[str], str] = str) -> str:
    """Return mrkdwn as it is read: marks by their label, entities as the characters they stand for."""

    def label(hit: re.Match[str]) -> str:
        target, _, words = hit.group(1).partition("|")
        if target.startswith(("@", "#")):
            return words or target[0] + named(target[1:])
        return words or ("@" + target[1:] if target.startswith("!") else target)

    return unescaped(_MARK.sub(label, text))


def seen_markdown(source: str) -> str:
    """Return a markdown block as it is read, without its marks."""
    return "\n".join(_lines(_MARKDOWN.parse(source)))


def _lines(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield "".join(_words(token.children or []))
        elif token.type in {"fence", "code_block"}:
            yield token.content.rstrip("\n")


def _words(tokens: list[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"softbreak", "hardbreak"}:
            yield "\n"
        elif token.type in {"text", "code_inline"}:
            yield token.content


def rich_text(text: str, block_id: str) -> dict[str, Any]:
    """Return the block that Slack makes of words: of what a person typed, and of what an app sent as markdown."""
    section = {"type": "rich_text_section", "elements": list(_elements(text))}
    return {"type": "rich_text", "block_id": block_id, "elements": [section]}


def _elements(text: str) -> Iterator[dict[str, Any]]:
    at = 0
    for hit in re.finditer(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>", text):
        if hit.start() > at:
            yield {"type": "text", "text": unescaped(text[at : hit.start()])}
        yield {"type": "user", "user_id": hit.group(1)}
        at = hit.end()
    if at < len(text) or not text:
        yield {"type": "text", "text": unescaped(text[at:])}
