"""Agents that are started from here: peers at once, asked at once, there when their own pane says so."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.scenarios.yard import Yard, yard


@pytest.fixture
async def ground() -> AsyncIterator[Yard]:
    async with yard() as made:
        await made.house.start()
        yield made


async def test_who_is_started_is_there_under_its_name_and_answers(
    ground: Yard,
) -> None:
    folder = ground.make("worker")
    told = await ground.new(str(folder), "--circle", "dev")
    assert told.code == 0, told
    started = told.json
    assert (started["name"], started["circle"], started["state"]) == ("worker", "dev", "running")
    assert started["attach"] == "tmux attach -t dev:worker"
    asked = await ground.house.cli("ask", "worker", "are you there?", "--wait", "20", "--json")
    assert [each["text"] for each in asked.json["answers"]] == ["answer to: are you there?"]
    peer = await ground.until_peer("worker", status="online")
    assert (peer["peer_id"], peer["path"]) == (started["peer_id"], str(folder))
