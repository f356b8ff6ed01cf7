"""A broken database: the daemon does not start on it, says what to do, and what to do works."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from daemon.client.http import Address, HttpExchange
from daemon.core.errors import StoreDamaged
from daemon.engine.clock import SystemClock
from daemon.store import backups, opening
from tests.daemon_process import NotServing
from tests.scenarios.house import PATIENCE_S, House

RESTORED_S = 60.0


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with House() as made:
        yield made


def back_up(house: House) -> backups.Backup:
    """As the daemon does each hour, now."""
    paths = house.daemon.paths
    return backups.make(paths.database, paths.backups, SystemClock().now(), threading.Event())


def spoil(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(8 * 4096))


async def test_a_broken_database_is_refused_and_a_backup_takes_its_place(house: House) -> None:
    await house.start()
    line = house.daemon.client()
    await line.whoami()
    kept = (await line.notify("cli", "kept"))["message_id"]
    copy = back_up(house)
    await line.notify("cli", "came later")
    refused = await house.cli("restore", "--json")
    assert (refused.code, refused.json["code"]) == (3, "already_running")
    await house.daemon.stop()
    spoil(house.daemon.paths.database)
    broken = house.daemon.paths.database.read_bytes()
    began = time.monotonic()

    await refuses_and_says_what_to_do(house, copy)
    told = await house.cli("restore", "--json")
    assert told.code == 0, told.err
    assert told.json["restored"] == str(copy.path)
    assert told.json["lost"] in {None, 1}
    assert (Path(told.json["aside"]) / "peerline.db").read_bytes() == broken
    await house.start()
    assert (await house.why(kept))["id"] == kept
    assert time.monotonic() - began < RESTORED_S
    assert house.daemon.paths.database.stat().st_mode & 0o777 == 0o600


async def refuses_and_says_what_to_do(house: House, copy: backups.Backup) -> None:
    broken = house.daemon.paths.database.read_bytes()
    with pytest.raises(NotServing, match="damaged") as dead:
        await house.start()
    assert dead.value.code == 3
    assert "peerline restore" in dead.value.said
    assert "Traceback" not in dead.value.said
    assert house.daemon.paths.database.read_bytes() == broken
    seen = await house.cli("doctor", "--json")
    found = {each["code"]: each for each in seen.json["findings"]}
    assert (seen.code, found["database_damaged"]["level"]) == (2, "error")
    assert copy.path.name in found["database_damaged"]["fix"]
    assert [each["path"] for each in (await house.cli("restore", "--list", "--json")).json["backups"]] == [
        str(copy.path)
    ]


@pytest.mark.thorough
async def test_what_a_restore_leaves_out_is_counted_and_the_old_log_is_not_taken_for_its_own(
    house: House,
) -> None:
    await house.start()
    line = house.daemon.client()
    await line.whoami()
    kept = (await line.notify("cli", "kept"))["message_id"]
    back_up(house)
    late = [(await line.notify("cli", f"late {n}"))["message_id"] for n in range(3)]
    await house.daemon.kill9()
    assert opening.is_cut_off(house.daemon.paths.database)

    told = await house.cli("restore")
    assert "it lacks 3 messages accepted since then" in told.out, told.err
    await house.start()
    ids = {each["message_id"] for each in (await house.daemon.client().collect("c", limit=10))["messages"]}
    assert ids & {kept, *late} == {kept}


async def test_without_a_sound_backup_nothing_is_touched(house: House) -> None:
    await house.start()
    await house.daemon.stop()
    copy = back_up(house)
    copy.path.write_bytes(copy.path.read_bytes()[:-4096])
    before = house.daemon.paths.database.read_bytes()
    for words in (["restore"], ["restore", str(copy.path)], ["restore", "/nowhere"]):
        refused = await house.cli(*words)
        assert refused.code in {2, 3}, refused
        assert "backup" in refused.err or "no file" in refused.err
    assert house.daemon.paths.database.read_bytes() == before
    assert not house.daemon.paths.aside.exists()


async def test_one_descriptor_alone_can_write_to_the_database(house: House) -> None:
    await house.start()
    await house.daemon.client().whoami()
    assert len(writable(house, "peerline.db")) == 1


def writable(house: House, name: str) -> list[str]:
    """The daemon's descriptors of a file of its home that it may write by."""
    proc = Path(f"/proc/{house.daemon.pid}")
    if not proc.exists():
        pytest.skip("needs /proc")
    found = []
    for each in (proc / "fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed while we looked
            if each.readlink() == house.home / name:
                flags = (proc / "fdinfo" / each.name).read_text().split("flags:")[1].split()[0]
                if int(flags, 8) & os.O_ACCMODE != os.O_RDONLY:
                    found.append(each.name)
    return found


async def test_a_database_that_breaks_while_it_is_used_is_told_and_nothing_false_is_read(
    house: House,
) -> None:
    await house.start()
    line = house.daemon.client()
    await line.whoami()
    sent = (await line.notify("cli", "kept"))["message_id"]
    await house.daemon.stop()
    await house.start()
    database = house.daemon.paths.database
    with database.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(database.stat().st_size - 4096))

    with pytest.raises(StoreDamaged):
        await house.daemon.client().why(sent)
    line = HttpExchange(Address(socket=house.socket))
    async with asyncio.timeout(PATIENCE_S):
        while "peerline restore" not in str((told := await line.request("GET", "/health"))["warnings"]):
            await asyncio.sleep(0.05)
    assert told["status"] == "degraded"
    assert house.daemon.running
    assert house.daemon.log.count("ERROR") == 1
    assert "Traceback" not in house.daemon.log + house.daemon.said
