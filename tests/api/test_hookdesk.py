"""What lies in the spool is heard in order, once, and outlives a store in trouble."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.agents.interface import Surroundings
from daemon.api import hooks
from daemon.api.guards import Placed
from daemon.api.hooks import Ear, HookDesk
from daemon.callers.processes import Process, ancestors
from daemon.core import commands as c
from daemon.core.errors import StorageFull
from daemon.core.model import Session
from daemon.core.rules.delivery import State
from daemon.engine.engine import Engine
from daemon.store.sqlite import SqliteStore
from daemon.transports.wake import Wake
from tests.engine.mesh import FlakyStore, agent
from tests.fakes.clock import FakeClock

SURROUNDINGS = Surroundings(pid=1, started=1, machine="m", circle="default")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FlakyStore]:
    store = SqliteStore(tmp_path / "peerline.db")
    yield FlakyStore(store)
    await store.close()


@pytest.fixture
def engine(store: FlakyStore) -> Engine:
    return Engine(store, FakeClock())


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def hook() -> Iterator[int]:
    """The pid of a hook's process, whose agent is therefore this one, and lives."""
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def spooled(folder: Path, hook: int, n: int, session: str, *, event: str = "SessionStart") -> Path:
    told = {"session_id": session, "cwd": f"/{session}", "name": session, "prompt": "x", "tool_name": "Bash"}
    body = json.dumps(told).encode()
    head = (
        f"POST /v1/hooks/practice/{event} HTTP/1.0\r\nPeerline-Pid: {hook}\r\nPeerline-Record: {n}-7\r\n\r\n"
    ).encode()
    path = folder / f"{n:020}-7-{len(head + body)}"
    path.write_bytes(head + body)
    return path


async def names(engine: Engine) -> list[str]:
    return [peer.name for peer in await engine.read(lambda tx: tx.peers())]


@pytest.mark.parametrize(
    ("order", "turn"),
    [
        (["SessionStart", "UserPromptSubmit", "Stop"], "idle"),
        (["SessionStart", "Stop", "UserPromptSubmit"], "working"),
    ],
)
async def test_what_was_spooled_is_heard_in_order_and_then_gone(
    engine: Engine, spool: Path, hook: int, order: list[str], turn: str
) -> None:
    for n, event in reversed(list(enumerate(order))):
        spooled(spool, hook, n, "a", event=event)

    await HookDesk(engine, spool, {}, Wake()).replay()

    session = await engine.read(lambda tx: tx.get(Session, "a"))
    assert session.turn == turn
    assert list(spool.iterdir()) == []


async def test_a_record_that_is_replayed_twice_counts_once(engine: Engine, spool: Path, hook: int) -> None:
    desk = HookDesk(engine, spool, {}, Wake())
    spooled(spool, hook, 1, "a")
    for _ in range(2):
        spooled(spool, hook, 2, "a", event="PreToolUse")
        await desk.replay()

    session = await engine.read(lambda tx: tx.get(Session, "a"))
    assert session.calls == 1


@pytest.mark.parametrize(
    "rubbish", [b"", b"\r\n\r\n", b"\xff" * 50, b"POST x HTTP/1.0\r\n\r\n{}", b"a b c d\r\n\r\n"]
)
async def test_rubbish_in_the_spool_holds_up_nobody(
    engine: Engine, spool: Path, hook: int, rubbish: bytes
) -> None:
    (spool / f"{1:020}-7-{len(rubbish)}").write_bytes(rubbish)
    spooled(spool, hook, 2, "b")

    await HookDesk(engine, spool, {}, Wake()).replay()

    assert await names(engine) == ["b"]
    assert list(spool.iterdir()) == []


async def test_a_record_is_one_event_and_another_event_gets_no_answer_of_it(
    engine: Engine, spool: Path, hook: int
) -> None:
    """The answer kept for a request is the name of what waits, and nothing to print."""
    desk, line = HookDesk(engine, spool, {}, Wake()), ancestors(hook)
    ear = Ear(Placed(line[0], line, None))
    told = json.dumps({"session_id": "s", "tool_name": "Bash", "tool_input": {"command": "make"}}).encode()
    named = {"peerline-record": "7-1"}
    assert (await desk.hear("claude-code", "PermissionRequest", named, told, ear)).text == ""
    assert (await desk.hear("claude-code", "PermissionRequest", named, told, ear)).text == ""
    assert (await desk.hear("claude-code", "PreToolUse", named, told, ear)).text == ""


