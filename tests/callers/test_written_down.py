"""What Codex and Gemini CLI write down of a session tells what was said last or planned, and what was broken off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from daemon.callers import gemini_chat, rollout
from daemon.core.model import Turn

AT = "2026-11-22T05:22:53.193Z"


def written(folder: Path, *records: Mapping[str, Any]) -> str:
    path = folder / "chat.jsonl"
    path.write_text("".join(f"{json.dumps({'timestamp': AT, **each})}\n" for each in records) + '{"half')
    return str(path)


def begun(turn_id: str) -> dict[str, Any]:
    return {"type": "event_msg", "payload": {"type": "task_started", "turn_id": turn_id}}


def planned(turn_id: str, text: str) -> dict[str, Any]:
    item = {"type": "Plan", "text": text}
    return {"type": "event_msg", "payload": {"type": "item_completed", "turn_id": turn_id, "item": item}}


def said(text: str, role: str = "assistant") -> dict[str, Any]:
    content = [{"type": "output_text", "text": text}]
    return {"type": "response_item", "payload": {"type": "message", "role": role, "content": content}}


def test_codex_said_last_what_its_rollout_ends_with_and_a_plan_belongs_to_it(tmp_path: Path) -> None:
    tagged = said("Here.\n<proposed_plan>\n# Blue\n</proposed_plan>")
    path = written(tmp_path, said("at first"), tagged, said("and now?", "user"), {"type": "event_msg"})
    found = rollout.last_words(path)
    assert found
    assert (found.text, str(found.at)) == ("Here.\n# Blue", "2026-11-22 05:22:53.193000+00:00")
    assert rollout.last_words(written(tmp_path, said("only asked", "user"))) is None
    assert rollout.last_words(str(tmp_path / "absent")) is None


def test_a_plan_is_that_of_the_turn_that_ends(tmp_path: Path) -> None:
    path = written(tmp_path, begun("one"), planned("one", "# Blue\n"), said("Here."))
    assert rollout.plan_of(path, "one") == "# Blue"
    assert rollout.plan_of(path, "two") == ""
    later = written(tmp_path, begun("one"), planned("one", "# Blue\n"), begun("two"), said("no plan"))
    assert rollout.plan_of(later, "two") == ""


BEGAN = {"type": "user", "id": "1", "content": [{"text": "make it"}]}
WENT = {"type": "gemini", "id": "2", "content": "I do"}
CANCELLED = {"type": "info", "id": "3", "content": "Request cancelled."}
AROUND = {"type": "user", "id": "4", "content": [{"text": "<session_context> where you are"}]}
ANEW = (
    AROUND,
    {**BEGAN, "id": "5"},
    {**WENT, "id": "6", "content": [{"text": "I do"}]},
    {"$set": {"messages": [{"id": "4"}, {"id": "5"}, {"id": "6"}]}},
)


@pytest.mark.parametrize(
    "more", [(), (AROUND,), ANEW], ids=["at once", "surroundings", "all of it once more"]
)
def test_a_turn_of_gemini_that_was_broken_off_is_over_whatever_is_written_once_more(
    tmp_path: Path, more: tuple[dict[str, Any], ...]
) -> None:
    assert gemini_chat.turn_of(written(tmp_path, BEGAN, WENT, CANCELLED, *more)) is Turn.IDLE
    again = {**BEGAN, "id": "7"}
    assert gemini_chat.turn_of(written(tmp_path, BEGAN, WENT, CANCELLED, *more, again)) is Turn.UNKNOWN
    found = gemini_chat.latest_words(written(tmp_path, BEGAN, WENT, CANCELLED, *more))
    assert found
    assert found.text == "I do"
