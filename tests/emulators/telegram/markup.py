"""`parse_mode`: HTML and both Markdowns to text and entities, refused where the real server refuses. Pure.

The sentences are TDLib's, with its byte offsets; the caller puts "can't parse entities" in front.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

from tests.emulators.telegram.limits import Refusal
from tests.emulators.telegram.text import Entity, Formatted, units

_TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote", "span": "spoiler",
}  # fmt: skip
_MARKS = {"__": "underline", "||": "spoiler", "*": "bold", "_": "italic", "~": "strikethrough"}
_NAMES = {"bold": "Bold", "italic": "Italic", "underline": "Underline", "strikethrough": "Strikethrough",
          "spoiler": "Spoiler", "code": "Code", "pre": "Pre", "text_link": "TextUrl"}  # fmt: skip
_HTML = re.compile(r"<(/?)([A-Za-z0-9-]*)([^<>]*)>|&(?:#\d+|#x[0-9a-fA-F]+|lt|gt|amp|quot);|<|[^<&]+|&")
_V2 = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])|(?P<mark>```|`|__|\|\||[*_~\[\]])|(?P<reserved>[()>#+\-=|{}.!])|.",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")


def parsed(text: str, mode: str) -> Formatted:
    """Return the text without its marks.

    Raises:
        Refusal: an unknown mode, or marks that do not fit.
    """
    readers = {"html": _from_html, "markdownv2": _from_markdown_v2, "markdown": _from_markdown}
    if mode.lower() not in readers:
        raise Refusal("unsupported parse_mode")
    return readers[mode.lower()](text)


@dataclass(slots=True)
class _Page:
    """What was written so far, and which entities are still open."""

    source: str
    parts: list[str] = field(default_factory=list)
    length: int = 0
    entities: list[Entity] = field(default_factory=list)
    opened: list[tuple[str, Entity, int]] = field(default_factory=list)

    def write(self, text: str) -> None:
        self.parts.append(text)
        self.length += units(text)

    def open(self, name: str, entity: Entity, at: int) -> None:
        self.opened.append((name, entity | {"offset": self.length}, at))

    def close(self, **more: str) -> None:
        _, entity, _ = self.opened.pop()
        self.entities.append(entity | {"length": self.length - entity["offset"]} | more)

    def innermost(self) -> str:
        return self.opened[-1][0] if self.opened else ""

    def offset(self, at: int) -> int:
        return len(self.source[:at].encode())

    def done(self) -> Formatted:
        return Formatted("".join(self.parts), tuple(e for e in self.entities if e["length"]))


def _no(why: str) -> Refusal:
    return Refusal(f"can't parse entities: {why}")


def _from_html(source: str) -> Formatted:
    page = _Page(source)
    for token in _HTML.finditer(source):
        if token.group() == "<":
            raise _no(f"Unclosed start tag at byte offset {page.offset(token.start())}")
        if not token.group().startswith("<"):
            page.write(html.unescape(token.group()))
        elif token[1]:
            _html_end(page, token)
        else:
            _html_start(page, token)
    if page.opened:
        name, _, at = page.opened[-1]
        raise _no(f'Can\'t find end tag corresponding to start tag "{name}" at byte offset {page.offset(at)}')
    return page.done()


def _html_start(page: _Page, token: re.Match[str]) -> None:
    name = token[2].lower()
    attributes = {key: html.unescape(value.strip("\"'")) for key, value in _ATTRIBUTE.findall(token[3])}
    if name not in _TAGS or (name == "span" and attributes.get("class") != "tg-spoiler"):
        raise _no(f'Unsupported start tag "{name}" at byte offset {page.offset(token.start())}')
    entity: Entity = {"type": _TAGS[name]}
    if name == "a":
        entity["url"] = attributes.get("href", "")
    if name == "code" and page.innermost() == "pre" and "class" in attributes:
        page.opened[-1][1]["language"] = attributes["class"].removeprefix("language-")
    page.open(name, entity, token.start())


def _html_end(page: _Page, token: re.Match[str]) -> None:
    name, at = token[2].lower(), page.offset(token.start())
    if not page.opened:
        raise _no(f"Unexpected end tag at byte offset {at}")
    if page.innermost() != name:
        raise _no(
            f'Unmatched end tag at byte offset {at}, expected "</{page.innermost()}>", found "</{name}>"'
        )
    page.close()
    if name == "code" and page.innermost() == "pre":
        page.entities.pop()  # code inside pre only carries the language


def _from_markdown_v2(source: str) -> Formatted:
    page, at = _Page(source), 0
    while at < len(source):
        token = _V2.match(source, at)
        assert token is not None
        at = _v2_token(page, token) if page.innermost() not in {"`", "```"} else _v2_code(page, token)
    if page.opened:
        _, entity, opened_at = page.opened[-1]
        raise _no(
            f"Can't find end of {_NAMES[entity['type']]} entity at byte offset {page.offset(opened_at)}"
        )
    return page.done()


def _v2_code(page: _Page, token: re.Match[str]) -> int:
    if token["mark"] == page.innermost():
        page.close()
    else:
        page.write(token["escaped"] or token.group())
    return token.end()


def _v2_token(page: _Page, token: re.Match[str]) -> int:
    mark = token["mark"]
    if token["reserved"] or (mark == "]" and page.innermost() != "["):
        raise _no(f"Character '{token.group()}' is reserved and must be escaped with the preceding '\\'")
    if mark is None:
        page.write(token["escaped"] or token.group())
        return token.end()
    if mark == "]":
        return _v2_link_end(page, token.end())
    if mark in {"`", "```"}:
        return _v2_code_start(page, token)
    if mark == page.innermost():
        page.close()
    else:
        page.open(mark, {"type": "text_link" if mark == "[" else _MARKS[mark]}, token.start())
    return token.end()


def _v2_code_start(page: _Page, token: re.Match[str]) -> int:
    language = (
        re.compile(r"([^\s`]+)\n|\n?").match(page.source, token.end()) if token["mark"] == "```" else None
    )
    entity: Entity = {"type": "pre" if token["mark"] == "```" else "code"}
    if language and language[1]:
        entity["language"] = language[1]
    page.open(str(token["mark"]), entity, token.start())
    return language.end() if language else token.end()


def _v2_link_end(page: _Page, at: int) -> int:
    link = re.compile(r"\(((?:\\.|[^)\\])*)\)").match(page.source, at)
    if link is None:
        raise _no(f"Can't find end of a URL at byte offset {page.offset(at)}")
    page.close(url=re.sub(r"\\(.)", r"\1", link[1]))
    return link.end()


def _from_markdown(source: str) -> Formatted:
    """Read the older Markdown: no nesting, and any of its marks must be closed."""
    page, at = _Page(source), 0
    pattern = re.compile(
        r"\\([_*`\[])|```(?:(\w+)\n)?(.*?)```|`([^`]+)`|\*([^*]+)\*|_([^_]+)_|\[([^\]]*)\]\(([^)]*)\)|([_*`\[])|.",
        re.DOTALL,
    )
    while at < len(source):
        token = pattern.match(source, at)
        assert token is not None
        if token[9]:
            raise _no(f"Can't find end of the entity starting at byte offset {page.offset(at)}")
        _old_token(page, token)
        at = token.end()
    return page.done()


def _old_token(page: _Page, token: re.Match[str]) -> None:
    kinds = {3: "pre", 4: "code", 5: "bold", 6: "italic", 7: "text_link"}
    hit = next((group for group in kinds if token[group] is not None), None)
    if hit is None:
        page.write(token[1] or token.group())
        return
    extra = {"url": token[8]} if hit == 7 else {"language": token[2]} if token[2] else {}
    page.open("", {"type": kinds[hit]} | extra, token.start())
    page.write(token[hit])
    page.close()
