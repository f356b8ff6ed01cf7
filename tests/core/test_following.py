"""Who follows a peer sees one message that is kept up to date; who watches is told of ends, stalls and questions."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.following import EVERY, NO_SIGN_FOR
from daemon.core.model import Follow, Kind, Parcel, Peer, Turn
from tests.core.line import A_MINUTE, Chat, Line


def said(line: Line, chat: Chat, text: str) -> None:
    """A command, and what it is answered, seen."""
    line.say(chat, text)
    line.shown(chat)


def works(line: Line, peer: Peer, doing: str = "Bash: make") -> None:
    line.do(c.TurnWent(session_id=line.session(peer).session_id, doing=doing))


def news(line: Line, chat: Chat) -> list[Parcel]:
    return [p for p in line.shown(chat) if p.envelope.kind in {Kind.REPLY, Kind.CHANGE, Kind.NOTICE}]


def texts(parcels: list[Parcel]) -> list[tuple[Kind, str]]:
    return [(p.envelope.kind, p.envelope.body) for p in parcels]


def follows(line: Line, peer: Peer) -> list[Follow]:
    return list(line.view.follows(peer.peer_id))


# --- follow ---------------------------------------------------------------------------------------------------------


def test_who_follows_gets_one_silent_message_that_is_changed(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/follow api")
    line.prompt(api)
    [first] = news(line, ada)
    assert (first.envelope.kind, first.envelope.silent) == (Kind.REPLY, True)
    assert first.envelope.body == "`dev/api` works · 0 s"

    works(line, api)
    line.passes(EVERY)
    [changed] = news(line, ada)
    assert (changed.envelope.kind, changed.shown_as, changed.envelope.silent) == (
        Kind.CHANGE,
        first.delivery.receipt,
        True,
    )
    assert changed.envelope.body == "`dev/api` works · 3 s · 1 tool call\n\nBash: make"


def test_following_what_is_at_work_shows_it_at_once_and_what_it_is_about(
    line: Line, ada: Chat, api: Peer
) -> None:
    said(line, ada, "@api build   it\nall")
    line.work(api)
    said_now = line.say(ada, "/follow api")
    bodies = [p.envelope.body for p in news(line, ada)]

    assert said_now.understood == "command"
    assert bodies[-1] == "`dev/api` works · 0 s\n> build it all"


def test_changes_come_no_faster_than_they_can_be_read(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/follow api")
    line.prompt(api)
    news(line, ada)
    for n in range(30):
        works(line, api, f"Bash: {n}")
        line.passes(timedelta(milliseconds=200))

    shown = news(line, ada)
    assert len(shown) <= 2
    assert all("Bash: " in p.envelope.body for p in shown)


def test_the_end_changes_the_message_for_the_last_time(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/follow api")
    line.prompt(api)
    [first] = news(line, ada)
    line.now += A_MINUTE
    line.stop(api, "done")

    [last] = news(line, ada)
    assert (last.envelope.body, last.shown_as) == ("`dev/api` is done · 1 min 0 s", first.delivery.receipt)
    line.passes(A_MINUTE)
    assert news(line, ada) == []

    line.prompt(api)
    [again] = news(line, ada)
    assert again.envelope.kind is Kind.REPLY, "the next turn has a message of its own"


def test_an_end_before_the_first_message_was_shown_changes_it_when_it_is(
    line: Line, ada: Chat, api: Peer
) -> None:
    said(line, ada, "/follow api")
    line.prompt(api)
    line.stop(api, "done")

    first, last = news(line, ada)
    assert (first.envelope.kind, last.envelope.kind) == (Kind.REPLY, Kind.CHANGE)
    assert last.shown_as == first.delivery.receipt


def test_a_change_that_nobody_has_seen_is_overtaken_by_the_next(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/follow api")
    line.prompt(api)
    news(line, ada)
    for n in range(20):  # and the chat is not there
        works(line, api, f"Bash: {n}")
        line.passes(EVERY)
    line.stop(api, "done")

    assert [p.envelope.body for p in news(line, ada)] == ["`dev/api` is done · 1 min 0 s · 20 tool calls"]


def test_a_message_that_is_still_on_its_way_is_not_changed_before(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/follow api")
    line.prompt(api)
    for _ in range(3):
        works(line, api)
        line.passes(EVERY)
    assert [p.envelope.kind for p in news(line, ada)] == [Kind.REPLY]
    line.passes(EVERY)

    assert [p.envelope.kind for p in news(line, ada)] == [Kind.CHANGE]


def test_saying_it_again_ends_it(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/follow api")
    line.say(ada, "/follow api")

    assert line.told(ada) == ["no longer: following api"]
    assert follows(line, api) == []
    line.prompt(api)
    assert news(line, ada) == []


def test_a_long_question_and_a_long_command_are_cut(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/follow api")
    said(line, ada, f"@api {'x' * 60_000}")
    line.work(api)
    works(line, api, "y" * 60_000)
    line.passes(EVERY)

    assert all(len(p.envelope.body) < 400 for p in news(line, ada))


# --- watch ----------------------------------------------------------------------------------------------------------


def test_who_watches_is_told_of_the_end_with_its_words(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/watch api")
    line.prompt(api)
    works(line, api)
    assert news(line, ada) == []
    line.now += A_MINUTE
    line.stop(api, "all green")

    assert texts(news(line, ada)) == [
        (Kind.NOTICE, "api is done, after 1 min 0 s · 1 tool call\n\nall green")
    ]


def test_who_asked_is_not_told_twice(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/watch api")
    said(line, ada, "@api how far?")
    line.work(api)
    line.stop(api, "half way")

    assert [
        (p.envelope.kind, p.envelope.body) for p in line.shown(ada) if p.envelope.kind is not Kind.CHANGE
    ] == [(Kind.ANSWER, "half way")]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_turn_that_says_nothing_ends_all_the_same(line: Line, ada: Chat, api: Peer, text: str) -> None:
    said(line, ada, "/watch api")
    said(line, ada, "@api how far?")
    line.work(api)
    line.stop(api, text)

    assert (Kind.NOTICE, "api is done, after 0 s") in texts(news(line, ada))


def test_a_failure_an_interruption_and_a_disappearance_are_ends(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/watch api")
    session_id = line.session(api).session_id
    line.prompt(api)
    line.stop(api, "API Error", failed=True)
    line.prompt(api)
    line.do(c.TurnObserved(session_id=session_id, turn=Turn.IDLE, source="registry"))
    line.prompt(api)
    line.do(c.EndSession(session_id=session_id, why="killed"))

    assert [text for _, text in texts(news(line, ada))] == [
        "api failed, after 0 s\n\nAPI Error",
        "api was interrupted, after 0 s",
        "api is gone in the middle of its turn, after 0 s",
    ]


def test_who_watches_is_told_once_that_there_is_no_sign_of_it(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/watch api")
    line.prompt(api)
    line.passes(NO_SIGN_FOR - A_MINUTE)
    works(line, api)
    line.passes(NO_SIGN_FOR - A_MINUTE)
    assert news(line, ada) == []
    line.passes(A_MINUTE)
    line.passes(NO_SIGN_FOR)

    assert texts(news(line, ada)) == [(Kind.NOTICE, "api stalls: no sign of it for 10 min 0 s")]


def test_of_several_who_watch_each_is_told_once(line: Line, ada: Chat, api: Peer) -> None:
    group = line.group(("*",))
    for chat in (ada, group):
        said(line, chat, "/watch api")
    line.prompt(api)
    line.passes(NO_SIGN_FOR)

    for chat in (ada, group):
        assert texts(news(line, chat)) == [(Kind.NOTICE, "api stalls: no sign of it for 10 min 0 s")]


def test_watching_what_is_at_work_already_notices_that_it_stalls(line: Line, ada: Chat) -> None:
    line.agent("api", turn=Turn.WORKING)
    said(line, ada, "/watch api")
    line.passes(NO_SIGN_FOR)

    assert "stalls" in news(line, ada)[0].envelope.body


def test_an_idle_or_waiting_agent_does_not_stall(line: Line, ada: Chat, api: Peer) -> None:
    said(line, ada, "/watch api")
    line.passes(NO_SIGN_FOR)
    line.prompt(api)
    line.request(api)
    line.shown(ada)
    line.passes(NO_SIGN_FOR)

    assert news(line, ada) == []


def test_who_watches_and_is_not_asked_is_told_that_it_waits(line: Line, ada: Chat, api: Peer) -> None:
    group = line.group(("*",))
    for chat in (ada, group):
        said(line, chat, "/watch api")
    line.prompt(api)
    line.request(api)

    assert texts(news(line, group)) == [(Kind.NOTICE, "api waits: permission, Bash")]
    assert [p.envelope.kind for p in line.shown(ada)] == [Kind.ASK], "who is asked knows already"


# --- stop -----------------------------------------------------------------------------------------------------------


def test_who_stopped_a_turn_is_told_once_when_it_has_ended(line: Line, ada: Chat, api: Peer) -> None:
    line.prompt(api)
    works(line, api)
    line.say(ada, "/stop api")
    assert line.told(ada) == [
        "stopping api: no further tool call in this turn; what runs already may end: Bash: make"
    ]
    line.stop(api, "half way")
    line.prompt(api)
    line.stop(api, "done")

    assert texts(news(line, ada)) == [(Kind.NOTICE, "api is done, after 0 s · 1 tool call\n\nhalf way")]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("/stop", "nobody is meant"),
        ("/stop api", '"api" is idle'),
        ("/stop telegram", "is no agent"),
        ("/follow nobody", "nobody"),
        ("/freeze", "no circle is named"),
        ("/freeze lab", 'no circle "lab"'),
        ("/thaw dev", "is not frozen"),
    ],
)
def test_what_cannot_be_done_is_told(line: Line, ada: Chat, api: Peer, words: str, told: str) -> None:
    line.say(ada, words)

    assert told in line.told(ada)[0]


def test_a_circle_is_frozen_and_thawed_by_talking(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "/freeze DEV")
    assert line.plan().is_frozen("dev") is not None
    line.say(ada, "/thaw dev")

    assert line.plan().is_frozen("dev") is None
    assert line.told(ada) == [
        "circle dev is frozen: api may make no tool call, and get nothing until /thaw",
        "circle dev goes on",
    ]


@pytest.mark.parametrize("words", ["/stop api", "/freeze dev", "/thaw dev"])
def test_who_may_only_talk_brakes_nothing(line: Line, ada: Chat, api: Peer, words: str) -> None:
    line.telegram("ben", "8", owner=False)
    line.prompt(api)
    line.say(ada.by("8"), words)

    assert "needs the right to approve" in line.told(ada)[0]
    assert (line.session(api).stopped, line.plan().is_frozen("dev")) == ("", None)


def test_a_signal_of_a_turn_reads_no_more_than_it_must(line: Line, ada: Chat, api: Peer) -> None:
    """Hooks fire at every tool call: none of what they look up may read a whole table."""
    said(line, ada, "/follow api")
    line.prompt(api)
    statements: list[str] = []
    line.conn.set_trace_callback(statements.append)
    session_id = line.session(api).session_id
    line.do(c.TurnWent(session_id=session_id, doing="Bash: make"))
    line.do(c.BeginCall(session_id=session_id, limit=19_000))
    line.do(c.TurnWent(session_id=session_id))
    line.do(c.CloseApprovals(session_id=session_id, tool="Bash", request="{}"))
    line.do(c.HandOut(session_id=session_id, limit=9_500, between=True))
    line.do(c.TurnWent(session_id=session_id, batch_over=True))
    line.do(c.Tick())
    line.conn.set_trace_callback(None)

    read = {each for each in statements if each.lstrip().startswith("SELECT")}
    scans = [
        (each, row["detail"])
        for each in read
        for row in line.conn.execute(f"EXPLAIN QUERY PLAN {each}")
        if row["detail"].startswith("SCAN ") and "USING" not in row["detail"]
    ]
    assert len(read) > 5
    assert scans == []
