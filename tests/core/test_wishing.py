"""What is set at the machine is what is said in a chat: the same wishes, refused for the same reasons."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.attending import OWNER
from daemon.core.errors import Malformed, NotFound, UnknownPeer
from daemon.core.model import Attention, AttentionShown, Peer
from tests.core.line import NOON, Chat, Line

HOUR = timedelta(hours=1)


def wish(line: Line, by: Peer, person: str = OWNER, **wished: Any) -> AttentionShown:
    shown: AttentionShown = line.do(c.WishAttention(by=by.peer_id, person=person, **wished))
    return shown


@pytest.mark.parametrize(
    ("words", "wished"),
    [
        (["/quiet 23:00-07:00"], {"quiet": "23:00-07:00"}),
        (["/quiet 23-7 but approvals, failures"], {"quiet": "23-7 but approvals, failures"}),
        (["/quiet 23-7", "/quiet off"], {"quiet": "off"}),
        (["/tz Europe/Lisbon"], {"zone": "Europe/Lisbon"}),
        (["/pushes 6"], {"pushes": "6"}),
        (["/mute dev/api"], {"mute": ("dev/api",)}),
        (["/mute api", "/mute api"], {"mute": ("api",), "hear": ("api",)}),
    ],
)
def test_a_wish_comes_to_the_same_wherever_it_is_said(
    api: Peer, words: list[str], wished: dict[str, Any]
) -> None:
    found = []
    for at_the_machine in (False, True):
        line = Line()
        agent, ada = line.agent("api"), line.telegram()
        for word in () if at_the_machine else words:
            line.say(ada, word)
        if at_the_machine:
            wish(line, ada.peer, **wished)
        said = line.view.get(Attention, OWNER)
        found.append((said.quiet, said.breaks, said.per_hour, said.muted == (agent.peer_id,)))
    assert found[0] == found[1]


@pytest.mark.parametrize("surface", ["telegram", "slack", "console"])
def test_every_surface_has_all_of_the_words(line: Line, api: Peer, surface: str) -> None:
    chats = {"telegram": line.telegram, "slack": lambda: line.slack("ada"), "console": line.console}
    here = chats[surface]()
    for word in ("/tz Europe/London", "/quiet 23:00-07:00 but failures", "/pushes 5", "/mute api"):
        line.say(here, word)
    found = line.view.get(Attention, OWNER)
    assert (found.zone, found.quiet, found.breaks) == ("Europe/London", "23:00-07:00", ("failure",))
    assert (found.per_hour, found.muted) == (5, (api.peer_id,))
    line.shown(here)
    line.say(here, "/digest")
    assert line.told(here) == ["nothing is held back"]


def test_what_is_shown_says_what_is_held_and_until_when(line: Line, ada: Chat, api: Peer) -> None:
    wish(line, ada.peer, quiet="11:00-13:00", mute=("api",))
    line.notify(api, ada.peer)
    line.ask(api, ada.peer)
    shown = wish(line, ada.peer)
    assert (shown.muted, shown.held, shown.quiet_until) == (("dev/api",), 2, NOON + HOUR)


def test_a_digest_is_told_where_the_person_spoke_last_and_only_if_there_is_one(
    line: Line, ada: Chat, api: Peer
) -> None:
    assert not line.do(c.TellDigest(person=OWNER)).told
    wish(line, ada.peer, quiet="11:00-13:00")
    line.notify(api, ada.peer, "built")
    assert line.do(c.TellDigest(person=OWNER)).told
    [digest] = line.shown(ada)
    assert digest.envelope.body == "**Held back**: 1 thing\n\n**dev**\n- api: built"


def test_a_colleague_has_wishes_of_their_own(line: Line, ada: Chat) -> None:
    line.telegram("ben", "8", owner=False)
    wish(line, ada.peer, "ben", quiet="22:00-06:00")
    assert line.view.get(Attention, "ben").quiet == "22:00-06:00"
    assert line.view.get(Attention, OWNER) is None


@pytest.mark.parametrize(
    ("wished", "error"),
    [
        ({"quiet": "25:00-07:00"}, Malformed),
        ({"quiet": "23-7 but bells"}, Malformed),
        ({"zone": "Mars/Olympus"}, Malformed),
        ({"pushes": "1001"}, Malformed),
        ({"pushes": "-1"}, Malformed),
        ({"mute": ("nobody",)}, UnknownPeer),
        ({"person": "carol"}, NotFound),
    ],
)
def test_what_cannot_be_meant_changes_nothing(
    line: Line, ada: Chat, wished: dict[str, Any], error: type[Exception]
) -> None:
    before = line.rows()
    with pytest.raises(error):
        wish(line, ada.peer, **wished)
    assert line.rows() == before
