"""A chat platform is never asked faster than it allows, and nobody waits longer than they must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from bots.pacing import (
    GAP,
    MINUTE,
    PER_MINUTE,
    PER_SECOND,
    SECOND,
    Item,
    Pacing,
    Priority,
    Turn,
    admit,
    due,
    flooded,
    returned,
    sent,
    started,
    withdrawn,
)

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def item(item_id: str, chat: str = "ana", priority: Priority = Priority.NOTICE, **more: object) -> Item:
    return Item(id=item_id, chat=chat, priority=priority, **more)


def holding(*items: Item) -> Pacing:
    state = Pacing()
    for each in items:
        state = admit(state, each, NOON)
    return state


def drained(
    state: Pacing, floods: dict[str, timedelta] | None = None, took: timedelta = timedelta()
) -> list[tuple[datetime, Item]]:
    """Send everything as soon as it may leave; a chat in `floods` refuses its first request for so long."""
    now, log, floods = NOON, [], dict(floods or {})
    while state.waiting:
        turn = due(state, now)
        if turn.item is None:
            assert turn.wake_at is not None, "something waits that nothing will wake"
            assert turn.wake_at > now
            now = turn.wake_at
            continue
        state = started(state, turn.item, now)
        now += took
        if wait := floods.pop(turn.item.chat, None):
            state = flooded(state, turn.item.chat, now + wait)
        else:
            state = sent(state, turn.item, now)
            log.append((now, turn.item))
    return log


CHATS = st.sampled_from(["ana", "ben", "team", "ops"])
PRIORITIES = st.sampled_from(Priority)
DRAFTS = st.lists(st.tuples(CHATS, PRIORITIES, st.sampled_from([None, None, "m1", "m2"])), max_size=50)
TOOK = st.sampled_from([timedelta(), timedelta(milliseconds=30), timedelta(seconds=2)])


def items(drafts: list[tuple[str, Priority, str | None]]) -> list[Item]:
    return [
        item(f"i{number}", chat, priority, edits=edits, group=chat in ("team", "ops"))
        for number, (chat, priority, edits) in enumerate(drafts)
    ]


@settings(max_examples=60, deadline=None)
@given(DRAFTS, TOOK)
def test_a_chat_is_given_its_gap_and_a_group_its_minute(drafts: list, took: timedelta) -> None:
    log = drained(holding(*items(drafts)), took=took)

    for chat in ("ana", "ben", "team", "ops"):
        times = [at for at, each in log if each.chat == chat]
        assert all(later - earlier >= GAP for earlier, later in pairwise(times))
        if chat in ("team", "ops"):
            windows = zip(times, times[PER_MINUTE:], strict=False)
            assert all(later - earlier >= MINUTE for earlier, later in windows)


@settings(max_examples=60, deadline=None)
@given(DRAFTS, st.dictionaries(CHATS, st.sampled_from([timedelta(seconds=3), timedelta(seconds=6775)])))
def test_a_flood_wait_is_kept_in_full_and_loses_nothing(drafts: list, floods: dict) -> None:
    state = holding(*items(drafts))

    log = drained(state, floods)

    for at, each in log:
        assert at >= NOON + floods.get(each.chat, timedelta())
    assert sorted(each.id for _, each in log) == sorted(each.id for each in state.waiting)


@settings(max_examples=60, deadline=None)
@given(DRAFTS, st.dictionaries(CHATS, st.just(timedelta(seconds=30))), TOOK)
def test_a_lane_is_first_in_first_out(drafts: list, floods: dict, took: timedelta) -> None:
    state = holding(*items(drafts))

    left = [each for _, each in drained(state, floods, took)]

    for lane in {(each.chat, each.edits is None) for each in left}:
        waited = [each.id for each in state.waiting if (each.chat, each.edits is None) == lane]
        assert [each.id for each in left if (each.chat, each.edits is None) == lane] == waited


@settings(max_examples=60, deadline=None)
@given(DRAFTS)
def test_every_admitted_item_is_sent_or_covered_once(drafts: list) -> None:
    left = [each for _, each in drained(holding(*items(drafts)))]

    told = [item_id for each in left for item_id in (*each.covers, each.id)]
    assert sorted(told) == sorted(each.id for each in items(drafts))


@settings(max_examples=60, deadline=None)
@given(st.lists(PRIORITIES, min_size=1, max_size=20))
def test_among_chats_the_most_urgent_goes_first_then_the_longest_waiting(priorities: list[Priority]) -> None:
    waiting = [item(f"i{n}", f"chat{n}", priority) for n, priority in enumerate(priorities)]

    left = [each.id for _, each in drained(holding(*waiting))]

    assert left == [each.id for each in sorted(waiting, key=lambda each: each.priority)]


def test_all_chats_together_stay_below_the_platforms_rate() -> None:
    log = drained(holding(*(item(f"i{n}", f"chat{n}") for n in range(95))))

    times = [at for at, _ in log]
    assert all(later - earlier >= SECOND for earlier, later in zip(times, times[PER_SECOND:], strict=False))
    assert times[-1] == NOON + 3 * SECOND


def test_a_group_gets_twenty_a_minute() -> None:
    times = [at for at, _ in drained(holding(*(item(f"i{n}", "team", group=True) for n in range(21))))]

    assert times[19] == NOON + 19 * GAP
    assert times[20] == NOON + MINUTE


def test_an_approval_pulls_along_what_must_come_before_it() -> None:
    state = holding(
        item("answer", "ben", Priority.ANSWER),
        item("notice", "ana", Priority.NOTICE),
        item("approval", "ana", Priority.APPROVAL),
    )

    assert [each.id for _, each in drained(state)] == ["notice", "answer", "approval"]


def test_an_edit_waits_for_no_message_and_no_message_for_an_edit() -> None:
    state = holding(
        item("progress", priority=Priority.EDIT, edits="m1"),
        item("approval", priority=Priority.APPROVAL),
        item("notice"),
    )

    assert [each.id for _, each in drained(state)] == ["approval", "notice", "progress"]


def test_a_newer_edit_takes_the_older_ones_place_and_answers_for_it() -> None:
    state = holding(
        item("e1", priority=Priority.ANSWER, edits="m1"),
        item("e2", priority=Priority.EDIT, edits="m2"),
        item("e3", priority=Priority.EDIT, edits="m1"),
    )

    assert [(each.id, each.covers) for each in state.waiting] == [("e3", ("e1",)), ("e2", ())]
    assert state.waiting[0].priority is Priority.ANSWER


def test_an_edit_under_way_is_not_replaced() -> None:
    old = item("e1", edits="m1")
    state = started(holding(old), old, NOON)

    state = admit(state, item("e2", edits="m1"), NOON)

    assert [each.id for each in state.waiting] == ["e1", "e2"]


def test_a_chat_sends_one_at_a_time() -> None:
    first, second = item("a"), item("b")
    state = started(holding(first, second), first, NOON)

    assert due(state, NOON + MINUTE) == Turn(None, None)
    assert due(sent(state, first, NOON + MINUTE), NOON + MINUTE) == Turn(None, NOON + MINUTE + GAP)


def test_what_did_not_leave_goes_first_again() -> None:
    first, second = item("a"), item("b")
    state = started(holding(first, second), first, NOON)

    assert due(returned(state, first), NOON + GAP).item == first


def test_what_is_admitted_twice_is_sent_once() -> None:
    assert holding(item("a"), item("a")) == holding(item("a"))


def test_what_is_withdrawn_is_not_sent_unless_it_is_under_way() -> None:
    first, second = item("a"), item("b")
    state = started(holding(first, second), first, NOON)

    state = withdrawn(withdrawn(state, "a"), "b")

    assert state.waiting == (first,)


def test_a_shorter_flood_wait_shortens_nothing() -> None:
    state = flooded(holding(item("a")), "ana", NOON + timedelta(hours=2))

    assert due(flooded(state, "ana", NOON + SECOND), NOON) == Turn(None, NOON + timedelta(hours=2))


def test_what_is_admitted_later_finds_gap_and_flood_wait_still_kept() -> None:
    first = item("a")
    state = flooded(sent(started(holding(first), first, NOON), first, NOON), "ben", NOON + MINUTE)

    for each in (item("b"), item("c", "ben")):
        state = admit(state, each, NOON + GAP / 2)

    assert due(state, NOON + GAP / 2) == Turn(None, NOON + GAP)
    assert due(withdrawn(state, "b"), NOON + GAP / 2) == Turn(None, NOON + MINUTE)


def test_old_stamps_are_forgotten_even_below_a_request_that_takes_minutes() -> None:
    slow = item("slow")
    state = started(holding(slow), slow, NOON)
    state = admit(state, item("other", "ben"), NOON + 2 * MINUTE)

    state = sent(state, slow, NOON + 3 * MINUTE)

    assert state.last_at == {"ana": (NOON + 3 * MINUTE,)}
