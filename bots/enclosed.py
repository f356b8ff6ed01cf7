"""The file of a card, as it was kept."""

from __future__ import annotations

from pathlib import Path

from bots.interface import Card
from bots.pages import TEXT_FILE, Carries
from daemon.core.model import Attachment


def content(attachment: Attachment | None, largest: int) -> bytes | None:
    """The file's bytes; None where the platform would not take it, or it is gone."""
    if attachment is None or not 0 < attachment.size <= largest:
        return None
    try:
        return Path(attachment.path).read_bytes() or None
    except OSError:
        return None


def file_of(carries: Carries, card: Card, kept: bytes | None) -> tuple[bytes, str] | None:
    """Content and name of what a part of the card brings."""
    if carries is Carries.TEXT:
        return card.markdown.encode(), TEXT_FILE
    if carries is Carries.FILE and kept and card.attachment:
        return kept, card.attachment.name
    return None
