"""A hook that waits is told the decision once, also by the daemon after this one; who is gone is told nothing."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from daemon.api import hooks
from daemon.api.guards import Placed
from daemon.api.hooks import Ear, HookDesk, Told
from daemon.callers import processes
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Approval, Authority, Kind, Peer, Session, Turn, Urgency
from daemon.core.rules.approval import State
from daemon.engine.engine import Engine
from daemon.store.sqlite import SqliteStore
from daemon.transports.wake import Wake
from tests.engine.mesh import agent
from tests.fakes.clock import FakeClock

PATIENCE_S = 10.0
ALLOWED = {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": {"behavior": "allow"}}}
BASH = {"tool_name": "Bash", "tool_input": {"command": "make"}}


class Hook:
    """One hook's process, as the desk sees it."""

    def __init__(self, pid: int) -> None:
        line = processes.ancestors(pid)
        self.there = True
        self.ear = Ear(Placed(line[0], line, None), lambda: self.there)


class House:
    """What of a daemon hears hooks, over one store; ``begins_anew`` forgets all but what is on disk."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.spool = place / "spool"
        self.spool.mkdir()
        self.clock = FakeClock()
        self.begins_anew()

    def begins_anew(self) -> None:
        self.store = SqliteStore(self.place / "peerline.db")
        self.engine = Engine(self.store, self.clock)
        self.wake = Wake()
        self.desk = HookDesk(self.engine, self.spool, {}, self.wake)

    async def hears(
        self, event: str, hook: Hook, *, record: str, seconds: float = 600, **payload: Any
    ) -> Told:
        raw = json.dumps({"session_id": "s", "cwd": "/x", "name": "api"} | payload).encode()
        headers = {"Peerline-Record": record, "Peerline-Seconds": f"{seconds:.3f}"}
        return await self.desk.hear("practice", event, headers, raw, hook.ear)

    async def approvals(self) -> list[Approval]:
        rows = await self.engine.read(lambda tx: [tx.get(Approval, x) for x in self.seen])
        return [row for row in rows if row]

    seen: tuple[str, ...] = ()

    async def asked(self, count: int = 1) -> list[Approval]:
        """Wait until so many wait for a decision."""
        with self.engine.feed.watching("approvals") as watch:
            while len(found := list(await self.engine.read(lambda tx: tx.approvals()))) < count:
                await watch.wait(0.05)
        self.seen = tuple(each.approval_id for each in found)
        return found

    async def decides(self, approval: Approval, option: str) -> None:
        asked = c.CloseAsk(ask_id=approval.ask_id, by=self.owner.peer_id, option=option, trusted=True)
        await self.engine.handle(asked)

    owner: Peer


@pytest.fixture
def agent_pid() -> Iterator[int]:
    """The process of the hook; the agent above it is this one."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


@pytest.fixture
def hook(agent_pid: int) -> Hook:
    return Hook(agent_pid)


@pytest.fixture
async def house(tmp_path: Path, hook: Hook) -> AsyncIterator[House]:
    house = House(tmp_path)
    opened = c.OpenConversation(
        surface="console",
        address="run",
        host="run",
        wish="console",
        authority=Authority.OWNER,
        account="owner",
    )
    async with asyncio.timeout(30):
        house.owner = await house.engine.handle(opened)
        await house.hears("SessionStart", hook, record="1")
        await house.hears("UserPromptSubmit", hook, record="2", prompt="x")
        yield house
        await house.store.close()


def waiting(house: House, hook: Hook, record: str = "9", **payload: Any) -> asyncio.Task[Told]:
    asked = house.hears("PermissionRequest", hook, record=record, **(BASH | payload))
    return asyncio.get_running_loop().create_task(asked)


async def test_the_hook_waits_and_is_told_the_decision(house: House, hook: Hook) -> None:
    hearing = waiting(house, hook)
    [approval] = await house.asked()
    assert house.desk.verdicts.holds(approval.approval_id)
    assert not hearing.done()
    await house.decides(approval, "Allow")

    assert json.loads((await hearing).text) == ALLOWED
    [after] = await house.approvals()
    assert (after.state, after.choice) == (State.TOLD, "Allow")
    assert not house.desk.verdicts.holds(approval.approval_id)
    session = await house.engine.read(lambda tx: tx.get(Session, "s"))
    assert session.turn is Turn.WORKING


