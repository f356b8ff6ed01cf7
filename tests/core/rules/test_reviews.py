"""What must hold for a review: a commit has one verdict at most, it ends once, and its table is what it does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.core.errors import InvalidTransition
from daemon.core.model import Review, Seen, Source, Verdict
from daemon.core.rules import reviews as r

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
A, B = "a" * 40, "b" * 40
ROW = re.compile(r"^    ([A-Z_]+)  +([A-Z][a-z]+)  +(.+)$", re.MULTILINE)
DOCUMENTED = {
    (state, event): set(re.findall(r"[A-Z_]{2,}", became))
    for state, event, became in ROW.findall(r.__doc__ or "")
}
EVENTS: dict[type, tuple[r.Happening, ...]] = {
    r.See: (r.See(A), r.See(B)),
    r.Judge: (r.Judge(r.State.APPROVED, "", "web"), r.Judge(r.State.CHANGES_REQUESTED, "no", "web")),
    r.Request: (r.Request("a-2"),),
    r.Lose: (r.Lose("no gh"),),
    r.Merge: (r.Merge(),),
    r.Close: (r.Close("gone"),),
}


def review(state: str = r.State.PENDING, **how: Any) -> Review:
    made = Review(
        review_id="r-1", what="/src#x", source=Source(kind="branch"), author="p-1", requester="p-1",
        reviewer="p-2", submitted_sha=A, head_sha=A, state=state, requested_at=NOON, looked_at=NOON,
        ended_at=NOON if state in r.ENDED else None,
    )  # fmt: skip
    return replace(made, **how)


def verdict(what: str, sha: str) -> Verdict:
    return Verdict(verdict=what, sha=sha, at=NOON)


def histories(state: r.State) -> list[Review]:
    """Reviews of that state, with all that may have been before."""
    yes, no = verdict("approved", A), verdict("changes-requested", B)
    before = [(), (yes,), (no,), (yes, no)]
    made = [
        review(state, verdicts=v, head_sha=h, wanted=w)
        for v, h, w in product(before, (A, B, "c" * 40), (True, False))
    ]
    return [each for each in made if state in {*r.ENDED, r.State.UNKNOWN} or follows(each)]


def follows(one: Review) -> bool:
    return r.advance(replace(one, state=r.State.UNKNOWN), r.See(one.head_sha), now=NOON).state == one.state


def test_every_event_is_tried() -> None:
    assert set(EVENTS) == set(get_args(r.Happening))


@pytest.mark.parametrize(("state", "event"), list(product(r.State, EVENTS)))
def test_what_is_documented_is_what_happens_and_nothing_else(state: r.State, event: type) -> None:
    became = DOCUMENTED.get((state.name, event.__name__))
    if became is None:
        assert not r.can(review(state), event)
        with pytest.raises(InvalidTransition):
            r.advance(review(state), EVENTS[event][0], now=NOON)
        return
    tried = product(histories(state), EVENTS[event])
    seen = {r.State(r.advance(one, each, now=NOON).state).name for one, each in tried}
    assert seen == became


@given(st.lists(st.one_of(
    st.sampled_from("abc").map(lambda x: r.See(x * 40)),
    st.sampled_from([r.State.APPROVED, r.State.CHANGES_REQUESTED]).map(lambda x: r.Judge(x, "", "web")),
    st.sampled_from([r.Request("a-1"), r.Lose("why"), r.Merge(), r.Close("gone")]),
), max_size=30))  # fmt: skip
def test_whatever_happens_a_commit_has_one_verdict_and_the_end_is_the_end(events: list[r.Happening]) -> None:
    now, ended = review(), ""
    for event in events:
        if r.can(now, type(event)):
            now = r.advance(now, event, now=NOON)
        assert not ended or now.state == ended
        ended = now.state if r.is_over(now) else ""
        assert len({each.sha for each in now.verdicts}) == len(now.verdicts)
        assert bool(now.ended_at) == r.is_over(now)
        said = r.told_at(now, now.head_sha)
        if now.state in {r.State.APPROVED, r.State.CHANGES_REQUESTED}:
            assert said
            assert said.verdict == now.state
        if now.state in {r.State.PENDING, r.State.CHANGED}:
            assert said is None


def test_it_is_its_reviewers_turn_until_the_head_has_their_verdict() -> None:
    one = review()
    assert r.waits(one)
    approved = r.advance(one, r.Judge(r.State.APPROVED, "", "web"), now=NOON)
    assert not r.waits(approved)
    assert r.waits(r.advance(approved, r.See(B), now=NOON))
    assert not r.waits(r.advance(approved, r.Lose("no gh"), now=NOON))
    assert r.waits(r.advance(one, r.Lose("no gh"), now=NOON))
    assert not r.waits(r.advance(one, r.Merge(), now=NOON))


@pytest.mark.parametrize(
    ("seen", "event"),
    [
        (Seen(head=A), r.See(A)),
        (Seen(head=A, merged=True), r.Merge()),
        (Seen(closed="its branch is gone"), r.Close("its branch is gone")),
        (Seen(trouble="no gh", help="install it"), r.Lose("no gh. install it")),
    ],
)
def test_what_was_seen_is_what_happened(seen: Seen, event: r.Happening) -> None:
    assert r.found(review(), seen) == event


@pytest.mark.parametrize(
    ("option", "text", "said"),
    [
        ("Approved", "Approved", ("approved", "")),
        ("Approved", "well done", ("approved", "well done")),
        ("Changes requested", "Changes requested", ("changes-requested", "")),
        (None, "approved", ("approved", "")),
        (None, "Approve.", ("approved", "")),
        (None, "Changes requested: no tests\nat all", ("changes-requested", "no tests\nat all")),
        (None, "changes-requested\nno tests", ("changes-requested", "no tests")),
        (None, "approved by nobody yet", ("", "approved by nobody yet")),
        (None, "not approved", ("", "not approved")),
        (None, "I look at it now", ("", "I look at it now")),
    ],
)
def test_a_verdict_is_a_key_or_words_that_begin_with_one(
    option: str | None, text: str, said: tuple[str, str]
) -> None:
    assert r.verdict_said(option, text) == said
