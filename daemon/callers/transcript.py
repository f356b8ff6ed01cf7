"""What an agent really said in a turn, read from the end of its transcript (Claude Code 2.1.329, one JSON per line).

A turn that said nothing ends with the words of an earlier one in its ``Stop`` hook; only the transcript tells. A turn
begins with a ``user`` record and ends with a ``system`` record ``stop_hook_summary``, written once its Stop hooks have
ended; a hand-out in between is an ``attachment`` of type ``hook_additional_context``. Records lag: a prompt's up to
0.8 s, those of words some 30 ms, more on a busy machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Final

from daemon.callers import plain

TAIL: Final = 1024 * 1024  #: bytes; a turn that is longer is not judged
LONG_TAIL: Final = 32 * TAIL  #: bytes in which last words are looked for


class Said(Enum):
    NOW = "now"  #: in the turn that ends
    BEFORE = "before"  #: in an earlier one, and not in this one as far as it is written
    NOWHERE = "nowhere"  #: not written yet, or too far back


@dataclass(frozen=True, slots=True)
class LastWords:
    text: str  #: Markdown
    at: datetime | None


def last_words(path: str) -> LastWords | None:
    """What the agent itself (no subagent of it) said last, whole; None: nothing, as far back as we look.

    One message of several blocks is several records of one ``message.id``.
    """
    found = _last_words(path, TAIL)
    return found or _last_words(path, LONG_TAIL)


def said(path: str, words: str, *, since: str = "") -> Said:
    """When ``words`` were said, seen from a Stop hook that is running.

    ``since``: the id of the prompt that began the hook's turn, if the hook is heard late: its turn is long over.
    """
    wanted, ended = words.strip(), False
    for record in backwards(path):
        if wanted in _texts(record):
            return Said.BEFORE if ended else Said.NOW
        ended = ended or (_is_prompt(record, since) if since else _begins_or_ends_a_turn(record))
    return Said.NOWHERE


def _last_words(path: str, tail: int) -> LastWords | None:
    texts: list[str] = []
    message_id, at = None, None
    for record in backwards(path, tail):
        if not (spoken := [text for text in _texts(record) if text]) or record.get("isSidechain"):
            continue
        its_id = record["message"].get("id")
        if texts and (its_id is None or its_id != message_id):
            break
        message_id, at = its_id, at or moment(record.get("timestamp"))
        texts = [*spoken, *texts]
    return LastWords("\n\n".join(texts), at) if texts else None


def moment(told: object) -> datetime | None:
    """A record's time, if it says one."""
    try:
        at = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return at if at.tzinfo else None


def backwards(path: str, tail: int = TAIL) -> Iterator[dict[str, Any]]:
    """Its records, newest first; none where it cannot be read."""
    try:
        with plain.opened(path) as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - tail))
            lines = file.read(tail).split(b"\n")
    except OSError:
        return
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue  # the first of the tail, or the last, is not whole
        if isinstance(record, dict):
            yield record


def _texts(record: dict[str, Any]) -> list[str]:
    message = record.get("message")
    content = (
        message.get("content") if record.get("type") == "assistant" and isinstance(message, dict) else None
    )
    blocks = content if isinstance(content, list) else []
    return [
        str(each.get("text", "")).strip()
        for each in blocks
        if isinstance(each, dict) and each.get("type") == "text"
    ]


def _begins_or_ends_a_turn(record: dict[str, Any]) -> bool:
    if (
        _is(record.get("attachment"), "hook_additional_context")
        or record.get("subtype") == "stop_hook_summary"
    ):
        return True
    return _is_of_the_user(record)


def _is_prompt(record: dict[str, Any], prompt_id: str) -> bool:
    return record.get("promptId") == prompt_id and _is_of_the_user(record)


def _is_of_the_user(record: dict[str, Any]) -> bool:
    """Results of tools are written as the user's, too."""
    message = record.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    is_result = isinstance(content, list) and any(_is(each, "tool_result") for each in content)
    return record.get("type") == "user" and not is_result


def _is(block: Any, kind: str) -> bool:
    return isinstance(block, dict) and block.get("type") == kind
