"""The tool ``schedule`` on a real line: made, listed, cancelled; what is wrong is told with what to do."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mcp_server.calls import Call
from mcp_server.tools import Outcome, called
from tests.contracts.rig import Rig, rigged
from tests.mcp_server.test_tools import silence


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        async with rigged(Path(folder)) as made:
            yield made


async def run(rig: Rig, tool: str, call: str = "call-1", **arguments: Any) -> Outcome:
    return await called(Call(rig.client("backend", "local"), call, silence, 0.05), tool, arguments)


async def test_a_schedule_is_made_listed_and_cancelled(rig: Rig) -> None:
    cron = {"cron": "0 9 * * mon-fri", "timezone": "Europe/London"}
    made = await run(rig, "schedule", to="frontend", text="how far?", kind="ask", **cron)
    schedule_id = made.told["schedule_id"]
    assert made.text.startswith(f"{schedule_id}: ask to frontend, Mon–Fri 09:00 Europe/London, next ")  # noqa: RUF001
    again = await run(rig, "schedule", to="frontend", text="how far?", kind="ask", **cron)
    assert again.told == made.told
    assert (await run(rig, "schedule", action="list")).text == made.text
    gone = await run(rig, "schedule", action="cancel", schedule_id=schedule_id)
    assert gone.text == f"{schedule_id} is cancelled"
    assert (await run(rig, "schedule", action="list")).text == "nothing of yours is scheduled"


async def test_what_it_says_names_it_where_messages_are_taken(rig: Rig) -> None:
    made = await run(rig, "schedule", to="me", text="look again", at="in 10m")
    schedule_id = made.told["schedule_id"]
    await rig.client("backend", "local").run_schedule(schedule_id)
    told = await run(rig, "check_messages", "call-2")
    assert f"from scheduler@default by schedule {schedule_id} · service]\nlook again" in told.text


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({}, "to and text are missing"),
        ({"to": "frontend", "text": "x"}, "exactly one of at, every"),
        ({"to": "nobody", "text": "x", "every": "1h"}, 'no peer "nobody"'),
        ({"to": "frontend", "text": "x", "cron": "99 * * * *"}, "minute"),
        ({"action": "cancel"}, "schedule_id says which"),
        ({"action": "cancel", "schedule_id": "s-0000000000"}, "no schedule"),
        ({"to": "me", "text": "x", "every": "1h", "kind": "ask"}, "cannot ask itself"),
    ],
)
async def test_what_is_wrong_is_told_with_what_to_do(rig: Rig, wrong: dict[str, Any], says: str) -> None:
    told = await run(rig, "schedule", **wrong)
    assert told.failed
    assert says in told.text
    assert "\n" in told.text  # what to do stands on a line of its own
