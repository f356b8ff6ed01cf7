"""Every ask ends exactly once, its asker always learns how, and every card shows it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import timedelta
from itertools import combinations_with_replacement

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound, TooLarge
from daemon.core.model import Ask, Kind, Peer, Urgency
from daemon.core.rules import asking
from daemon.core.rules.cleaning import TEXT_LIMIT
from tests.core.line import A_MINUTE, BOT, PUMP, Line

THREE = ("api", "db", "web")


@pytest.fixture
def boss(line: Line) -> Peer:
    return line.agent("boss")


def three(line: Line) -> tuple[Peer, Peer, Peer]:
    return line.agent("api"), line.agent("db"), line.agent("web")


def cancel(line: Line, ask: Ask, by: Peer) -> None:
    line.do(c.CancelAsk(ask_id=ask.ask_id, by=by.peer_id))


def forget(line: Line, peer: Peer) -> None:
    line.do(c.EndSession(session_id=line.session(peer).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=peer.peer_id))


def learnt(line: Line, boss: Peer) -> list[str]:
    return [text for kind, text in line.inbox(boss) if kind is Kind.ANSWER]


# --- one recipient --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("close", "state", "told"), [
    ({"text": "done"}, "answered", "done"),
    ({"option": "2"}, "answered", "no"),
    ({"option": "YES", "text": "go on"}, "answered", "go on"),
    ({}, "acknowledged", "(acknowledged)"),
    ({"decline": True}, "declined", "(declined)"),
    ({"decline": True, "text": "not mine"}, "declined", "(declined) not mine"),
])  # fmt: skip
def test_a_recipient_ends_it_and_the_asker_learns_how(
    line: Line, boss: Peer, close: dict[str, object], state: str, told: str
) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api, options=("yes", "no"))

    line.answer(ask, api, **close)

    assert (line.asked(ask).state, learnt(line, boss)) == (state, [told])
    assert line.asked(ask).ended_at == line.now
    assert [x.event.what for x in line.story(ask.ask_id) if x.event.type == "ended"] == [state]


def test_a_choice_is_kept_as_its_label(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api, options=("Yes, please", "no"))

    line.answer(ask, api, option=" yes, please ")

    assert line.asked(ask).answers[0].option == "Yes, please"


@pytest.mark.parametrize("option", ["maybe", "0", "3", ""])
def test_what_is_no_option_is_refused_and_changes_nothing(line: Line, boss: Peer, option: str) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api, options=("yes", "no"))
    before = line.rows()

    with pytest.raises(Malformed):
        line.answer(ask, api, option=option)

    assert line.rows() == before


def test_only_who_was_asked_can_answer_and_only_who_asked_can_cancel(line: Line, boss: Peer) -> None:
    api, other = line.agent("api"), line.agent("other")
    ask = line.ask(boss, api)

    for wrong in (
        c.CloseAsk(ask_id=ask.ask_id, by=other.peer_id, text="me!"),
        c.CancelAsk(ask_id=ask.ask_id, by=api.peer_id),
    ):
        with pytest.raises(NotAllowed):
            line.do(wrong)
    with pytest.raises(NotFound):
        line.do(c.CloseAsk(ask_id="a-nothing", by=api.peer_id))
    assert line.asked(ask).state == "open"


def test_an_answer_is_cleaned_wherever_it_is_kept(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api)

    line.answer(ask, api, "ok\x1b]0;root\x07\r\n[end #AAAAAAAA]")

    assert line.asked(ask).answers[0].text == learnt(line, boss)[0]
    assert "\x1b" not in line.asked(ask).answers[0].text
    assert "[end #" not in line.asked(ask).answers[0].text


def test_an_answer_that_is_too_large_is_refused_also_when_it_does_not_end_the_ask(
    line: Line, boss: Peer
) -> None:
    api, db = line.agent("api"), line.agent("db")

    for ask in (line.ask(boss, api), line.ask_all(boss, (api, db))):
        with pytest.raises(TooLarge):
            line.answer(ask, api, "x" * (TEXT_LIMIT + 1))
        assert line.asked(ask).answers == ()


def test_answering_proves_that_it_was_seen(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api)
    line.carry(api)

    line.answer(ask, api, "done")

    assert line.state(ask, api) == "settled"
    assert "seen" in [x.event.type for x in line.story(ask.ask_id)]


def test_what_is_answered_before_it_was_carried_is_not_carried(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api)

    line.answer(ask, api, "saw it in the list")

    assert line.state(ask, api) == "settled"
    assert line.carry(api) is None


# --- the asker ------------------------------------------------------------------------------------------------------


def test_a_cancelled_ask_is_not_carried_any_more_and_who_has_it_is_told_without_being_woken(
    line: Line, boss: Peer
) -> None:
    api, db = line.agent("api"), line.agent("db")
    ask = line.ask_all(boss, (api, db))
    line.work(api)

    cancel(line, ask, boss)

    assert (line.asked(ask).state, learnt(line, boss)) == ("cancelled", [])
    assert [line.state(ask, peer) for peer in (api, db)] == ["settled", "cancelled"]
    assert line.inbox(db) == []
    [(delivery, envelope)] = line.view.unread(api.peer_id, 10)
    assert (delivery.urgency, ask.ask_id in envelope.body) == (Urgency.FYI, True)


def test_the_asker_that_closes_its_own_ask_cancels_it(line: Line, boss: Peer) -> None:
    ask = line.ask(boss, line.agent("api"))

    line.answer(ask, boss)

    assert line.asked(ask).state == "cancelled"


def test_what_is_over_cannot_be_cancelled(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api)
    line.answer(ask, api)

    with pytest.raises(Conflict):
        cancel(line, ask, boss)


@pytest.mark.parametrize("word", ["nak", "hold", "lapse", "miss"])
def test_an_ask_that_ended_while_it_was_on_its_way_is_not_tried_again(
    line: Line, boss: Peer, word: str
) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api)
    parcel = line.lease(api)
    assert parcel is not None
    ident = parcel.delivery.delivery_id
    if word == "miss":
        line.do(c.AckDelivery(delivery_id=ident, holder=PUMP, proof_within=A_MINUTE))
    cancel(line, ask, boss)

    match word:
        case "nak":
            line.do(c.NakDelivery(delivery_id=ident, holder=PUMP, reason="full"))
        case "hold":
            line.do(c.HoldDelivery(delivery_id=ident, holder=PUMP, reason="dialog"))
        case "miss":
            line.do(c.MissDelivery(delivery_id=ident, reason="no sign"))
        case "lapse":
            line.passes(A_MINUTE)  # its carrier may have given it: it is looked for first
            line.do(c.MissDelivery(delivery_id=ident, reason="no sign"))

    line.passes(A_MINUTE)
    assert line.state(ask, api) == "cancelled"
    assert line.carry(api) is None


def test_an_ask_that_ended_while_it_was_on_its_way_is_taken_back_where_it_arrived(
    line: Line, boss: Peer
) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api)
    parcel = line.lease(api)
    assert parcel is not None

    cancel(line, ask, boss)

    line.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=PUMP))
    line.prompt(api, parcel)
    line.stop(api, "for nobody")
    assert line.state(ask, api) == "settled"
    assert learnt(line, boss) == []
    assert any(ask.ask_id in text for _, text in line.inbox(api))


# --- time -----------------------------------------------------------------------------------------------------------


def test_an_ask_expires_at_its_deadline_and_its_default_is_told(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api, deadline=timedelta(minutes=5), default="keep the old port")

    line.passes(5 * A_MINUTE - timedelta(seconds=1))
    assert line.asked(ask).state == "open"
    line.passes(timedelta(seconds=1))

    assert line.asked(ask).state == "expired"
    assert line.state(ask, api) == "expired"
    [told] = learnt(line, boss)
    assert told == "expired: nobody answered in time; its default is: keep the old port"
    line.passes(A_MINUTE)
    assert len(learnt(line, boss)) == 1


def test_without_a_deadline_it_lives_a_week_and_a_month_with_a_person(line: Line, boss: Peer) -> None:
    api, ada = line.agent("api"), line.telegram().peer

    lives = [line.ask(boss, to).deadline_at - line.now for to in (api, ada)]
    lives.append(line.ask_all(boss, (api, ada)).deadline_at - line.now)

    assert [life.days for life in lives] == [7, 30, 30]


@pytest.mark.parametrize("deadline", [timedelta(0), timedelta(seconds=-1), timedelta(days=31)])
def test_a_deadline_out_of_reach_is_refused(line: Line, boss: Peer, deadline: timedelta) -> None:
    with pytest.raises(Malformed):
        line.ask(boss, line.agent("api"), deadline=deadline)


def test_what_some_said_is_not_lost_when_the_time_of_all_is_up(line: Line, boss: Peer) -> None:
    api, db, web = three(line)
    ask = line.ask_all(boss, (api, db, web), deadline=A_MINUTE)
    line.answer(ask, api, "green")
    line.answer(ask, db, decline=True)

    line.passes(A_MINUTE)

    [told] = learnt(line, boss)
    assert told.splitlines() == [
        "expired: not everybody answered in time",
        "api: green",
        "db: (declined)",
        "no answer from web",
    ]


def test_who_was_forgotten_with_it_in_hand_is_told_nothing(line: Line, boss: Peer) -> None:
    api, db = line.agent("api"), line.agent("db")
    ask = line.ask_all(boss, (api, db))
    line.work(api)
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=api.peer_id))

    line.do(c.CancelAsk(ask_id=ask.ask_id, by=boss.peer_id))

    assert line.view.waiting(api.peer_id, 10) == []


def test_who_worked_on_it_when_it_expired_is_told(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api, deadline=A_MINUTE)
    line.work(api)

    line.passes(A_MINUTE)

    assert [text for _, text in line.inbox(api)] == [
        f"ask {ask.ask_id} is expired; no answer is needed any more"
    ]


def test_the_story_of_an_asker_with_a_full_inbox_still_ends(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    asks = [line.ask(boss, api, deadline=A_MINUTE), line.ask(boss, api)]
    flood(line, boss)

    line.passes(A_MINUTE)
    line.answer(asks[1], api, "done")

    assert [line.asked(ask).state for ask in asks] == ["expired", "answered"]


def flood(line: Line, peer: Peer) -> None:
    """The limit of unread messages is reached."""
    sender = line.agent("sender")
    message = line.notify(sender, peer)
    columns = [row["name"] for row in line.conn.execute("PRAGMA table_info(delivery)")]
    kept = [x if x != "delivery_id" else "'d-' || n" for x in columns if x != "seq"]
    copied = (
        "WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 10000)"  # noqa: S608
        f" INSERT INTO delivery ({', '.join(x for x in columns if x != 'seq')})"
        f" SELECT {', '.join(kept)} FROM delivery, many WHERE envelope_id = ?"
    )
    line.conn.execute(copied, (message,))


# --- late -----------------------------------------------------------------------------------------------------------


def test_a_late_answer_is_attached_and_the_asker_is_told_that_it_is_late(line: Line, boss: Peer) -> None:
    api = line.agent("api")
    ask = line.ask(boss, api, deadline=A_MINUTE)
    line.passes(A_MINUTE)

    line.answer(ask, api, "sorry, done")

    assert line.asked(ask).state == "expired"
    assert [(x.text, x.late) for x in line.asked(ask).answers] == [("sorry, done", True)]
    assert learnt(line, boss)[1:] == ["(late) sorry, done"]


def test_who_is_late_in_a_round_of_many_is_named_and_wakes_nobody(line: Line, boss: Peer) -> None:
    api, db, web = three(line)
    ask = line.ask_all(boss, (api, db, web), need="first")
    line.answer(ask, api, "me")
    line.answer(ask, db, "me too")

    told = [(x.urgency, envelope.body) for x, envelope in line.view.unread(boss.peer_id, 10)]

    assert [urgency for urgency, _ in told] == [Urgency.NORMAL, Urgency.FYI]
    assert told[1][1] == "(late) db: me too"


# --- several --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("need", "enough"), [("all", 3), ("first", 1), ("majority", 2), ("2", 2), ("3", 3)])
def test_it_ends_with_one_wake_up_when_enough_have_answered(
    line: Line, boss: Peer, need: str, enough: int
) -> None:
    peers = three(line)
    ask = line.ask_all(boss, peers, need)

    for n, peer in enumerate(peers[:enough], 1):
        assert learnt(line, boss) == []
        line.answer(ask, peer, f"answer {n}")

    [told] = learnt(line, boss)
    absent = ", ".join(peer.name for peer in peers[enough:])
    expected = [f"{peer.name}: answer {n}" for n, peer in enumerate(peers[:enough], 1)]
    assert told.splitlines() == [*expected, *([f"no answer from {absent}"] if absent else [])]
    assert line.asked(ask).state == "answered"


def test_nothing_more_is_carried_to_the_others_when_it_is_enough(line: Line, boss: Peer) -> None:
    api, db, web = three(line)
    ask = line.ask_all(boss, (api, db, web), "first")
    line.answer(ask, api, "me")

    assert [line.state(ask, x) for x in (db, web)] == ["cancelled", "cancelled"]


def test_who_is_forgotten_is_not_waited_for(line: Line, boss: Peer) -> None:
    api, db, web = three(line)
    ask = line.ask_all(boss, (api, db, web))
    line.answer(ask, api, "green")
    line.answer(ask, db, "green")

    forget(line, web)

    assert line.asked(ask).state == "answered"
    assert learnt(line, boss) == ["api: green\ndb: green\ngone for good: web"]


@pytest.mark.parametrize(
    "ends", list(combinations_with_replacement(["answer", "ack", "decline", "forget"], 3))
)
def test_however_the_three_end_it_the_asker_learns_it_once(
    line: Line, boss: Peer, ends: tuple[str, ...]
) -> None:
    peers = three(line)
    ask = line.ask_all(boss, peers)

    for end, peer in zip(ends, peers, strict=True):
        assert not asking.is_over(line.asked(ask))
        match end:
            case "answer":
                line.answer(ask, peer, "fine")
            case "ack":
                line.answer(ask, peer)
            case "decline":
                line.answer(ask, peer, decline=True)
            case "forget":
                forget(line, peer)

    states = {
        ("decline",): "declined",
        ("forget",): "orphaned",
        ("decline", "forget"): "declined",
        ("ack",): "acknowledged",
        ("ack", "decline"): "acknowledged",
        ("ack", "forget"): "acknowledged",
        ("ack", "decline", "forget"): "acknowledged",
    }
    assert line.asked(ask).state == states.get(tuple(sorted(set(ends))), "answered")
    assert len(learnt(line, boss)) == 1


def test_many_long_answers_are_told_together_and_cut(line: Line, boss: Peer) -> None:
    peers = three(line)
    ask = line.ask_all(boss, peers)

    for peer in peers:
        line.answer(ask, peer, "x" * (TEXT_LIMIT - 10))

    [told] = learnt(line, boss)
    assert len(told.encode()) <= TEXT_LIMIT
    assert "cut" in told
    assert line.asked(ask).state == "answered"


# --- cards ----------------------------------------------------------------------------------------------------------


def test_every_card_is_changed_when_it_is_over(line: Line, boss: Peer) -> None:
    ada, console = line.telegram(), line.console()
    ask = line.ask_all(boss, (ada.peer, console.peer), "first", options=("yes", "no"))
    cards = {chat.surface: line.shown(chat)[0] for chat in (ada, console)}

    line.tap(console, ask.ask_id, 0)

    for chat in (ada, console):
        [changed] = line.shown(chat)
        assert changed.envelope.kind is Kind.CHANGE
        assert changed.shown_as == cards[chat.surface].delivery.receipt
        assert changed.ask is not None
        assert (changed.ask.state, changed.ask.answers[0].sender.person) == ("answered", "ada")


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_a_card_is_changed_also_when_nobody_answered(line: Line, boss: Peer, end: str) -> None:
    ada = line.telegram()
    ask = line.ask(boss, ada.peer, deadline=A_MINUTE)
    line.shown(ada)

    if end == "cancelled":
        cancel(line, ask, boss)
    else:
        line.passes(A_MINUTE)

    [changed] = line.shown(ada)
    assert changed.ask is not None
    assert changed.ask.state == end


def test_a_card_that_appears_after_the_end_is_changed_at_once(line: Line, boss: Peer) -> None:
    ada = line.telegram()
    ask = line.ask(boss, ada.peer, options=("yes", "no"))
    card = line.lease(ada.peer, holder=BOT, shows=True)
    assert card is not None

    cancel(line, ask, boss)  # while the platform is being told to show it
    line.do(c.AckDelivery(delivery_id=card.delivery.delivery_id, holder=BOT, receipt="r-9"))

    [changed] = line.shown(ada)
    assert (changed.shown_as, changed.envelope.kind) == ("r-9", Kind.CHANGE)


def test_a_question_that_was_not_shown_yet_is_not_shown_any_more(line: Line, boss: Peer) -> None:
    ada = line.telegram()
    ask = line.ask(boss, ada.peer)

    cancel(line, ask, boss)

    assert line.shown(ada) == []


# --- whatever happens -----------------------------------------------------------------------------------------------


class Round:
    """Three who were asked, and whatever they, the asker and the time do."""

    def __init__(self, need: str) -> None:
        self.line = Line()
        self.boss, self.peers = self.line.agent("boss"), three(self.line)
        self.ask = self.line.ask_all(self.boss, self.peers, need, deadline=30 * A_MINUTE)

    def answer(self, peer: Peer) -> None:
        self.line.answer(self.ask, peer, "fine")

    def ack(self, peer: Peer) -> None:
        self.line.answer(self.ask, peer)

    def decline(self, peer: Peer) -> None:
        self.line.answer(self.ask, peer, decline=True)

    def cancel(self, peer: Peer) -> None:
        cancel(self.line, self.ask, self.boss)

    def forget(self, peer: Peer) -> None:
        forget(self.line, peer)

    def carry(self, peer: Peer) -> None:
        self.line.carry(peer)

    def work(self, peer: Peer) -> None:
        if parcel := self.line.carry(peer):
            self.line.prompt(peer, parcel)

    def stop(self, peer: Peer) -> None:
        self.line.stop(peer, "last words")

    def time(self, peer: Peer) -> None:
        self.line.passes(A_MINUTE)


DEEDS = [x for name, x in vars(Round).items() if not name.startswith("_")]


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["all", "first", "majority"]),
    st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(0, 2)), max_size=15),
)
def test_whatever_happens_it_ends_once_and_the_asker_learns_it_once(
    need: str, deeds: list[tuple[Callable[[Round, Peer], None], int]]
) -> None:
    it = Round(need)
    for deed, n in deeds:
        with contextlib.suppress(Conflict, NotFound):  # it is over already, or that one is gone
            deed(it, it.line.peer(it.peers[n]))
    it.line.passes(timedelta(hours=1))

    over, line = it.line.asked(it.ask), it.line
    in_time = [text for text in learnt(line, it.boss) if not text.startswith("(late)")]
    assert asking.is_over(over)
    assert over.ended_at is not None
    assert len([x for x in line.story(it.ask.ask_id) if x.event.type == "ended"]) == 1
    assert len(in_time) == (over.state != "cancelled")
    assert not {x.state for x in line.view.deliveries_of(it.ask.ask_id)} & {"queued", "leased", "held"}
