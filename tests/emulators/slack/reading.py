"""What people read of blocks, and what in them they can tap or choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.emulators.slack import text as words

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Button:
    """Something to tap, or an option to select (then `option` is what is sent of it)."""

    label: str
    element: Mapping[str, Any]
    block_id: str
    option: Mapping[str, Any] | None = None

    @property
    def value(self) -> str:
        return str((self.option or self.element).get("value", ""))


def tappable(blocks: tuple[Block, ...] | list[Block]) -> list[Button]:
    """Return the buttons and options of blocks, in the order in which they stand."""
    found: list[Button] = []
    for block in blocks:
        elements = block.get("elements", []) if block["type"] == "actions" else [block.get("accessory") or {}]
        for element in elements:
            found += parts_of(element, block.get("block_id", ""))
    return found


def parts_of(element: Mapping[str, Any], block_id: str) -> list[Button]:
    if element.get("type") == "button":
        return [Button(element["text"]["text"], element, block_id)]
    groups = element.get("option_groups") or [{"options": element.get("options", [])}]
    options = [option for group in groups for option in group["options"]]
    return [Button(option["text"]["text"], element, block_id, option) for option in options]


def lines_of(blocks: tuple[Block, ...]) -> list[str]:
    lines = []
    for block in blocks:
        match block["type"]:
            case "markdown":
                lines.append(words.seen_markdown(block["text"]))
            case "section":
                lines += [_object(each) for each in (block.get("text"), *(block.get("fields") or ())) if each]
            case "header":
                lines.append(_object(block["text"]))
            case "context":
                lines += [_object(each) for each in block["elements"] if "text" in each]
            case "rich_text":
                lines.append("".join(_rich(block)))
    return lines


def read(blocks: Any) -> str:
    """Return what people read in blocks, a line each."""
    return "\n".join(lines_of(tuple(blocks)))


def _object(thing: Mapping[str, Any]) -> str:
    return words.seen(thing["text"]) if thing["type"] == "mrkdwn" else thing["text"]


def _rich(thing: Any) -> list[str]:
    if isinstance(thing, dict):
        if thing.get("type") == "user":
            return [f"@{thing['user_id']}"]
        return [thing["text"]] if thing.get("type") == "text" else _rich(thing.get("elements", []))
    return [word for each in thing for word in _rich(each)]