async def test_the_same_hook_again_waits_for_the_same_decision(house: House, hook: Hook) -> None:
    first = waiting(house, hook)
    await house.asked()
    again = waiting(house, hook)
    [approval] = await house.asked()
    await house.decides(approval, "Allow")

    assert json.loads((await again).text) == json.loads((await first).text) == ALLOWED
    assert len(await house.asked(0)) == 0


async def test_a_decision_at_the_moment_of_a_restart_reaches_the_hook_that_comes_again(
    house: House, hook: Hook
) -> None:
    hearing = waiting(house, hook)
    [approval] = await house.asked()
    hearing.cancel()
    await asyncio.wait([hearing])
    await house.decides(approval, "Allow")
    await house.store.close()
    house.begins_anew()

    assert json.loads((await waiting(house, hook)).text) == ALLOWED
    [after] = await house.approvals()
    assert after.state == State.TOLD
    assert json.loads((await waiting(house, hook)).text) == ALLOWED, (
        "also when that answer was lost on its way"
    )


async def test_two_requests_at_once_are_told_each_its_own(house: House, hook: Hook) -> None:
    one = waiting(house, hook, "8", tool_input={"command": "one"})
    await house.asked()
    two = waiting(house, hook, "9", tool_input={"command": "two"})
    first, second = await house.asked(2)
    await house.decides(second, "Deny")
    told = json.loads((await two).text)["hookSpecificOutput"]["decision"]
    assert (told["behavior"], one.done()) == ("deny", False)
    await house.decides(first, "Allow")

    assert json.loads((await one).text) == ALLOWED


async def test_what_is_decided_at_the_agent_itself_lets_the_hook_go(house: House, hook: Hook) -> None:
    hearing = waiting(house, hook)
    await house.asked()
    await house.hears("PostToolUse", hook, record="10", **BASH)

    assert (await hearing).text == ""
    [after] = await house.approvals()
    assert (after.state, after.choice) == (State.CLOSED, "")


async def test_a_session_that_ends_lets_its_hooks_go(house: House, hook: Hook) -> None:
    hearing = waiting(house, hook)
    await house.asked()
    await house.hears("SessionEnd", hook, record="10", reason="exit")

    assert (await hearing).text == ""


async def test_a_hook_that_is_gone_is_told_nothing_and_what_was_decided_waits(
    house: House, hook: Hook
) -> None:
    hearing = waiting(house, hook)
    [approval] = await house.asked()
    hook.there = False
    assert not house.desk.verdicts.holds(approval.approval_id)
    await house.decides(approval, "Allow")

    assert (await hearing).text == ""
    [after] = await house.approvals()
    assert after.state == State.DECIDED


async def test_a_hook_whose_time_is_up_prints_nothing_and_the_request_stays(house: House, hook: Hook) -> None:
    told = await house.hears("PermissionRequest", hook, record="9", seconds=1.1, **BASH)

    assert told.text == ""
    assert len(await house.asked()) == 1


@pytest.mark.parametrize("seconds", ["", "nan", "-5", "soon", "1e999"])
async def test_seconds_that_make_no_sense_fail_nobody(house: House, hook: Hook, seconds: str) -> None:
    raw = json.dumps({"session_id": "s", "cwd": "/x", "name": "api"} | BASH).encode()
    headers = {"Peerline-Record": "9", "Peerline-Seconds": seconds}
    hearing = asyncio.get_running_loop().create_task(
        house.desk.hear("practice", "PermissionRequest", headers, raw, hook.ear)
    )
    [approval] = await house.asked()
    await house.decides(approval, "Deny")
    await hearing

    assert len(await house.asked(0)) == 0 or not hearing.result().text


async def test_broken_text_in_a_request_is_mended_and_asked(house: House, hook: Hook) -> None:
    hearing = waiting(house, hook, tool_input={"command": "echo \ud800 \x1b[2J"})
    [approval] = await house.asked()
    await house.decides(approval, "Allow")

    assert json.loads((await hearing).text) == ALLOWED


