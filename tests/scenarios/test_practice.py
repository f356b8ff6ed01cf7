"""Practice mode on a fresh home: it answers, it asks back, and everything it started ends with it."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.scenarios.house import House


async def test_piped_practice_answers_and_leaves_nothing_behind(house: House) -> None:
    told = await house.cli("practice", typed="hello\n")
    assert (told.code, told.out) == (0, "echo: you said: hello\n")
    assert await running(house) == []
    assert not house.socket.exists()


async def test_practice_uses_the_daemon_that_runs_and_leaves_it_running(house: House) -> None:
    await house.start()
    told = await house.cli("practice", typed="hello\nand again\n")
    assert told.out.splitlines() == ["echo: you said: hello", "echo: you said: and again"]
    assert house.daemon.running
    left = (await house.daemon.client().peers(circle="practice", show_offline=True))["peers"]
    assert [each["status"] for each in left] == ["offline", "offline"]


@pytest.mark.parametrize("choice", ["1", pytest.param("work", marks=pytest.mark.thorough)])
async def test_the_clerk_asks_back_and_takes_a_number_or_a_label(house: House, choice: str) -> None:
    async with house.terminal("practice") as screen:
        await screen.shows("type to talk")
        screen.type("@clerk a letter")
        await screen.shows("[1] work")
        screen.type(choice)
        await screen.shows("filed under work: a letter")
        screen.type("/quit")
        assert await screen.ended() == 0
    assert await running(house) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.thorough)])
async def test_what_practice_started_ends_with_it_when_a_signal_ends_it(house: House, number: int) -> None:
    async with house.terminal("practice") as screen:
        await screen.shows("type to talk")
        screen.type("hello")
        await screen.shows("you said: hello")
        assert len(await running(house)) >= 4  # practice itself, the daemon, two agents
        screen.child.send_signal(number)
        assert await screen.ended() == 128 + number
    assert await running(house) == []


async def test_what_practice_started_ends_when_its_terminal_is_closed(house: House) -> None:
    async with house.terminal("practice") as screen:
        await screen.shows("type to talk")
        screen.hang_up()
        await screen.ended()
    assert await running(house) == []


async def test_a_signal_while_it_starts_leaves_nothing_behind(house: House) -> None:
    async with house.terminal("practice") as screen:
        await screen.shows("starting the practice agents")
        screen.child.send_signal(signal.SIGTERM)
        assert await screen.ended() == 128 + signal.SIGTERM
    assert await running(house) == []


async def running(house: House) -> list[str]:
    """Processes that were started with this home."""
    listing = await asyncio.create_subprocess_exec(
        "ps", "axeww", "-o", "pid=,command=", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await listing.communicate()
    return [line for line in out.decode().splitlines() if str(house.home) in line]
