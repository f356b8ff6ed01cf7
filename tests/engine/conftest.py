"""An engine over a real file, at a time of the test's choosing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from daemon.engine.engine import Engine
from daemon.store.sqlite import SqliteStore
from tests.engine.mesh import FlakyStore
from tests.fakes.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[FlakyStore]:
    store = SqliteStore(tmp_path / "peerline.db")
    yield FlakyStore(store)
    await store.close()


@pytest.fixture
def engine(store: FlakyStore, clock: FakeClock) -> Engine:
    return Engine(store, clock)
