"""What a tool takes: JSON schemas made of a few words, and the check that a call fits its schema.

The check knows exactly the words that are made here, and no other JSON schema. A ``null`` counts as left out,
because some clients send one for every optional parameter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from daemon.core.errors import Malformed

Json = dict[str, Any]

NAME_LENGTH: Final = 140  #: ``@``, a circle, ``/`` and a name
TEXT_LENGTH: Final = 65536  #: characters; the daemon counts bytes
ID_LENGTH: Final = 40

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
}


def text(says: str = "", *, most: int = TEXT_LENGTH) -> Json:
    return {"type": "string", "maxLength": most} | _said(says)


def name(says: str = "") -> Json:
    return text(says, most=NAME_LENGTH)


def choice(*words: str) -> Json:
    return {"type": "string", "enum": list(words)}


def flag(says: str = "") -> Json:
    return {"type": "boolean"} | _said(says)


def count(least: int, most: int, default: int) -> Json:
    return {"type": "integer", "minimum": least, "maximum": most, "default": default}


def seconds(least: float, most: float, *, default: float | None = None) -> Json:
    bounds: Json = {"type": "number", "minimum": least, "maximum": most}
    return bounds if default is None else bounds | {"default": default}


def several(each: Json, most: int, says: str = "") -> Json:
    return {"type": "array", "items": each, "maxItems": most} | _said(says)


def either(*shapes: Json, says: str = "") -> Json:
    return {"anyOf": list(shapes)} | _said(says)


def takes(*required: str, **parameters: Json) -> Json:
    """The whole schema of a tool; what is not named is refused."""
    whole: Json = {"type": "object", "properties": parameters, "additionalProperties": False}
    return whole | ({"required": list(required)} if required else {})


def checked(tool: str, schema: Json, given: Mapping[str, Any]) -> Json:
    """What was given, without what was left out.

    Raises:
        Malformed: it does not fit; says which parameter, why, and what the tool takes.

    """
    said = {key: value for key, value in given.items() if value is not None}
    for complaint in _complaints(schema, said):
        raise Malformed(f"{tool}: {complaint}", f"{tool} takes {_summary(schema)}")
    return said


def _complaints(schema: Json, said: Json) -> list[str]:
    known: Json = schema["properties"]
    missing = [f'"{key}" is missing' for key in schema.get("required", ()) if key not in said]
    unknown = [f'there is no parameter "{key[:80]}"' for key in said if key not in known]
    wrong = [f'"{key}" {bad}' for key in known if key in said and (bad := _wrong(known[key], said[key]))]
    return [*unknown, *missing, *wrong]


def _wrong(schema: Json, value: Any) -> str:
    """What is wrong with the value, or nothing."""
    if "anyOf" in schema:
        found = [_wrong(shape, value) for shape in schema["anyOf"]]
        return "" if "" in found else " or ".join(found)
    kind = schema["type"]
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return f"must be {_article(kind)} {kind}"
    return next((bad for word, look in _LOOKS.items() if word in schema and (bad := look(schema, value))), "")


def _enum(schema: Json, value: Any) -> str:
    return "" if value in schema["enum"] else f"must be one of {', '.join(schema['enum'])}"


def _length(schema: Json, value: Any) -> str:
    most = schema["maxLength"]
    return "" if len(value) <= most else f"has {len(value)} characters, the limit is {most}"


def _bounds(schema: Json, value: Any) -> str:
    least, most = schema["minimum"], schema["maximum"]
    return "" if least <= value <= most else f"must be between {least} and {most}"


def _items(schema: Json, value: Any) -> str:
    if len(value) > schema["maxItems"]:
        return f"has {len(value)} items, the limit is {schema['maxItems']}"
    found = ((n, bad) for n, each in enumerate(value, 1) if (bad := _wrong(schema["items"], each)))
    return next((f"item {n} {bad}" for n, bad in found), "")


_LOOKS: Final[Mapping[str, Callable[[Json, Any], str]]] = {
    "enum": _enum,
    "maxLength": _length,
    "minimum": _bounds,
    "maxItems": _items,
}


def _said(says: str) -> Json:
    return {"description": says} if says else {}


def _article(word: str) -> str:
    return "an" if word[0] in "aio" else "a"


def _summary(schema: Json) -> str:
    required = schema.get("required", ())
    listed = [f"{key}{'' if key in required else ' (optional)'}" for key in schema["properties"]]
    return ", ".join(listed) or "no parameters"
