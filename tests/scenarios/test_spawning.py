"""Agents that are started from here: peers at once, asked at once, there when their own pane says so."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator

import pytest

from tests.scenarios.house import answers, called
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


async def test_until_the_config_says_where_and_how_nobody_is_started(ground: Yard) -> None:
    folder = ground.make("worker")
    for missing in ({"allowed_paths": []}, {"commands": {}}):
        ground.allow(**missing)
        told = await ground.new(str(folder))
        assert told.code == 2
        assert f"daemon.spawn.{next(iter(missing))} is not set" in told.out
        assert "allowed_paths:" in told.out
    ground.allow()
    assert (await ground.new(str(folder))).code == 0


async def test_a_program_that_is_not_there_or_ends_at_once_is_told_of_and_leaves_nothing(
    ground: Yard,
) -> None:
    folder = ground.make("worker")
    ground.allow(commands={"claude-code": "no-such-agent --now"})
    told = await ground.new(str(folder))
    assert (told.code, told.json["state"]) == (2, "failed")
    assert 'the program "no-such-agent": No such file or directory' in told.json["reason"]
    ground.allow(commands={"claude-code": ["sh", "-c", "echo the licence has run out; exit 3"]})
    told = await ground.new(str(folder))
    assert told.json["reason"] == "its program ended (exit status 3): the licence has run out"
    assert (await ground.panes(), await ground.peers()) == ([], [])


async def test_an_agent_starts_another_by_the_tool_and_hears_from_it(ground: Yard) -> None:
    folder = ground.make("worker")
    async with ground.house.mcp("lead") as lead:
        assert "spawn_peer" in {tool.name for tool in (await lead.list_tools()).tools}
        told = await called(lead, "spawn_peer", path=str(folder), message="are you there?")
        assert (told["name"], told["circle"], told["by"]) == ("worker", "dev", "lead")
        answered = await called(lead, "wait_for", ask_id=told["ask_id"], timeout_s=30)
        assert answers(answered) == ["answer to: are you there?"]
        ground.allow(commands={})
        assert "spawn_peer" not in {tool.name for tool in (await lead.list_tools()).tools}


async def test_a_person_has_somebody_started_by_talking(ground: Yard) -> None:
    ground.make("worker")
    async with ground.house.terminal("chat") as chat:
        await ground.house.joined("console")
        chat.type("/new wroker")
        await chat.shows(str(ground.folder / "worker"))
        chat.type("/new worker claude-code")
        await chat.shows("is being started in")
        await ground.until_peer("worker", status="online", circle="default")


async def test_a_job_for_a_folder_has_somebody_started_who_does_it(ground: Yard) -> None:
    folder = ground.make("worker")
    told = await ground.house.at_terminal("job", "add", "say hello", "--path", str(folder), "--json")
    assert told.code == 0, told
    job_id = told.json["job_id"]

    async with asyncio.timeout(60):
        while (job := (await ground.house.cli("job", "show", job_id, "--json")).json)["state"] == "running":
            await asyncio.sleep(0.1)

    assert (job["state"], job["result"], job["assignee"]) == ("done", "answer to: say hello", "worker")


async def test_a_worktree_is_where_it_works(ground: Yard) -> None:
    folder = ground.make("worker")
    for words in (
        ("init", "-q"),
        ("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x"),
    ):
        subprocess.run(["git", *words], cwd=folder, check=True)
    told = await ground.new(str(folder), "--worktree", "fix-login")
    assert told.code == 0, told
    peer = await ground.until_peer("fix-login", status="online")
    assert (peer["path"], peer["branch"]) == (f"{folder}.worktrees/fix-login", "fix-login")


async def test_when_its_program_ends_it_has_left_and_there_is_room_again(ground: Yard) -> None:
    ground.allow(live=1)
    assert (await ground.new(str(ground.make("one")))).code == 0
    refused = await ground.new(str(ground.make("two")))
    assert refused.code == 3
    assert "daemon.spawn.live is 1" in refused.out
    await ground.tell_tmux("kill-session", "-t", "=default")
    await ground.until_peer("one", status="offline")
    assert (await ground.new(str(ground.folder / "two"))).code == 0
