"""What a session of Gemini CLI wrote down of itself (0.61.0): one JSON per line, as it happens.

A record of type ``user`` is what was asked, ``gemini`` what was said or called (once more, with the same id, when its
calls are done), ``info`` and ``error`` what the program says to its person; a line with ``$set`` repeats things.
Breaking a turn off, be it by Esc or by a No in its dialog, is ``info``: "Request cancelled."; what it then tells the
model of its surroundings is a ``user`` record that begins with ``<session_context>``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from daemon.callers import plain
from daemon.core.model import Turn

TAIL: Final = 1024 * 1024  #: bytes
CANCELLED: Final = "Request cancelled."
SURROUNDINGS: Final = "<session_context>"


def last_words(path: str, response: str) -> str:
    """What was said last in a turn that said ``response`` in all; "" where that cannot be told.

    A response joins everything that was said since a person's prompt.
    """
    for record in _backwards(path):
        words = record.get("content")
        if record.get("type") == "gemini" and isinstance(words, str) and words.strip():
            return words.strip() if response.rstrip().endswith(words.strip()) else ""
        if record.get("type") == "user":
            return ""
    return ""


def turn_of(path: str) -> Turn:
    """Idle, where a turn was broken off and nothing came after that; else nothing is known from here."""
    for record in _backwards(path):
        if _is_surroundings(record):
            continue
        cancelled = record.get("type") == "info" and record.get("content") == CANCELLED
        return Turn.IDLE if cancelled or record.get("type") == "error" else Turn.UNKNOWN
    return Turn.UNKNOWN


def _is_surroundings(record: dict[str, Any]) -> bool:
    return record.get("type") == "user" and SURROUNDINGS in json.dumps(record.get("content"))[:100]


def _backwards(path: str) -> Iterator[dict[str, Any]]:
    """Its records, newest first; of what it wrote down twice, the newer."""
    try:
        with plain.opened(path) as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            lines = file.read(TAIL).split(b"\n")
    except OSError:
        return
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # the first of the tail, or the last, is not whole
        if isinstance(record, dict) and "type" in record:
            yield record
