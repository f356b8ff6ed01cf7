"""The smaller parts of Block Kit: texts, buttons, selects and inputs, and which members each may have.

Every rule yields sentences with a JSON pointer; `at` is where the thing stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.emulators.slack import limits

Block = dict[str, Any]
Problems = Iterator[str]

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
_CHOOSING = "button static_select multi_static_select users_select conversations_select channels_select external_select"
_CHOOSING += " overflow radio_buttons checkboxes datepicker timepicker"
_ELEMENTS = {
    "section": _CHOOSING + " image multi_static_select",
    "actions": _CHOOSING.replace("multi_static_select ", ""),
    "input": _CHOOSING.replace("button ", "").replace("overflow ", "") + " plain_text_input",
}
_OBJECT = {"mrkdwn": {"type", "text", "verbatim"}, "plain_text": {"type", "text", "emoji"}}


def members(thing: Block, kind: str, name_of_id: str, at: str) -> Problems:
    allowed = {"type", name_of_id, *_MEMBERS[kind].split()}
    for name in sorted(thing.keys() - allowed):
        yield f"invalid additional property: {name} [json-pointer:{at}]"
    yield from short(thing, name_of_id, limits.ID, at)


def element_problems(element: Any, inside: str, at: str) -> Problems:
    kind = kind_of(element)
    if kind not in _ELEMENTS[inside].split():
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    yield from members(element, kind, "action_id", at)
    if kind == "button":
        yield from _button(element, at)
    if kind == "plain_text_input":
        yield from short(element, "initial_value", limits.INITIAL_VALUE, at)
    if "placeholder" in element:
        yield from plain_problems(element["placeholder"], limits.PLACEHOLDER, f"{at}/placeholder")
    if "options" in _MEMBERS[kind].split():
        yield from _options(element, kind, at)


def _button(button: Block, at: str) -> Problems:
    yield from plain_problems(button.get("text"), limits.BUTTON, f"{at}/text")
    yield from short(button, "value", limits.VALUE, at)
    yield from short(button, "url", limits.URL, at)
    if button.get("style") not in (None, "primary", "danger"):
        yield f"must be primary or danger [json-pointer:{at}/style]"


def _options(element: Block, kind: str, at: str) -> Problems:
    groups = dicts(element.get("option_groups"))
    options = (
        [each for group in groups for each in items(group.get("options"))]
        if groups
        else element.get("options")
    )
    most = {"overflow": limits.OVERFLOW, "radio_buttons": limits.CHOICES, "checkboxes": limits.CHOICES}
    yield from count(options, most.get(kind, limits.OPTIONS), f"{at}/options")
    for n, each in enumerate(dicts(options)):
        yield from text_problems(each.get("text"), limits.OPTION, f"{at}/options/{n}/text")
        yield from short(each, "value", limits.OPTION_VALUE, f"{at}/options/{n}")
        if "description" in each:
            yield from text_problems(each["description"], limits.OPTION, f"{at}/options/{n}/description")
    first = element.get("initial_option")
    if first is not None and first not in items(options):
        yield f"must be one of the provided options [json-pointer:{at}/initial_option]"


def text_problems(thing: Any, most: int, at: str) -> Problems:
    if kind_of(thing) not in _OBJECT:
        yield f"must be a text object [json-pointer:{at}]"
        return
    for name in sorted(thing.keys() - _OBJECT[thing["type"]]):
        yield f"invalid additional property: {name} [json-pointer:{at}]"
    if not isinstance(thing.get("text"), str) or not thing["text"]:
        yield f"must be more than 0 characters [json-pointer:{at}/text]"
    else:
        yield from short(thing, "text", most, at)


def plain_problems(thing: Any, most: int, at: str) -> Problems:
    if kind_of(thing) != "plain_text":
        yield f"must be a plain_text object [json-pointer:{at}]"
    else:
        yield from text_problems(thing, most, at)


def short(thing: Block, name: str, most: int, at: str) -> Problems:
    value = thing.get(name, "")
    if not isinstance(value, str):
        yield f"must be a string [json-pointer:{at}/{name}]"
    elif len(value) > most:
        yield f"must be less than {most + 1} characters [json-pointer:{at}/{name}]"


def count(things: Any, most: int, at: str) -> Problems:
    if not isinstance(things, list) or not things:
        yield f"must be an array of at least one item [json-pointer:{at}]"
    elif len(things) > most:
        yield f"no more than {most} items allowed [json-pointer:{at}]"


def ids_of(things: Any, name: str) -> list[str]:
    found = [each.get(name) for each in dicts(things)]
    return [each for each in found if isinstance(each, str) and each]


def kind_of(thing: Any) -> str:
    """Return the type that something names, empty when it names none."""
    kind = thing.get("type") if isinstance(thing, dict) else None
    return kind if isinstance(kind, str) else ""


def items(things: Any) -> list[Any]:
    return things if isinstance(things, list) else []


def dicts(things: Any) -> list[Block]:
    return [each for each in things if isinstance(each, dict)] if isinstance(things, list) else []
