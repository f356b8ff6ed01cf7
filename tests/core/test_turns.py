"""One ask, one turn: what the hooks tell is evidence, and the last words of a turn answer the ask that started it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.model import Ask, Authority, Kind, Parcel, Peer, Road, Turn, Urgency
from daemon.core.rules.cleaning import TEXT_LIMIT
from tests.core.line import A_MINUTE, Line


def observed(line: Line, peer: Peer, turn: Turn) -> None:
    session_id = line.session(peer).session_id
    line.do(c.TurnObserved(session_id=session_id, turn=turn, source="session registry"))


def reminders(line: Line, peer: Peer, ask: Ask) -> list[str]:
    return [text for kind, text in line.inbox(peer) if kind is Kind.NOTICE and ask.ask_id in text]


# --- evidence -------------------------------------------------------------------------------------------------------


def test_the_mark_in_a_prompt_proves_it_was_seen_and_is_at_work(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    parcel = line.carry(api)
    assert parcel is not None
    assert (line.asked(ask).state, line.state(ask, api)) == ("open", "handed")

    line.prompt(api, parcel)

    assert (line.asked(ask).state, line.state(ask, api)) == ("working", "seen")
    assert line.session(api).turn is Turn.WORKING
    assert line.story(ask.ask_id)[-1].event.evidence == f"prompt with #{parcel.delivery.mark}"


def test_a_notice_is_settled_by_being_seen(line: Line, web: Peer, api: Peer) -> None:
    message = line.notify(web, api)

    line.work(api)

    assert line.state(message, api) == "settled"


def test_a_mark_counts_only_from_the_agent_it_was_handed_to(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    parcel = line.carry(api)
    assert parcel is not None

    line.prompt(web, parcel)

    assert (line.asked(ask).state, line.state(ask, api)) == ("open", "handed")


def test_a_mark_counts_only_from_the_session_it_was_handed_to(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    parcel = line.carry(api)
    assert parcel is not None
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    heir = line.agent("api")
    assert heir.peer_id == api.peer_id

    line.prompt(heir, parcel)

    assert (line.asked(ask).state, line.state(ask, api)) == ("open", "queued")


def test_evidence_that_comes_late_spares_the_agent_a_second_copy(line: Line, web: Peer, api: Peer) -> None:
    message = line.notify(web, api)
    parcel = line.carry(api)
    assert parcel is not None
    line.do(c.MissDelivery(delivery_id=parcel.delivery.delivery_id, reason="no sign of it"))
    assert line.state(message, api) == "queued"

    line.prompt(api, parcel)
    line.stop(api)

    assert line.state(message, api) == "settled"
    assert line.carry(api) is None


def test_an_unknown_mark_or_a_session_that_is_over_proves_nothing(line: Line, api: Peer) -> None:
    before = line.rows()

    line.do(c.TurnBegan(session_id="s-unknown", marks=("AAAAAAAA",)))
    line.do(c.TurnEnded(session_id="s-unknown", text="hello"))
    line.do(c.TurnWent(session_id="s-unknown"))
    line.do(c.TurnWaits(session_id="s-unknown"))
    line.do(c.TurnObserved(session_id="s-unknown", turn=Turn.IDLE, source="x"))

    assert line.rows() == before
    assert line.do(c.HandOut(session_id="s-unknown", limit=9000)) == ()


# --- the end of a turn ----------------------------------------------------------------------------------------------


def test_the_last_words_of_the_turn_answer_the_ask_that_started_it(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    line.work(api)
    line.tool(api)

    line.stop(api, "half done")

    answered = line.asked(ask)
    assert (answered.state, [x.text for x in answered.answers]) == ("answered", ["half done"])
    assert answered.answers[0].sender.name == "api"
    assert line.inbox(web) == [(Kind.ANSWER, "half done")]
    assert (line.state(ask, api), line.session(api).turn) == ("settled", Turn.IDLE)


def test_a_turn_that_a_person_started_answers_nothing(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)

    line.prompt(api)
    line.stop(api, "for my user")

    assert line.asked(ask).state == "open"


@pytest.mark.parametrize(
    "end", [{"text": ""}, {"text": " \n"}, {"text": "\x1b\x07"}, {"text": "x", "failed": True}]
)
def test_an_empty_or_failed_turn_answers_nothing_and_is_reminded_of_once(
    line: Line, web: Peer, api: Peer, end: dict[str, object]
) -> None:
    ask = line.ask(web, api)
    line.work(api)

    line.stop(api, **end)

    assert line.asked(ask).state == "seen"
    assert len(reminders(line, api, ask)) == 1
    line.work(api)
    line.stop(api, **end)
    assert line.asked(ask).state == "seen"
    assert reminders(line, api, ask) == []


def test_the_turn_of_the_reminder_answers_the_ask(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    line.work(api)
    line.stop(api)

    line.work(api)
    assert line.asked(ask).state == "working"
    line.stop(api, "now it is done")

    assert (line.asked(ask).state, line.asked(ask).answers[0].text) == ("answered", "now it is done")


def test_an_interrupted_turn_answers_nothing_and_is_reminded_of(line: Line, web: Peer, api: Peer) -> None:
    """Esc fires no hook; the agent's registry says that it is idle."""
    ask = line.ask(web, api)
    line.work(api)

    observed(line, api, Turn.IDLE)

    assert line.asked(ask).state == "seen"
    assert len(reminders(line, api, ask)) == 1
    observed(line, api, Turn.IDLE)
    assert len(reminders(line, api, ask)) == 1


