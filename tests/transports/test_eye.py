"""What is seen of an agent from outside: its turn in its registry, a message in its transcript."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest

from daemon.callers import processes
from daemon.core.model import Session, Turn
from daemon.core.rules.frame import framed
from daemon.transports import eye
from daemon.transports.eye import ClaudeEye
from daemon.transports.interface import Sighting
from tests.transports.parcels import parcel, session


@pytest.fixture
def here(tmp_path: Path) -> Session:
    """A session of this very process, whose registry and transcript the test writes."""
    (tmp_path / "sessions").mkdir()
    return session(
        os.getpid(),
        processes.started(os.getpid()),
        config_dir=str(tmp_path),
        transcript=str(tmp_path / "transcript.jsonl"),
    )


def says(where: Session, status: str) -> None:
    told = {"pid": where.pid, "sessionId": where.session_id, "status": status}
    Path(where.config_dir, "sessions", f"{where.pid}.json").write_text(json.dumps(told))


def wrote(where: Session, *texts: str) -> None:
    """As the program writes it: one JSON object in a line."""
    entries = [{"type": "user", "message": {"role": "user", "content": text}} for text in texts]
    Path(where.transcript).write_text("".join(json.dumps(each) + "\n" for each in entries))


@pytest.mark.parametrize(
    ("status", "turn"),
    [
        ("idle", Turn.IDLE),
        ("busy", Turn.WORKING),
        ("waiting", Turn.AWAITING_INPUT),
        ("", Turn.UNKNOWN),
        ("something new", Turn.UNKNOWN),
    ],
)
async def test_the_turn_is_what_the_agent_says_itself(here: Session, status: str, turn: Turn) -> None:
    says(here, status)

    assert await ClaudeEye().turn_of(here) is turn


async def test_of_an_agent_that_is_gone_no_turn_is_known(here: Session) -> None:
    assert await ClaudeEye().turn_of(here) is Turn.UNKNOWN


async def test_a_message_in_the_transcript_was_seen_whatever_the_agent_does(here: Session) -> None:
    wrote(here, "hello", f'<pasted_content id="33c7">\n{framed(parcel())}\n</pasted_content id="33c7">')
    for status in ("idle", "busy", "waiting", ""):
        says(here, status)

        assert await ClaudeEye(0).look(parcel(), here) is Sighting.SEEN


@pytest.mark.parametrize(
    ("status", "sighting"),
    [
        ("idle", Sighting.ABSENT),
        ("busy", Sighting.UNKNOWN),
        ("waiting", Sighting.UNKNOWN),
        ("", Sighting.UNKNOWN),
    ],
)
async def test_only_of_an_idle_agent_it_is_said_that_nothing_came(
    here: Session, status: str, sighting: Sighting
) -> None:
    wrote(here, "hello")
    says(here, status)

    assert await ClaudeEye(0).look(parcel(), here) is sighting


async def test_right_after_enter_an_idle_agent_without_a_sign_of_it_may_have_taken_it(here: Session) -> None:
    """The real one is idle for a moment longer, and writes its transcript later still."""
    says(here, "idle")
    one = ClaudeEye(0.05)
    assert await one.look(parcel(), here) is Sighting.UNKNOWN
    async with asyncio.timeout(5):
        while (seen := await one.look(parcel(), here)) is Sighting.UNKNOWN:
            pass
    assert seen is Sighting.ABSENT
    assert await one.look(parcel(), here) is Sighting.UNKNOWN  # the next attempt has its own moment


async def test_a_turn_in_between_begins_that_moment_anew(here: Session) -> None:
    one = ClaudeEye(3600)
    says(here, "idle")
    await one.look(parcel(), here)
    says(here, "busy")
    await one.look(parcel(), here)

    assert one._missed_since == {}


async def test_the_mark_of_another_message_is_no_evidence(here: Session) -> None:
    wrote(here, framed(parcel(mark="0" * 8)))
    says(here, "idle")

    assert await ClaudeEye(0).look(parcel(), here) is Sighting.ABSENT


async def test_a_header_without_its_end_is_no_evidence(here: Session) -> None:
    wrote(here, framed(parcel()).rpartition("\n")[0])
    says(here, "idle")

    assert await ClaudeEye(0).look(parcel(), here) is Sighting.ABSENT


@pytest.mark.parametrize("transcript", ["", "/nowhere/at/all", "/"])
async def test_without_a_transcript_nothing_was_seen(here: Session, transcript: str) -> None:
    says(here, "idle")
    blind = session(here.pid, here.started, config_dir=here.config_dir, transcript=transcript)

    assert await ClaudeEye(0).look(parcel(), blind) is Sighting.ABSENT


async def test_of_a_long_transcript_the_end_is_read(here: Session, monkeypatch) -> None:
    monkeypatch.setattr(eye, "TAIL", 10_000)
    says(here, "idle")
    wrote(here, "x" * 50_000, framed(parcel()), "x" * 5_000)
    assert await ClaudeEye(0).look(parcel(), here) is Sighting.SEEN

    wrote(here, framed(parcel()), "x" * 50_000)
    assert await ClaudeEye(0).look(parcel(), here) is Sighting.ABSENT
