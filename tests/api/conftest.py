"""One real daemon for each file of tests; whatever they do to it, it must not have failed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.wire import faults
from tests.daemon_process import DaemonProcess, short_home

NO_LIMITS = {"PEERLINE_LIMITS__PEER_PER_MINUTE": "0", "PEERLINE_LIMITS__PAIR_PER_MINUTE": "0"}


@pytest.fixture(scope="module")
def daemon() -> Iterator[DaemonProcess]:
    with short_home() as home, DaemonProcess(home, env=NO_LIMITS) as running:
        yield running
        assert running.running
        assert faults(running) == []