@pytest.mark.parametrize("turn", [Turn.WORKING, Turn.AWAITING_INPUT, Turn.UNKNOWN])
def test_what_is_seen_inside_a_turn_does_not_end_it(line: Line, web: Peer, api: Peer, turn: Turn) -> None:
    ask = line.ask(web, api)
    line.work(api)
    observed(line, api, turn)

    line.stop(api, "done")

    assert line.asked(ask).state == "answered"


def test_the_end_of_another_prompt_answers_nothing(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    line.work(api, prompt_id="prompt-1")

    line.stop(api, "about something else", prompt_id="prompt-2")

    assert line.asked(ask).state == "seen"
    assert len(reminders(line, api, ask)) == 1


def test_a_prompt_that_a_person_queues_meanwhile_does_not_take_the_ask_away(
    line: Line, web: Peer, api: Peer
) -> None:
    ask = line.ask(web, api)
    line.work(api, prompt_id="prompt-1")
    line.prompt(api, prompt_id="prompt-2")

    line.stop(api, "done", prompt_id="prompt-1")

    assert line.asked(ask).answers[0].text == "done"


def test_an_ask_whose_turn_is_taken_by_another_is_reminded_of(line: Line, web: Peer, api: Peer) -> None:
    first, second = line.ask(web, api, "one?"), line.ask(web, api, "two?")
    line.work(api)
    slow = replace(line.delivery(second, api), state="handed", mark="ABCDEFGH", road=Road.INBOX)
    line.put(replace(slow, session_id=line.session(api).session_id))  # on its way since before that turn

    line.do(c.TurnBegan(session_id=line.session(api).session_id, marks=("ABCDEFGH",)))

    assert (line.asked(first).state, line.asked(second).state) == ("seen", "working")
    assert len(reminders(line, api, first)) == 1
    line.stop(api, "two!")
    assert (line.asked(first).state, line.asked(second).state) == ("seen", "answered")


def test_an_ack_before_the_turn_ends_wins(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    line.work(api)
    line.answer(ask, api, "by ack")

    line.stop(api, "last words, for nobody")

    assert [x.text for x in line.asked(ask).answers] == ["by ack"]
    assert line.inbox(web) == [(Kind.ANSWER, "by ack")]


def test_a_turn_on_an_ask_that_was_cancelled_meanwhile_answers_nothing(
    line: Line, web: Peer, api: Peer
) -> None:
    ask = line.ask(web, api)
    line.work(api)
    line.do(c.CancelAsk(ask_id=ask.ask_id, by=web.peer_id))

    line.stop(api, "too late")

    assert (line.asked(ask).state, line.asked(ask).answers) == ("cancelled", ())


def test_last_words_of_any_length_and_kind_end_the_turn(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    line.work(api)

    line.stop(api, "long \x1b[2J" + "é" * TEXT_LIMIT)

    text = line.asked(ask).answers[0].text
    assert (line.asked(ask).state, line.session(api).turn) == ("answered", Turn.IDLE)
    assert text.startswith("long [2J")
    assert "cut" in text
    assert len(text.encode()) <= TEXT_LIMIT


def test_a_recipient_of_many_is_asked_no_more_once_it_has_answered(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask_all(web, (api, line.agent("db")))
    line.work(api)
    line.answer(ask, api, "mine")

    line.stop(api, "last words")

    assert [x.text for x in line.asked(ask).answers] == ["mine"]
    assert reminders(line, api, ask) == []


def test_two_asks_are_two_turns_in_order(line: Line, web: Peer, api: Peer) -> None:
    first, second = line.ask(web, api, "one?"), line.ask(web, api, "two?")

    line.work(api)
    assert line.carry(api) is None
    line.stop(api, "one!")
    handed = line.hand_out(api)

    assert [x.envelope.envelope_id for x in handed] == [second.ask_id]
    line.stop(api, "two!", continuing=True)
    assert [line.asked(x).answers[0].text for x in (first, second)] == ["one!", "two!"]


def test_a_second_ask_is_not_pushed_before_the_first_has_begun(line: Line, web: Peer, api: Peer) -> None:
    """Two in the inbox at once would become one turn, and its last words one answer."""
    line.ask(web, api, "one?")
    line.ask(web, api, "two?")
    first = line.carry(api)
    assert first is not None

    assert line.carry(api) is None

    line.prompt(api, first)
    line.stop(api, "one!")
    second = line.carry(api)
    assert second is not None
    assert second.envelope.body == "two?"


# --- hand-outs at a boundary ----------------------------------------------------------------------------------------


def test_at_the_end_of_a_turn_one_ask_is_handed_alone(line: Line, web: Peer, api: Peer) -> None:
    line.prompt(api)
    for question in ("one?", "two?"):
        line.ask(web, api, question)
    line.stop(api)

    assert [x.envelope.body for x in line.hand_out(api)] == ["one?"]
    assert line.session(api).turn is Turn.WORKING


def test_waiting_notices_are_joined_up_to_the_next_ask(line: Line, web: Peer, api: Peer) -> None:
    line.prompt(api)
    for text in ("a", "b"):
        line.notify(web, api, text)
    ask = line.ask(web, api)
    line.notify(web, api, "c")
    line.stop(api)

    assert [x.envelope.body for x in line.hand_out(api)] == ["a", "b"]
    line.stop(api, "noted", continuing=True)
    assert [x.envelope.envelope_id for x in line.hand_out(api)] == [ask.ask_id]


def test_no_more_is_handed_than_there_is_room_for(line: Line, web: Peer, api: Peer) -> None:
    line.prompt(api)
    for _ in range(4):
        line.notify(web, api, "x" * 1000)
    line.stop(api)

    assert len(line.hand_out(api, limit=2500)) == 2
    assert len(line.hand_out(api, limit=500)) == 0


def test_two_reminders_are_not_handed_together(line: Line, web: Peer, api: Peer) -> None:
    """The turn that follows can answer one of them only."""
    for question in ("one?", "two?"):
        line.ask(web, api, question)
    line.work(api)
    line.stop(api)  # the first is reminded of, behind the second
    line.hand_out(api)
    line.stop(api, continuing=True)  # and the second, behind that
    assert len(line.inbox(api)) == 2

    assert len(line.hand_out(api)) == 1


@pytest.mark.parametrize("sign", ["tool", "stop"])
def test_what_was_handed_out_is_proven_by_the_next_hook(line: Line, web: Peer, api: Peer, sign: str) -> None:
    line.prompt(api)
    ask = line.ask(web, api)
    line.stop(api)
    line.hand_out(api)
    assert (line.state(ask, api), line.asked(ask).state) == ("handed", "open")

    if sign == "tool":
        line.tool(api)
        assert line.asked(ask).state == "working"
    else:
        line.stop(api, "done", continuing=True)
        assert line.asked(ask).state == "answered"

    assert line.state(ask, api) in {"seen", "settled"}


def test_a_hand_out_that_never_arrived_is_not_proven_by_the_next_turn(
    line: Line, web: Peer, api: Peer
) -> None:
    ask = line.ask(web, api)
    line.prompt(api)
    line.stop(api)
    line.hand_out(api)

    line.prompt(api, prompt_id="of a person")
    line.stop(api, "for my user")

    assert (line.state(ask, api), line.asked(ask).state) == ("handed", "open")
    overdue = line.passes(A_MINUTE)
    assert [x.envelope.envelope_id for x in overdue] == [ask.ask_id]


def test_what_is_for_information_passes_with_a_prompt_and_starts_nothing(
    line: Line, web: Peer, api: Peer
) -> None:
    ask = line.ask(web, api, urgency=Urgency.NORMAL)
    notes = [line.notify(web, api, text, urgency=Urgency.FYI) for text in ("a", "b")]
    line.prompt(api, prompt_id="prompt-1")

    handed = line.hand_out(api, passing=True)

    assert [x.envelope.envelope_id for x in handed] == notes
    assert line.session(api).turn_prompt == "prompt-1"
    line.stop(api, "for my user", prompt_id="prompt-1")
    assert {line.state(note, api) for note in notes} == {"settled"}
    assert line.asked(ask).state == "open"


def test_what_is_for_information_wakes_nobody(line: Line, web: Peer, api: Peer) -> None:
    line.notify(web, api, urgency=Urgency.FYI)

    assert line.carry(api) is None


def test_words_of_the_owner_are_typed_and_begin_a_turn_like_any_other(line: Line) -> None:
    ada, api = line.telegram(), line.agent("api")
    heard = line.say(ada, "@api how far?")
    assert heard.ask_id is not None

    parcel = line.work(api)

    assert parcel.envelope.sender.authority is Authority.OWNER
    line.stop(api, "half")
    assert [x.envelope.body for x in line.shown(ada)] == ["to api", "half"]


def test_an_open_dialog_is_told_and_kept_apart_from_working(line: Line, api: Peer) -> None:
    line.prompt(api)

    line.do(c.TurnWaits(session_id=line.session(api).session_id))

    assert line.session(api).turn is Turn.AWAITING_INPUT
    line.now += timedelta(seconds=5)
    line.tool(api)
    assert (line.session(api).turn, line.session(api).turn_at) == (Turn.WORKING, line.now)


# --- what no hook told ----------------------------------------------------------------------------------------------


def spotted(line: Line, parcel: Parcel) -> None:
    line.do(c.SeeDelivery(delivery_id=parcel.delivery.delivery_id, evidence="found in the transcript"))


def test_a_hand_out_that_was_broken_off_before_any_sign_of_it_is_reminded_of_once_it_is_found(
    line: Line, web: Peer, api: Peer
) -> None:
    ask = line.ask(web, api)
    line.prompt(api)
    line.stop(api, "for my user")
    (parcel,) = line.hand_out(api)
    observed(line, api, Turn.IDLE)
    assert reminders(line, api, ask) == []

    spotted(line, parcel)
    spotted(line, parcel)

    assert (line.asked(ask).state, len(reminders(line, api, ask))) == ("seen", 1)


def test_a_hand_out_that_was_broken_off_and_followed_by_another_turn_is_reminded_of_and_not_at_work(
    line: Line, web: Peer, api: Peer
) -> None:
    ask = line.ask(web, api)
    line.prompt(api)
    line.stop(api, "for my user")
    line.hand_out(api)
    line.prompt(api)  # Esc, which nobody told of, and something else typed
    line.stop(api, "for my user again")
    line.prompt(api)

    line.tool(api)
    line.stop(api, "and again")

    assert (line.asked(ask).state, len(reminders(line, api, ask))) == ("seen", 1)
    assert line.asked(ask).answers == ()


def test_what_is_found_while_its_turn_goes_on_is_not_reminded_of(line: Line, web: Peer, api: Peer) -> None:
    ask = line.ask(web, api)
    line.prompt(api)
    line.stop(api, "for my user")
    (parcel,) = line.hand_out(api)

    spotted(line, parcel)
    assert reminders(line, api, ask) == []
    line.stop(api, "for web", continuing=True)

    assert line.asked(ask).answers[0].text == "for web"


def test_an_inbox_that_is_gone_is_gone_until_a_hook_names_one_again(line: Line, web: Peer, api: Peer) -> None:
    session = line.session(api)
    line.do(c.CloseInbox(session_id=session.session_id, inbox="/another"))
    assert line.session(api).inbox == session.inbox

    line.do(c.CloseInbox(session_id=session.session_id, inbox=session.inbox))

    line.notify(web, api)
    assert (line.session(api).inbox, line.carry(api)) == ("", None)
