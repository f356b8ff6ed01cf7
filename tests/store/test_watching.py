"""What ``doctor`` sees of the store, beside a daemon or without one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from daemon.health import findings
from daemon.paths import Paths
from daemon.store import watching
from daemon.store.sqlite import SqliteStore
from tests.store.test_damage import filled

CODES = {"database_damaged", "messages_damaged", "disk_low", "long_log"}


@pytest.fixture
async def paths(tmp_path: Path) -> Paths:
    store: SqliteStore = await filled(tmp_path / "peerline.db")
    await store.close()
    return Paths(tmp_path)


def found(paths: Paths) -> dict[str, Any]:
    return {each["code"]: each for each in findings(paths) if each["code"] in CODES - {"disk_low"}}


def test_of_a_sound_store_nothing_is_found(paths: Paths) -> None:
    assert found(paths) == {}


def test_a_damaged_message_is_found_by_its_id(paths: Paths) -> None:
    content = paths.database.read_bytes()
    at = content.index(b"the body 7 the")
    paths.database.write_bytes(content[:at] + b"the bodY" + content[at + 8 :])
    told = found(paths)
    assert set(told) == {"messages_damaged"}
    assert "m-body0007" in told["messages_damaged"]["sentence"]
    assert "body 7" not in str(told)


def test_a_broken_file_is_found_with_what_to_do(paths: Paths) -> None:
    paths.database.write_bytes(paths.database.read_bytes()[: -20 * 4096])
    told = found(paths)
    assert set(told) == {"database_damaged"}
    assert "no backup" in told["database_damaged"]["fix"]


def test_little_room_is_found(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "LOW_BYTES", 1 << 60)
    assert "disk_low" in {each["code"] for each in findings(paths)}
