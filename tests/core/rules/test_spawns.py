"""What must hold for a start: its table is what it does, and it is over once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import get_args

import pytest

from daemon.core.errors import InvalidTransition
from daemon.core.model import Pane, Spawn
from daemon.core.rules import spawns as s

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PANE = Pane(tmux="/t", server_pid=1, server_started=2, pane_id="%3", pane_pid=4, pane_started=5)
ROW = re.compile(r"^    ([A-Z]+)  +([A-Z][a-z]+)  +([A-Z]+)$", re.MULTILINE)
DOCUMENTED = {(state, event): became for state, event, became in ROW.findall(s.__doc__ or "")}
EVENTS: dict[type, s.Happening] = {
    s.Begin: s.Begin(PANE, "/src/app"),
    s.Arrive: s.Arrive(),
    s.Linger: s.Linger("trust this folder?"),
    s.Fail: s.Fail("its program ended"),
    s.End: s.End("its program ended"),
}


def spawn(state: str) -> Spawn:
    return Spawn(
        spawn_id="n-1", peer_id="p-1", by="p-0", backend="codex", path="/src/app", state=state, wanted_at=NOON
    )


def test_every_event_is_tried() -> None:
    assert set(EVENTS) == set(get_args(s.Happening))
    assert len(DOCUMENTED) == len(s.TRANSITIONS)


@pytest.mark.parametrize(("state", "event"), list(product(s.State, EVENTS)))
def test_what_is_documented_is_what_happens_and_nothing_else(state: s.State, event: type) -> None:
    became = DOCUMENTED.get((state.name, event.__name__))
    if became is None:
        assert not s.can(spawn(state), event)
        with pytest.raises(InvalidTransition):
            s.advance(spawn(state), EVENTS[event], now=NOON)
        return
    after = s.advance(spawn(state), EVENTS[event], now=NOON)
    assert s.State(after.state).name == became
    assert (after.state in s.LIVE) == (after.ended_at is None)


def test_what_it_waited_for_is_forgotten_when_it_is_there() -> None:
    waits = s.advance(spawn(s.State.STARTING), s.Linger("trust?"), now=NOON)
    assert (waits.reason, waits.told_at) == ("trust?", NOON)
    assert replace(s.advance(waits, s.Arrive(), now=NOON)).reason == ""
