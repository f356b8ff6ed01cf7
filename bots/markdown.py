"""An agent's Markdown as one small tree, which every surface renders in its own way.

The rule: nothing a person would miss is lost. Raw HTML is text (`Vec<String>`), a link that no chat can
open shows its target, cells beyond the header's columns stay, and marks that are arithmetic, globs or
dunders rather than emphasis stay as typed. What cannot be parsed is shown as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from bots.tree import (
    BULLET,
    OPENABLE,
    Block,
    Cell,
    Code,
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
    Span,
    Strike,
    Strong,
    Table,
    Text,
    aside,
    joined,
    plain,
    visible,
)

# markdown-it drops what is nested deeper than its own limit; we show the source well before that.
DEEPEST: Final = 60


def parse(markdown: str) -> Document:
    """Return the tree of any string at all, lone surrogates and control characters included."""
    source = visible(markdown)
    try:
        tokens = PARSER.parse(source)
    except RecursionError:
        return as_written(source)
    if any(_too_deep(token) for token in tokens):
        return as_written(source)
    blocks = tuple(_blocks(SyntaxTreeNode(tokens), source.split("\n")))
    return Document(blocks) if blocks else as_written(source)


def as_written(text: str) -> Document:
    return Document((Paragraph((Text(text.strip("\n")),)),) if text.strip() else ())


LANGUAGE: Final = re.compile(r"[\w.+#-]{1,40}")
PIPE: Final = re.compile(r"(?<!\\)\|")
DUNDER: Final = re.compile(r"[a-z0-9_]+")
# A star behind one of these is a product, a power or a glob: `x**2`, `f(x)*g`, `src/*.py`.
NOT_EMPHASIS: Final = re.compile(r"[\w/.\\)\]]", re.ASCII)


class _AsTyped(MarkdownIt):
    """Leaves targets alone: percent signs and punycode are for browsers, people read what was written."""

    def normalizeLink(self, url: str) -> str:  # noqa: N802 -- markdown-it's name
        return url

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 -- markdown-it's name
        return link


# A definition that nobody refers to would vanish, so `[name]: target` is text.
PARSER: Final = (
    _AsTyped("commonmark", {"html": False, "linkify": False, "maxNesting": DEEPEST + 20})
    .enable(["table", "strikethrough"])
    .disable("reference")
)


def _too_deep(token: Token) -> bool:
    return token.level > DEEPEST or any(_too_deep(child) for child in token.children or ())


def _blocks(parent: SyntaxTreeNode, lines: Sequence[str]) -> Iterator[Block]:
    for node in parent.children:
        yield from BLOCKS[node.type](node, lines)


def _paragraph(node: SyntaxTreeNode, _: Sequence[str]) -> Iterator[Block]:
    if spans := _inline(node):
        yield Paragraph(spans)


def _heading(node: SyntaxTreeNode, _: Sequence[str]) -> Iterator[Block]:
    if spans := _inline(node):
        yield Heading(int(node.tag[1]), spans)


def _quote(node: SyntaxTreeNode, lines: Sequence[str]) -> Iterator[Block]:
    if blocks := tuple(_blocks(node, lines)):
        yield Quote(blocks)


def _bullets(node: SyntaxTreeNode, lines: Sequence[str]) -> Iterator[Block]:
    yield List(tuple(Item(BULLET, tuple(_blocks(item, lines))) for item in node.children))


def _numbered(node: SyntaxTreeNode, lines: Sequence[str]) -> Iterator[Block]:
    # "3. yes / 7. no" answers questions 3 and 7, so numbers stay as written; "1. 1. 1." means: count.
    numbers = [int(item.info) for item in node.children]
    if len(set(numbers)) == 1:
        numbers = list(range(numbers[0], numbers[0] + len(numbers)))
    pairs = zip(numbers, node.children, strict=True)
    yield List(tuple(Item(f"{number}.", tuple(_blocks(item, lines))) for number, item in pairs))


def _fence(node: SyntaxTreeNode, _: Sequence[str]) -> Iterator[Block]:
    notes, text = visible(node.info.strip()), visible(node.content).rstrip("\n")
    language = next(iter(notes.split()), "")
    language = language if LANGUAGE.fullmatch(language) else ""
    if notes and (notes != language or not text.strip()):
        yield Paragraph((Text(notes),))  # more than a language, or nothing to be the language of
    if text.strip():
        yield CodeBlock(text, language)


def _rule(_: SyntaxTreeNode, __: Sequence[str]) -> Iterator[Block]:
    yield Rule()


def _table(node: SyntaxTreeNode, lines: Sequence[str]) -> Iterator[Block]:
    header, *rows = [row for part in node.children for row in part.children]
    aligned = tuple(str(cell.attrs.get("style", "")).removeprefix("text-align:") for cell in header.children)
    yield Table(
        header=tuple(_inline(cell) for cell in header.children),
        rows=tuple((*(_inline(cell) for cell in row.children), *_beyond(row, lines)) for row in rows),
        aligned=tuple(side or "left" for side in aligned),
    )


def _beyond(row: SyntaxTreeNode, lines: Sequence[str]) -> Iterator[Cell]:
    """Yield the cells markdown-it leaves out because the header has fewer columns."""
    cells = PIPE.split(lines[row.map[0] if row.map else 0].strip(" \t>"))
    cells = cells[not cells[0].strip() : len(cells) - (not cells[-1].strip())]
    yield from ((Text(cell.strip()),) for cell in cells[len(row.children) :])


BLOCKS: Final[Mapping[str, Callable[[SyntaxTreeNode, Sequence[str]], Iterator[Block]]]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "blockquote": _quote,
    "bullet_list": _bullets,
    "ordered_list": _numbered,
    "fence": _fence,
    "code_block": _fence,
    "table": _table,
    "hr": _rule,
}


def _inline(node: SyntaxTreeNode) -> tuple[Span, ...]:
    """Return the spans of the one inline node below this block, if it has any."""
    return joined(span for inline in node.children for span in _spans(inline, linked=False))


def _spans(parent: SyntaxTreeNode, *, linked: bool) -> Iterator[Span]:
    before = ""
    for node in parent.children:
        yield from _span(node, before, linked=linked)
        before = node.content[-1:] if node.type == "text" else ""


def _span(node: SyntaxTreeNode, before: str, *, linked: bool) -> Iterator[Span]:
    match node.type:
        case "text":
            yield Text(visible(node.content))
        case "softbreak" | "hardbreak":
            yield Text("\n")  # agents wrap where they mean it
        case "code_inline":
            yield Code(visible(node.content))
        case "link" | "image":
            yield from _link(node, linked=linked)
        case _:
            yield from _styled(node, before, linked=linked)


def _styled(node: SyntaxTreeNode, before: str, *, linked: bool) -> Iterator[Span]:
    spans = joined(_spans(node, linked=linked))
    dunder = node.markup == "__" and DUNDER.fullmatch(plain(spans))
    if dunder or (node.markup in ("*", "**") and NOT_EMPHASIS.fullmatch(before)):
        yield from (Text(node.markup), *spans, Text(node.markup))
    else:
        yield STYLES[node.type](spans)


STYLES: Final[Mapping[str, type[Strong | Emphasis | Strike]]] = {
    "strong": Strong,
    "em": Emphasis,
    "s": Strike,
}


def _link(node: SyntaxTreeNode, *, linked: bool) -> Iterator[Span]:
    target = visible(str(node.attrs.get("href") or node.attrs.get("src") or ""))
    title = visible(str(node.attrs.get("title") or ""))
    openable = target.lower().startswith(OPENABLE)
    spans = joined(_spans(node, linked=linked or openable)) or ((Text(target),) if target else ())
    if node.markup == "autolink" and not openable:
        yield Text(f"<{plain(spans)}>")  # `unique_ptr<std::string>` is not a link
    elif openable and not linked:
        yield Link(spans, target)
    else:
        yield from (*spans, Text(aside(plain(spans), target)))
    yield Text(f" ({title})" if title else "")
