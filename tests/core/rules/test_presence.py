"""A turn is what was last told, with the source and the time of the telling; what nobody told is unknown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.model import Authority, Conversation, Peer, Role, Session, Status, Turn
from daemon.core.rules import presence as p
from tests.core.line import NOON

SIGNS: list[p.Sign] = [
    p.Began("a-1", "prompt-1"),
    p.Began(None, "prompt-2"),
    p.Went(),
    p.Waited(),
    p.Rested(),
    *(p.Observed(turn) for turn in Turn),
]
IDLE = Session(session_id="s-1", peer_id="p-1", pid=7, started=1, began_at=NOON, turn=Turn.IDLE, turn_at=NOON)
AGENT = Peer(
    peer_id="p-1",
    name="api",
    wish="api",
    circle="dev",
    role=Role.AGENT,
    backend="claude-code",
    authority=Authority.PEER,
    registered_at=NOON,
    last_seen=NOON,
    session_id="s-1",
)
CHAT = Conversation(peer_id="p-2", surface="telegram", address="7", host="telegram-bot", beat_at=NOON)


def after(*signs: p.Sign, session: Session = IDLE) -> Session:
    for n, sign in enumerate(signs, 1):
        session = p.fold(session, sign, f"source {n}", NOON + timedelta(seconds=n))
    return session


@pytest.mark.parametrize(("sign", "turn"), [
    (p.Began(None), Turn.WORKING),
    (p.Went(), Turn.WORKING),
    (p.Waited(), Turn.AWAITING_INPUT),
    (p.Rested(), Turn.IDLE),
    (p.Observed(Turn.AWAITING_INPUT), Turn.AWAITING_INPUT),
    (p.Ended("exit"), Turn.UNKNOWN),
])  # fmt: skip
def test_every_sign_says_what_the_agent_is_doing(sign: p.Sign, turn: Turn) -> None:
    assert after(sign).turn is turn


@given(st.lists(st.sampled_from(SIGNS), min_size=1))
def test_who_told_it_and_when_is_always_kept(signs: list[p.Sign]) -> None:
    told = after(*signs)

    assert (told.turn_source, told.turn_at) == (f"source {len(signs)}", NOON + timedelta(seconds=len(signs)))


@given(st.lists(st.sampled_from(SIGNS)))
def test_an_idle_agent_works_on_nothing(signs: list[p.Sign]) -> None:
    told = after(*signs)

    assert told.turn is not Turn.IDLE or told.turn_ask is None
    assert told.turn_ask in {None, "a-1"}


def test_what_happens_inside_a_turn_does_not_change_what_it_is_about() -> None:
    told = after(p.Began("a-1", "prompt-1"), p.Went(), p.Waited(), p.Went())

    assert (told.turn_ask, told.turn_prompt) == ("a-1", "prompt-1")


@pytest.mark.parametrize("inside", [p.Went(), p.Waited()])
def test_a_prompt_of_somebody_else_waits_behind_the_turn_that_works_on_an_ask(inside: p.Sign) -> None:
    told = after(p.Began("a-1", "prompt-1"), inside, p.Began(None, "prompt-2"))

    assert (told.turn_ask, told.turn_prompt) == ("a-1", "prompt-1")


def test_a_prompt_after_the_turn_is_a_turn_of_its_own() -> None:
    told = after(p.Began("a-1", "prompt-1"), p.Rested(), p.Began(None, "prompt-2"))

    assert (told.turn_ask, told.turn_prompt) == (None, "prompt-2")


def test_the_end_keeps_why() -> None:
    told = after(p.Began("a-1"), p.Ended("its process ended"))

    assert (told.ended_at, told.ended_why, told.turn_ask) == (
        NOON + timedelta(seconds=2),
        "its process ended",
        None,
    )


@pytest.mark.parametrize(("turn", "status"), [
    (Turn.IDLE, Status.ONLINE),
    (Turn.UNKNOWN, Status.ONLINE),
    (Turn.PENDING_FIRST_TURN, Status.ONLINE),
    (Turn.WORKING, Status.BUSY),
    (Turn.AWAITING_INPUT, Status.BUSY),
])  # fmt: skip
def test_an_agent_is_there_by_its_session(turn: Turn, status: Status) -> None:
    assert p.status(AGENT, replace(IDLE, turn=turn), None, NOON) is status


def test_without_a_session_an_agent_is_offline() -> None:
    assert p.status(AGENT, None, None, NOON) is Status.OFFLINE
    assert p.status(AGENT, after(p.Ended("exit")), None, NOON) is Status.OFFLINE


def test_a_chat_is_online_while_its_last_round_trip_is_under_ninety_seconds_old() -> None:
    human = replace(AGENT, role=Role.HUMAN, session_id=None)
    ages = {s: p.status(human, None, CHAT, NOON + timedelta(seconds=s)) for s in (0, 89, 90, 3600)}

    assert ages == {0: Status.ONLINE, 89: Status.ONLINE, 90: Status.OFFLINE, 3600: Status.OFFLINE}
    assert p.status(human, None, replace(CHAT, beat_at=None), NOON) is Status.OFFLINE
