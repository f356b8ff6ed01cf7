"""The board: everything at a glance, changed when it is no longer true and not otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bots.cards import card_of
from daemon.core import commands as c
from daemon.core import glance
from daemon.core.model import Ask, Kind, Peer
from tests.core.line import A_MINUTE, Chat, Line

SOON = glance.EVERY + timedelta(seconds=1)


@pytest.fixture
def board(line: Line, ada: Chat, api: Peer) -> str:
    """The receipt of a board that is shown."""
    line.say(ada, "/status")
    [shown] = line.shown(ada)
    assert card_of(shown).pinned
    assert shown.envelope.body == "**dev**\n- `dev/api` idle"
    return shown.delivery.receipt


def changes(line: Line, chat: Chat) -> list[tuple[str, str]]:
    """What it was changed to, and which message that was."""
    shown = [each for each in line.shown(chat) if each.envelope.kind is Kind.CHANGE]
    return [(each.shown_as, card_of(each).markdown) for each in shown]


def test_a_board_is_changed_when_it_is_no_longer_true_and_stays_the_same_message(
    line: Line, ada: Chat, api: Peer, board: str
) -> None:
    line.prompt(api)
    line.passes(SOON)
    assert changes(line, ada) == [(board, "**dev**\n- `dev/api` working")]


def test_it_is_changed_once_for_all_that_happened_meanwhile(
    line: Line, ada: Chat, api: Peer, board: str
) -> None:
    line.prompt(api)
    line.agent("web")
    line.stop(api)
    line.passes(SOON)
    assert changes(line, ada) == [(board, "**dev**\n- `dev/api` idle\n- `dev/web` idle")]


def test_what_ended_as_it_began_changes_nothing(line: Line, ada: Chat, api: Peer, board: str) -> None:
    line.prompt(api)
    line.stop(api)
    line.passes(SOON)
    assert changes(line, ada) == []


def test_nothing_happens_nothing_is_due(line: Line, ada: Chat, api: Peer, board: str) -> None:
    line.prompt(api)
    line.passes(SOON)
    assert all(each.due_at is None for each in line.view.follows("p-peerline"))


def test_a_new_board_takes_the_place_of_the_one_before(line: Line, ada: Chat, api: Peer, board: str) -> None:
    line.say(ada, "/status")
    [second] = line.shown(ada)
    line.prompt(api)
    line.passes(SOON)
    assert [at for at, _ in changes(line, ada)] == [second.delivery.receipt]
    assert second.delivery.receipt != board


def test_what_waits_for_the_person_stands_in_it(line: Line, ada: Chat, api: Peer, board: str) -> None:
    line.ask(api, ada.peer, "ship it?", options=("yes", "no"))
    line.say(ada, "@api how far?")
    line.passes(SOON)
    [(_, text)] = changes(line, ada)
    assert "waiting for you: 1 question" in text
    assert "open: 1 ask of yours" in text
    assert "- `dev/api` idle · 1 waiting" in text


def test_who_is_away_is_counted(line: Line, ada: Chat, api: Peer, board: str) -> None:
    line.agent("web")
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    line.passes(SOON)
    assert changes(line, ada) == [(board, "**dev**\n- `dev/web` idle\n- 1 other offline")]


def test_a_conversation_sees_its_own_circles_alone(line: Line, ada: Chat, api: Peer) -> None:
    line.agent("secret", "home")
    group = line.group(("dev",))
    line.say(group, "/status")
    assert [each.envelope.body for each in line.shown(group)] == ["**dev**\n- `dev/api` idle"]


def test_a_broadcast_of_a_person_reaches_whom_they_meet_and_says_whom(
    line: Line, ada: Chat, api: Peer
) -> None:
    line.agent("web")
    line.say(ada, "/broadcast the build is frozen")
    assert line.told(ada) == ["told api, web"]
    assert [body for _, body in line.inbox(api)] == ["the build is frozen"]


def test_who_may_only_talk_broadcasts_nothing(line: Line, ada: Chat) -> None:
    ben = line.telegram("ben", "8", owner=False)
    helper = line.agent("helper", "default")
    line.say(ben, "/broadcast the build is frozen")
    assert "needs the right to approve" in line.told(ben)[-1]
    assert line.inbox(helper) == []


def test_a_keyboard_has_whom_words_went_to_lately_the_last_first(line: Line, ada: Chat, api: Peer) -> None:
    line.agent("web")
    line.say(ada, "/to api")
    line.say(ada, "@web")
    shown = line.shown(ada)
    assert [card_of(each).keyboard for each in shown] == [
        ("@dev/api", "/peers", "/status"),
        ("@dev/web", "@dev/api", "/peers", "/status"),
    ]
    line.say(ada, "@dev/api")
    chosen = line.plan().sticky(ada.peer.peer_id, "7")
    assert chosen
    assert chosen.peer_id == api.peer_id


def test_what_reached_nobody_is_offered_to_somebody_else(line: Line, ada: Chat, api: Peer) -> None:
    web = line.agent("web")
    line.say(ada, "@api how far?")
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    line.shown(ada)
    line.passes(A_MINUTE)
    line.do(c.ForgetPeer(peer_id=api.peer_id))
    offered = next(each for each in line.shown(ada) if each.envelope.kind is Kind.ASK)
    assert [choice.label for choice in card_of(offered).choices] == ["dev/web"]
    assert offered.ask is not None
    line.tap(ada, offered.ask.ask_id, 0)
    asked: list[Ask] = list(line.view.open_asks_to(web.peer_id))
    assert [ask.question for ask in asked] == ["how far?"]