async def test_what_the_store_cannot_take_stays_in_the_spool_until_it_can(
    engine: Engine, store: FlakyStore, spool: Path, hook: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "LOOK_S", 0.01)
    desk = HookDesk(engine, spool, {}, Wake())
    desk._note("s", SURROUNDINGS, over=False)  # a turn runs: its end may be spooled
    path = spooled(spool, hook, 1, "a")
    store.errors = [StorageFull("full"), StorageFull("full")]

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(desk.run())
        while path.exists():
            await asyncio.to_thread(path.exists)
        running.cancel()

    assert store.errors == []
    assert await names(engine) == ["a"]


@pytest.mark.parametrize(("turn", "looks"), [("working", True), ("awaiting_input", True), ("idle", False)])
async def test_a_plugin_that_says_that_its_turn_goes_on_may_say_its_end_into_the_spool(
    engine: Engine, spool: Path, hook: int, turn: str, looks: bool
) -> None:
    desk, line = HookDesk(engine, spool, {}, Wake()), ancestors(hook)
    ear = Ear(Placed(line[0], line, None))
    for event, more in (("chat.message", {"prompt": "go"}), ("here", {"turn": turn})):
        told = json.dumps({"session_id": "ses_a", "cwd": "/a", **more}).encode()
        await desk.hear("opencode", event, {"peerline-pid": f"{hook}"}, told, ear)
    assert desk._expecting.is_set() is looks


# --- the orders in which hooks can come -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Hook:
    """A hook of a session of agent ``a`` or ``b``, each a process of its own in the same folder."""

    event: str
    session: str
    agent: str = "a"
    more: tuple[tuple[str, str], ...] = ()


def start(session: str, source: str, agent: str = "a") -> Hook:
    return Hook("SessionStart", session, agent, (("source", source),))


def end(session: str, reason: str, agent: str = "a") -> Hook:
    return Hook("SessionEnd", session, agent, (("reason", reason),))


def prompt(session: str, number: int = 1) -> Hook:
    return Hook("UserPromptSubmit", session, more=(("prompt_id", f"p{number}"), ("prompt", "hello")))


def stop(session: str, number: int = 1) -> Hook:
    return Hook("Stop", session, more=(("prompt_id", f"p{number}"), ("last_assistant_message", "done")))


ORDERS = {
    "clear": ([start("1", "startup"), end("1", "clear"), start("2", "clear")], {"x": ("2", "idle")}),
    "clear, its end heard last": (
        [start("1", "startup"), start("2", "clear"), end("1", "clear")],
        {"x": ("2", "idle")},
    ),
    "clear, its end never heard": ([start("1", "startup"), start("2", "clear")], {"x": ("2", "idle")}),
    "a turn, its end heard first": (
        [start("1", "startup"), stop("1"), prompt("1"), prompt("1", 2), stop("1", 2)],
        {"x": ("1", "idle")},
    ),
    "a turn before the start": (
        [prompt("1"), start("1", "startup"), stop("1")],
        {"x": ("1", "idle")},
    ),
    "a turn that nobody knew, then clear": (
        [prompt("1"), stop("1"), end("1", "clear"), start("2", "clear")],
        {"x": ("2", "idle")},
    ),
    "a fork in a process of its own": (
        [start("1", "startup"), start("2", "fork", "b")],
        {"x": ("1", "idle"), "x-2": ("2", "idle")},
    ),
    "a second session in the folder": (
        [start("1", "startup"), start("2", "startup", "b"), end("1", "clear"), start("3", "clear")],
        {"x": ("3", "idle"), "x-2": ("2", "idle")},
    ),
    "resumed elsewhere after its end": (
        [start("1", "startup"), end("1", "prompt_input_exit"), start("1", "resume", "b")],
        {"x": ("1", "idle")},
    ),
    "compacted": ([start("1", "startup"), start("1", "compact")], {"x": ("1", "working")}),
    "a new one after an end": (
        [start("1", "startup"), end("1", "other"), start("2", "startup", "b")],
        {"x": ("2", "idle")},
    ),
    "a subagent speaks": (
        [start("1", "startup"), Hook("PreToolUse", "1", more=(("agent_id", "a0"), ("tool_name", "Bash")))],
        {"x": ("1", "idle")},
    ),
}


@pytest.fixture
def agents() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    found = {name: subprocess.Popen(["sleep", "60"]) for name in "ab"}
    yield found
    for process in found.values():
        process.kill()
        process.wait()


