"""Reviews on the line: who is asked, what counts as a verdict, who is told, and what stays open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core import reviewing
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound, UnknownPeer
from daemon.core.model import Ask, Errand, Kind, Peer, Review, Role, Seen, Source
from tests.core.line import Chat, Line

A, B, C = "a" * 40, "b" * 40, "c" * 40
APPROVED, CHANGES = 0, 1
SOURCE = Source(kind="branch", folder="/src/api", repository="/src/api/.git", branch="feature", base="main")


def requested(line: Line, by: Peer | Chat, reviewer: Peer | Chat | str, head: str = A, **how: Any) -> Review:
    requester = by.peer if isinstance(by, Chat) else by
    to = reviewer.peer if isinstance(reviewer, Chat) else reviewer
    named = to if isinstance(to, str) else to.peer_id
    given: dict[str, Any] = {
        "what": "/src/api#feature",
        "source": SOURCE,
        "seen": Seen(head=head),
        "reviewer": named,
    }
    made: Review = line.do(c.RequestReview(requester=requester.peer_id, **(given | how))).review
    return made


def marked(line: Line, review: Review, by: Peer, verdict: str = "approved", **how: Any) -> Review:
    given = {"seen": Seen(head=A), "sha": A[:7]}
    command = c.MarkReviewed(review_id=review.review_id, by=by.peer_id, verdict=verdict, **(given | how))
    after: Review = line.do(command).review
    return after


def sees(line: Line, review: Review, head: str = "", **seen: Any) -> Review:
    line.do(c.SeeHeads(seen=((review.review_id, Seen(head=head, **seen)),)))
    return now(line, review)


def now(line: Line, review: Review) -> Review:
    found: Review | None = line.view.get(Review, review.review_id)
    assert found is not None
    return found


def errands(line: Line, head: str, trouble: str = "") -> None:
    """Whoever looks outside comes back."""
    for errand in line.view.errands():
        if errand.what == "verdict" and not trouble:
            found = reviewing.weighing.review_meant(errand.argument)
            line.do(c.SeeHeads(seen=((found, Seen(head=head)),)))
        line.do(c.FinishErrand(errand_id=errand.errand_id, text=trouble))


def notices(line: Line, peer: Peer) -> list[str]:
    return [text for kind, text in line.inbox(peer) if kind is Kind.NOTICE]


def asks(line: Line, peer: Peer) -> list[Ask]:
    return list(line.view.open_asks_to(peer.peer_id))


def test_a_reviewer_is_asked_once_with_all_they_need(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)

    [asked] = asks(line, web)
    assert (review.state, review.submitted_sha, review.ask_id) == ("pending", A, asked.ask_id)
    for told in (A, "feature", "main", f"git diff main...{A[:12]}", "mark_reviewed", "peerline review mark"):
        assert told in asked.question
    assert [x.review_id for x in reviewing.owed(line.plan(), web.peer_id)] == [review.review_id]
    assert [x.review_id for x in reviewing.awaited(line.plan(), api.peer_id)] == [review.review_id]
    assert not reviewing.owed(line.plan(), api.peer_id)


def test_a_verdict_ends_the_ask_and_tells_the_author_once(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)

    after = marked(line, review, web, "changes-requested", note="no tests")

    assert after.state == "changes-requested"
    assert not asks(line, web)
    [told] = notices(line, api)
    assert "changes-requested" in told
    assert "by web: no tests" in told
    assert line.inbox(api) == [(Kind.NOTICE, told)]  # and no answer beside it
    assert not list(line.view.errands())


def test_a_verdict_on_what_is_not_the_head_any_more_is_refused(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)

    with pytest.raises(Conflict, match=B) as raised:
        marked(line, review, web, seen=Seen(head=B))

    assert "look at that one" in raised.value.hint
    assert not notices(line, api)
    assert len(asks(line, web)) == 1
    assert marked(line, review, web, sha=B[:9], seen=Seen(head=B)).verdicts[-1].sha == B


def test_without_a_commit_the_one_that_was_asked_about_is_meant(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)

    with pytest.raises(Conflict):
        marked(line, review, web, sha="", seen=Seen(head=B))
    assert marked(line, review, web, sha="").state == "approved"


@pytest.mark.parametrize("sha", ["aaaaaa", "A" * 41 + "!", "main", "--help", "g" * 8])
def test_what_names_no_commit_is_none(line: Line, api: Peer, web: Peer, sha: str) -> None:
    with pytest.raises(Malformed):
        marked(line, requested(line, api, web), web, sha=sha)


def test_a_verdict_is_one_of_two_words(line: Line, api: Peer, web: Peer) -> None:
    with pytest.raises(Malformed):
        marked(line, requested(line, api, web), web, "merged")


def test_only_who_was_asked_gives_the_verdict_or_the_owner(line: Line, api: Peer, web: Peer) -> None:
    review, other, ada = requested(line, api, web), line.agent("db"), line.telegram()

    for peer in (other, api):
        with pytest.raises(NotAllowed):
            marked(line, review, peer)
    assert marked(line, review, ada.peer, owner=True).state == "approved"
    assert not asks(line, web)


def test_nobody_is_asked_about_their_own_work(line: Line, api: Peer, ada: Chat) -> None:
    slack, terminal = line.slack("ada"), line.console()

    with pytest.raises(NotAllowed, match="their own work"):
        line.do(
            c.RequestReview(requester=api.peer_id, what="x", reviewer="api", source=SOURCE, seen=Seen(head=A))
        )
    with pytest.raises(NotAllowed, match="their own work") as raised:
        requested(line, terminal, ada)
    assert "--author" in raised.value.hint
    with pytest.raises(NotAllowed):
        requested(line, ada, slack)
    assert requested(line, terminal, ada, author="api").author == api.peer_id


def test_nobody_judges_their_own_work_from_another_place(line: Line, web: Peer, ada: Chat) -> None:
    review = requested(line, ada, web)

    with pytest.raises(NotAllowed, match="your own work"):
        marked(line, review, line.console().peer, owner=True)


def test_only_the_owner_says_whose_work_it_is(line: Line, api: Peer, web: Peer) -> None:
    with pytest.raises(NotAllowed):
        requested(line, web, line.agent("db"), author="api")


def test_whoever_is_not_there_and_what_answers_nothing_reviews_nothing(line: Line, api: Peer) -> None:
    with pytest.raises(UnknownPeer):
        requested(line, api, "nobody")
    service = replace(line.agent("bot"), role=Role.SERVICE)
    line.put(service)
    with pytest.raises(NotAllowed, match="service"):
        requested(line, api, service)


def test_nothing_new_is_nothing_to_be_reviewed(line: Line, api: Peer, web: Peer) -> None:
    for seen in (Seen(head=A, merged=True), Seen(closed="its pull request was closed")):
        with pytest.raises(Conflict):
            requested(line, api, web, seen=seen)
    assert not asks(line, web)


def test_asked_again_it_is_one_review_with_one_open_ask(line: Line, api: Peer, web: Peer) -> None:
    first = requested(line, api, web)
    assert requested(line, api, web).ask_id == first.ask_id
    again = requested(line, api, web, B)

    assert (again.review_id, again.submitted_sha) == (first.review_id, B)
    [asked] = asks(line, web)
    assert B in asked.question
    assert line.asked(first.ask_id).state == "cancelled"
    assert now(line, first).state == "pending"


def test_asked_again_by_somebody_else_it_stays_its_authors(line: Line, api: Peer, web: Peer) -> None:
    first = requested(line, api, web)

    with pytest.raises(NotAllowed, match="api"):
        requested(line, line.agent("db"), web, B)
    assert now(line, first).submitted_sha == A


def test_a_commit_with_its_verdict_is_not_asked_about_again(line: Line, api: Peer, web: Peer) -> None:
    review = marked(line, requested(line, api, web), web)

    with pytest.raises(Conflict, match="approved"):
        requested(line, api, web)
    assert marked(line, review, web).verdicts == review.verdicts
    with pytest.raises(Conflict, match="already"):
        marked(line, review, web, "changes-requested")
    assert len(notices(line, api)) == 1


def test_when_the_head_moves_the_verdict_is_stale_until_it_is_back(line: Line, api: Peer, web: Peer) -> None:
    review = marked(line, requested(line, api, web), web)

    assert sees(line, review, B).state == "changed-since-review"
    assert "reviews it again" in reviewing.next_step(line.plan(), now(line, review))
    assert sees(line, review, A).state == "approved"
    assert sees(line, review, B).state == "changed-since-review"
    assert requested(line, api, web, B).state == "pending"
    assert marked(line, review, web, sha=B, seen=Seen(head=B)).state == "approved"


def test_what_cannot_be_looked_at_is_unknown_with_the_reason_until_it_can(
    line: Line, api: Peer, web: Peer
) -> None:
    review = requested(line, api, web)

    assert sees(line, review, trouble="gh is not installed", help="install gh").state == "unknown"
    assert reviewing.next_step(line.plan(), now(line, review)) == "gh is not installed. install gh"
    with pytest.raises(Conflict, match="gh is not installed"):
        marked(line, review, web, seen=Seen(trouble="gh is not installed"))
    assert sees(line, review, A).state == "pending"


def test_a_pull_request_nobody_can_look_at_is_asked_about_all_the_same(
    line: Line, api: Peer, web: Peer
) -> None:
    source = Source(kind="pull-request", url="https://github.com/o/r/pull/7")
    review = requested(line, api, web, source=source, seen=Seen(trouble="gh is not installed"))

    assert (review.state, review.submitted_sha) == ("unknown", "")
    assert len(asks(line, web)) == 1
    assert sees(line, review, A).submitted_sha == A
    assert marked(line, review, web).state == "approved"


@pytest.mark.parametrize("seen", [Seen(head=A, merged=True), Seen(closed="its branch is gone")])
def test_merge_and_close_end_it_and_its_ask(line: Line, api: Peer, web: Peer, seen: Seen) -> None:
    review = requested(line, api, web)

    line.do(c.SeeHeads(seen=((review.review_id, seen),)))

    assert now(line, review).state == ("merged" if seen.merged else "closed")
    assert not asks(line, web)
    assert not line.view.reviews_open()
    sees(line, review, B)
    assert now(line, review).head_sha == A
    with pytest.raises(Conflict):
        marked(line, review, web)


def test_an_option_is_weighed_when_the_head_was_looked_at(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)
    line.answer(line.asked(review.ask_id), web, "well done", option="approved")
    assert now(line, review).state == "pending"
    assert not notices(line, api)

    errands(line, A)

    assert now(line, review).state == "approved"
    [told] = notices(line, api)
    assert "well done" in told
    errands(line, A)
    assert len(notices(line, api)) == 1


def test_an_option_on_an_old_head_asks_again_about_the_new_one(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)
    line.answer(line.asked(review.ask_id), web, option="approved")

    errands(line, B)

    assert now(line, review).state == "pending"
    [asked] = asks(line, web)
    assert B in asked.question
    assert any("does not count" in text and B in text for text in notices(line, web))
    assert not notices(line, api)


def test_a_look_that_failed_writes_no_verdict(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)
    line.answer(line.asked(review.ask_id), web, option="approved")

    errands(line, A, trouble="that took too long")

    assert not now(line, review).verdicts
    assert any("that took too long" in text for text in notices(line, web))
    assert marked(line, review, web).state == "approved"


def test_words_without_a_verdict_are_passed_on_and_leave_it_pending(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)

    line.answer(line.asked(review.ask_id), web, "I do not know this part")

    assert now(line, review).state == "pending"
    [told] = notices(line, api)
    assert "web answered: I do not know this part" in told
    assert "gave no verdict" in reviewing.next_step(line.plan(), now(line, review))
    assert requested(line, api, web).ask_id != review.ask_id


def test_the_last_words_of_a_turn_may_be_the_verdict(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)
    line.work(web)
    line.stop(web, "Changes requested: the tests are missing")

    errands(line, A)

    assert now(line, review).state == "changes-requested"
    assert now(line, review).verdicts[-1].note == "the tests are missing"


def test_a_reviewer_who_says_no_leaves_it_to_somebody_else(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)

    line.answer(line.asked(review.ask_id), web, "no time", decline=True)

    assert now(line, review).state == "pending"
    [told] = notices(line, api)
    assert "declined by web; ask somebody else: no time" in told


def test_a_reviewer_who_is_gone_leaves_it_to_somebody_else(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)
    line.do(c.EndSession(session_id=line.session(web).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=web.peer_id))

    assert now(line, review).state == "pending"
    assert "ask somebody else" in reviewing.next_step(line.plan(), now(line, review))
    [told] = notices(line, api)
    assert "ask somebody else" in told
    assert requested(line, api, line.agent("db")).review_id != review.review_id


def test_an_author_who_is_gone_holds_up_no_verdict(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=api.peer_id))

    assert marked(line, review, web).state == "approved"
    assert not notices(line, api)


def test_whoever_takes_the_ask_back_takes_the_review_back(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)

    line.do(c.CancelAsk(ask_id=review.ask_id, by=api.peer_id))

    assert now(line, review).state == "closed"


def test_what_nobody_knows_cannot_be_marked(line: Line, api: Peer, web: Peer) -> None:
    with pytest.raises(NotFound):
        marked(line, replace(requested(line, api, web), review_id="r-0000000000"), web)


def test_a_person_taps_their_verdict(line: Line, api: Peer, ada: Chat) -> None:
    review = requested(line, api, ada)
    [card] = [x for x in line.shown(ada) if x.envelope.kind is Kind.ASK]
    assert card.envelope.options == ("Approved", "Changes requested")
    assert "mark_reviewed" not in card.envelope.body

    line.tap(ada, card.envelope.envelope_id, CHANGES, receipt=card.delivery.receipt)
    errands(line, A)

    assert now(line, review).state == "changes-requested"
    assert any("changes-requested" in text for text in line.told(ada))
    assert len(notices(line, api)) == 1


def test_a_person_says_their_verdict_with_a_note(line: Line, api: Peer, ada: Chat) -> None:
    review = requested(line, api, ada)
    [card] = [x for x in line.shown(ada) if x.envelope.kind is Kind.ASK]

    line.say(ada, "changes requested: no tests", reply_to=card.delivery.receipt)
    errands(line, A)

    assert now(line, review).verdicts[-1].note == "no tests"
    assert now(line, review).verdicts[-1].by == "ada"


def test_a_person_without_the_right_gives_no_verdict(line: Line, ada: Chat) -> None:
    ben = line.telegram("ben", "8", owner=False)
    review = requested(line, line.agent("db", "default"), ben)
    [card] = [x for x in line.shown(ben) if x.envelope.kind is Kind.ASK]

    line.tap(ben, card.envelope.envelope_id, APPROVED, receipt=card.delivery.receipt)

    assert any("right to approve" in text for text in line.told(ben))
    assert len(asks(line, ben.peer)) == 1
    assert not list(line.view.errands())
    assert now(line, review).state == "pending"


def test_reviews_are_listed_with_keys_and_marked_by_them(line: Line, api: Peer, web: Peer, ada: Chat) -> None:
    review = requested(line, api, web)
    line.say(ada, "/reviews")
    errands(line, B)
    line.do(c.SeeHeads(seen=((review.review_id, Seen(head=B)),)))
    [listed] = [x for x in line.shown(ada) if x.envelope.kind is Kind.ASK]
    assert review.review_id in listed.envelope.body

    line.tap(ada, listed.envelope.envelope_id, 0)
    [one] = [x for x in line.shown(ada) if x.envelope.kind is Kind.ASK]
    assert one.envelope.options == ("Approved", "Changes requested")
    line.tap(ada, one.envelope.envelope_id, APPROVED)
    errands(line, B)

    assert (now(line, review).state, now(line, review).verdicts[-1].sha) == ("approved", B)
    assert not asks(line, web)
    assert len(notices(line, api)) == 1


def test_nothing_to_review_is_said_at_once(line: Line, ada: Chat) -> None:
    line.say(ada, "/reviews")

    assert line.told(ada) == ["there is nothing to be reviewed"]
    assert not list(line.view.errands())


def test_a_room_hears_of_no_review_between_others_it_does_not_meet(line: Line, api: Peer, web: Peer) -> None:
    line.telegram()
    room = line.group(("home",))
    review = requested(line, api, web)

    assert review.review_id not in [x.review_id for x in reviewing.met(line.plan(), room.peer)]
    line.say(room, "/reviews")
    assert "there is nothing to be reviewed" in line.told(room)


def test_an_errand_row_is_the_same_however_often_it_is_run(line: Line, api: Peer, web: Peer) -> None:
    review = requested(line, api, web)
    line.answer(line.asked(review.ask_id), web, option="approved")
    [errand] = line.view.errands()
    line.do(c.SeeHeads(seen=((review.review_id, Seen(head=A)),)))
    for _ in range(2):
        line.do(c.FinishErrand(errand_id=errand.errand_id, text=""))

    assert len(now(line, review).verdicts) == 1
    assert len(notices(line, api)) == 1
    assert line.view.get(Errand, errand.errand_id).done_at
