"""Who asks an agent something, and what became of it: the owner at a terminal, ``cli``, a client with tools."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from daemon.client.interface import Question
from daemon.core.errors import DaemonUnreachable
from tests.scenarios.house import LOOK_S, PATIENCE_S, House, Json, answers

ACTIVE = {"open", "seen", "working"}


async def by_cli(line: House, text: str, to: str = "backend") -> str:
    """The id of an ask of somebody unverified, whose words never look like the owner's."""
    await until_peer(line, to)
    return str((await line.daemon.client().ask(Question(to=[to], text=text)))["ask_id"])


async def by_owner(line: House, text: str, to: str = "backend") -> str:
    """The id of an ask of the owner, whose words are typed."""
    await until_peer(line, to)
    told = await line.at_terminal("ask", to, text, "--json")
    assert told.code == 0, told
    return str(told.json["ask_id"])


async def answered(line: House, ask_id: str) -> list[str]:
    """Wait until it has ended; everything that was ever answered to it."""
    told: Json = {"state": "never looked at"}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while told["state"] in {*ACTIVE, "never looked at"}:
                with suppress(DaemonUnreachable):
                    told = await line.daemon.client().asked(ask_id, wait_s=PATIENCE_S)
    except TimeoutError:
        raise AssertionError(f"never answered: {await line.why(ask_id)}\n{line.daemon.log}") from None
    return answers(told)


async def waits(line: House, ask_id: str, reason: str) -> None:
    """Until it is held for that reason."""

    def held(told: Mapping[str, Any]) -> bool:
        (delivery,) = told["deliveries"]
        return delivery["level"] == "held" and reason in delivery["events"][-1]["evidence"]

    await line.until(f"held: {reason}", held, ask_id)


async def peer(line: House, name: str) -> Json:
    found = await line.daemon.client().peers(circle="*", show_offline=True, include_self=True)
    return next((each for each in found["peers"] if each["name"] == name), {})


async def names(line: House) -> set[str]:
    """Of the agents that were ever here."""
    found = await line.daemon.client().peers(circle="*", show_offline=True)
    return {each["name"] for each in found["peers"] if each["backend"] == "claude-code"}


async def until_peer(line: House, name: str, *, road: str = "", **is_so: str) -> Json:
    """Wait until the list of peers shows it like that; ``road``: by which it would be reached."""
    found: Json = {}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not (
                found
                and all(found[key] == value for key, value in is_so.items())
                and road in {"", found["reach"]["road"]}
            ):
                found = await peer(line, name)
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"{name} is not {is_so}: {found}\n{line.daemon.log}") from None
    return found
