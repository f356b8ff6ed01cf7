"""What is done to text before it reaches an agent, a terminal or a person.

Removed: ESC, every C0 but tab and newline, DEL, C1, and lone surrogates (no store can hold them). Carriage
returns become newlines. Lines that imitate our own frame are defanged by a look-alike bracket. Nothing else
changes: what was sent is what arrives.
"""

from __future__ import annotations

import re
from typing import Final

from daemon.core.errors import Malformed, TooLarge

TEXT_LIMIT: Final = 64 * 1024  #: bytes of UTF-8, product §10

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_END: Final = re.compile(r"\r\n?")
_FENCED: Final = re.compile(r"\s*```\w*\n(.*?)\n```", re.DOTALL)
_FRAME: Final = re.compile(r"\[(?=\s*(?:peerline|end\s*\#))", re.IGNORECASE)


def clean(text: str) -> str:
    """Make ``text`` safe to show; idempotent."""
    return _FRAME.sub("\N{FULLWIDTH LEFT SQUARE BRACKET}", _CONTROL.sub("", _LINE_END.sub("\n", text)))


def body(text: str, limit: int = TEXT_LIMIT) -> str:
    """Clean what somebody wants to send.

    Raises:
        Malformed: nothing is left of it.
        TooLarge: it is over ``limit`` bytes of UTF-8.

    """
    cleaned = clean(text)
    if not cleaned.strip():
        raise Malformed("the text is empty", "say something")
    size = len(cleaned.encode())
    if size > limit:
        raise TooLarge(f"the text has {size} bytes, the limit is {limit}", "send a file's path instead")
    return cleaned


def fitted(text: str, limit: int = TEXT_LIMIT) -> str:
    """Clean what must be told in any case: cut to ``limit`` bytes of UTF-8 rather than refused."""
    cleaned = clean(text)
    size = len(cleaned.encode())
    if size <= limit:
        return cleaned
    note = f"\n… (cut: {size} bytes, the limit is {limit})"
    return cleaned.encode()[: limit - len(note.encode())].decode(errors="ignore") + note


def line(text: str, limit: int) -> str:
    """One line of at most ``limit`` characters, for names, labels and descriptions."""
    return " ".join(clean(text).split())[:limit]


def gist(text: str, limit: int) -> str:
    """The same of what is Markdown: without its marks, and with a sign where it goes on."""
    words = " ".join(_FENCED.sub(r": \1", clean(text)).replace("**", "").split())
    return words if len(words) <= limit else f"{words[: limit - 1].rstrip()}…"
