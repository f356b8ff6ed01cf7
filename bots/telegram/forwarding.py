"""Whose words they are that somebody passed on. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

UNKNOWN: Final = "somebody"


def forwarded_from(message: Mapping[str, Any]) -> str:
    """The name of whoever wrote it first, as Telegram tells it; "" if the person wrote it themselves."""
    match message:
        case {"forward_origin": dict(origin)}:
            return _origin(origin)
        case {"forward_from": dict(user)}:
            return _person(user)
        case {"forward_from_chat": dict(chat)}:
            return _name(chat.get("title"))
        case {"forward_sender_name": name}:
            return _name(name)
        case _:
            marked = ("forward_date", "forward_origin", "forward_from", "forward_from_chat")
            return UNKNOWN if any(message.get(sign) for sign in marked) else ""


def _origin(origin: Mapping[str, Any]) -> str:
    match origin:
        case {"sender_user": dict(user)}:
            return _person(user)
        case {"sender_user_name": name}:
            return _name(name)
        case {"sender_chat": dict(chat)} | {"chat": dict(chat)}:
            return _name(chat.get("title"))
        case _:
            return UNKNOWN


def _person(user: Mapping[str, Any]) -> str:
    names = [user.get("first_name"), user.get("last_name")]
    return _name(" ".join(name for name in names if isinstance(name, str)))


def _name(name: object) -> str:
    return name.strip() or UNKNOWN if isinstance(name, str) else UNKNOWN
