"""Block Kit, checked as Slack checks it: every block and element against its allowed members and their sizes.

`problems_of()` and `view_problems()` return sentences with a JSON pointer; an empty list is what Slack would take.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.emulators.slack import limits
from tests.emulators.slack.elements import (
    Block,
    Problems,
    count,
    dicts,
    element_problems,
    ids_of,
    items,
    kind_of,
    members,
    plain_problems,
    short,
    text_problems,
)

MESSAGE = "message"
MODAL = "modal"
HOME = "home"

_BLOCKS = {
    MESSAGE: "section divider header context actions image input markdown rich_text table",
    MODAL: "section divider header context actions image input rich_text",
    HOME: "section divider header context actions image input rich_text",
}


def problems_of(blocks: Any, place: str = MESSAGE) -> list[str]:
    """Return everything wrong with a list of blocks."""
    if not isinstance(blocks, list):
        return ["must be an array [json-pointer:/blocks]"]
    most = limits.MESSAGE_BLOCKS if place == MESSAGE else limits.VIEW_BLOCKS
    wrong = [f"no more than {most} items allowed [json-pointer:/blocks]"] if len(blocks) > most else []
    for n, block in enumerate(blocks):
        wrong += _of_block(block, f"/blocks/{n}", place)
    return wrong + list(_repeated(blocks))


def texts_of(blocks: Any) -> Iterator[tuple[str, bool]]:
    """Return every text that people read in blocks, and whether Slack reads marks in it (or markdown)."""
    if isinstance(blocks, list):
        for each in blocks:
            yield from texts_of(each)
    elif isinstance(blocks, dict):
        if kind_of(blocks) in {"mrkdwn", "markdown"} and isinstance(blocks.get("text"), str):
            yield blocks["text"], True
        elif kind_of(blocks) in {"plain_text", "text"} and isinstance(blocks.get("text"), str):
            yield blocks["text"], False
        for name, inner in blocks.items():
            if name not in {"options", "placeholder", "confirm"} and isinstance(inner, (list, dict)):
                yield from texts_of(inner)


def too_long(blocks: list[Block]) -> bool:
    """Whether the texts of all blocks together are more than Slack takes."""
    return sum(len(text) for text, _ in texts_of(blocks)) > limits.BLOCK_TEXTS


def view_problems(view: Any, *, update: bool = False) -> list[str]:
    """Return everything wrong with a modal or a home tab."""
    if kind_of(view) not in {MODAL, HOME}:
        return ["must be a modal or a home [json-pointer:/view/type]"]
    place, wrong = view["type"], []
    if len(json.dumps(view)) > limits.VIEW_BYTES:
        wrong.append("view is too large [json-pointer:/view]")
    members = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
    if place == MODAL:
        members |= {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}
        wrong += plain_problems(view.get("title"), limits.TITLE, "/view/title")
        for name in ("submit", "close"):
            wrong += plain_problems(view[name], limits.TITLE, f"/view/{name}") if view.get(name) else ()
        if not view.get("submit") and any(b.get("type") == "input" for b in dicts(view.get("blocks"))):
            wrong.append("missing required field: submit [json-pointer:/view]")
    wrong += [f"invalid additional property: {name} [json-pointer:/view]" for name in view.keys() - members]
    wrong += short(view, "private_metadata", limits.PRIVATE_METADATA, "/view")
    wrong += short(view, "callback_id", limits.ID, "/view")
    wrong += short(view, "external_id", limits.ID, "/view")
    inner = problems_of(view.get("blocks"), place)
    return wrong + [each.replace("json-pointer:", "json-pointer:/view") for each in inner]


def _of_block(block: Any, at: str, place: str) -> Problems:
    kind = kind_of(block)
    if kind not in _BLOCKS[place].split():
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from members(block, kind, "block_id", at)
    yield from _RULES.get(kind, _nothing)(block, at)


def _section(block: Block, at: str) -> Problems:
    if not block.get("text") and not block.get("fields"):
        yield f"missing required field: text [json-pointer:{at}]"
    if block.get("text"):
        yield from text_problems(block["text"], limits.SECTION, f"{at}/text")
    fields = items(block.get("fields"))
    if len(fields) > limits.FIELDS:
        yield f"no more than {limits.FIELDS} items allowed [json-pointer:{at}/fields]"
    for n, each in enumerate(fields):
        yield from text_problems(each, limits.FIELD, f"{at}/fields/{n}")
    if "accessory" in block:
        yield from element_problems(block["accessory"], "section", f"{at}/accessory")


def _header(block: Block, at: str) -> Problems:
    yield from plain_problems(block.get("text"), limits.HEADER, f"{at}/text")


def _context(block: Block, at: str) -> Problems:
    yield from count(block.get("elements"), limits.CONTEXT, f"{at}/elements")
    for n, each in enumerate(items(block.get("elements"))):
        if kind_of(each) == "image":
            yield from _image(each, f"{at}/elements/{n}")
        else:
            yield from text_problems(each, limits.SECTION, f"{at}/elements/{n}")


def _actions(block: Block, at: str) -> Problems:
    yield from count(block.get("elements"), limits.ACTIONS, f"{at}/elements")
    for n, each in enumerate(items(block.get("elements"))):
        yield from element_problems(each, "actions", f"{at}/elements/{n}")


def _image(block: Block, at: str) -> Problems:
    if not block.get("image_url") and not block.get("slack_file"):
        yield f"missing required field: image_url [json-pointer:{at}]"
    if not block.get("alt_text"):
        yield f"missing required field: alt_text [json-pointer:{at}]"
    yield from short(block, "alt_text", limits.LABEL, at)
    yield from short(block, "image_url", limits.URL, at)


def _input(block: Block, at: str) -> Problems:
    yield from plain_problems(block.get("label"), limits.LABEL, f"{at}/label")
    if block.get("hint"):
        yield from plain_problems(block["hint"], limits.LABEL, f"{at}/hint")
    yield from element_problems(block.get("element"), "input", f"{at}/element")


def _markdown(block: Block, at: str) -> Problems:
    if not isinstance(block.get("text"), str) or not block["text"]:
        yield f"must be a non-empty string [json-pointer:{at}/text]"


def _rich_text(block: Block, at: str) -> Problems:
    known = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
    for n, each in enumerate(items(block.get("elements")) or [{}]):
        if kind_of(each) not in known:
            yield f"unsupported type: {kind_of(each)} [json-pointer:{at}/elements/{n}/type]"


def _table(block: Block, at: str) -> Problems:
    yield from count(block.get("rows"), 100, f"{at}/rows")
    if any(len(items(row)) > 20 for row in items(block.get("rows"))):
        yield f"no more than 20 items allowed [json-pointer:{at}/rows]"


def _nothing(block: Block, at: str) -> Problems:
    yield from ()


_RULES: Mapping[str, Callable[[Block, str], Problems]] = {
    "section": _section, "header": _header, "context": _context, "actions": _actions, "image": _image,
    "input": _input, "markdown": _markdown, "rich_text": _rich_text, "table": _table,
}  # fmt: skip


def _repeated(blocks: list[Any]) -> Problems:
    ids = ids_of(blocks, "block_id")
    for each in sorted({each for each in ids if ids.count(each) > 1}):
        yield f"block_id {each} already exists [json-pointer:/blocks]"
    for n, block in enumerate(dicts(blocks)):
        names = ids_of(block.get("elements"), "action_id")
        for each in sorted({each for each in names if names.count(each) > 1}):
            yield f"action_id {each} already exists [json-pointer:/blocks/{n}/elements]"
