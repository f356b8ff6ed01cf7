"""No ring of agents waits for each other: whoever would close one is refused before anything is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core import commands as c
from daemon.core.errors import WaitingRing
from daemon.core.model import Ask, Peer, Role
from daemon.core.rules import asking
from tests.core.line import A_MINUTE, Chat, Line


def waits(line: Line, who: Peer, *for_: Peer, need: str = "all", wait: timedelta = A_MINUTE) -> Ask:
    """It asks, and does nothing else until there is an answer."""
    names = tuple(peer.peer_id for peer in for_)
    command = c.SendAsk(sender=who.peer_id, to=names, question="well?", need=need, wait=wait)
    asked: Ask = line.do(command).ask
    return asked


def test_two_that_ask_each_other_at_the_same_moment_do_not_both_wait(
    line: Line, api: Peer, web: Peer
) -> None:
    first = waits(line, api, web)
    before = line.rows()

    with pytest.raises(WaitingRing) as refused:
        waits(line, web, api)

    assert str(refused.value) == "api waits for web, web would wait for api"
    assert refused.value.hint == f"ask without waiting, or answer {first.ask_id} of api first"
    assert line.rows() == before


def test_a_ring_of_three_is_named_from_who_waits_first(line: Line, api: Peer, web: Peer) -> None:
    db = line.agent("db", "ops")
    waits(line, api, web)
    waits(line, web, db)

    with pytest.raises(WaitingRing) as refused:
        waits(line, db, api)

    assert str(refused.value) == "dev/api waits for dev/web, dev/web waits for db, db would wait for dev/api"


def test_asking_without_waiting_closes_no_ring(line: Line, api: Peer, web: Peer) -> None:
    waits(line, api, web)

    assert line.ask(web, api).state == "open"


def test_who_asked_without_waiting_is_not_waited_for_in_a_ring(line: Line, api: Peer, web: Peer) -> None:
    line.ask(api, web)

    assert waits(line, web, api).waited_until == line.now + A_MINUTE


@pytest.mark.parametrize("end", ["answered", "cancelled", "time", "left", "restart", "gone"])
def test_when_the_wait_is_over_the_way_is_free(line: Line, api: Peer, web: Peer, end: str) -> None:
    ask = waits(line, api, web)
    until = line.now + A_MINUTE
    if end == "answered":
        line.answer(ask, web, "yes")
    elif end == "cancelled":
        line.do(c.CancelAsk(ask_id=ask.ask_id, by=api.peer_id))
    elif end == "time":
        line.now += A_MINUTE
    elif end == "left":
        line.do(c.LeaveAsk(ask_id=ask.ask_id, by=api.peer_id, until=until))
    elif end == "restart":
        line.do(c.Recover(holder_prefix="pump"))
    else:
        line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))

    assert waits(line, web, api).state == "open"


def test_waiting_later_for_an_ask_that_was_put_at_once_is_the_same(line: Line, api: Peer, web: Peer) -> None:
    mine, other = line.ask(api, web), line.ask(web, api)
    assert line.do(c.AwaitAsk(ask_id=mine.ask_id, by=api.peer_id, wait=A_MINUTE)) == line.now + A_MINUTE

    with pytest.raises(WaitingRing):
        line.do(c.AwaitAsk(ask_id=other.ask_id, by=web.peer_id, wait=A_MINUTE))

    assert line.asked(other).waited_until is None
    line.answer(mine, web, "yes")
    assert line.do(c.AwaitAsk(ask_id=other.ask_id, by=web.peer_id, wait=A_MINUTE))


def test_who_begins_to_wait_anew_is_not_let_go_by_the_end_of_the_wait_before(
    line: Line, api: Peer, web: Peer
) -> None:
    ask = waits(line, api, web)
    early = line.now + A_MINUTE
    line.now += A_MINUTE / 2
    line.do(c.AwaitAsk(ask_id=ask.ask_id, by=api.peer_id, wait=A_MINUTE))

    line.do(c.LeaveAsk(ask_id=ask.ask_id, by=api.peer_id, until=early))

    with pytest.raises(WaitingRing):
        waits(line, web, api)


def test_only_its_asker_waits_for_an_ask(line: Line, api: Peer, web: Peer) -> None:
    ask = line.ask(api, web)

    assert line.do(c.AwaitAsk(ask_id=ask.ask_id, by=web.peer_id, wait=A_MINUTE)) is None
    assert line.asked(ask).waited_until is None


def test_of_several_only_whom_it_cannot_do_without_closes_a_ring(line: Line, api: Peer, web: Peer) -> None:
    db = line.agent("db")
    waits(line, web, api)

    with pytest.raises(WaitingRing):
        waits(line, api, web, db)
    ask = waits(line, api, web, db, need="first")

    assert line.asked(ask).waited_until


def test_when_the_others_have_answered_it_cannot_do_without_the_last(
    line: Line, api: Peer, web: Peer
) -> None:
    db = line.agent("db")
    ask = waits(line, api, web, db, need="first")
    line.answer(ask, db, decline=True)

    with pytest.raises(WaitingRing):
        waits(line, web, api)


def test_all_ways_of_several_into_a_ring_are_a_ring(line: Line, api: Peer, web: Peer) -> None:
    db = line.agent("db")
    waits(line, web, api)
    waits(line, db, api)

    with pytest.raises(WaitingRing):
        waits(line, api, web, db, need="first")


def test_people_and_the_command_line_are_in_no_ring(line: Line, ada: Chat, api: Peer) -> None:
    anybody = line.agent("cli", backend="cli", inbox="")
    waits(line, api, ada.peer)
    waits(line, api, anybody)

    assert waits(line, ada.peer, api).waited_until is None
    assert waits(line, anybody, api).waited_until is None


def test_an_orchestrator_is_in_a_ring_like_any_agent(line: Line, api: Peer) -> None:
    lead = line.orchestrator()
    assert lead.role is Role.ORCHESTRATOR
    waits(line, lead, api)

    with pytest.raises(WaitingRing):
        waits(line, api, lead)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4),
            st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True),
            st.sampled_from(["all", "first", "majority"]),
        ),
        max_size=8,
    )
)
def test_whoever_asks_whom_everybody_who_waits_can_be_answered(
    wished: Sequence[tuple[int, Sequence[int], str]],
) -> None:
    line = Line()
    peers = [line.agent(f"p{n}") for n in range(5)]
    for who, for_, need in wished:
        to = [peers[n] for n in for_ if n != who]
        if to:
            try_to_wait(line, peers[who], to, need)

    going_on = list(line.view.asks_waited_for())
    while going_on:
        busy = {ask.asker for ask in going_on}
        free = [peer for peer in peers if peer.peer_id not in busy]
        answered = [ask for ask in going_on for peer in free if answers(line, ask, peer)]
        assert answered, "they wait for each other"
        going_on = list(line.view.asks_waited_for())


def answers(line: Line, ask: Ask, peer: Peer) -> bool:
    now = line.asked(ask)
    if asking.is_over(now) or peer.peer_id not in asking.awaited(now):
        return False
    line.answer(now, peer, "yes")
    return True


def try_to_wait(line: Line, who: Peer, to: Sequence[Peer], need: str) -> None:
    before = line.rows()
    try:
        waits(line, who, *to, need=need)
    except WaitingRing:
        assert line.rows() == before


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_of_three_that_wait_round_exactly_the_last_is_refused(line: Line, order: Sequence[int]) -> None:
    peers = [line.agent(f"p{n}") for n in range(3)]
    refused = []
    for who in order:
        try:
            waits(line, peers[who], peers[(who + 1) % 3])
        except WaitingRing:
            refused.append(who)

    assert refused == [order[-1]]


def test_a_clock_that_is_set_moves_the_wait(line: Line, api: Peer, web: Peer) -> None:
    ask = waits(line, api, web)
    by = timedelta(hours=1)
    line.now += by
    line.do(c.StepClock(by=by))

    assert line.asked(ask).waited_until == line.now + A_MINUTE
    assert replace(line.asked(ask), waited_until=None).state == "open"
