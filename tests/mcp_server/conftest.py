"""A mesh of three and a daemon's door before it."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.client import Mesh
from tests.mcp_server.house import House


@pytest.fixture
def mesh() -> Mesh:
    return Mesh("ada", "backend", "frontend")


@pytest.fixture
def socket() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pl") as folder:  # tmp_path can be too long for a socket
        yield Path(folder) / "s"


@pytest.fixture
async def house(mesh: Mesh, socket: Path) -> AsyncIterator[House]:
    async with House(mesh, socket, every_s=0.1) as house:
        yield house
