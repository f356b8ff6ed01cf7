"""A disk without room: nothing is accepted that is not kept, everything else goes on, and room is enough to mend it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from daemon.core.errors import StorageFull
from daemon.health import findings
from tests.api.conftest import NO_LIMITS
from tests.daemon_process import NotServing
from tests.scenarios.house import PATIENCE_S, House

PIPE = Path(__file__).parents[2] / "hooks" / "pipe.py"
BIG = "x" * 60_000
RECOVERS_S = 5.0
LINES_A_MINUTE = 10
HARMLESS_S = 2.0


@contextmanager
def small_disk(place: Path, size: str = "8m") -> Iterator[None]:
    if os.getuid() or not Path("/proc/mounts").exists():
        pytest.skip("needs to mount a small disk")
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount: {mounted.stderr.decode()}")
    try:
        yield
    finally:
        subprocess.run(["umount", place], check=True)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """Its home lies on a disk of its own."""
    async with House(**NO_LIMITS) as made:
        with small_disk(made.home):
            yield made
            if made.daemon.running:
                await made.daemon.stop()


async def filled(house: House) -> list[str]:
    """What was accepted until the last byte was taken."""
    accepted = []
    for text in (BIG, "x" * 4000, "x"):
        try:
            while True:
                accepted.append((await house.daemon.client().notify("backend", text))["message_id"])
        except StorageFull:
            continue
    return accepted


async def test_on_a_full_disk_nothing_is_lost_what_reads_goes_on_and_room_is_enough(house: House) -> None:
    await house.start()
    ballast = house.home / "ballast"
    ballast.write_bytes(bytes(4 << 20))
    async with house.agent("backend"):
        held = (await house.daemon.client().notify("backend", "hold on"))["message_id"]
        accepted = await filled(house)
        assert len(accepted) > 10
        await refuses_and_says_why(house)
        await looks_on(house, held)
        await says_little(house)

        ballast.unlink()
        async with asyncio.timeout(RECOVERS_S):
            await healthy(house)
        again = (await house.daemon.client().notify("backend", "there is room"))["message_id"]
        for each in (held, *accepted, again):
            assert (await house.daemon.client().why(each))["id"] == each
    assert house.daemon.running


async def refuses_and_says_why(house: House) -> None:
    refused = await house.cli("notify", "backend", BIG, "--json")
    assert (refused.code, refused.json["status"], refused.json["code"]) == (3, 507, "storage_full")
    assert refused.json["hint"]
    assert refused.json["after_s"] <= RECOVERS_S
    told = await house.daemon.client().status()
    assert told["status"] == "degraded"
    assert any("disk is full" in each for each in told["warnings"])
    assert any("MB are free" in each for each in told["warnings"])
    assert "disk_low" in {each["code"] for each in findings(house.daemon.paths)}


async def looks_on(house: House, message_id: str) -> None:
    assert (await house.cli("peer", "list")).code == 0
    line = house.daemon.client()
    assert (await line.why(message_id))["id"] == message_id
    assert (await line.messages())["messages"] == []
    assert hook(house) < HARMLESS_S


async def says_little(house: House) -> None:
    """Everybody tries again, more than once."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        with pytest.raises(StorageFull):
            await house.daemon.client().notify("backend", BIG)
        await asyncio.sleep(0.2)
    said = [x for x in house.daemon.log.splitlines() if "WARNING" in x or "ERROR" in x]
    assert len(said) <= LINES_A_MINUTE
    assert "Traceback" not in house.daemon.log + house.daemon.said


async def healthy(house: House) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while (await house.daemon.client().status())["status"] != "ok":
            await asyncio.sleep(0.05)


def hook(house: House) -> float:
    """How long an agent waits for its hook, seconds."""
    words = [sys.executable, "-I", "-S", "-E", str(PIPE), str(house.socket), "claude-code", "Stop"]
    began = time.monotonic()
    done = subprocess.run(
        words, input=b'{"session_id": "unknown"}', capture_output=True, check=False, env={}, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    return time.monotonic() - began


@pytest.mark.thorough
async def test_a_daemon_that_finds_no_room_at_its_start_says_so_and_starts_later(house: House) -> None:
    await house.start()
    await house.daemon.client().whoami()
    kept = (await house.daemon.client().notify("cli", "keep this"))["message_id"]
    await house.daemon.stop()
    ballast = house.home / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(4096)):
            pass

    with pytest.raises(NotServing, match="full") as refused:
        await house.start()
    assert refused.value.code == 3
    assert "Traceback" not in refused.value.said

    ballast.unlink()
    await house.start()
    assert (await house.why(kept))["id"] == kept
