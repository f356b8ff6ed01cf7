"""A topic for every agent: where it is made, how it follows its agent, and what is shown and heard in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core import topics
from daemon.core.model import Kind, Parcel, Peer, Place
from tests.core.line import Chat, Line

SOON = topics.SETTLES + timedelta(seconds=1)
TEAM = "-1001"


@pytest.fixture
def ada(line: Line) -> Chat:
    return line.telegram()


def configured(line: Line, *circles: str, wanted: bool = True) -> None:
    """Topics are switched on, and a group that sees these circles is in the config; without circles there is none."""
    team = Place(surface="telegram", address=TEAM, name="team", circles=circles, listed=True)
    line.do(c.ConfigurePlaces(surface="telegram", places=(team,) if circles else (), topics=wanted))


def room(line: Line, address: str = TEAM) -> Chat:
    found = line.view.conversation_at("telegram", address)
    assert found is not None
    return Chat(line.peer(found.peer_id), "telegram", address, "7")


def arranged(line: Line, chat: Chat, thread: int = 40) -> list[tuple[str, str]]:
    """What is to be done about topics there, done."""
    found: list[tuple[str, str]] = []
    while parcel := line.lease(chat.peer, "bot", shows=True):
        made = parcel.envelope.options == (topics.MAKE,)
        receipt = f"{chat.address}/{thread}" if made else parcel.recipient
        line.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder="bot", receipt=receipt))
        if parcel.envelope.kind is Kind.TOPIC:
            found.append((parcel.envelope.options[0], parcel.envelope.body))
    return found


def refuses(line: Line, chat: Chat) -> None:
    parcel = line.lease(chat.peer, "bot", shows=True)
    assert parcel is not None
    delivery_id = parcel.delivery.delivery_id
    line.do(c.RejectDelivery(delivery_id=delivery_id, holder="bot", reason="the chat is not a forum"))


@pytest.fixture
def api(line: Line, ada: Chat) -> Peer:
    configured(line, "dev")
    return line.agent("api")


@pytest.fixture
def topic(line: Line, api: Peer) -> Chat:
    line.passes(timedelta())
    assert arranged(line, room(line)) == [("make", "api")]
    line.passes(timedelta())
    return room(line, f"{TEAM}/40")


# --- where ------------------------------------------------------------------------------------------------------------


def test_a_listed_group_is_on_the_line_before_anybody_spoke_there(line: Line, ada: Chat) -> None:
    configured(line, "dev", wanted=False)
    assert room(line).peer.name == "telegram-team"


def test_its_topic_is_in_the_group_that_sees_it(line: Line, topic: Chat) -> None:
    assert topic.peer.name == "telegram-team-api"
    assert arranged(line, topic) == []


def test_whom_no_group_sees_has_its_topic_in_the_owners_chat(line: Line, ada: Chat) -> None:
    configured(line, "ops")
    line.agent("api")
    line.passes(timedelta())
    assert arranged(line, room(line)) == []
    assert arranged(line, ada) == [("make", "api")]


def test_agents_that_are_there_already_get_theirs_when_topics_are_switched_on(line: Line, ada: Chat) -> None:
    line.agent("api")
    configured(line, "dev")
    line.passes(timedelta())
    assert arranged(line, room(line)) == [("make", "api")]


def test_without_the_key_in_the_config_there_are_none(line: Line, ada: Chat) -> None:
    configured(line, "dev", wanted=False)
    line.agent("api")
    line.passes(SOON)
    assert arranged(line, room(line)) + arranged(line, ada) == []


def test_where_the_platform_refuses_the_next_chat_is_tried_and_then_none(
    line: Line, ada: Chat, api: Peer
) -> None:
    line.passes(timedelta())
    refuses(line, room(line))
    line.passes(timedelta())
    refuses(line, ada)
    line.do(c.RenamePeer(peer_id=api.peer_id, name="web"))
    line.agent("other")
    line.passes(SOON)
    assert arranged(line, room(line)) + arranged(line, ada) == []


def test_an_agent_of_a_name_that_is_there_already_shows_its_circle(line: Line, ada: Chat) -> None:
    configured(line, "dev", "ops")
    line.agent("api")
    line.agent("api", "ops")
    line.passes(timedelta())
    assert [title for _, title in arranged(line, room(line))] == ["api@dev", "api@ops"]


# --- with its agent ---------------------------------------------------------------------------------------------------


def test_it_is_renamed_with_its_agent(line: Line, api: Peer, topic: Chat) -> None:
    line.do(c.RenamePeer(peer_id=api.peer_id, name="web"))
    line.passes(SOON)
    assert arranged(line, topic) == [("rename", "web")]


def test_it_is_closed_with_its_agent_and_opened_when_that_is_back(line: Line, api: Peer, topic: Chat) -> None:
    session = line.session(api)
    line.do(c.EndSession(session_id=session.session_id, why="exit"))
    line.passes(SOON)
    assert arranged(line, topic) == [("close", "api")]

    line.agent("api")
    line.passes(SOON)
    assert arranged(line, topic) == [("reopen", "api")]


def test_who_ends_and_begins_at_once_changes_nothing(line: Line, api: Peer, topic: Chat) -> None:
    line.do(c.EndSession(session_id=line.session(api).session_id, why="clear"))
    line.agent("api")
    line.passes(SOON)
    assert arranged(line, topic) == []


def test_renamed_while_its_topic_is_being_made_it_is_renamed_after(line: Line, ada: Chat, api: Peer) -> None:
    line.passes(timedelta())
    line.do(c.RenamePeer(peer_id=api.peer_id, name="web"))
    line.passes(SOON)
    assert arranged(line, room(line)) == [("make", "api")]
    line.passes(timedelta())
    assert arranged(line, room(line, f"{TEAM}/40")) == [("rename", "web")]


def test_an_agent_that_went_where_the_group_does_not_see_it_gets_another(
    line: Line, ada: Chat, api: Peer, topic: Chat
) -> None:
    line.do(c.MovePeer(peer_id=api.peer_id, circle="ops"))
    line.passes(SOON)
    assert arranged(line, topic) == [("close", "api")]
    assert arranged(line, ada, 50) == [("make", "api")]


def test_a_topic_that_somebody_deleted_is_the_agents_no_more(line: Line, api: Peer, topic: Chat) -> None:
    line.do(c.RenamePeer(peer_id=api.peer_id, name="web"))
    line.passes(SOON)
    refuses(line, topic)
    asked = line.ask(api, room(line).peer, "go on?")
    assert _card(line, asked.ask_id).recipient == TEAM


def test_the_end_of_a_turn_is_no_news_there(line: Line, ada: Chat, api: Peer, topic: Chat) -> None:
    line.prompt(api)
    line.stop(api, "done")
    assert line.shown(room(line)) + line.shown(topic) == []


# --- what is said -----------------------------------------------------------------------------------------------------


def test_what_is_written_there_is_for_its_agent(line: Line, api: Peer, topic: Chat) -> None:
    said = c.Say(surface="telegram", address=topic.address, account="7", text="how far?", private=False)
    assert line.asked(line.do(said).ask_id).to == (api.peer_id,)


def test_what_the_agent_asks_the_chat_is_shown_there_and_a_tap_there_answers_it(
    line: Line, api: Peer, topic: Chat
) -> None:
    asked = line.ask(api, room(line).peer, "deploy?", options=("yes", "no"))
    card = _card(line, asked.ask_id)
    assert card.recipient == topic.address

    line.do(c.AckDelivery(delivery_id=card.delivery.delivery_id, holder="bot", receipt="-1001/77"))
    tap = c.Tap(surface="telegram", address=topic.address, account="7", ask_id=asked.ask_id, option=0)
    line.do(replace(tap, receipt="-1001/77"))
    assert [answer.option for answer in line.asked(asked).answers] == ["yes"]


def test_a_reply_there_to_what_was_said_to_the_whole_chat_answers_it(
    line: Line, api: Peer, topic: Chat
) -> None:
    asked = line.ask(api, room(line).peer, "how?")
    card = _card(line, asked.ask_id)
    line.do(c.AckDelivery(delivery_id=card.delivery.delivery_id, holder="bot", receipt="-1001/77"))
    said = c.Say(surface="telegram", address=topic.address, account="7", text="so", private=False)
    line.do(replace(said, reply_to="-1001/77"))
    assert [answer.text for answer in line.asked(asked).answers] == ["so"]


def test_answers_are_shown_where_it_was_asked(line: Line, api: Peer, topic: Chat) -> None:
    line.do(c.Say(surface="telegram", address=TEAM, account="7", text="@api how far?", private=False))
    line.carry(api)
    [ask] = line.view.open_asks_to(api.peer_id)
    line.answer(ask, api, "done")
    shown = [each for each in line.shown(room(line)) if each.envelope.kind is Kind.ANSWER]
    assert [each.recipient for each in shown] == [TEAM]


def test_a_topic_of_ones_own_in_a_private_chat_is_a_conversation(line: Line, ada: Chat) -> None:
    line.agent("api")
    said = c.Say(surface="telegram", address="7/12", account="7", text="@api how far?", topic="Plans")
    line.do(said)
    assert room(line, "7/12").peer.name == "telegram-plans"


def _card(line: Line, ask_id: str) -> Parcel:
    chat = room(line)
    while parcel := line.lease(chat.peer, "bot", shows=True):
        if parcel.envelope.envelope_id == ask_id:
            return parcel
        line.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder="bot", receipt="-1001/1"))
    raise AssertionError("no card")
