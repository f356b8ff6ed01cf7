"""A surface that is deaf: its chats go offline, and the owner hears of it once, elsewhere."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.model import Authority, Peer
from tests.core.line import A_MINUTE, Chat, Line

NO_NETWORK = "Telegram cannot be reached"
SECONDS_20 = timedelta(seconds=20)


@pytest.fixture
def desk(line: Line, ada: Chat) -> Peer:
    """The owner's terminal, open."""
    peer: Peer = line.do(
        c.OpenConversation(
            surface="console", address="r", host="r", wish="console", authority=Authority.OWNER, live=True
        )
    )
    return peer


def beat(line: Line, trouble: str = "") -> None:
    line.do(c.Beat(surface="telegram", host="telegram-bot", trouble=trouble))


def slack(line: Line) -> Peer:
    """The owner's direct messages there."""
    return line.slack("ada", "ben").peer


def troubled(line: Line, desk: Peer, time: timedelta) -> None:
    """Beats as a surface in trouble gives them; the terminal stays open."""
    end = line.now + time
    while line.now < end:
        line.now += SECONDS_20
        line.do(c.Beat(surface="console", host="r"))
        beat(line, NO_NETWORK)


def told(line: Line, peer: Peer) -> list[str]:
    return [envelope.body for _, envelope in line.view.unread(peer.peer_id, 50)]


def test_a_silence_of_less_than_a_minute_is_told_to_nobody(line: Line, ada: Chat, desk: Peer) -> None:
    beat(line, NO_NETWORK)
    troubled(line, desk, timedelta(seconds=40))
    beat(line)
    assert told(line, desk) == []


def test_a_longer_one_is_told_once_elsewhere_and_so_is_its_end(line: Line, ada: Chat, desk: Peer) -> None:
    beat(line, NO_NETWORK)
    troubled(line, desk, 5 * A_MINUTE)
    beat(line)
    beat(line)
    assert told(line, desk) == [
        f"telegram is deaf since 2026-03-02 12:00 UTC: {NO_NETWORK}",
        "telegram is back after 5 min; what was said there meanwhile comes in now",
    ]
    assert told(line, ada.peer) == []


def test_a_line_that_comes_and_goes_is_no_flood(line: Line, ada: Chat, desk: Peer) -> None:
    for _ in range(10):
        beat(line, NO_NETWORK)
        troubled(line, desk, 2 * A_MINUTE)
        beat(line)
        line.now += SECONDS_20
    assert len(told(line, desk)) == 2


def test_a_long_silence_soon_after_another_is_told_all_the_same(line: Line, ada: Chat, desk: Peer) -> None:
    beat(line, NO_NETWORK)
    troubled(line, desk, 2 * A_MINUTE)
    beat(line)
    beat(line, NO_NETWORK)
    troubled(line, desk, 11 * A_MINUTE)
    assert len(told(line, desk)) == 3


def test_a_clock_that_is_set_makes_no_silence_longer(line: Line, ada: Chat, desk: Peer) -> None:
    beat(line, NO_NETWORK)
    line.now += timedelta(hours=1)
    line.do(c.StepClock(by=timedelta(hours=1)))
    beat(line, NO_NETWORK)
    assert told(line, desk) == []


def test_it_is_remembered_since_when(line: Line, ada: Chat) -> None:
    began = line.now
    beat(line, NO_NETWORK)
    line.now += SECONDS_20
    beat(line, "Telegram answers 502")
    outage = line.plan().outage("telegram")
    assert outage is not None
    assert (outage.since_at, outage.trouble) == (began, "Telegram answers 502")
    beat(line)
    assert line.plan().outage("telegram") is None


@pytest.mark.parametrize(("deaf", "told_on"), [("slack", "telegram"), ("telegram", "slack")])
def test_one_surface_that_is_deaf_is_told_of_on_the_other_to_the_owner_alone(
    line: Line, ada: Chat, deaf: str, told_on: str
) -> None:
    chats = {"telegram": ada.peer, "slack": slack(line)}
    ben = line.view.conversation_at("slack", "T1:U2")
    for _ in range(5):
        line.do(c.Beat(surface=deaf, host=f"{deaf}-bot", trouble="no line"))
        line.do(c.Beat(surface=told_on, host=f"{told_on}-bot"))
        line.now += SECONDS_20
    assert told(line, chats[told_on]) == [f"{deaf} is deaf since 2026-03-02 12:00 UTC: no line"]
    line.do(c.Beat(surface=deaf, host=f"{deaf}-bot"))
    assert len(told(line, chats[told_on])) == 2
    assert told(line, chats[deaf]) == []
    assert ben
    assert told(line, line.peer(ben.peer_id)) == []
