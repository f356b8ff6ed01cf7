"""Slips: what may still be done about words that wait, by a finger alone, and until they are over."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bots.cards import card_of
from daemon.core import commands as c
from daemon.core.model import Ask, Kind, Parcel, Peer
from tests.core.line import Chat, Line


@pytest.fixture
def busy(line: Line, ada: Chat, api: Peer) -> Peer:
    """An agent in the middle of a turn of its own."""
    line.prompt(api)
    return api


def slip(line: Line, chat: Chat) -> Parcel:
    [found] = [each for each in line.shown(chat) if each.envelope.kind is Kind.ASK]
    return found


def said(line: Line, chat: Chat, text: str = "@api how far?") -> tuple[Ask, Parcel]:
    heard = line.say(chat, text)
    assert heard.ask_id is not None
    return line.asked(heard.ask_id), slip(line, chat)


def press(line: Line, chat: Chat, parcel: Parcel, label: str) -> None:
    assert parcel.ask is not None
    line.tap(chat, parcel.ask.ask_id, parcel.ask.options.index(label))


def labels(parcel: Parcel) -> list[str]:
    return [choice.label for choice in card_of(parcel).choices]


def test_words_for_an_idle_agent_need_no_slip(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "@api how far?")
    assert [each.envelope.kind for each in line.shown(ada)] == [Kind.REPLY]


def test_words_that_wait_can_be_hurried_moved_and_taken_back(line: Line, ada: Chat, busy: Peer) -> None:
    _, shown = said(line, ada)
    card = card_of(shown)
    assert (card.markdown, card.passing, card.silent) == ("to api", True, True)
    assert labels(shown) == ["interrupt", "move to…", "withdraw"]


def test_who_may_not_stop_anybody_is_not_offered_to_interrupt(line: Line, ada: Chat, busy: Peer) -> None:
    ben = line.telegram("ben", "8", owner=False)
    ada_api = line.agent("helper", "default")
    line.prompt(ada_api)
    _, shown = said(line, ben, "@helper how far?")
    assert labels(shown) == ["move to…", "withdraw"]


def test_who_is_away_has_nothing_to_interrupt(line: Line, ada: Chat, api: Peer) -> None:
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    _, shown = said(line, ada)
    assert labels(shown) == ["move to…", "withdraw"]
    assert card_of(shown).markdown == "to api, which is offline: kept until it is back"


def test_what_is_withdrawn_reaches_nobody(line: Line, ada: Chat, busy: Peer) -> None:
    ask, shown = said(line, ada)
    press(line, ada, shown, "withdraw")
    line.stop(busy)
    assert line.asked(ask.ask_id).state == "cancelled"
    assert line.carry(busy) is None
    [changed] = line.shown(ada)
    assert (card_of(changed).choices, card_of(changed).outcome) == ((), "cancelled (ada)")


def test_what_is_moved_is_asked_of_somebody_else_and_plain_words_go_where_they_went(
    line: Line, ada: Chat, busy: Peer
) -> None:
    line.agent("web")
    ask, shown = said(line, ada)
    press(line, ada, shown, "move to…")
    whom = next(each for each in line.shown(ada) if each.envelope.kind is Kind.ASK)
    assert labels(whom) == ["dev/web"]
    press(line, ada, whom, "dev/web")
    assert line.asked(ask.ask_id).state == "cancelled"
    assert line.carry(busy) is None
    [moved] = line.view.open_asks_to(line.plan().view.peers_named("web")[0].peer_id)
    assert moved.question == "how far?"
    chosen = line.plan().sticky(ada.peer.peer_id, "7")
    assert chosen is not None
    assert chosen.name == "api"


def test_what_cannot_be_moved_stays(line: Line, ada: Chat, busy: Peer) -> None:
    ask, shown = said(line, ada)
    press(line, ada, shown, "move to…")
    assert "nobody else is on the line" in line.told(ada)[-1]
    assert line.asked(ask.ask_id).state == "open"


def test_to_interrupt_stops_the_turn_that_the_words_wait_for(line: Line, ada: Chat, busy: Peer) -> None:
    _, shown = said(line, ada)
    press(line, ada, shown, "interrupt")
    assert line.session(busy).stopped
    line.stop(busy)
    carried = line.work(busy)
    assert carried.envelope.body == "how far?"


def test_a_right_that_was_lost_meanwhile_interrupts_nothing(line: Line, ada: Chat, busy: Peer) -> None:
    _, shown = said(line, ada)
    person = line.plan().person("telegram", "7")
    assert person is not None
    line.put(replace(person, rights=("talk",)))
    press(line, ada, shown, "interrupt")
    assert "needs the right" in line.told(ada)[-1]
    assert not line.session(busy).stopped


def test_the_slip_ends_with_what_it_is_about(line: Line, ada: Chat, busy: Peer) -> None:
    _, shown = said(line, ada)
    line.stop(busy)
    line.work(busy)
    line.stop(busy, "half way")
    changed = [each for each in line.shown(ada) if each.envelope.kind is Kind.CHANGE]
    assert [(card_of(each).choices, card_of(each).outcome) for each in changed] == [((), "answered (api)")]
    assert shown.ask is not None
    heard = line.tap(ada, shown.ask.ask_id, 0)
    assert heard.understood == "nothing"


def test_a_bare_word_chooses_nothing_from_a_slip(line: Line, ada: Chat, busy: Peer) -> None:
    ask, _ = said(line, ada)
    heard = line.say(ada, "withdraw")
    assert heard.understood == "ask"
    assert line.asked(ask.ask_id).state == "open"


def test_what_is_over_can_be_moved_no_more(line: Line, ada: Chat, busy: Peer) -> None:
    line.agent("web")
    ask, shown = said(line, ada)
    press(line, ada, shown, "move to…")
    whom = next(each for each in line.shown(ada) if each.envelope.kind is Kind.ASK)
    line.do(c.CancelAsk(ask_id=ask.ask_id, by=ada.peer.peer_id))
    press(line, ada, whom, "dev/web")
    assert "cancelled already" in line.told(ada)[-1]
    assert line.view.open_asks_to(line.plan().view.peers_named("web")[0].peer_id) == []
