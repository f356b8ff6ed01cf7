"""Answers to a slash command: for its asker alone, with their cards and what is looked up; the ask itself is not."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core.model import Envelope, Heard, Kind
from tests.core.line import BOT, Chat, Line

ADA, BEN = "T1:U1", "T1:U2"


@pytest.fixture
def slack(line: Line) -> Chat:
    """A channel, with two who may talk."""
    return line.slack("ada", "ben", channels={"C1": "work"})


def commands(line: Line, text: str, *, by: str = ADA, aside: bool = True) -> Heard:
    said = c.Say(
        surface="slack", address="C1", account=by, text=text, private=False, called=True, aside=aside
    )
    heard: Heard = line.do(said)
    return heard


def taps(line: Line, card: Envelope, option: int, *, by: str = ADA) -> Heard:
    heard: Heard = line.do(
        c.Tap(surface="slack", address="C1", account=by, ask_id=card.envelope_id, option=option)
    )
    return heard


def shown(line: Line, slack: Chat) -> list[Envelope]:
    """What the channel is to see, in order."""
    return [parcel.envelope for parcel in line.shown(slack)]


def test_what_the_line_says_to_it_is_for_its_asker_alone(line: Line, slack: Chat) -> None:
    line.agent("api")
    for text in ("/peers", "/to api", "/to", "/help", "/nonsense", "/status", "/asks", "@nobody hi"):
        commands(line, text)
    told = shown(line, slack)
    assert len(told) == 8
    assert {each.alone for each in told} == {ADA}
    assert Kind.BOARD not in {each.kind for each in told}


def test_what_is_said_in_the_channel_is_told_there(line: Line, slack: Chat) -> None:
    line.agent("api")
    commands(line, "/peers", aside=False)
    assert [each.alone for each in shown(line, slack)] == [""]


def test_an_ask_by_it_is_an_ask_and_only_its_receipt_is_an_aside(line: Line, slack: Chat) -> None:
    api = line.agent("api")
    heard = commands(line, "@api how far?")
    asked = line.work(api).envelope
    assert (asked.envelope_id, asked.alone) == (heard.ask_id, "")
    line.answer(line.asked(asked.envelope_id), api, "half way")
    assert [(each.kind, each.alone) for each in shown(line, slack)] == [
        (Kind.REPLY, ""),
        (Kind.REPLY, ADA),
        (Kind.ANSWER, ""),
    ]


def test_what_is_asked_by_it_is_said_aloud_and_has_its_thread_there(line: Line, slack: Chat) -> None:
    api = line.agent("api")
    heard = commands(line, "@api how far?\nall of it")
    parcel = line.lease(slack.peer, holder=BOT, shows=True)
    assert parcel is not None
    assert parcel.envelope.body == "ada asks api:\n\n> how far?\n> all of it"
    line.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, receipt="C1/100.1"))
    assert line.asked(heard.ask_id or "").said_as == "C1/100.1"
    thread = line.view.conversation_at("slack", "C1/100.1")
    assert thread is not None
    assert (thread.thread, thread.topic_of, thread.circles) == (True, api.peer_id, ("dev",))
    said = c.Say(
        surface="slack",
        address="C1/100.1",
        account=BEN,
        text="and now?",
        private=False,
        reply_to="C1/100.1",
        receipt="C1/100.1/100.2",
        thread="C1/100.1",
    )
    assert line.asked(line.do(said).ask_id).to == (api.peer_id,)


def test_a_card_that_one_sees_alone_is_tapped_by_them_alone_and_so_is_what_comes_of_it(
    line: Line, slack: Chat
) -> None:
    line.agent("api")
    commands(line, "/peers")
    (card,) = shown(line, slack)
    taps(line, card, 0, by=BEN)
    assert (len(shown(line, slack)), line.asked(card.envelope_id).answers) == (1, ())
    taps(line, card, 0)
    assert [(each.body, each.alone) for each in shown(line, slack)] == [("your words go to api", ADA)]


def test_a_bare_number_chooses_nothing_that_its_speaker_does_not_see(line: Line, slack: Chat) -> None:
    line.agent("api")
    commands(line, "/peers")
    (card,) = shown(line, slack)
    commands(line, "1", by=BEN, aside=False)
    assert line.asked(card.envelope_id).answers == ()


def test_a_bare_number_chooses_from_what_its_speaker_sees_alone(line: Line, slack: Chat) -> None:
    line.agent("api")
    commands(line, "/peers")
    (card,) = shown(line, slack)
    commands(line, "1", aside=False)
    assert line.asked(card.envelope_id).answers[0].option == "dev/api"


def test_what_is_looked_up_is_found_for_the_same_person(line: Line, slack: Chat) -> None:
    line.agent("api")
    heard = commands(line, "/peek api")
    line.do(c.FinishErrand(errand_id=heard.errand_id or "", text="it said hello"))
    assert [(each.body, each.alone) for each in shown(line, slack)][-1] == ("it said hello", ADA)


@pytest.mark.parametrize("text", ["/peers", "/to api", "/help", "/peek api"])
def test_what_is_told_of_a_command_in_a_channel_stands_in_the_thread_of_the_command(
    line: Line, slack: Chat, text: str
) -> None:
    line.agent("api")
    said = c.Say(
        surface="slack",
        address="C1",
        account=ADA,
        text=text,
        private=False,
        called=True,
        receipt="C1/100.1",
        thread="C1/100.1",
    )
    line.do(said)
    told = shown(line, slack)
    assert told
    assert {each.reply_to for each in told} == {"C1/100.1"}


def test_whom_a_form_says_is_asked_whatever_question_waits_there(line: Line, slack: Chat) -> None:
    api, web = line.agent("api"), line.agent("web")
    waits = line.do(c.SendAsk(sender=web.peer_id, to=("slack",), question="Ship it?", options=("yes", "no")))
    said = c.Say(
        surface="slack", address="C1", account=ADA, text="yes", private=False, called=True, to="dev/api"
    )
    heard: Heard = line.do(said)
    assert line.asked(heard.ask_id or "").to == (api.peer_id,)
    assert line.asked(waits.ask.ask_id).answers == ()
