"""What a session of Gemini CLI wrote down of itself (0.61.0): one JSON per line, as it happens.

A record of type ``user`` is what was asked, ``gemini`` what was said or called (once more, with the same id, when its
calls are done), ``info`` and ``error`` what the program says to its person; a line with ``$set`` repeats things.
Breaking a turn off, be it by Esc or by a No in its dialog, is ``info``: "Request cancelled."; what it then tells the
model of its surroundings is a ``user`` record that begins with ``<session_context>``, and all that was said before is
written once more, under new numbers, which a last ``$set`` names.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from daemon.callers.transcript import LONG_TAIL, TAIL, LastWords, backwards, moment
from daemon.core.model import Turn

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


def latest_words(path: str) -> LastWords | None:
    """What was said last, whole; None: nothing, as far back as we look."""
    return _latest_words(path, TAIL) or _latest_words(path, LONG_TAIL)


def turn_of(path: str) -> Turn:
    """Idle, where a turn was broken off and nothing came after that; else nothing is known from here."""
    again: set[object] = set()
    for record in backwards(path):
        again |= _written_anew(record)
        if "type" not in record or record.get("id") in again or _is_surroundings(record):
            continue
        cancelled = record.get("type") == "info" and record.get("content") == CANCELLED
        return Turn.IDLE if cancelled or record.get("type") == "error" else Turn.UNKNOWN
    return Turn.UNKNOWN


def _latest_words(path: str, tail: int) -> LastWords | None:
    for record in _backwards(path, tail):
        words = record.get("content")
        if record.get("type") == "gemini" and isinstance(words, str) and words.strip():
            return LastWords(words.strip(), moment(record.get("timestamp")))
    return None


def _written_anew(record: dict[str, Any]) -> set[object]:
    """The numbers of what it says to have been said before."""
    told = record.get("$set")
    messages = told.get("messages") if isinstance(told, dict) else None
    return (
        {each.get("id") for each in messages if isinstance(each, dict)}
        if isinstance(messages, list)
        else set()
    )


def _is_surroundings(record: dict[str, Any]) -> bool:
    return record.get("type") == "user" and SURROUNDINGS in json.dumps(record.get("content"))[:100]


def _backwards(path: str, tail: int = TAIL) -> Iterator[dict[str, Any]]:
    """Its records; of what it wrote down twice, the newer comes first."""
    return (record for record in backwards(path, tail) if "type" in record)
