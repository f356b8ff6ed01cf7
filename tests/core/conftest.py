"""An empty line, and who is on it in most tests."""

from __future__ import annotations

import pytest

from daemon.core.model import Peer
from tests.core.line import Chat, Line


@pytest.fixture
def line() -> Line:
    return Line()


@pytest.fixture
def ada(line: Line) -> Chat:
    return line.telegram()


@pytest.fixture
def api(line: Line) -> Peer:
    return line.agent("api")


@pytest.fixture
def web(line: Line) -> Peer:
    return line.agent("web")
