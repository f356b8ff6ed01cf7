"""What stands in a message: its words, whether they call us, and its files. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bots.payload import number_in, text_in

Shape = Mapping[str, Any]
#: where it stands in a message -> what it is called; an animation stands there as a document, too
FILES: Final = {
    "animation": "video",
    "document": "document",
    "voice": "voice",
    "audio": "audio",
    "video": "video",
    "video_note": "video",
}


@dataclass(frozen=True, slots=True)
class Words:
    text: str
    called: bool = False  #: they name us, or are a command for us by name


@dataclass(frozen=True, slots=True)
class Sent:
    """A file at Telegram."""

    kind: str
    file_id: str
    name: str = ""
    size: int = 0  #: bytes; 0: not told


def text_of(message: Shape, name: str, account: int) -> Words | None:
    """The words without our own name; None if they are a command for another bot.

    ``name``: ours, without the at; "" where nobody needs to call us.
    """
    text, entities = _written(message)
    spans, called = [], False
    for entity, start, length in _placed(entities):
        word = _piece(text, start, length).lower()
        if entity.get("type") == "bot_command" and "@" in word and name:
            if word.partition("@")[2] != name.lower():
                if start == 0:
                    return None
                continue
            called = called or start == 0
        elif _names_us(entity, word, name, account):
            spans.append((start, length))
            called = True
    return Words(_without(text, spans) if spans else text, called)


def file_in(message: Shape) -> Sent | None:
    """The file that came with it, a photo in its largest form."""
    photo = message.get("photo")
    if isinstance(photo, list) and (sizes := [each for each in photo if _is_file(each)]):
        largest = max(
            sizes, key=lambda each: (number_in(each.get("file_size")), number_in(each.get("width")))
        )
        return _file("photo", largest)
    found = ((kind, message.get(where)) for where, kind in FILES.items())
    return next(
        (_file(kind, each) for kind, each in found if isinstance(each, Mapping) and _is_file(each)), None
    )


def _written(message: Shape) -> tuple[str, object]:
    if isinstance(text := message.get("text"), str):
        return text, message.get("entities")
    if isinstance(caption := message.get("caption"), str):
        return caption, message.get("caption_entities")
    return _in_words(message), None


def _in_words(message: Shape) -> str:
    """What is no text, as text."""
    match message:
        case {"sticker": dict(sticker)}:
            emoji = sticker.get("emoji")
            return emoji if isinstance(emoji, str) and emoji else "(a sticker)"
        case {"venue": {"title": str(title), "location": {"latitude": a, "longitude": b}}} if _are_real(a, b):
            return f"(location: {title}, {a}, {b})"
        case {"location": {"latitude": a, "longitude": b}} if _are_real(a, b):
            return f"(location: {a}, {b})"
        case {"contact": {"first_name": str(name), "phone_number": str(number)}}:
            return f"(contact: {name}, {number})"
        case _:
            return ""


def _placed(entities: object) -> Iterator[tuple[Shape, int, int]]:
    for entity in entities if isinstance(entities, list) else ():
        match entity:
            case {"offset": int(start), "length": int(length)} if start >= 0 and length > 0:
                yield entity, start, length


def _names_us(entity: Shape, word: str, name: str, account: int) -> bool:
    match entity:
        case {"type": "mention"}:
            return bool(name) and word == f"@{name.lower()}"
        case {"type": "text_mention", "user": {"id": int(user)}}:
            return bool(name) and user == account
        case _:
            return False


def _piece(text: str, start: int, length: int) -> str:
    """Telegram counts UTF-16 units."""
    return _units(text)[2 * start : 2 * (start + length)].decode("utf-16-le", "replace")


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    units = _units(text)
    for start, length in sorted(spans, reverse=True):
        units = units[: 2 * start] + units[2 * (start + length) :]
    return units.decode("utf-16-le", "replace").strip(" ,:\n")


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _is_file(each: object) -> bool:
    return isinstance(each, Mapping) and isinstance(each.get("file_id"), str)


def _file(kind: str, each: Shape) -> Sent:
    name = text_in(each.get("file_name") or each.get("title"))
    return Sent(kind, each["file_id"], name, number_in(each.get("file_size")))


def _are_real(*values: object) -> bool:
    return all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)
