"""Groups: how they come onto the line, what is said to us there, who is heard, and who knocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.errors import UnknownPeer
from daemon.core.model import Heard, Kind, Peer, Place
from tests.core.line import Chat, Line

TEAM = "-1001"


@pytest.fixture
def ada(line: Line) -> Chat:
    line.telegram("ben", "8", owner=False)
    return line.telegram()


@pytest.fixture
def api(line: Line) -> Peer:
    return line.agent("api", "default")


def says(line: Line, text: str, account: str = "7", address: str = TEAM, **said: Any) -> Heard:
    words = {"title": "The Team", "author": "Ben", "private": False} | said
    told: Heard = line.do(c.Say(surface="telegram", address=address, account=account, text=text, **words))
    return told


def listed(line: Line, *circles: str, name: str = "team") -> None:
    place = Place(surface="telegram", address=TEAM, name=name, circles=circles or ("default",), listed=True)
    line.do(c.ConfigurePlaces(surface="telegram", places=(place,)))


def here(line: Line, address: str = TEAM) -> Chat:
    conversation = line.view.conversation_at("telegram", address)
    assert conversation is not None
    return Chat(line.peer(conversation.peer_id), "telegram", address, "7")


def notices(line: Line, chat: Chat) -> list[str]:
    return [x.envelope.body for x in line.shown(chat) if x.envelope.kind in {Kind.NOTICE, Kind.ASK}]


# --- coming onto the line -------------------------------------------------------------------------------------------


def test_a_listed_group_is_called_by_its_name_and_sees_its_circles(line: Line, ada: Chat) -> None:
    listed(line, "dev")
    line.agent("web", "dev")

    says(line, "@web how far?")

    team = here(line)
    assert team.peer.name == "telegram-team"
    assert line.plan().conversation(team.peer.peer_id).circles == ("dev",)
    assert notices(line, ada) == []


def test_an_unlisted_group_sees_default_and_the_owner_is_told_once_by_whom(
    line: Line, ada: Chat, api: Peer
) -> None:
    says(line, "@api one", "8")
    says(line, "@api two", "8", f"{TEAM}/40", topic="API work")

    assert line.plan().conversation(here(line).peer.peer_id).circles == ("default",)
    [told] = notices(line, ada)
    assert "The Team" in told
    assert "telegram-the-team" in told
    assert "ben" in told


def test_each_topic_is_a_peer_of_its_own_and_so_is_the_group(line: Line, ada: Chat, api: Peer) -> None:
    listed(line)
    for address, topic in ((TEAM, ""), (f"{TEAM}/40", "API work"), (f"{TEAM}/41", "")):
        says(line, "@api hello", address=address, topic=topic)

    names = [here(line, address).peer.name for address in (TEAM, f"{TEAM}/40", f"{TEAM}/41")]
    assert names == ["telegram-team", "telegram-team-api-work", "telegram-team-41"]


def test_a_group_is_told_and_meets_only_its_own_circles(line: Line, ada: Chat) -> None:
    listed(line)
    home = line.agent("home", "private")
    says(line, "/peers")

    assert "home" not in "".join(line.told(here(line)))
    assert says(line, "@home hello") == Heard("aside")
    with pytest.raises(UnknownPeer):
        line.do(c.SendNotice(sender=here(line).peer.peer_id, to=("home",), text="hello"))
    assert line.inbox(home) == []


def test_a_group_that_the_config_lists_later_sees_what_it_is_given(line: Line, ada: Chat, api: Peer) -> None:
    says(line, "@api one")
    listed(line, "dev", "default")

    assert line.plan().conversation(here(line).peer.peer_id).circles == ("dev", "default")
    line.do(c.ConfigurePlaces(surface="telegram", places=()))
    assert line.plan().conversation(here(line).peer.peer_id).circles == ("default",)


def test_a_group_that_became_another_keeps_its_peers(line: Line, ada: Chat, api: Peer) -> None:
    listed(line)
    says(line, "/to api")
    before = here(line)
    line.do(c.ChangePlace(surface="telegram", address=TEAM, moved_to="-2002"))

    heard = says(line, "and now?", address="-2002", called=True)
    late = says(line, "from before", called=True)  # was on its way

    assert here(line, "-2002").peer.peer_id == before.peer.peer_id
    assert line.view.conversation_at("telegram", TEAM) is None
    assert [line.asked(x.ask_id or "").to for x in (heard, late)] == [(api.peer_id,)] * 2
    listed(line, "dev")
    assert line.plan().conversation(before.peer.peer_id).circles == ("dev",)


# --- what is for us -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"text": "/peers"},
        {"text": "@api how far?"},
        {"text": "how far?", "called": True},
        {"text": "/nosuch", "called": True},
    ],
    ids=str,
)
def test_a_command_a_peer_and_our_name_are_for_us(line: Line, ada: Chat, api: Peer, said: Any) -> None:
    assert says(line, **said).understood != "aside"


@pytest.mark.parametrize(
    "said",
    [
        {"text": "how far?"},
        {"text": "/nosuch"},
        {"text": "@eve how far?"},
        {"text": "yes"},
        {"text": "how far?", "reply_to": f"{TEAM}/9"},
        {"text": "/peers", "forwarded": "Eve"},
        {"text": "how far?", "forwarded": "Eve", "called": True},
        {"text": ""},
    ],
    ids=str,
)
def test_what_people_say_to_each_other_is_not(line: Line, ada: Chat, api: Peer, said: Any) -> None:
    says(line, "@api first")
    line.ask(api, here(line).peer, "go on?", options=("yes", "no"))
    line.shown(here(line))
    before = line.rows()

    assert says(line, **said) == Heard("aside")
    assert line.rows() == before


def test_cancel_takes_back_what_that_very_person_asked_there(line: Line, ada: Chat, api: Peer) -> None:
    first = says(line, "@api how far?")
    says(line, "@api and the docs?", "8")
    says(line, "/cancel")
    assert [ask.asker == here(line).peer.peer_id for ask in line.view.open_asks_to(api.peer_id)] == [True]
    assert line.asked(first.ask_id or "").state == "cancelled"


def test_a_reply_to_what_we_showed_there_is_for_us(line: Line, ada: Chat, api: Peer) -> None:
    says(line, "@api first")
    asked = line.ask(api, here(line).peer, "go on?")
    [card] = [x for x in line.shown(here(line)) if x.envelope.kind is Kind.ASK]

    assert says(line, "yes", "8", reply_to=card.delivery.receipt) == Heard("answer", asked.ask_id)
    [answer] = line.asked(asked).answers
    assert answer.sender.person == "ben"


def test_every_line_in_a_peers_own_topic_is_for_it(line: Line, ada: Chat, api: Peer) -> None:
    line.agent("web", "default")
    says(line, "/to web", address=f"{TEAM}/40")
    conversation = line.plan().conversation(here(line, f"{TEAM}/40").peer.peer_id)
    line.put(replace(conversation, topic_of=api.peer_id))

    heard = says(line, "how far?", "8", f"{TEAM}/40")

    assert line.asked(heard.ask_id or "").to == (api.peer_id,)


# --- who is heard ---------------------------------------------------------------------------------------------------


def test_a_member_who_is_not_listed_gets_one_line_and_the_owner_one_card(
    line: Line, ada: Chat, api: Peer
) -> None:
    listed(line)
    line.shown(ada)
    for text in ("@api rm -rf", "/stop api", "@api please"):
        assert says(line, text, "66", author="Eve") == Heard("nothing")

    door = line.view.conversation_at("telegram", "66")
    assert door is not None
    [line_told] = line.told(Chat(line.peer(door.peer_id), "telegram", "66", "66"))
    assert "not on the list" in line_told
    [card] = notices(line, ada)
    assert "let eve talk?" in card
    assert line.inbox(api) == []
    assert "telegram-eve" not in [peer.name for peer in line.view.peers()]


@pytest.mark.parametrize(("option", "understood"), [(0, "ask"), (1, "nothing")])
def test_the_owners_choice_lets_them_talk_or_not(
    line: Line, ada: Chat, api: Peer, option: int, understood: str
) -> None:
    listed(line)
    says(line, "@api hello", "66", author="Eve")
    [card] = [x for x in line.shown(ada) if x.envelope.kind is Kind.ASK]

    line.tap(ada, card.envelope.envelope_id, option)

    assert says(line, "@api again", "66", author="Eve").understood == understood
    assert [x for x in line.shown(ada) if x.envelope.kind is Kind.ASK] == []  # never asked again


def test_a_member_of_a_group_that_is_not_listed_gets_silence(line: Line, ada: Chat, api: Peer) -> None:
    says(line, "@api hello", "8")
    before = line.rows()

    assert says(line, "@api rm", "66") == Heard("nothing")
    assert line.rows() == before


def test_who_was_removed_is_not_asked_about_again(line: Line, ada: Chat, api: Peer) -> None:
    listed(line)
    line.put(replace(line.plan().person("telegram", "8"), removed_at=line.now, paired_at=line.now))
    before = line.rows()

    assert says(line, "@api hello", "8") == Heard("nothing")
    assert line.rows() == before


def test_a_strangers_name_is_never_that_of_somebody_known(line: Line, ada: Chat, api: Peer) -> None:
    listed(line)
    says(line, "@api hello", "66", author="Ada")

    assert line.plan().met("telegram", "66").name == "ada-2"


# --- what is forwarded, and given along -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["/stop api", "yes", "1", "@web go", "/lock"])
def test_forwarded_words_are_only_words_and_say_whose(line: Line, ada: Chat, api: Peer, text: str) -> None:
    line.agent("web", "default")
    line.say(ada, "/to api")
    asked = line.ask(api, ada.peer, "go on?", options=("yes", "no"))
    line.shown(ada)

    heard = line.say(ada, text, forwarded="Eve")

    told = line.asked(heard.ask_id or "")
    assert (told.to, told.question) == ((api.peer_id,), f"forwarded from Eve:\n{text}")
    assert line.asked(asked).answers == ()
    assert line.plan().locked() is None


def test_a_place_that_shut_us_out_says_so_and_opens_when_somebody_speaks(
    line: Line, ada: Chat, api: Peer
) -> None:
    says(line, "@api one")
    line.do(c.ChangePlace(surface="telegram", address=TEAM, closed="we were removed from the group"))
    closed = line.plan().conversation(here(line).peer.peer_id)
    says(line, "@api two")

    assert closed.closed == "we were removed from the group"
    assert line.plan().conversation(here(line).peer.peer_id).closed == ""
