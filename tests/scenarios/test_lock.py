"""The panic switch, and what the audit log says of it: a phone that is no longer heard, over restarts and kills."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from bots.cards import AGAIN
from daemon.core.errors import NotAllowed
from daemon.ledger import tail, verify
from tests.api.wire import request
from tests.daemon_process import free_port
from tests.emulators.telegram import Person, TelegramEmulator
from tests.scenarios.house import ADA, LOOK_S, PATIENCE_S, House, telegram_of

WORDS = "delete everything in prod"


def events(house: House, what: str) -> list[dict[str, Any]]:
    return [entry for entry in tail(house.daemon.paths.logs, 10_000) if entry["event"] == what]


async def written(house: House, what: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(PATIENCE_S):
        while not (found := events(house, what)):
            await asyncio.sleep(LOOK_S)
    return found


async def open_to_tokens(house: House) -> House:
    """A daemon with TCP."""
    port = free_port()
    await house.start(PEERLINE_DAEMON__PORT=str(port))
    house.daemon.port = port
    return house


async def test_a_locked_line_hears_no_phone_until_it_is_unlocked_at_the_machine(
    hosted: House, telegram: TelegramEmulator, ada: Person
) -> None:
    eve = telegram.person(66, "Eve")
    async with hosted.agent("worker") as worker:
        ada.says("/to worker")
        await ada.sees("your words go to worker", within=PATIENCE_S)
        ada.says("/lock")
        await ada.sees("the line is locked by ada on telegram", within=PATIENCE_S)
        eve.says("let me in")
        ada.says(WORDS)
        ada.says(WORDS)
        await ada.sees("that was not taken", within=PATIENCE_S)
        await written(hosted, "stranger")

        await hosted.daemon.kill9()
        await hosted.start(**telegram_of(telegram, ADA))
        ada.says(WORDS)
        await telegram.world.pulse.until(lambda: not telegram.world.updates.pending, PATIENCE_S)
        assert (await hosted.cli("ask", "worker", "how far?", "--wait", "20", "--json")).json["answers"]
        assert (await hosted.at_terminal("unlock")).code == 0
        await ada.sees("the line is unlocked", within=PATIENCE_S)
        ada.says("how far now?")
        await ada.sees("answer to: how far now?", within=PATIENCE_S)
        assert worker.times_heard(WORDS) == 0

    assert len([text for text in said_once(ada) if "that was not taken" in text]) <= 1
    assert eve.heard() == ()
    await _is_told_once_in_the_log(hosted)


@pytest.mark.thorough
async def test_what_was_said_to_a_locked_line_that_was_offline_is_not_heard_when_it_comes_after_the_unlock(
    hosted: House, telegram: TelegramEmulator, ada: Person
) -> None:
    async with hosted.agent("worker") as worker:
        ada.says("/to worker")
        await ada.sees("your words go to worker", within=PATIENCE_S)
        assert (await hosted.at_terminal("lock")).code == 0
        await ada.sees("the line is locked", within=PATIENCE_S)
        await telegram.unplug()
        ada.says(WORDS)
        await wall_seconds_passed(2)  # Telegram tells whole seconds
        assert (await hosted.at_terminal("unlock")).code == 0

        await telegram.plug()
        await ada.sees("it was said while the line was locked", within=PATIENCE_S)
        ada.says("how far now?")
        await ada.sees("answer to: how far now?", within=PATIENCE_S)
        assert worker.times_heard(WORDS) == 0


async def wall_seconds_passed(count: int) -> None:
    """Until the clock on the wall shows that many seconds more."""
    until = int(time.time()) + count
    while int(time.time()) < until:
        await asyncio.sleep(LOOK_S)


def said_once(person: Person) -> list[str]:
    """What they were told and is not marked as perhaps a repeat."""
    return [each.text for each in person.heard() if AGAIN not in each.text]


async def _is_told_once_in_the_log(house: House) -> None:
    counts = [
        len(await written(house, each)) for each in ("locked", "unlocked", "stranger", "daemon_started")
    ]
    assert counts == [1, 1, 1, 2]
    logs = house.daemon.paths.logs
    assert verify(logs)[1] == []
    assert not [path for path in logs.iterdir() if WORDS.encode() in path.read_bytes()]


async def test_a_locked_line_takes_nothing_from_a_token_and_says_that_it_is_locked(house: House) -> None:
    daemon = (await open_to_tokens(house)).daemon
    assert (await house.cli("lock")).code == 2  # no terminal
    locked = await house.at_terminal("lock", "--json")
    assert (locked.code, locked.json["locked"]) == (0, True)

    with pytest.raises(NotAllowed, match="locked by owner at the terminal") as refused:
        await daemon.client(owner=True).notify("cli", "x")
    assert refused.value.hint == "unlock it at the machine: `peerline unlock`"
    assert request(daemon, "GET", "/v1/peers").status == 200
    assert request(daemon, "POST", "/v1/unlock", body=b"{}").status == 403
    assert request(daemon, "GET", "/health").json["lock"]["locked"]
    assert request(daemon, "GET", "/health", token=None).json == {"status": "ok"}
    await daemon.client().notify("cli", "the socket goes on")
    assert "locked by owner at the terminal" in (await house.cli("status")).out
    assert "locked" in {each["code"] for each in (await house.cli("doctor", "--json")).json["findings"]}
    assert (await house.cli("unlock")).code == 2
    assert (await house.at_terminal("unlock")).code == 0
    await daemon.client(owner=True).notify("cli", "x")
    told = await house.cli("doctor", "--security", "--json")
    assert {each["code"] for each in told.json["findings"] if each["level"] != "info"} <= {"root"}
    assert told.code == 0


@pytest.mark.thorough
async def test_each_event_is_in_the_audit_log_once_whenever_the_daemon_was_killed(house: House) -> None:
    for n in range(3):
        daemon = (await open_to_tokens(house)).daemon
        for word in ("freeze", "thaw"):
            assert request(daemon, "POST", f"/v1/circles/circle-{n}/{word}", body=b"{}").status == 200
        await (daemon.kill9() if n < 2 else daemon.stop())
    for what in ("frozen", "thawed"):
        assert [entry["ref"] for entry in events(house, what)] == [f"circle-{n}" for n in range(3)]
    assert len(events(house, "daemon_started")) == 3
    assert len(events(house, "daemon_stopped")) == 1
    count, flaws = verify(daemon.paths.logs)
    assert flaws == []
    told = await house.cli("audit", "verify", "--json")
    assert (told.code, told.json["intact"], told.json["lines"]) == (0, True, count)

    path = daemon.paths.logs / "audit.jsonl"
    path.write_bytes(path.read_bytes().replace(b"circle-2", b"circle-9"))
    told = await house.cli("audit", "verify", "--json")
    assert told.code == 2
    lines = enumerate(path.read_bytes().splitlines(), 1)
    edited = {number for number, line in lines if json.loads(line).get("ref") == "circle-9"}
    assert {flaw["line"] for flaw in told.json["flaws"]} == edited


async def test_refusals_at_the_door_are_counted_and_cost_one_line_a_minute(house: House) -> None:
    daemon = (await open_to_tokens(house)).daemon
    for _ in range(40):
        assert request(daemon, "GET", "/v1/peers", token="wrong").status in {401, 429}
        assert request(daemon, "GET", "/v1/peers", Origin="http://evil.example").status == 403
    await written(house, "limit_hit")
    await daemon.stop()  # writes what was counted since
    for what, rule in (("auth_failed", "a wrong token"), ("foreign_page", "Origin")):
        lines = [entry for entry in events(house, what) if entry["rule"] == rule]
        assert sum(entry["count"] for entry in lines) == 40
        assert len(lines) == 2