async def test_at_the_hour_the_hook_is_told_that_nobody_is_there(house: House, hook: Hook) -> None:
    house.desk = HookDesk(
        house.engine, house.spool, {}, house.wake, lambda _circle, now: (now, "it is night")
    )
    hearing = waiting(house, hook)
    await house.asked()
    await house.engine.handle(c.Tick())

    assert json.loads((await hearing).text)["hookSpecificOutput"]["decision"] == {
        "behavior": "deny",
        "message": "it is night",
    }


# --- what was said instead of a tool call ---------------------------------------------------------------------------


async def test_a_denial_that_was_lost_is_taken_back_and_said_again(house: House, hook: Hook) -> None:
    web = await agent(house.engine, "web", pid=os.getpid() + 1)
    [api] = [
        x for x in await house.engine.read(lambda tx: tx.peers()) if x.backend == "practice" and x != web
    ][:1]
    sent = await house.engine.handle(
        c.SendAsk(
            sender=web.peer_id, to=(api.peer_id,), question="stop that", urgency=Urgency.URGENT, circle="*"
        )
    )
    lost = await house.hears("PreToolUse", hook, record="20", **BASH)
    assert "stop that" in lost.text
    body = json.dumps({"session_id": "s", "cwd": "/x", "name": "api"} | BASH).encode()
    head = f"POST /v1/hooks/practice/PreToolUse HTTP/1.0\r\nPeerline-Pid: {os.getpid()}\r\nPeerline-Record: 20\r\n\r\n"
    (house.spool / f"{20:020}-7-{len(head) + len(body)}").write_bytes(head.encode() + body)

    parallel = await house.hears("PreToolUse", hook, record="21", tool_name="Read", tool_input={})
    assert "stop that" in parallel.text
    [delivery] = await house.engine.read(lambda tx: tx.deliveries_of(sent.ask.ask_id))
    assert (delivery.state, delivery.kind) == ("handed", Kind.ASK)


# --- what waits to wake an agent ------------------------------------------------------------------------------------


def woken(house: House, hook: Hook, record: str = "30", **more: Any) -> asyncio.Task[Told]:
    return asyncio.get_running_loop().create_task(
        house.hears("Wake", hook, record=record, **({"seconds": 86400.0} | more))
    )


async def until(house: House, *, wakes: bool, session_id: str = "s") -> None:
    with house.engine.feed.watching(f"session:{session_id}") as watch:
        while (await house.engine.read(lambda tx: tx.get(Session, session_id))).wakes is not wakes:
            await watch.wait(0.05)


async def test_what_waits_in_the_background_is_known_and_forgotten_when_it_has_gone(
    house: House, hook: Hook
) -> None:
    hearing = woken(house, hook)
    await until(house, wakes=True)
    hook.there = False
    assert (await hearing) == Told("")
    await until(house, wakes=False)


async def test_of_several_only_the_newest_waits(house: House, hook: Hook) -> None:
    old = woken(house, hook)
    await until(house, wakes=True)
    new = woken(house, hook, "31")

    assert await old == Told("")
    assert not new.done()
    await until(house, wakes=True)
    await house.hears("SessionEnd", hook, record="32", reason="exit")
    assert await new == Told("")


async def test_it_waits_also_if_it_comes_a_moment_before_the_start_of_its_session(
    house: House, hook: Hook
) -> None:
    hearing = woken(house, hook, session_id="later")
    await house.hears("SessionStart", hook, record="33", session_id="later", source="clear")
    await until(house, wakes=True, session_id="later")

    assert not hearing.done()
    hearing.cancel()


async def test_nothing_waits_for_a_session_that_nobody_knows_or_that_is_over(
    house: House, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "REGISTERS_S", (0.01, 0.01))
    await house.hears("SessionEnd", hook, record="32", reason="exit")

    assert await woken(house, hook) == await woken(house, hook, session_id="nobody") == Told("")


async def test_nobody_waits_for_the_messages_of_another_process(house: House, hook: Hook) -> None:
    with subprocess.Popen(["sleep", "60"]) as other:
        started = processes.process(other.pid)
        assert started is not None
        await house.engine.handle(
            c.RegisterSession(
                session_id="theirs",
                backend="practice",
                pid=other.pid,
                started=started.started,
                wish="theirs",
                circle="practice",
            )
        )
        with pytest.raises(NotAllowed):
            await woken(house, hook, session_id="theirs")
        other.kill()
