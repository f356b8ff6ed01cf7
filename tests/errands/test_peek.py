"""What an agent last said, and what it is doing, from its transcript and what its hooks told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.callers.transcript import TAIL
from daemon.core.model import Approval, Turn
from daemon.errands.peek import peek
from tests.errands.repository import NOON, session, sight


@dataclass
class Transcript:
    path: Path

    def says(self, text: str, message_id: str = "", **more: Any) -> None:
        message = {"content": [{"type": "text", "text": text}]} | ({"id": message_id} if message_id else {})
        self.writes({"type": "assistant", "message": message} | more)

    def writes(self, record: dict[str, Any]) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")


@pytest.fixture
def transcript(tmp_path: Path) -> Transcript:
    return Transcript(tmp_path / "transcript.jsonl")


async def peeked(transcript: Transcript, **told: Any) -> str:
    more = {name: told.pop(name) for name in ("waiting", "approvals") if name in told}
    made = session(transcript=str(transcript.path), **told)
    return (await peek(sight("/src", session=made, **more))).text


async def test_the_last_words_are_shown_whole_with_their_age(transcript: Transcript) -> None:
    transcript.says("first")
    transcript.says("done:\n\n- **all** tests\n- `make`", timestamp="2026-03-02T11:56:00.000Z")
    transcript.writes({"type": "user", "message": {"content": "thanks"}})

    text = await peeked(transcript, turn_at=NOON - timedelta(minutes=3))

    assert text == "`backend` is idle since 3 min\n\nit said 4 min ago:\n\ndone:\n\n- **all** tests\n- `make`"


async def test_what_it_does_now_is_shown_when_it_is_known(transcript: Transcript) -> None:
    told = {
        "turn": Turn.WORKING,
        "turn_began_at": NOON - timedelta(minutes=12),
        "turn_at": NOON - timedelta(seconds=2),
        "calls": 3,
        "doing": "Bash `make`",
    }

    assert (await peeked(transcript, **told)).startswith(
        "`backend` is working since 12 min, 3 tool calls\nnow: `` Bash `make` ``\n\n"
    )


async def test_what_waits_for_it_and_what_it_waits_for_is_shown(transcript: Transcript) -> None:
    wanted = Approval(
        approval_id="a-1",
        ask_id="a-1",
        peer_id="p-backend",
        session_id="s-1",
        what="permission",
        tool="Bash",
        digest="",
        request="",
        state="asked",
        asked_at=NOON,
        shown_at=NOON,
    )
    text = await peeked(transcript, turn=Turn.AWAITING_INPUT, waiting=2, approvals=(wanted,))

    assert text.splitlines()[1:3] == ["waits for a decision: permission `Bash`", "2 messages wait for it"]


async def test_who_said_nothing_has_not_said_anything_yet(transcript: Transcript) -> None:
    transcript.writes({"type": "user", "message": {"content": "hello"}})

    assert (await peeked(transcript)).endswith("it has not said anything yet")
    assert (await peeked(Transcript(transcript.path / "gone"))).endswith("it has not said anything yet")


async def test_who_keeps_no_transcript_and_who_has_no_session_is_told_so() -> None:
    kept = await peek(sight("/src", session=session()))
    gone = await peek(sight("/src", session=session(ended_at=NOON - timedelta(hours=2))))
    never = await peek(sight("/src"))

    assert kept.text.endswith("it keeps no transcript that can be read here")
    assert gone.text.startswith("`backend` is offline since 2 h")
    assert never.text == "`backend` has no session\n\nit has not said anything yet"


async def test_one_message_in_several_records_is_one(transcript: Transcript) -> None:
    transcript.says("before", "m1")
    transcript.says("part one", "m2")
    transcript.writes({"type": "assistant", "message": {"id": "m2", "content": [{"type": "thinking"}]}})
    transcript.says("part two", "m2")

    assert (await peeked(transcript)).endswith("it said:\n\npart one\n\npart two")


async def test_what_a_subagent_says_is_not_what_the_agent_says(transcript: Transcript) -> None:
    transcript.says("mine")
    transcript.says("not mine", isSidechain=True)
    transcript.says("")

    assert (await peeked(transcript)).endswith("mine")


async def test_words_before_a_very_long_tool_result_are_found(transcript: Transcript) -> None:
    transcript.says("look at this")
    result = {"type": "tool_result", "content": "x" * (2 * TAIL)}
    transcript.writes({"type": "user", "message": {"content": [result]}})

    assert (await peeked(transcript)).endswith("look at this")


async def test_a_half_written_record_is_passed_over(transcript: Transcript) -> None:
    transcript.says("whole", timestamp="no time")
    with transcript.path.open("a") as file:
        file.write('{"type": "assistant", "message": {"content": [{"type": "te')

    assert (await peeked(transcript)).endswith("it said:\n\nwhole")
