"""Block Kit, checked as Slack checks it: every block and element against its allowed members and their sizes.

`problems_of()` and `view_problems()` return sentences with a JSON pointer; an empty list is what Slack would take.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tests.emulators.slack import limits

Block = dict[str, Any]
Problems = Iterator[str]

MESSAGE = "message"
MODAL = "modal"
HOME = "home"

_MEMBERS = {
    "section": "text fields accessory expand",
    "divider": "",
    "header": "text",
    "context": "elements",
    "actions": "elements",
    "image": "image_url slack_file alt_text title",
    "input": "label element dispatch_action hint optional",
    "markdown": "text",
    "rich_text": "elements",
    "table": "rows column_settings",
    "button": "text url value style confirm accessibility_label",
    "static_select": "placeholder options option_groups initial_option confirm focus_on_load",
    "multi_static_select": "placeholder options option_groups initial_options confirm focus_on_load max_selected_items",
    "users_select": "placeholder initial_user confirm focus_on_load",
    "conversations_select": "placeholder initial_conversation default_to_current_conversation confirm"
    " response_url_enabled filter focus_on_load",
    "channels_select": "placeholder initial_channel confirm response_url_enabled focus_on_load",
    "external_select": "placeholder initial_option min_query_length confirm focus_on_load",
    "overflow": "options confirm",
    "radio_buttons": "options initial_option confirm focus_on_load",
    "checkboxes": "options initial_options confirm focus_on_load",
    "plain_text_input": "multiline min_length max_length initial_value placeholder dispatch_action_config"
    " focus_on_load",
    "datepicker": "placeholder initial_date confirm focus_on_load",
    "timepicker": "placeholder initial_time confirm focus_on_load timezone",
}
_BLOCKS = {
    MESSAGE: "section divider header context actions image input markdown rich_text table",
    MODAL: "section divider header context actions image input rich_text",
    HOME: "section divider header context actions image input rich_text",
}
_CHOOSING = "button static_select multi_static_select users_select conversations_select channels_select external_select"
_CHOOSING += " overflow radio_buttons checkboxes datepicker timepicker"
_ELEMENTS = {
    "section": _CHOOSING + " image multi_static_select",
    "actions": _CHOOSING.replace("multi_static_select ", ""),
    "input": _CHOOSING.replace("button ", "").replace("overflow ", "") + " plain_text_input",
}
_OBJECT = {"mrkdwn": {"type", "text", "verbatim"}, "plain_text": {"type", "text", "emoji"}}


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
        if blocks.get("type") in {"mrkdwn", "markdown"} and isinstance(blocks.get("text"), str):
            yield blocks["text"], True
        elif blocks.get("type") in {"plain_text", "text"} and isinstance(blocks.get("text"), str):
            yield blocks["text"], False
        for name, inner in blocks.items():
            if name not in {"options", "placeholder", "confirm"} and isinstance(inner, (list, dict)):
                yield from texts_of(inner)


def too_long(blocks: list[Block]) -> bool:
    """Whether the texts of all blocks together are more than Slack takes."""
    return sum(len(text) for text, _ in texts_of(blocks)) > limits.BLOCK_TEXTS


def view_problems(view: Any, *, update: bool = False) -> list[str]:
    """Return everything wrong with a modal or a home tab."""
    if not isinstance(view, dict) or view.get("type") not in {MODAL, HOME}:
        return ["must be a modal or a home [json-pointer:/view/type]"]
    place, wrong = view["type"], []
    if len(json.dumps(view)) > limits.VIEW_BYTES:
        wrong.append("view is too large [json-pointer:/view]")
    members = {"type", "blocks", "private_metadata", "callback_id", "external_id"}
    if place == MODAL:
        members |= {"title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}
        wrong += _plain(view.get("title"), limits.TITLE, "/view/title")
        for name in ("submit", "close"):
            wrong += _plain(view[name], limits.TITLE, f"/view/{name}") if view.get(name) else ()
        if not view.get("submit") and any(b.get("type") == "input" for b in _dicts(view.get("blocks"))):
            wrong.append("missing required field: submit [json-pointer:/view]")
    wrong += [f"invalid additional property: {name} [json-pointer:/view]" for name in view.keys() - members]
    wrong += _short(view, "private_metadata", limits.PRIVATE_METADATA, "/view")
    wrong += _short(view, "callback_id", limits.ID, "/view")
    wrong += _short(view, "external_id", limits.ID, "/view")
    inner = problems_of(view.get("blocks"), place)
    return wrong + [each.replace("json-pointer:", "json-pointer:/view") for each in inner]


def _of_block(block: Any, at: str, place: str) -> Problems:
    kind = block.get("type") if isinstance(block, dict) else None
    if kind not in _BLOCKS[place].split():
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from _members(block, kind, "block_id", at)
    yield from _RULES.get(kind, _nothing)(block, at)


def _members(thing: Block, kind: str, name_of_id: str, at: str) -> Problems:
    allowed = {"type", name_of_id, *_MEMBERS[kind].split()}
    for name in sorted(thing.keys() - allowed):
        yield f"invalid additional property: {name} [json-pointer:{at}]"
    yield from _short(thing, name_of_id, limits.ID, at)


def _section(block: Block, at: str) -> Problems:
    if not block.get("text") and not block.get("fields"):
        yield f"missing required field: text [json-pointer:{at}]"
    if block.get("text"):
        yield from _text(block["text"], limits.SECTION, f"{at}/text")
    fields = block.get("fields") or []
    if len(fields) > limits.FIELDS:
        yield f"no more than {limits.FIELDS} items allowed [json-pointer:{at}/fields]"
    for n, each in enumerate(fields):
        yield from _text(each, limits.FIELD, f"{at}/fields/{n}")
    if "accessory" in block:
        yield from _element(block["accessory"], "section", f"{at}/accessory")


def _header(block: Block, at: str) -> Problems:
    yield from _plain(block.get("text"), limits.HEADER, f"{at}/text")


def _context(block: Block, at: str) -> Problems:
    yield from _count(block.get("elements"), limits.CONTEXT, f"{at}/elements")
    for n, each in enumerate(_dicts(block.get("elements"))):
        if each.get("type") == "image":
            yield from _image(each, f"{at}/elements/{n}")
        else:
            yield from _text(each, limits.SECTION, f"{at}/elements/{n}")


def _actions(block: Block, at: str) -> Problems:
    yield from _count(block.get("elements"), limits.ACTIONS, f"{at}/elements")
    for n, each in enumerate(block.get("elements") or []):
        yield from _element(each, "actions", f"{at}/elements/{n}")


def _image(block: Block, at: str) -> Problems:
    if not block.get("image_url") and not block.get("slack_file"):
        yield f"missing required field: image_url [json-pointer:{at}]"
    if not block.get("alt_text"):
        yield f"missing required field: alt_text [json-pointer:{at}]"
    yield from _short(block, "alt_text", limits.LABEL, at)
    yield from _short(block, "image_url", limits.URL, at)


def _input(block: Block, at: str) -> Problems:
    yield from _plain(block.get("label"), limits.LABEL, f"{at}/label")
    if block.get("hint"):
        yield from _plain(block["hint"], limits.LABEL, f"{at}/hint")
    yield from _element(block.get("element"), "input", f"{at}/element")


def _markdown(block: Block, at: str) -> Problems:
    if not isinstance(block.get("text"), str) or not block["text"]:
        yield f"must be a non-empty string [json-pointer:{at}/text]"


def _rich_text(block: Block, at: str) -> Problems:
    known = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}
    for n, each in enumerate(block.get("elements") or [{}]):
        if each.get("type") not in known:
            yield f"unsupported type: {each.get('type')} [json-pointer:{at}/elements/{n}/type]"


def _table(block: Block, at: str) -> Problems:
    rows = block.get("rows") or []
    yield from _count(rows, 100, f"{at}/rows")
    if any(len(row) > 20 for row in rows):
        yield f"no more than 20 items allowed [json-pointer:{at}/rows]"


def _nothing(block: Block, at: str) -> Problems:
    yield from ()


_RULES: Mapping[str, Callable[[Block, str], Problems]] = {
    "section": _section, "header": _header, "context": _context, "actions": _actions, "image": _image,
    "input": _input, "markdown": _markdown, "rich_text": _rich_text, "table": _table,
}  # fmt: skip


def _element(element: Any, inside: str, at: str) -> Problems:
    kind = element.get("type") if isinstance(element, dict) else None
    if kind not in _ELEMENTS[inside].split():
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from _members(element, kind, "action_id", at)
    if kind == "button":
        yield from _button(element, at)
    if kind == "plain_text_input":
        yield from _short(element, "initial_value", limits.INITIAL_VALUE, at)
    if "placeholder" in element:
        yield from _plain(element["placeholder"], limits.PLACEHOLDER, f"{at}/placeholder")
    if "options" in _MEMBERS[kind].split():
        yield from _options(element, kind, at)


def _button(button: Block, at: str) -> Problems:
    yield from _plain(button.get("text"), limits.BUTTON, f"{at}/text")
    yield from _short(button, "value", limits.VALUE, at)
    yield from _short(button, "url", limits.URL, at)
    if button.get("style") not in {None, "primary", "danger"}:
        yield f"must be primary or danger [json-pointer:{at}/style]"


def _options(element: Block, kind: str, at: str) -> Problems:
    groups = element.get("option_groups")
    options = (
        [each for group in groups for each in group.get("options", [])] if groups else element.get("options")
    )
    most = {"overflow": limits.OVERFLOW, "radio_buttons": limits.CHOICES, "checkboxes": limits.CHOICES}
    yield from _count(options, most.get(kind, limits.OPTIONS), f"{at}/options")
    for n, each in enumerate(_dicts(options)):
        yield from _text(each.get("text"), limits.OPTION, f"{at}/options/{n}/text")
        yield from _short(each, "value", limits.OPTION_VALUE, f"{at}/options/{n}")
        if "description" in each:
            yield from _text(each["description"], limits.OPTION, f"{at}/options/{n}/description")
    first = element.get("initial_option")
    if first is not None and first not in (options or []):
        yield f"must be one of the provided options [json-pointer:{at}/initial_option]"


def _text(thing: Any, most: int, at: str) -> Problems:
    if not isinstance(thing, dict) or thing.get("type") not in _OBJECT:
        yield f"must be a text object [json-pointer:{at}]"
        return
    for name in sorted(thing.keys() - _OBJECT[thing["type"]]):
        yield f"invalid additional property: {name} [json-pointer:{at}]"
    if not isinstance(thing.get("text"), str) or not thing["text"]:
        yield f"must be more than 0 characters [json-pointer:{at}/text]"
    else:
        yield from _short(thing, "text", most, at)


def _plain(thing: Any, most: int, at: str) -> Problems:
    if not isinstance(thing, dict) or thing.get("type") != "plain_text":
        yield f"must be a plain_text object [json-pointer:{at}]"
    else:
        yield from _text(thing, most, at)


def _short(thing: Block, name: str, most: int, at: str) -> Problems:
    value = thing.get(name, "")
    if not isinstance(value, str):
        yield f"must be a string [json-pointer:{at}/{name}]"
    elif len(value) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{at}/{name}]"


def _count(things: Any, most: int, at: str) -> Problems:
    if not isinstance(things, list) or not things:
        yield f"must be an array of at least one item [json-pointer:{at}]"
    elif len(things) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}]"


def _repeated(blocks: list[Any]) -> Problems:
    ids = [block["block_id"] for block in _dicts(blocks) if block.get("block_id")]
    for each in sorted({each for each in ids if ids.count(each) > 1}):
        yield f"block_id {each} already exists [json-pointer:/blocks]"
    for n, block in enumerate(_dicts(blocks)):
        names = [each["action_id"] for each in _dicts(block.get("elements")) if each.get("action_id")]
        for each in sorted({each for each in names if names.count(each) > 1}):
            yield f"action_id {each} already exists [json-pointer:/blocks/{n}/elements]"


def _dicts(things: Any) -> list[Block]:
    return [each for each in things if isinstance(each, dict)] if isinstance(things, list) else []
