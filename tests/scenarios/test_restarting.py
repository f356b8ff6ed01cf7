"""Agents that are ended and restarted from here, alive or dead: the same peer, with its mail, once, and nobody else."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from daemon.callers import processes
from tests.scenarios.house import Told, until
from tests.scenarios.test_crash_at_every_step import some
from tests.scenarios.yard import Yard, yard

Json = dict[str, Any]
AGENT = Path(__file__).with_name("lasting_agent.py")


@pytest.fixture
async def ground() -> AsyncIterator[Yard]:
    async with yard() as made:
        made.allow(commands={"claude-code": lasting(made)})
        made.house._given["HOME"] = str(made.house.user)  # the daemon's too, and so that of whom it starts
        await made.house.start()
        yield made


def lasting(ground: Yard) -> list[str]:
    return [sys.executable, "-I", str(AGENT), str(ground.house.socket), str(ground.house.user)]


async def started(ground: Yard, name: str = "worker", question: str = "first words") -> Json:
    """Who is there, and has answered something."""
    told = await ground.new(str(ground.make(name)), "--circle", "dev")
    assert told.code == 0, told.out
    asked = await ground.house.cli("ask", name, question, "--json")
    await answered(ground, asked.json["ask_id"])
    return await ground.until_peer(name, status="online", turn_state="idle")


async def answered(ground: Yard, ask_id: str) -> None:
    await ground.house.until("answered", lambda told: told["state"] == "answered", ask_id)


async def restarted(ground: Yard, *words: str) -> Told:
    return await ground.house.at_terminal("peer", "restart", *words, "--json")


def pid_of(ground: Yard, peer: Json) -> int:
    """The process of the peer's session, from the agent's own registry."""
    found = []
    for path in (ground.house.user / ".claude/sessions").glob("*.json"):
        pid = int(path.stem)
        if processes.process(pid) and os.path.realpath(f"/proc/{pid}/cwd") == peer["path"]:
            found.append(pid)
    assert len(found) == 1, found
    return found[0]


def remembered(ground: Yard, name: str = "worker") -> list[str]:
    heard = (ground.folder / name / "heard").read_text().splitlines()
    return [text for how, text in map(json.loads, heard) if how == "remembers"]


async def test_a_restarted_agent_is_the_same_peer_knows_what_was_said_and_gets_its_mail(ground: Yard) -> None:
    before = await started(ground)
    old = pid_of(ground, before)
    told = await restarted(ground, "worker")
    assert told.code == 0, told.out
    assert told.json["state"] == "running"
    after = await ground.until_peer("worker", status="online")
    assert after["peer_id"] == before["peer_id"]
    assert pid_of(ground, after) != old
    assert len(await ground.panes()) == 1
    [known] = remembered(ground)
    assert "first words" in known
    asked = await ground.house.cli("ask", "worker", "and now?", "--json")
    await answered(ground, asked.json["ask_id"])


async def test_one_that_died_is_restarted_with_what_was_asked_of_it_meanwhile(ground: Yard) -> None:
    before = await started(ground)
    os.kill(pid_of(ground, before), signal.SIGKILL)
    await ground.until_peer("worker", status="offline")
    asked = await ground.house.cli("ask", "worker", "are you there?", "--json")
    told = await restarted(ground, "worker")
    assert (told.code, told.json["peer_id"]) == (0, before["peer_id"]), told
    await answered(ground, asked.json["ask_id"])
    assert len(remembered(ground)) == 1


async def test_an_ask_that_is_open_stays_so_over_a_restart(ground: Yard) -> None:
    await started(ground)
    os.mkfifo(ground.folder / "worker/gate")
    asked = await ground.house.cli("ask", "worker", "hold this", "--json")
    await ground.until_peer("worker", turn_state="working")
    refused = await restarted(ground, "worker")
    assert refused.code == 2
    assert "at work" in refused.out
    told = await restarted(ground, "worker", "--now")
    assert told.code == 0, told.out
    story = await ground.house.why(asked.json["ask_id"])
    assert story["state"] in {"open", "seen", "working"}


def swapped(path: Path) -> None:
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda path: path.unlink(), "is gone"),
        pytest.param(lambda path: path.write_text(""), "is empty", marks=pytest.mark.thorough),
        pytest.param(swapped, "no plain file", marks=pytest.mark.thorough),
        pytest.param(
            lambda path: path.parent.rename(path.parent.with_name("elsewhere")),
            "is gone",
            marks=pytest.mark.thorough,
        ),
    ],
)
async def test_without_its_conversation_nothing_is_touched(ground: Yard, spoil: Any, why: str) -> None:
    before = await started(ground)
    old = pid_of(ground, before)
    [path] = (ground.house.user / ".claude/projects").rglob("*.jsonl")
    spoil(path)
    told = await restarted(ground, "worker")
    assert told.code == 2
    assert why in told.out
    assert pid_of(ground, before) == old
    assert (await ground.until_peer("worker", status="online"))["peer_id"] == before["peer_id"]


async def test_outside_the_allowed_folders_nothing_is_touched(ground: Yard) -> None:
    before = await started(ground)
    old = pid_of(ground, before)
    elsewhere = ground.house.place / "elsewhere"
    elsewhere.mkdir()
    ground.allow(allowed_paths=[str(elsewhere)], commands={"claude-code": lasting(ground)})
    told = await restarted(ground, "worker")
    assert told.code == 2
    assert "outside" in told.out
    assert pid_of(ground, before) == old


async def test_one_that_does_not_come_back_says_why_and_can_be_restarted_again(ground: Yard) -> None:
    before = await started(ground)
    (ground.folder / "worker/broken").touch()
    told = await restarted(ground, "worker")
    assert (told.code, told.json["state"]) == (2, "failed"), told
    assert "its program ended" in told.json["reason"]
    asked = await ground.house.cli("ask", "worker", "are you there?", "--json")
    (ground.folder / "worker/broken").unlink()
    told = await restarted(ground, "worker")
    assert (told.code, told.json["peer_id"]) == (0, before["peer_id"]), told
    await answered(ground, asked.json["ask_id"])


@pytest.mark.parametrize("step", some("restarting.ended", "spawner.made", "spawner.begun", "spawner.ordered"))
async def test_a_daemon_that_dies_in_between_is_followed_by_one_that_goes_on(ground: Yard, step: str) -> None:
    before = await started(ground)
    await ground.house.daemon.stop()
    await ground.house.start(crash_at=step)
    ground.house.arm()
    await restarted(ground, "worker", "--wait", "0")
    await ground.house.crashed()
    after = await ground.until_peer("worker", status="online")
    assert after["peer_id"] == before["peer_id"]
    assert len(remembered(ground)) == 1
    assert len(await ground.panes()) == 1
    assert pid_of(ground, after)


async def test_whoever_asked_one_that_is_ended_learns_who_ended_it(ground: Yard) -> None:
    await started(ground)
    os.mkfifo(ground.folder / "worker/gate")
    asked = await ground.house.cli("ask", "worker", "hold this", "--json")
    await ground.until_peer("worker", turn_state="working")
    told = await ground.house.at_terminal("peer", "kill", "worker", "--json")
    assert told.code == 0, told.out
    story = await ground.house.why(asked.json["ask_id"])
    assert story["state"] == "orphaned"
    await ground.until_peer("worker", status="offline")
    assert await ground.panes() == []


async def test_one_that_has_not_arrived_is_ended_by_its_pane(ground: Yard) -> None:
    folder = ground.make("worker")
    (folder / "mute").touch()
    told = await ground.house.at_terminal(
        "peer", "new", str(folder), "--circle", "dev", "--wait", "0", "--json"
    )
    await gone_on(ground, told.json["spawn_id"])
    ended = await ground.house.at_terminal("peer", "kill", "dev/worker", "--json")
    assert ended.code == 0, ended
    [killed] = ended.json["killed"]
    assert "which was made for it" in killed["evidence"]
    assert processes.process(killed["pid"]) is None
    assert await ground.panes() == []


async def gone_on(ground: Yard, spawn_id: str) -> None:
    """Wait until its program runs."""
    await until(lambda: any((ground.house.user / ".claude/sessions").glob("*.json")), f"for {spawn_id}")


async def test_down_leaves_nothing_of_what_was_started(ground: Yard) -> None:
    peers = [await started(ground, name) for name in ("one", "two")]
    pids = [pid_of(ground, each) for each in peers]
    (ground.make("three") / "mute").touch()
    await ground.house.at_terminal("peer", "new", str(ground.folder / "three"), "--wait", "0")
    told = await ground.house.at_terminal("down", "--json")
    assert told.code == 0, told.out
    assert [each["ended"] for each in told.json["killed"]] == [True] * 3
    assert [processes.process(pid) for pid in pids] == [None, None]
    assert await ground.panes() == []
    starts = ground.house.home / "run/starts"
    assert not starts.exists() or not list(starts.iterdir())
    assert not ground.house.socket.exists()


async def test_down_may_leave_them_and_the_next_daemon_finds_them(ground: Yard) -> None:
    before = await started(ground)
    pid = pid_of(ground, before)
    assert (await ground.house.at_terminal("down", "--keep-agents")).code == 0
    await ground.house.daemon.ended()
    assert processes.process(pid)
    await ground.house.start()
    assert (await ground.until_peer("worker", status="online"))["peer_id"] == before["peer_id"]
    told = await ground.house.at_terminal("peer", "kill", "worker", "--json")
    assert told.code == 0, told.out


@pytest.mark.thorough
async def test_of_twenty_that_were_started_down_leaves_no_process_pane_or_file(ground: Yard) -> None:
    names = [f"worker-{number}" for number in range(20)]
    ground.allow(commands={"claude-code": lasting(ground)}, live=20)
    for name in names:
        ground.make(name)
    for name in names:
        told = await ground.house.at_terminal("peer", "new", str(ground.folder / name), "--wait", "0")
        assert told.code == 0, told.out
    pids = [int(pid) for pid in (await ground.tell_tmux("list-panes", "-a", "-F", "#{pane_pid}")).split()]
    told = await ground.house.at_terminal("down", "--json")
    assert told.code == 0, told.out
    assert [each for each in told.json["killed"] if not each["ended"]] == []
    assert [pid for pid in pids if processes.process(pid)] == []
    assert await ground.panes() == []
    left = {path.name for path in (ground.house.home / "run").rglob("*")}
    assert left <= {"starts", "peerline.lock"}  # which every daemon takes anew
