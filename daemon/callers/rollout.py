"""What a session of Codex wrote down of itself (0.169.0): one JSON per line, as it happens.

A ``response_item`` of a message with role ``assistant`` is what was said, a plan in it between its own tags. A plan is
an ``event_msg`` of its own, too, with the turn it belongs to, and is left out of what the ``Stop`` hook calls the last
words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from daemon.callers.transcript import LONG_TAIL, TAIL, LastWords, backwards, moment

_TAGS: Final = re.compile(r"</?proposed_plan>\n?")


def last_words(path: str) -> LastWords | None:
    """What the agent said last, whole; None: nothing, as far back as we look."""
    return _last_words(path, TAIL) or _last_words(path, LONG_TAIL)


def plan_of(path: str, turn_id: str) -> str:
    """The plan that the turn ended with, "" if it made none."""
    for record in backwards(path):
        told = _told(record)
        if told.get("type") == "task_started":
            break
        item = told.get("item")
        if told.get("type") == "item_completed" and isinstance(item, dict) and item.get("type") == "Plan":
            text = item.get("text")
            return text.strip() if isinstance(text, str) and told.get("turn_id") == turn_id else ""
    return ""


def _last_words(path: str, tail: int) -> LastWords | None:
    for record in backwards(path, tail):
        told = _told(record)
        if (told.get("type"), told.get("role")) == ("message", "assistant"):
            text = _TAGS.sub("", "\n\n".join(_texts(told))).strip()
            if text:
                return LastWords(text, moment(record.get("timestamp")))
    return None


def _texts(told: dict[str, Any]) -> Iterator[str]:
    content = told.get("content")
    for each in content if isinstance(content, list) else []:
        if isinstance(each, dict) and isinstance(each.get("text"), str):
            yield each["text"]


def _told(record: dict[str, Any]) -> dict[str, Any]:
    told = record.get("payload")
    return told if isinstance(told, dict) else {}
