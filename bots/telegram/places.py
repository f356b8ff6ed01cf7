"""What becomes of chats: we are shut out or let in, and a group becomes another. Telegram itself says so. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bots.interface import PlaceChanged

Update = Mapping[str, Any]
SHUT_OUT: Final = frozenset({"left", "kicked"})


def changed(update_id: str, body: Update) -> PlaceChanged | None:
    chat, moved = chat_of(body), moved_in(body)
    if moved:
        old, new = moved
        return PlaceChanged(update_id=update_id, address=str(old), moved_to=str(new))
    match body:
        case {"new_chat_member": {"status": str(status)}, "chat": {"type": str(type_)}} if chat is not None:
            gone = "we were blocked there" if type_ == "private" else "we were removed from the group"
            closed = gone if status in SHUT_OUT else ""
            return PlaceChanged(update_id=update_id, address=str(chat), closed=closed)
        case _:
            return None


def moved_in(body: Update) -> tuple[int, int] | None:
    """A group became another: (its id so far, its new one). Telegram says so itself, in both."""
    match body:
        case {"chat": {"id": int(old), "type": "group"}, "migrate_to_chat_id": int(new)}:
            return (old, new) if old < 0 and new < 0 else None
        case {"chat": {"id": int(new), "type": "supergroup"}, "migrate_from_chat_id": int(old)}:
            return (old, new) if old < 0 and new < 0 else None
        case _:
            return None


def chat_of(body: Update) -> int | None:
    match body:
        case {"chat": {"id": int(chat)}} if not isinstance(chat, bool):
            return chat
        case _:
            return None
