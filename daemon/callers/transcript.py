"""What an agent really said in a turn, read from the end of its transcript (Claude Code 2.1.329, one JSON per line).

A turn that said nothing ends with the words of an earlier one in its ``Stop`` hook; only the transcript tells. The
prompt is a ``user`` record with the hook's ``promptId``; a hand-out that went on with the turn is an ``attachment`` of
type ``hook_additional_context``. The words' record may be written up to some 30 ms after the hook began.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

TAIL: Final = 1024 * 1024  #: bytes; a turn that is longer is not judged


def said_since(path: str, prompt_id: str, words: str, *, continuing: bool) -> bool | None:
    """Whether ``words`` were said since the prompt, or with ``continuing`` since the last hand-out.

    None: it cannot be told, because there is no such transcript or its beginning of the turn is too far back.
    """
    wanted = words.strip()
    for record in _backwards(path):
        if wanted in _texts(record):
            return True
        if _is_hand_out(record) if continuing else _is_prompt(record, prompt_id):
            return False
    return None


def _backwards(path: str) -> Iterator[dict[str, Any]]:
    try:
        with Path(path).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - TAIL))
            lines = file.read().split(b"\n")
    except OSError:
        return
    for line in reversed(lines):
        try:
            record = json.loads(line)
        except ValueError:
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


def _is_prompt(record: dict[str, Any], prompt_id: str) -> bool:
    message = record.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    is_result = isinstance(content, list) and any(
        isinstance(x, dict) and x.get("type") == "tool_result" for x in content
    )
    return record.get("type") == "user" and record.get("promptId") == prompt_id and not is_result


def _is_hand_out(record: dict[str, Any]) -> bool:
    return _is(record.get("attachment"), "hook_additional_context")


def _is(block: Any, kind: str) -> bool:
    return isinstance(block, dict) and block.get("type") == kind
