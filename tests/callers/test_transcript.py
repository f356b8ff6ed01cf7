"""Whether words are of the turn whose end is told, from records as Claude Code writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from daemon.callers.transcript import Said, said

Record = dict[str, Any]
ENDED: Record = {"type": "system", "subtype": "stop_hook_summary"}
HANDED: Record = {"type": "attachment", "attachment": {"type": "hook_additional_context"}}


def asks(prompt_id: str) -> Record:
    return {"type": "user", "promptId": prompt_id, "message": {"content": "a question"}}


def result(prompt_id: str) -> Record:
    return {"type": "user", "promptId": prompt_id, "message": {"content": [{"type": "tool_result"}]}}


def says(text: str) -> Record:
    return {"type": "assistant", "message": {"content": [{"type": "text", "text": f"{text}\n"}]}}


def written(folder: Path, *records: Record) -> str:
    path = folder / "transcript.jsonl"
    path.write_text("".join(f"{json.dumps(each)}\n" for each in records) + '{"torn')
    return str(path)


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([asks("1"), says("done")], Said.NOW),
        ([asks("1"), result("1"), says("done")], Said.NOW),
        ([asks("1"), says("done"), ENDED, asks("2")], Said.BEFORE),
        ([asks("1"), says("done"), ENDED], Said.BEFORE),  # the second prompt's record lags
        ([asks("1"), says("done"), HANDED], Said.BEFORE),
        ([asks("1"), says("done"), ENDED, asks("2"), says("done")], Said.NOW),
        ([asks("1"), says("other")], Said.NOWHERE),
        ([], Said.NOWHERE),
    ],
)
def test_words_are_of_the_turn_that_ends_or_of_an_earlier_one(
    tmp_path: Path, records: list[Record], found: Said
) -> None:
    assert said(written(tmp_path, *records), "done") is found


@pytest.mark.parametrize(
    ("prompt_id", "found"), [("1", Said.NOW), ("2", Said.BEFORE), ("3", Said.NOW), ("elsewhere", Said.NOW)]
)
def test_a_hook_that_is_heard_late_is_judged_from_its_own_prompt_on(
    tmp_path: Path, prompt_id: str, found: Said
) -> None:
    first = [asks("1"), result("1"), says("done"), ENDED]
    empty = [asks("2"), ENDED]
    later = [asks("3"), says("something else" if prompt_id == "2" else "done"), ENDED]
    assert said(written(tmp_path, *first, *empty, *later), "done", since=prompt_id) is found


def test_without_a_transcript_nothing_is_known(tmp_path: Path) -> None:
    assert said(str(tmp_path / "none"), "done") is Said.NOWHERE
