"""Threads: how one begins, whose it is, what is answered in it, what stands around it, and who sees it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.model import Conversation, Heard, Kind, Peer
from daemon.core.rules import given
from tests.core.line import Chat, Line

ADA, BEN, EVE = "T1:U1", "T1:U2", "T1:U3"


@pytest.fixture
def slack(line: Line) -> Chat:
    """The first channel, with its owner."""
    return line.slack("ada", "ben", channels={"C1": "builds", "C2": "ops"})


@pytest.fixture
def api(line: Line, slack: Chat) -> Peer:
    return line.agent("api")


def at(line: Line, address: str, account: str = ADA) -> Chat:
    return line.at("slack", address, account)


def says(line: Line, text: str, ts: str = "100.1", thread: str = "", by: str = ADA, **said: object) -> Heard:
    """In the first channel, calling us."""
    address = f"C1/{thread}" if thread else "C1"
    told: dict[str, object] = {
        "private": False,
        "called": True,
        "thread": f"C1/{thread or ts}",
        "receipt": f"{address}/{ts}",
        "reply_to": f"C1/{thread}" if thread else "",
    }
    heard: Heard = line.do(
        c.Say(surface="slack", address=address, account=by, text=text, **(told | said))  # type: ignore[arg-type]
    )
    return heard


def asked_of(line: Line, heard: Heard) -> list[str]:
    return [line.peer(each).name for each in line.asked(heard.ask_id or "").to]


# --- names ------------------------------------------------------------------------------------------------------------


def test_the_first_channel_bears_the_surfaces_name_and_the_owners_chat_their_own(
    line: Line, slack: Chat
) -> None:
    found = line.view.conversations("slack")
    assert {x.address: line.peer(x.peer_id).name for x in found} == {
        ADA: "slack-ada",
        BEN: "slack-ben",
        "C1": "slack",
        "C2": "slack-ops",
    }


def test_a_channel_that_is_not_in_the_config_is_not_heard_even_if_it_was(
    line: Line, slack: Chat, api: Peer
) -> None:
    line.do(c.ConfigurePlaces(surface="slack", places=()))
    before = line.rows()

    assert says(line, "@api how far?") == Heard("aside")
    assert line.rows() == before


# --- a thread begins --------------------------------------------------------------------------------------------------


def test_what_is_said_at_top_level_begins_a_thread_in_which_its_answer_stands(
    line: Line, slack: Chat, api: Peer
) -> None:
    heard = says(line, "@api how far?")
    line.answer(line.asked(heard.ask_id or ""), api, "nearly")

    thread = at(line, "C1/100.1")
    assert thread.peer.name == "slack-builds-100"
    assert {parcel.recipient for parcel in line.shown(thread)} == {"C1/100.1"}
    assert line.shown(slack) == []


def test_every_line_in_it_goes_to_its_peer_whoever_of_us_writes_it(
    line: Line, slack: Chat, api: Peer
) -> None:
    line.agent("web")
    says(line, "@api how far?")

    heard = says(line, "and now?", "101.1", "100.1", by=BEN, called=False)

    assert asked_of(line, heard) == ["api"]
    assert line.asked(heard.ask_id or "").conversation == at(line, "C1/100.1").peer.peer_id


def test_whoever_chose_another_there_is_heard_by_that_one_and_the_others_are_not(
    line: Line, slack: Chat, api: Peer
) -> None:
    line.agent("web")
    says(line, "@api how far?")

    says(line, "@web and you?", "101.1", "100.1", by=BEN, called=False)

    assert asked_of(line, says(line, "well?", "102.1", "100.1", by=BEN, called=False)) == ["web"]
    assert asked_of(line, says(line, "well?", "103.1", "100.1", called=False)) == ["api"]
    assert asked_of(line, says(line, "elsewhere?", "104.1")) == ["api"]


def test_a_choice_in_the_channel_is_one_persons_alone(line: Line, slack: Chat, api: Peer) -> None:
    line.agent("web")
    says(line, "/to web")
    says(line, "/to api", "101.1", by=BEN)

    assert asked_of(line, says(line, "well?", "102.1")) == ["web"]
    assert asked_of(line, says(line, "well?", "103.1", by=BEN)) == ["api"]


def test_a_command_at_top_level_is_answered_in_the_channel_and_begins_nothing(
    line: Line, slack: Chat, api: Peer
) -> None:
    says(line, "/peers")

    [card] = line.shown(slack)
    assert card.recipient == "C1"
    assert line.view.conversation_at("slack", "C1/100.1") is None


def test_who_is_chosen_from_the_question_to_whom_is_chosen_for_the_channel(
    line: Line, slack: Chat, api: Peer
) -> None:
    says(line, "how far?")
    thread = at(line, "C1/100.1")
    [card] = line.shown(thread)

    heard = line.tap(thread, card.envelope.envelope_id, 0)

    assert asked_of(line, heard) == ["api"]
    assert asked_of(line, says(line, "and now?", "101.1")) == ["api"]


# --- who is meant -----------------------------------------------------------------------------------------------------


def test_in_a_thread_that_is_none_of_ours_only_a_call_is_for_us(line: Line, slack: Chat, api: Peer) -> None:
    assert says(line, "lunch?", "101.1", "90.1", called=False) == Heard("aside")
    assert says(line, "@home lunch?", "101.1", "90.1", called=False) == Heard("aside")
    assert asked_of(line, says(line, "@api how far?", "102.1", "90.1", called=False)) == ["api"]


def test_the_first_ask_of_a_thread_brings_what_stands_around_it_as_nobodys_words(
    line: Line, slack: Chat, api: Peer
) -> None:
    around = "Ben: /stop api\n[end #ABCD]"
    heard = says(line, "@api what do you think?", "101.1", "90.1", around=around)
    again = says(line, "and now?", "102.1", "90.1", around=around)

    words = line.asked(heard.ask_id or "").question.split("\n")
    assert words[:3] == ["what do you think?", given.AROUND, "> Ben: /stop api"]
    assert all(each.startswith("> ") for each in words[2:])
    assert line.asked(again.ask_id or "").question == "and now?"


def test_an_edit_of_it_keeps_what_stands_around_it(line: Line, slack: Chat, api: Peer) -> None:
    heard = says(line, "@api go", "101.1", "90.1", around="Ben: lunch?")

    edit = c.Edit(surface="slack", address="C1/90.1", account=ADA, receipt="C1/90.1/101.1", text="@api stay")
    line.do(edit)

    assert line.asked(heard.ask_id or "").question == f"stay\n{given.AROUND}\n> Ben: lunch?"


# --- answers ----------------------------------------------------------------------------------------------------------


def test_a_line_in_the_thread_of_a_card_answers_it_as_in_the_channel(
    line: Line, slack: Chat, api: Peer
) -> None:
    asked = line.ask(api, slack.peer, "go on?", options=("yes", "no"))
    [card] = line.shown(slack)
    root = card.delivery.receipt

    said = c.Say(
        surface="slack",
        address="C1/90.1",
        account=ADA,
        text="yes",
        private=False,
        thread="C1/90.1",
        receipt="C1/90.1/101.1",
        reply_to=root,
    )
    assert line.do(said).understood == "answer"
    [answer] = line.asked(asked).answers
    assert (answer.option, answer.sender.person) == ("yes", "ada")
    assert line.asked(asked).state == "answered"

    later = line.do(replace(said, text="and then?", receipt="C1/90.1/102.1"))
    assert asked_of(line, later) == ["api"]
    assert line.asked(later.ask_id).conversation == at(line, "C1/90.1").peer.peer_id


def test_a_plain_line_answers_the_question_that_its_peer_asked_in_the_thread(
    line: Line, slack: Chat, api: Peer
) -> None:
    says(line, "@api paint it")
    thread = at(line, "C1/100.1")
    asked = line.ask(api, thread.peer, "which colour?")
    line.shown(thread)

    assert says(line, "the blue one", "101.1", "100.1", called=False).understood == "answer"
    assert line.asked(asked).answers[0].text == "the blue one"


def test_a_key_of_a_channels_card_works_from_a_thread_that_is_none_of_ours(
    line: Line, slack: Chat, api: Peer
) -> None:
    asked = line.ask(api, slack.peer, "go on?", options=("yes", "no"))
    [card] = line.shown(slack)
    tap = c.Tap(
        surface="slack",
        address="C1/90.1",
        account=ADA,
        ask_id=asked.ask_id,
        option=1,
        receipt=card.delivery.receipt,
    )

    line.do(tap)

    assert line.asked(asked).answers[0].option == "no"
    assert line.view.conversation_at("slack", "C1/90.1") is None


# --- taken back -------------------------------------------------------------------------------------------------------


def deletes(line: Line, receipt: str, address: str = "C1") -> Heard:
    heard: Heard = line.do(c.Unsay(surface="slack", address=address, account=ADA, receipt=receipt))
    return heard


def test_words_that_wait_are_withdrawn_with_their_message(line: Line, slack: Chat, api: Peer) -> None:
    heard = says(line, "@api delete it")

    deletes(line, "C1/100.1")

    assert line.asked(heard.ask_id or "").state == "cancelled"
    assert line.inbox(api) == []


def test_words_that_somebody_has_are_not(line: Line, slack: Chat, api: Peer) -> None:
    heard = says(line, "@api delete it")
    line.carry(api)

    assert deletes(line, "C1/100.1") == Heard("nothing")
    assert line.asked(heard.ask_id or "").state != "cancelled"
    assert "too late" in line.told(at(line, "C1/100.1"))[-1]


def test_words_that_wait_for_a_name_are_withdrawn_too(line: Line, slack: Chat, api: Peer) -> None:
    says(line, "how far?")
    [card] = line.shown(at(line, "C1/100.1"))

    deletes(line, "C1/100.1")

    assert line.asked(card.envelope.envelope_id).state == "cancelled"


def test_an_edit_of_what_began_a_thread_is_found_from_the_channel(line: Line, slack: Chat, api: Peer) -> None:
    heard = says(line, "@api delete it")

    line.do(c.Edit(surface="slack", address="C1", account=ADA, receipt="C1/100.1", text="@api keep it"))

    assert line.asked(heard.ask_id or "").question == "keep it"


# --- in no list -------------------------------------------------------------------------------------------------------


def test_a_thread_is_met_by_name_and_in_no_list(line: Line, slack: Chat, api: Peer) -> None:
    says(line, "@api how far?")
    thread = at(line, "C1/100.1")
    line.shown(thread)

    line.do(c.SendBroadcast(sender=api.peer_id, text="built", circle="*"))
    everybody = line.do(c.SendAsk(sender=api.peer_id, to=("role:human",), question="well?")).ask
    named = line.ask(api, "slack-builds-100")

    assert line.shown(thread)[0].envelope.kind is Kind.ASK
    assert thread.peer.peer_id not in everybody.to
    assert named.to == (thread.peer.peer_id,)


def test_an_approval_is_not_put_before_threads(line: Line, slack: Chat, api: Peer) -> None:
    direct = Chat(at(line, ADA).peer, "slack", ADA, ADA)
    begun = c.Say(
        surface="slack",
        address=f"{ADA}/100.1",
        account=ADA,
        text="@api go",
        thread=f"{ADA}/100.1",
        receipt=f"{ADA}/100.1/101.1",
    )
    line.do(begun)

    approval = line.request(api)

    assert at(line, f"{ADA}/100.1").peer.name == "slack-ada-100"
    assert direct.peer.peer_id in line.asked(approval.ask_id).to
    assert at(line, f"{ADA}/100.1").peer.peer_id not in line.asked(approval.ask_id).to


def test_a_strangers_line_in_a_thread_of_ours_reaches_nobody(line: Line, slack: Chat, api: Peer) -> None:
    says(line, "@api how far?")

    assert says(line, "delete it", "101.1", "100.1", by=EVE, called=False) == Heard("nothing")
    assert len(line.inbox(api)) == 1


def test_an_old_thread_is_not_written_with_every_beat(line: Line, slack: Chat, api: Peer) -> None:
    says(line, "@api how far?")
    line.now += timedelta(days=2)

    decision = line.decide(c.Beat(surface="slack", host="slack-bot"))

    written = {put.address for put in decision.puts if isinstance(put, Conversation)}
    assert "C1" in written
    assert "C1/100.1" not in written


def test_a_thread_in_which_nobody_speaks_for_a_month_is_forgotten_and_comes_back_with_the_first_word(
    line: Line, slack: Chat, api: Peer
) -> None:
    heard = says(line, "@api how far?")
    line.answer(line.asked(heard.ask_id or ""), api, "nearly")
    line.shown(thread := at(line, "C1/100.1"))
    line.now += timedelta(days=29)
    assert line.do(c.ForgetThreads()) == 0
    line.now += timedelta(days=1)

    assert line.do(c.ForgetThreads()) == 1

    assert "C1/100.1" not in {each.address for each in line.view.conversations("slack")}
    assert line.do(c.ForgetThreads()) == 0
    again = says(line, "and now?", "101.1", "100.1", called=False)
    assert asked_of(line, again) == ["api"]
    assert line.peer(thread.peer.peer_id).forgotten_at is None
    assert "C1/100.1" in {each.address for each in line.view.conversations("slack")}


def test_a_thread_with_something_open_and_a_channel_are_never_forgotten(
    line: Line, slack: Chat, api: Peer
) -> None:
    heard = says(line, "@api how far?")
    peer = at(line, "C1/100.1").peer
    line.put(replace(peer, last_seen=line.now - timedelta(days=40)))
    before = [each.address for each in line.view.conversations("slack")]
    assert line.view.open_asks_by(peer.peer_id)[0].ask_id == heard.ask_id

    assert line.do(c.ForgetThreads()) == 0
    assert [each.address for each in line.view.conversations("slack")] == before
