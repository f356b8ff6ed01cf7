"""Whose words they are and what the agent is doing decide the road."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from daemon.core import commands as c
from daemon.core import listing
from daemon.core.model import (
    Authority,
    Conversation,
    Envelope,
    Kind,
    Pane,
    Road,
    Role,
    Sender,
    Session,
    Status,
    Turn,
    Urgency,
)
from daemon.core.rules import roads
from tests.core.line import NOON, Line
from tests.core.rules.test_presence import AGENT, CHAT, IDLE

PANE = Pane(tmux="/tmp/tmux", server_pid=1, pane_id="%1", pane_pid=2, pane_started=3)  # noqa: S108 -- never opened
REACHED = replace(IDLE, inbox="/inbox", pane=PANE)
BUSY = (Turn.WORKING, Turn.AWAITING_INPUT)


def said_by(authority: Authority, urgency: Urgency = Urgency.NORMAL) -> Envelope:
    sender = Sender(peer_id="p-0", name="x", circle="dev", role=Role.AGENT, authority=authority)
    return Envelope(
        envelope_id="m-1",
        kind=Kind.NOTICE,
        sender=sender,
        to=("p-1",),
        body="hi",
        created_at=NOON,
        expires_at=NOON,
        urgency=urgency,
    )


def test_the_owners_words_are_typed_and_everybody_elses_go_to_the_inbox() -> None:
    chosen = {who: roads.choose(said_by(who), REACHED) for who in Authority}

    assert chosen.pop(Authority.OWNER) is Road.TERMINAL
    assert set(chosen.values()) == {Road.INBOX}


def test_without_an_inbox_words_are_typed_and_without_a_pane_the_owners_go_to_the_inbox() -> None:
    assert roads.choose(said_by(Authority.PEER), replace(REACHED, inbox="")) is Road.TERMINAL
    assert roads.choose(said_by(Authority.OWNER), replace(REACHED, pane=None)) is Road.INBOX


@pytest.mark.parametrize("turn", [turn for turn in Turn if turn is not Turn.IDLE])
def test_nothing_is_typed_into_an_agent_that_is_not_known_to_be_idle(turn: Turn) -> None:
    for who, inbox in product(Authority, ("", "/inbox")):
        chosen = roads.choose(said_by(who), replace(REACHED, inbox=inbox, turn=turn))
        assert chosen is not Road.TERMINAL


@pytest.mark.parametrize(("turn", "urgency"), list(product((*BUSY, Turn.UNKNOWN), Urgency)))
def test_nothing_is_pushed_into_a_turn_that_runs_or_may_run(turn: Turn, urgency: Urgency) -> None:
    assert isinstance(roads.choose(said_by(Authority.PEER, urgency), replace(REACHED, turn=turn)), roads.Wait)


def test_what_is_for_information_only_wakes_nobody() -> None:
    assert isinstance(roads.choose(said_by(Authority.OWNER, Urgency.FYI), REACHED), roads.Wait)


@pytest.mark.parametrize("session", [None, replace(REACHED, ended_at=NOON)])
def test_an_agent_that_is_away_is_waited_for(session: Session | None) -> None:
    assert roads.choose(said_by(Authority.PEER), session) == roads.Wait("the recipient is offline")
    assert roads.reach(AGENT, session, None, Status.OFFLINE, Authority.PEER).road is Road.NONE


@pytest.mark.parametrize(("turn", "authority"), list(product(Turn, Authority)))
def test_what_a_sender_is_told_is_the_road_that_is_taken(turn: Turn, authority: Authority) -> None:
    session = replace(REACHED, turn=turn)
    chosen = roads.choose(said_by(authority), session)

    told = roads.reach(AGENT, session, None, Status.ONLINE, authority)

    assert told.road is (Road.HOOK if isinstance(chosen, roads.Wait) else chosen)
    assert told.reason


@pytest.mark.parametrize("backend", sorted(roads.POLLING))
def test_a_client_that_polls_is_waited_for(backend: str) -> None:
    assert (
        roads.reach(replace(AGENT, backend=backend), IDLE, None, Status.ONLINE, Authority.PEER).road
        is Road.POLL
    )


@pytest.mark.parametrize(("status", "trouble", "road", "reason"), [
    (Status.ONLINE, "", Road.CHAT, "its surface is connected"),
    (Status.OFFLINE, "", Road.NONE, "its surface is not connected"),
    (Status.OFFLINE, "no network", Road.NONE, "no network"),
])  # fmt: skip
def test_a_chat_is_reached_while_its_surface_is(
    status: Status, trouble: str, road: Road, reason: str
) -> None:
    chat: Conversation = replace(CHAT, trouble=trouble)
    human = replace(AGENT, role=Role.HUMAN)

    told = roads.reach(human, None, chat, status, Authority.PEER)

    assert (told.road, told.reason) == (road, reason)


# --- what is told of it ---------------------------------------------------------------------------------------------


def test_the_story_tells_which_road_was_chosen_and_why(line: Line) -> None:
    api, web = line.agent("api"), line.agent("web")
    ask = line.ask(web, api)
    line.carry(api)

    told = [each.event.evidence for each in line.story(ask.ask_id)]

    assert "trying by inbox: what others say goes by its inbox" in told


@pytest.mark.parametrize("authority", Authority)
@pytest.mark.parametrize("road", [Road.INBOX, Road.TERMINAL, Road.HOOK])
def test_every_road_that_is_taken_has_a_reason(road: Road, authority: Authority) -> None:
    assert roads.because(road, authority)


def test_the_story_of_what_waits_tells_what_it_waits_for(line: Line) -> None:
    api, web = line.agent("api"), line.agent("web")
    line.prompt(api)
    first, second = line.ask(web, api, "one?"), line.ask(web, api, "two?")

    assert waits_for(line, first.ask_id) == "the recipient is busy; handed over at the end of the turn"
    assert waits_for(line, second.ask_id) == "others wait before it"

    line.do(c.FreezeCircle(circle="dev", by="ada"))
    assert "is frozen by ada" in waits_for(line, first.ask_id)


def waits_for(line: Line, message_id: str) -> str:
    story = listing.story(line.plan(), message_id, ())
    return dict(story.waits).get(story.deliveries[0][0].delivery_id, "")


@pytest.mark.parametrize("authority", Authority)
@pytest.mark.parametrize("turn", [Turn.IDLE, Turn.PENDING_FIRST_TURN])
def test_into_opencode_everything_goes_by_what_waits_in_it(authority: Authority, turn: Turn) -> None:
    listening = replace(IDLE, backend="opencode", pane=PANE, turn=turn, wakes=True)
    assert roads.choose(said_by(authority), listening) is Road.HOOK
    deaf = roads.choose(said_by(authority), replace(listening, wakes=False))
    assert isinstance(deaf, roads.Wait)
    assert "nothing listens" in deaf.reason


@pytest.mark.parametrize("authority", Authority)
def test_an_interrupted_codex_is_left_alone_until_its_person_has_spoken(authority: Authority) -> None:
    interrupted = replace(REACHED, backend="codex", turn_source=roads.INTERRUPTED)
    waits = roads.choose(said_by(authority), interrupted)
    assert isinstance(waits, roads.Wait)
    assert waits.reason == roads.reach(AGENT, interrupted, None, Status.ONLINE, authority).reason
    assert roads.choose(said_by(authority), replace(interrupted, turn_source="hook")) is Road.INBOX
    assert not isinstance(
        roads.choose(said_by(authority), replace(interrupted, backend="claude-code")), roads.Wait
    )
