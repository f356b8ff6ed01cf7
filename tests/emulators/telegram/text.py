"""What Telegram does to a text before anybody sees it: cleans it, trims it, and checks its entities. Pure.

After TDLib's fix_formatted_text: control characters (the tab too) become spaces, carriage returns and
direction marks vanish, both ends are trimmed (the beginning never into an entity). Not emulated: how crossing
entities are split, and what is dropped inside code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.emulators.telegram import limits
from tests.emulators.telegram.limits import Refusal

Entity = dict[str, Any]

# Everything else that a bot may name (url, mention, bot_command, ...) is found by the server itself.
_FORMATTING = """
bold italic underline strikethrough spoiler blockquote expandable_blockquote code pre text_link text_mention
custom_emoji date_time
"""
FORMATTING = frozenset(_FORMATTING.split())
VANISHES = frozenset("\r\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u0333\u033f\u030a")
_LINK = re.compile(
    r"(?:(?:https?|tg|ton)://\S+|mailto:\S+|tel:\S+|[^\s:/?#]+\.[^\s:/?#.]{2,}(?:[:/?#]\S*)?)", re.IGNORECASE
)
_FOUND = (
    ("bot_command", re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z0-9_]{3,32}(?!\w)")),
    ("url", re.compile(r"https?://[^\s<>]+")),
)


@dataclass(frozen=True, slots=True)
class Formatted:
    text: str
    entities: tuple[Entity, ...] = ()


def units(text: str) -> int:
    """The length that Telegram counts: UTF-16 code units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def slice_units(text: str, offset: int, length: int) -> str:
    encoded = text.encode("utf-16-le", "surrogatepass")
    return encoded[offset * 2 : (offset + length) * 2].decode("utf-16-le", "surrogatepass")


def cleaned(text: str, entities: Iterable[Any] = ()) -> Formatted:
    """Return what people will see.

    Raises:
        Refusal: an entity that is malformed, splits a character, or ends after the text.
    """
    wanted = [
        entity for entity in map(_checked, entities) if entity["type"] in FORMATTING and entity["length"]
    ]
    clean, moved = _without_control(text)
    placed = [_placed(entity, text, moved) for entity in wanted]
    return _trimmed(clean, sorted(placed, key=lambda e: (e["offset"], -e["length"]))[: limits.ENTITIES])


def found_entities(text: str) -> tuple[Entity, ...]:
    """What the server marks by itself in what a person wrote."""
    marks = [
        {"type": kind, "offset": units(text[: hit.start()]), "length": units(hit.group())}
        for kind, pattern in _FOUND
        for hit in pattern.finditer(text)
    ]
    return tuple(sorted(marks, key=lambda mark: int(str(mark["offset"]))))


def _checked(entity: Any) -> Entity:
    if not isinstance(entity, dict):
        raise Refusal("can't parse MessageEntity: expected an Object")
    for name in ("offset", "length"):
        if name not in entity:
            raise Refusal(f"can't parse MessageEntity: Can't find field \"{name}\"")
        if not isinstance(entity[name], int) or isinstance(entity[name], bool):
            raise Refusal(f'can\'t parse MessageEntity: Field "{name}" must be of type Number')
        if not 0 <= entity[name] <= 1_000_000:
            raise Refusal(f"receive an entity with incorrect {name} {entity[name]}")
    return _with_a_working_link({"type": ""} | entity)


def _with_a_working_link(entity: Entity) -> Entity:
    url = str(entity.get("url", ""))
    if entity["type"] == "text_link" and not _LINK.fullmatch(url):
        raise Refusal(f"entity URL '{url}' is invalid: Wrong HTTP URL")
    return entity


def _without_control(text: str) -> tuple[str, dict[int, int]]:
    """Return the text and, for each boundary between characters, where it went (in UTF-16 units)."""
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise Refusal("strings must be encoded in UTF-8")
    kept: list[str] = []
    before = after = 0
    moved = {0: 0}
    for char in text:
        shown = "" if char in VANISHES else " " if char < " " and char != "\n" else char
        kept.append(shown)
        before, after = before + units(char), after + units(shown)
        moved[before] = after
    return "".join(kept), moved


def _placed(entity: Entity, text: str, moved: dict[int, int]) -> Entity:
    begin, end = entity["offset"], entity["offset"] + entity["length"]
    if begin >= max(moved):
        raise Refusal(f"entity begins after the end of the text at UTF-16 offset {begin}")
    if begin not in moved:
        raise Refusal(f"entity begins in a middle of a UTF-16 symbol at byte offset {_bytes_to(text, begin)}")
    if end > max(moved):
        raise Refusal(
            f"entity beginning at UTF-16 offset {begin} ends after the end of the text at UTF-16 offset {end}"
        )
    if end not in moved:
        raise Refusal(
            f"entity beginning at UTF-16 offset {begin} ends in a middle of a UTF-16 symbol"
            f" at byte offset {_bytes_to(text, end)}"
        )
    return entity | {"offset": moved[begin], "length": moved[end] - moved[begin]}


def _bytes_to(text: str, offset: int) -> int:
    return len(slice_units(text, 0, offset + 1).encode())


def _trimmed(text: str, entities: list[Entity]) -> Formatted:
    text = text.rstrip(" \n")
    end = units(text)
    cut = [e | {"length": min(e["length"], end - e["offset"])} for e in entities if e["offset"] < end]
    head = slice_units(text, 0, cut[0]["offset"] if cut else end)
    skipped = len(head) - len(head.lstrip(" \n"))  # blanks and newlines are one unit each
    return Formatted(text[skipped:], tuple(e | {"offset": e["offset"] - skipped} for e in cut if e["length"]))
