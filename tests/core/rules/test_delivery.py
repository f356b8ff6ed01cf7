"""What must hold for a delivery, whatever happens to it and in whatever order."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from daemon.core.errors import Conflict, InvalidTransition, StaleLease
from daemon.core.model import Delivery, Kind, Road
from daemon.core.rules import delivery as d

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
A_WEEK = timedelta(days=7)
HALF_A_MINUTE = timedelta(seconds=30)
A = "pump-a"
EVENTS: list[d.Happening] = [
    d.Lease(A, HALF_A_MINUTE, Road.INBOX, "s-1", "MARK0001"),
    d.Extend(None, HALF_A_MINUTE),
    d.Give(None, receipt="r-1"),
    d.Part(None, "r-0"),
    d.Wait(NOON),
    d.See("a tap"),
    d.Settle(),
    d.Nak(None, "busy"),
    d.Hold(None, "a dialog is open"),
    d.Release(),
    d.Doubt(None, "the connection broke"),
    d.Reject(None, "the chat is gone"),
    d.Lapse(),
    d.Miss("no sign of it"),
    d.Cancel("changed my mind"),
    d.Expire("nobody took it in time"),
    d.Spoil("it was damaged on the disk"),
    d.Replay(),
]
ROW = re.compile(r"^    ([A-Z]+)  +([A-Z][a-z]+)  +([A-Z]+)(?:, or ([A-Z]+))?", re.MULTILINE)
DOCUMENTED = {(s, e): {a, b} - {""} for s, e, a, b in ROW.findall(d.__doc__ or "")}
TRIED = range(d.MAX_ATTEMPTS + 1)
ENDED = {d.State.SETTLED, d.State.EXPIRED, d.State.CANCELLED}
ONLY_A_PERSON = {d.State.STALLED, d.State.UNCERTAIN, d.State.DEAD}


def in_state(state: d.State, *, attempts: int = 1) -> Delivery:
    held: dict[str, Any] = {"holder": A, "leased_until": NOON} if state is d.State.LEASED else {}
    return Delivery(
        delivery_id="d-1",
        envelope_id="a-1",
        peer_id="p-1",
        kind=Kind.ASK,
        state=state,
        due_at=NOON,
        expires_at=NOON + A_WEEK,
        attempts=max(attempts, 1) if state is d.State.LEASED else attempts,
        reason="a past of its own",
        **held,
    )


def name_of(event: d.Happening) -> str:
    return type(event).__name__


@pytest.mark.parametrize(("state", "event"), list(product(d.State, EVENTS)))
def test_what_happens_is_what_the_module_says(state: d.State, event: d.Happening) -> None:
    may_become = DOCUMENTED.get((state.name, name_of(event)))

    if may_become is None:
        with pytest.raises(InvalidTransition):
            d.advance(in_state(state), event, now=NOON)
    else:
        became = {d.State(d.advance(in_state(state, attempts=n), event, now=NOON).state) for n in TRIED}
        assert {state.name for state in became} == may_become


def test_every_event_is_tried_above_and_every_row_of_the_table_is_read() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(d.Happening))
    assert {(s.name, e.__name__) for s, e in d.TRANSITIONS} == set(DOCUMENTED)


@pytest.mark.parametrize(("state", "event"), list(product(d.State, EVENTS)))
def test_can_says_what_advance_does(state: d.State, event: d.Happening) -> None:
    assert d.can(in_state(state), type(event)) == ((state.name, name_of(event)) in DOCUMENTED)


def test_what_is_over_takes_nothing_but_a_replay_of_the_dead() -> None:
    for state, event in product(d.OVER, EVENTS):
        assert d.can(in_state(state), type(event)) == (state is d.State.DEAD and isinstance(event, d.Replay))


@pytest.mark.parametrize(
    "word",
    [
        d.Give("pump-b"),
        d.Nak("pump-b", "busy"),
        d.Hold("pump-b", "dialog"),
        d.Doubt("pump-b", "cut"),
        d.Reject("pump-b", "gone"),
        d.Extend("pump-b", HALF_A_MINUTE),
    ],
    ids=name_of,
)
def test_only_its_holder_speaks_for_a_leased_delivery(word: d.Happening) -> None:
    with pytest.raises(StaleLease):
        d.advance(in_state(d.State.LEASED), word, now=NOON)


def test_a_late_word_from_a_lapsed_holder_is_refused_whoever_holds_it_now() -> None:
    lapsed = d.advance(in_state(d.State.LEASED), d.Lapse(), now=NOON)
    by_b = d.advance(lapsed, d.Lease("pump-b", HALF_A_MINUTE, Road.INBOX), now=lapsed.due_at)
    held = d.advance(in_state(d.State.LEASED), d.Hold(A, "a dialog is open"), now=NOON)

    for delivery in (lapsed, by_b, held):
        with pytest.raises(StaleLease):
            d.advance(delivery, d.Give(A), now=lapsed.due_at)


def test_a_holder_that_is_found_after_all_ends_the_doubt() -> None:
    doubtful = d.advance(in_state(d.State.LEASED), d.Doubt(A, "the connection broke"), now=NOON)

    given = d.advance(doubtful, d.Give(A, receipt="r-9"), now=NOON)

    assert (given.state, given.receipt, given.attempts) == (d.State.HANDED, "r-9", doubtful.attempts)


def test_a_lease_cannot_lapse_early_nor_be_taken_early() -> None:
    a_moment_before = NOON - timedelta(microseconds=1)

    with pytest.raises(InvalidTransition):
        d.advance(in_state(d.State.LEASED), d.Lapse(), now=a_moment_before)
    for state in (d.State.QUEUED, d.State.HELD):
        with pytest.raises(InvalidTransition):
            d.advance(in_state(state), EVENTS[0], now=a_moment_before)


def test_a_flood_wait_and_a_hold_cost_no_attempt() -> None:
    flood_wait = timedelta(seconds=17)
    leased = in_state(d.State.LEASED, attempts=d.MAX_ATTEMPTS)

    flooded = d.advance(leased, d.Nak(A, "429", flood_wait), now=NOON)
    held = d.advance(leased, d.Hold(A, "quiet hours", NOON + flood_wait), now=NOON)

    for after, state in ((flooded, d.State.QUEUED), (held, d.State.HELD)):
        assert (after.state, after.attempts) == (state, d.MAX_ATTEMPTS - 1)
        assert after.due_at == NOON + flood_wait


def test_waiting_in_the_queue_is_spared_too_when_it_is_held() -> None:
    assert (
        d.advance(in_state(d.State.QUEUED, attempts=3), d.Hold(None, "quiet hours"), now=NOON).attempts == 3
    )


def test_every_try_waits_twice_as_long_but_never_longer_than_five_minutes() -> None:
    waits = [
        d.advance(in_state(d.State.LEASED, attempts=n), d.Nak(A, "busy"), now=NOON).due_at - NOON
        for n in range(1, d.MAX_ATTEMPTS)
    ]

    assert waits == [timedelta(seconds=2**n) for n in range(len(waits))]
    assert d.backoff(40) == timedelta(minutes=5)


def test_a_second_try_carries_the_mark_of_the_first_and_a_replay_gets_a_new_one() -> None:
    first = d.advance(in_state(d.State.QUEUED), EVENTS[0], now=NOON)
    again = d.advance(first, d.Lapse(), now=NOON + HALF_A_MINUTE)
    second = d.advance(again, d.Lease(A, HALF_A_MINUTE, Road.INBOX, "s-1", "MARK0002"), now=again.due_at)
    dead = d.advance(second, d.Reject(A, "gone"), now=again.due_at)

    assert second.mark == "MARK0001"
    assert d.advance(dead, d.Replay(), now=again.due_at).mark == ""


def test_without_a_bound_the_evidence_is_awaited_for_ever() -> None:
    assert d.advance(in_state(d.State.LEASED), d.Give(A), now=NOON).due_at == d.NEVER
    bounded = d.advance(in_state(d.State.LEASED), d.Give(A, proof_within=HALF_A_MINUTE), now=NOON)
    assert bounded.due_at == NOON + HALF_A_MINUTE


def test_evidence_that_comes_after_it_was_given_up_still_counts() -> None:
    """Else it would be carried a second time to somebody who has read it."""
    handed = d.advance(in_state(d.State.LEASED), d.Give(A, proof_within=HALF_A_MINUTE), now=NOON)
    missed = d.advance(handed, d.Miss("no sign of it"), now=NOON + HALF_A_MINUTE)

    assert d.advance(missed, d.See("prompt with #MARK"), now=NOON + HALF_A_MINUTE).state == d.State.SEEN


def test_people_are_told_levels_not_leases() -> None:
    assert {d.level(in_state(state)) for state in (d.State.QUEUED, d.State.LEASED)} == {"stored"}
    others = set(d.State) - {d.State.QUEUED, d.State.LEASED}
    assert all(d.level(in_state(state)) == state for state in others)


class AnyLife(RuleBasedStateMachine):
    """Two pumps, a flaky road, an impatient sender and a clock, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.before = self.delivery = in_state(d.State.QUEUED, attempts=0)
        self.event: d.Happening = d.Release()

    @initialize(state=st.sampled_from(d.State), attempts=st.integers(0, d.MAX_ATTEMPTS))
    def it_has_a_past(self, state: d.State, attempts: int) -> None:
        # What waits has a try left: whatever uses up the last one ends, stalls or is in doubt.
        most = d.MAX_ATTEMPTS - (state in {d.State.QUEUED, d.State.HELD})
        past = in_state(state, attempts=min(attempts, most))
        self.before = self.delivery = replace(past, mark="M0" if past.attempts else "")

    def happen(self, event: d.Happening) -> None:
        # A refused event must leave no trace; the invariants below check that it does not.
        self.before, self.event = self.delivery, event
        with contextlib.suppress(Conflict):
            self.delivery = d.advance(self.delivery, event, now=self.now)

    @rule(seconds=st.integers(0, 600))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def it_becomes_due(self) -> None:
        due = self.delivery.leased_until or self.delivery.due_at
        self.now = max(self.now, due if due < d.NEVER else self.now)

    @rule(holder=st.sampled_from([A, "pump-b"]), ttl=st.integers(1, 60), mark=st.sampled_from(["M1", "M2"]))
    def lease(self, holder: str, ttl: int, mark: str) -> None:
        self.happen(d.Lease(holder, timedelta(seconds=ttl), Road.INBOX, "s-1", mark))

    @rule(
        holder=st.sampled_from(["", None, A, "pump-b"]),
        word=st.sampled_from([d.Give, d.Nak, d.Hold, d.Doubt, d.Reject, d.Extend]),
        wait=st.sampled_from([None, HALF_A_MINUTE]),
    )
    def the_road_answers(self, holder: str | None, word: Any, wait: timedelta | None) -> None:
        who = (self.delivery.holder or A) if holder == "" else holder
        answers = {
            d.Give: lambda: d.Give(who, receipt="r", proof_within=wait),
            d.Nak: lambda: d.Nak(who, "busy", wait),
            d.Extend: lambda: d.Extend(who, HALF_A_MINUTE),
        }
        self.happen(answers[word]() if word in answers else word(who, "why not"))

    @rule(event=st.sampled_from([e for e in EVENTS if not hasattr(e, "holder")]))
    def something_else(self, event: d.Happening) -> None:
        self.happen(event)

    @invariant()
    def a_lease_is_held_exactly_while_leased(self) -> None:
        leased = self.delivery.state == d.State.LEASED
        assert leased == (self.delivery.holder is not None)
        assert leased == (self.delivery.leased_until is not None)

    @invariant()
    def attempts_are_bounded(self) -> None:
        assert 0 <= self.delivery.attempts <= d.MAX_ATTEMPTS
        assert self.delivery.state != d.State.LEASED or self.delivery.attempts >= 1
        waits = self.delivery.state in {d.State.QUEUED, d.State.HELD}
        assert not waits or self.delivery.attempts < d.MAX_ATTEMPTS

    @invariant()
    def the_dead_say_why(self) -> None:
        troubled = {d.State.DEAD, d.State.STALLED, d.State.UNCERTAIN, d.State.HELD, d.State.CANCELLED}
        assert self.delivery.state not in troubled or self.delivery.reason

    @invariant()
    def only_evidence_makes_it_seen(self) -> None:
        became = self.delivery.state != self.before.state
        if became and self.delivery.state == d.State.SEEN:
            assert isinstance(self.event, d.See)

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        assert self.before.state not in ENDED or self.delivery == self.before

    @invariant()
    def what_may_have_arrived_is_tried_again_by_a_person_only(self) -> None:
        if self.before.state in ONLY_A_PERSON and self.delivery.state == d.State.QUEUED:
            assert isinstance(self.event, d.Replay)

    @invariant()
    def a_mark_once_given_is_kept_until_a_replay(self) -> None:
        replayed = isinstance(self.event, d.Replay) and self.delivery != self.before
        assert self.delivery.mark == "" if replayed else self.before.mark in {"", self.delivery.mark}


TestAnyLife = AnyLife.TestCase
TestAnyLife.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)

# Mutants of delivery.py that were tried, and what met each first (p: the life of any delivery meets it too, when it
# is run alone):
#   a lease without leased_until                         AnyLife (p)
#   a lease that ends keeps its holder                   a late word from a lapsed holder … (p)
#   a late word is checked against leased only           a late word from a lapsed holder …
#   giving out of doubt counts as an attempt             a holder that is found after all … (p)
#   six attempts instead of five                         what happens is what the module says (p)
#   the dead do not say why                              AnyLife (p)
#   not due is not yet due                               what happens is what the module says
#   a lease lapses early                                 a lease cannot lapse early …
#   a second try gets a new mark                         a second try carries the mark of the first … (p)
#   a replay keeps the old mark                          … and a replay gets a new one (p)
#   a hold costs an attempt                              a flood wait and a hold cost no attempt
#   a flood wait costs an attempt                        a flood wait and a hold cost no attempt
#   late evidence is refused                             what happens is what the module says
#   the expired can be replayed                          what happens is what the module says
#   what is in doubt is repeated when a lease lapses     what happens is what the module says
#   waits grow without end                               every try waits twice as long …
#   no bound means no waiting                            without a bound the evidence is awaited for ever
