"""What is looked at in the life of a surface, whichever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from tests.scenarios.house import LOOK_S, PATIENCE_S, House, Json, Screen


async def until_state(surface: str, house: House, what: str, **wanted: object) -> Json:
    """Wait until the daemon says that of it."""
    told: Json = {}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                told = await house.daemon.client().surface(surface)
                if {name: told[name] for name in wanted} == wanted:
                    return told
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"not {what}: {told}\n{house.daemon.log}") from None


def code_on(screen: Screen) -> str:
    return next(line for line in screen.text.splitlines() if "send this to" in line).split()[-1]


def tells(canaries: Sequence[str], house: House) -> list[str]:
    """Where a secret stands but should not."""
    places = [path for path in house.place.rglob("*") if path.is_file() and path.name != "config.yaml"]
    daemon = Path(f"/proc/{house.daemon.pid}")
    return [
        str(path)
        for path in (*places, daemon / "environ", daemon / "cmdline")
        if any(canary.encode() in path.read_bytes() for canary in canaries)
    ]
