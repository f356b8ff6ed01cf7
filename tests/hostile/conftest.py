"""One real daemon for each file; whatever they do to it, it must not have failed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.api.conftest import NO_LIMITS
from tests.api.test_callers import Agent, agent
from tests.api.wire import faults, request
from tests.daemon_process import DaemonProcess, short_home


@pytest.fixture(scope="module")
def daemon() -> Iterator[DaemonProcess]:
    with short_home() as home, DaemonProcess(home, env=NO_LIMITS) as running:
        for unix in (False, True):  # the owner and cli are there
            assert request(running, "GET", "/v1/whoami", unix=unix).status == 200
        yield running
        assert running.running
        assert faults(running) == []


@pytest.fixture(scope="module")
def alice(daemon: DaemonProcess) -> Iterator[Agent]:
    with agent(daemon, "s-alice", name="alice") as alice:
        yield alice


@pytest.fixture(scope="module")
def mallory(daemon: DaemonProcess) -> Iterator[Agent]:
    """An agent like any other, that was talked into something."""
    with agent(daemon, "s-mallory", name="mallory") as mallory:
        yield mallory