def keep(folder: Path, n: int, hook: Hook, pid: int) -> None:
    """As hooks/pipe.py does when no daemon answers."""
    body = json.dumps({"session_id": hook.session, "cwd": "/x", **dict(hook.more)}).encode()
    head = (
        f"POST /v1/hooks/claude-code/{hook.event} HTTP/1.0\r\n"
        f"Peerline-Pid: {pid}\r\nPeerline-Record: {n}-{pid}\r\n\r\n"
    ).encode()
    (folder / f"{n:020}-{pid}-{len(head + body)}").write_bytes(head + body)


async def there(engine: Engine) -> dict[str, tuple[str, str]]:
    """Of every agent: its session and turn, "" for one that is gone."""
    peers = await engine.read(lambda tx: tx.peers())
    found = {peer.name: await engine.read(lambda tx, p=peer: tx.get(Session, p.session_id)) for peer in peers}
    return {
        name: (each.session_id, str(each.turn)) if not each.ended_at else ("", "")
        for name, each in found.items()
    }


@pytest.mark.parametrize("together", [True, False], ids=["after a while", "one by one"])
@pytest.mark.parametrize("order", ORDERS)
async def test_in_whatever_order_hooks_come_everybody_is_who_they_are(
    engine: Engine, spool: Path, agents: dict[str, subprocess.Popen[bytes]], order: str, together: bool
) -> None:
    hooks_, expected = ORDERS[order]
    desk = HookDesk(engine, spool, {}, Wake())
    for n, hook in enumerate(hooks_, 1):
        keep(spool, n, hook, agents[hook.agent].pid)
        if not together:
            await desk.replay()
    await desk.replay()

    assert await there(engine) == expected


async def test_one_that_was_killed_and_started_again_while_nobody_listened_is_the_same(
    engine: Engine, spool: Path, agents: dict[str, subprocess.Popen[bytes]]
) -> None:
    desk = HookDesk(engine, spool, {}, Wake())
    keep(spool, 1, start("1", "startup"), agents["a"].pid)
    await desk.replay()
    agents["a"].kill()
    agents["a"].wait()
    keep(spool, 2, start("2", "startup", "b"), agents["b"].pid)

    await desk.replay()

    assert await there(engine) == {"x": ("2", "idle")}


async def test_a_start_that_found_us_too_slow_is_heard_soon_by_the_hook_that_waits_beside_it(
    engine: Engine, spool: Path, hook: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "REGISTERS_S", (0.05,) * 200)
    desk = HookDesk(engine, spool, {}, Wake())
    beside = Ear(Placed(Process(1, 1), (), None), lambda: True)
    async with asyncio.timeout(10), asyncio.TaskGroup() as both:
        both.create_task(desk.hear("practice", "Wake", {}, json.dumps({"session_id": "a"}).encode(), beside))
        await asyncio.sleep(0)
        spooled(spool, hook, 1, "a")
        while await names(engine) != ["a"]:
            await asyncio.sleep(0.01)


async def test_what_is_handed_to_a_hook_that_gave_up_meanwhile_waits_again(
    engine: Engine, store: FlakyStore, spool: Path, hook: int
) -> None:
    desk = HookDesk(engine, spool, {}, Wake())
    for n, event in enumerate(("SessionStart", "UserPromptSubmit"), 1):
        spooled(spool, hook, n, "a", event=event)
    await desk.replay()
    sender = await agent(engine, "b")
    session = await engine.read(lambda tx: tx.get(Session, "a"))
    sent = await engine.handle(c.SendNotice(sender=sender.peer_id, to=(session.peer_id,), text="read this"))
    store.gate.clear()
    late = Ear(Placed(Process(hook, 1), (), None), lambda: True)
    body = json.dumps({"session_id": "a", "cwd": "/a", "name": "a"}).encode()
    async with asyncio.timeout(10), asyncio.TaskGroup() as both:
        before = store.writes
        asked = both.create_task(
            desk.hear("practice", "Stop", {"Peerline-Record": "3-7", "Peerline-Pid": str(hook)}, body, late)
        )
        while store.writes == before:
            await asyncio.sleep(0.01)
        spooled(spool, hook, 3, "a", event="Stop")
        both.create_task(desk.replay())
        while store.writes < before + 2:
            await asyncio.sleep(0.01)
        store.gate.set()
    assert "read this" in asked.result().text  # but nobody listens any more

    (delivery,) = await engine.read(lambda tx: tx.deliveries_of(sent.envelope.envelope_id))
    assert delivery.state == State.QUEUED
