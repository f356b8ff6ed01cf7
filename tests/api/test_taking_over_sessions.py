"""A hook speaks for the session of its own process; saying another live one's name is refused."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from daemon.agents.interface import Surroundings
from daemon.api.hookcaller import belongs_elsewhere
from daemon.callers.processes import Process, process
from daemon.core.model import Session

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def holder() -> Iterator[Process]:
    with subprocess.Popen(["sleep", "60"]) as child:
        found = process(child.pid)
        assert found
        yield found
        child.kill()


def held_by(one: Process) -> Session:
    return Session(
        session_id="s", peer_id="p-x", pid=one.pid, started=one.started, began_at=NOON, turn_at=NOON
    )


def around(pid: int, started: int) -> Surroundings:
    return Surroundings(pid=pid, started=started, machine="m", circle="default")


def test_another_process_cannot_speak_for_a_live_session(holder: Process) -> None:
    assert belongs_elsewhere(held_by(holder), around(1, 1))


def test_the_holder_itself_may_and_so_may_a_hook_whose_process_is_gone(holder: Process) -> None:
    assert not belongs_elsewhere(held_by(holder), around(holder.pid, holder.started))
    assert not belongs_elsewhere(held_by(holder), around(0, 0))


def test_a_resumed_session_is_taken_over_from_a_process_that_ended(holder: Process) -> None:
    reused = replace(held_by(holder), started=holder.started - 1)
    ended = replace(held_by(holder), ended_at=NOON)
    assert not belongs_elsewhere(reused, around(1, 1))
    assert not belongs_elsewhere(ended, around(1, 1))
