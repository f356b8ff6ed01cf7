"""Ending and restarting agents by talking: asked once more, bound to that run, and only by whoever has the right."""

from __future__ import annotations

import json

import pytest

from daemon.core import commands as c
from daemon.core.model import Errand, Peer, Turn
from daemon.core.said import endings
from tests.core.line import Chat, Line


@pytest.fixture
def ada(line: Line) -> Chat:
    return line.telegram()


def card(line: Line, ada: Chat) -> str:
    """The id of the card that is shown."""
    [ask] = line.view.open_asks_to(ada.peer.peer_id)
    return ask.ask_id


def errands(line: Line, what: str) -> list[Errand]:
    return [each for each in line.view.errands() if each.what == what]


def run_of(line: Line, peer: Peer) -> str:
    return line.session(peer).session_id


def test_ending_is_asked_once_more_and_bound_to_that_run(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.say(ada, "/kill api")
    assert not errands(line, endings.KILL)
    line.tap(ada, card(line, ada), 0)
    [errand] = errands(line, endings.KILL)
    assert errand.peer_id == api.peer_id
    assert json.loads(errand.argument) == {
        "run": run_of(line, api),
        "now": True,
        "by": ada.peer.peer_id,
        "surface": "telegram",
        "account": "7",
        "person": "ada",
    }


def test_whoever_came_in_its_place_meanwhile_is_not_what_the_card_is_about(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    run = run_of(line, api)
    line.say(ada, "/kill api")
    line.do(c.EndSession(session_id=run, why="exit"))
    assert line.agent("api").peer_id == api.peer_id
    line.tap(ada, card(line, ada), 0)
    [errand] = errands(line, endings.KILL)
    assert json.loads(errand.argument)["run"] == run != run_of(line, api)


def test_leaving_it_ends_nobody(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.say(ada, "/kill api")
    line.tap(ada, card(line, ada), 1)
    assert not errands(line, endings.KILL)


@pytest.mark.parametrize("words", ["/kill api", "/restart api"])
def test_without_the_right_to_spawn_nobody_ends_or_restarts(line: Line, ada: Chat, words: str) -> None:
    line.agent("api")
    ben = line.telegram("ben", "8", owner=False)
    line.say(ben, words)
    assert not line.view.errands()
    assert any("right to spawn" in each for each in line.told(ben))


def test_whoever_lost_the_right_meanwhile_ends_nobody(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.say(ada, "/kill api")
    asked = card(line, ada)
    line.do(
        c.ConfigurePeople(
            surface="telegram",
            people=(
                line.view.get(type(line.view.people("telegram")[0]), "telegram", "7").__class__(
                    surface="telegram", account="7", name="ada", rights=("talk",), owner=False
                ),
            ),
        )
    )
    line.tap(ada, asked, 0)
    assert not errands(line, endings.KILL)


def test_nobody_is_ended_who_was_not_named(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.say(ada, "/to api")
    line.say(ada, "/kill")
    assert any("nobody is named" in each for each in line.told(ada))


def test_an_idle_agent_is_restarted_at_once(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.say(ada, "/restart api")
    [errand] = errands(line, endings.RESTART)
    told = json.loads(errand.argument)
    assert (told["run"], told["now"]) == (run_of(line, api), False)


def test_a_turn_under_way_is_broken_off_only_by_a_tap(line: Line, ada: Chat) -> None:
    line.agent("api", turn=Turn.WORKING)
    line.say(ada, "/restart api")
    assert not errands(line, endings.RESTART)
    line.tap(ada, card(line, ada), 0)
    [errand] = errands(line, endings.RESTART)
    assert json.loads(errand.argument)["now"]


def test_who_cannot_be_restarted_is_refused_before_anything(line: Line, ada: Chat) -> None:
    line.agent("api", backend="practice")
    line.say(ada, "/restart api")
    assert not line.view.errands()
    assert any("cannot go on with a conversation" in each for each in line.told(ada))


def test_a_group_ends_nobody_whom_it_does_not_meet(line: Line, ada: Chat) -> None:
    line.agent("api", "home")
    group = line.group(("dev",))
    line.say(group, "/kill home/api")
    assert not line.view.open_asks_to(group.peer.peer_id)
    assert not line.view.errands()
