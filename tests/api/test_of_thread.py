"""Of several sessions in one process a call is stamped as the one that it names, if that lives there; else as none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.api.guards import of_thread
from daemon.core.model import Session
from tests.transports.parcels import NOON, session

FIRST = session(7, 8, "t-1", shared=True)
SECOND = replace(FIRST, session_id="t-2")


class Known:
    """The sessions there are."""

    def __init__(self, *sessions: Session) -> None:
        self._sessions = {each.session_id: each for each in sessions}

    def get(self, kind: type, key: str) -> Any:
        assert kind is Session
        return self._sessions.get(key)


def named(thread: str, *known: Session, found: Session = FIRST) -> Session | None:
    return of_thread(Known(*known), found, thread)  # type: ignore[arg-type]


@pytest.mark.parametrize("each", [FIRST, SECOND])
def test_the_named_one_of_the_same_process_calls(each: Session) -> None:
    assert named(each.session_id, FIRST, SECOND) == each


@pytest.mark.parametrize(
    "other",
    [
        replace(SECOND, pid=9),
        replace(SECOND, started=9),
        replace(SECOND, ended_at=NOON),
    ],
    ids=["another process", "another process of that number", "over"],
)
def test_one_that_does_not_live_there_does_not(other: Session) -> None:
    assert named("t-2", FIRST, other) is None


def test_without_a_name_or_with_an_unknown_one_nobody_knows_who_calls() -> None:
    assert named("", FIRST, SECOND) is None
    assert named("t-3", FIRST, SECOND) is None


def test_a_process_with_one_session_needs_no_name_and_takes_none() -> None:
    alone = replace(FIRST, shared=False)
    assert named("t-2", alone, SECOND, found=alone) == alone
