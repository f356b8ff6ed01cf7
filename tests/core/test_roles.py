"""Who coordinates: one in a circle at most, whoever claims it, and never by a name."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.core import commands as c
from daemon.core import roles
from daemon.core.errors import Conflict, NotAllowed, NotFound
from daemon.core.model import Authority, Kind, Peer, Role, Turn
from tests.core.line import A_MINUTE, Chat, Line

TEN = timedelta(minutes=10)
LEAD = Role.ORCHESTRATOR


def claim(line: Line, peer: Peer, role: Role = LEAD, *, force: bool = False) -> Peer:
    claimed: Peer = line.do(c.ClaimRole(peer_id=peer.peer_id, role=role, by="ada", force=force))
    return claimed


def ends(line: Line, peer: Peer) -> None:
    line.do(c.EndSession(session_id=line.session(peer).session_id, why="exit"))


def told(line: Line, peer: Peer) -> list[str]:
    return [body for kind, body in line.inbox(peer) if kind is Kind.NOTICE]


def test_whoever_claims_it_has_it_and_claiming_it_again_changes_nothing(line: Line, api: Peer) -> None:
    first = claim(line, api)
    line.passes(A_MINUTE)

    assert first.role is LEAD
    assert claim(line, api) == first
    assert [x.event.type for x in line.story(api.peer_id)].count("role_claimed") == 1


def test_from_one_that_is_there_it_is_not_taken_even_with_force(line: Line, api: Peer, web: Peer) -> None:
    claim(line, api)
    line.prompt(api)

    for force in (False, True):
        with pytest.raises(Conflict) as refused:
            claim(line, web, force=force)
        assert str(refused.value).startswith('"api" is the orchestrator of circle "dev" since ')
        assert "working, last sign 0 s ago (hook)" in str(refused.value)
        assert "10 minutes" in refused.value.hint
    assert line.peer(web).role is Role.AGENT


def test_one_that_works_is_not_silent_however_long_its_call_takes(line: Line, api: Peer, web: Peer) -> None:
    claim(line, api)
    line.prompt(api)
    line.passes(2 * TEN)

    with pytest.raises(Conflict):
        claim(line, web, force=True)


@pytest.mark.parametrize("offline", [True, False])
def test_from_one_that_is_offline_or_silent_it_takes_force_and_that_one_is_told(
    line: Line, api: Peer, web: Peer, *, offline: bool
) -> None:
    claim(line, api)
    if offline:
        ends(line, api)
    else:
        line.passes(TEN)
    with pytest.raises(Conflict) as refused:
        claim(line, web)
    assert refused.value.hint == "claim it with force"
    assert ("offline (exit)" if offline else "idle") in str(refused.value)

    assert claim(line, web, force=True).role is LEAD
    assert line.peer(api).role is Role.AGENT
    [said] = told(line, api)
    assert said.startswith('"web" is now the orchestrator of circle "dev", by ada: you were ')


def test_a_second_short_of_ten_minutes_is_not_silent(line: Line, api: Peer, web: Peer) -> None:
    claim(line, api)
    line.passes(TEN - timedelta(seconds=1))
    with pytest.raises(Conflict):
        claim(line, web, force=True)


@pytest.mark.parametrize("by", [timedelta(days=1), -timedelta(days=1)])
def test_a_clock_that_is_set_makes_nobody_silent_and_keeps_nobody_from_being_it(
    line: Line, api: Peer, web: Peer, by: timedelta
) -> None:
    claim(line, api)
    line.now += by
    line.do(c.StepClock(by=by))
    with pytest.raises(Conflict):
        claim(line, web, force=True)
    line.passes(TEN)
    assert claim(line, web, force=True).role is LEAD


def test_a_circle_has_its_own(line: Line, api: Peer) -> None:
    other = line.agent("api", "home")
    assert (claim(line, api).role, claim(line, other).role) == (LEAD, LEAD)


def test_it_is_given_back_and_free_then(line: Line, api: Peer, web: Peer) -> None:
    claim(line, api)
    assert claim(line, api, Role.AGENT).role is Role.AGENT
    assert claim(line, web).role is LEAD
    assert claim(line, api, Role.AGENT) == line.peer(api)


def test_a_name_gives_nobody_the_role(line: Line) -> None:
    named = line.agent("orchestrator")
    assert (named.role, named.name) == (Role.AGENT, "orchestrator-1")
    assert roles.holder_of(line.plan(), "dev") is None


@pytest.mark.parametrize("role", [Role.HUMAN, Role.SERVICE])
def test_there_are_roles_that_nobody_claims(line: Line, api: Peer, role: Role) -> None:
    with pytest.raises(NotAllowed):
        claim(line, api, role)


def test_nobody_but_an_agent_takes_it(line: Line, ada: Chat) -> None:
    line.do(c.Beat(surface="telegram", host="telegram-bot"))
    cli = line.do(
        c.OpenConversation(
            surface="cli", address="cli", host="cli", wish="cli", authority=Authority.UNVERIFIED
        )
    )
    for nobody in (ada.peer, cli):
        with pytest.raises(NotAllowed, match="is no agent"):
            claim(line, nobody)
    with pytest.raises(NotFound):
        claim(line, replace(ada.peer, peer_id="p-0000000000"))


@pytest.mark.parametrize("why", ["clear", "resume", "exit"])
def test_it_survives_another_session_of_the_same_peer(line: Line, why: str) -> None:
    lead = line.agent("lead", session_id="one", pid=7, started=7)
    claim(line, lead)
    line.do(c.EndSession(session_id="one", why=why))
    again = line.agent("lead", session_id="two", pid=8 if why == "exit" else 7, started=7)

    assert (again.peer_id, again.role) == (lead.peer_id, LEAD)


def test_who_comes_into_a_circle_that_has_one_becomes_an_agent_and_is_told(
    line: Line, api: Peer, web: Peer
) -> None:
    claim(line, api)
    mover = line.agent("mover", "home")
    claim(line, mover)
    moved = line.do(c.MovePeer(peer_id=mover.peer_id, circle="dev"))

    assert moved.role is Role.AGENT
    assert told(line, mover) == [
        'you are no orchestrator any more: "api" is the one of circle "dev".',
    ]
    assert line.peer(api).role is LEAD
    assert line.do(c.MovePeer(peer_id=api.peer_id, circle="empty")).role is LEAD


def test_who_was_started_to_be_it_is_it_unless_there_is_one(line: Line, api: Peer, web: Peer) -> None:
    for peer, becomes in ((api, LEAD), (web, Role.AGENT)):
        plan = line.plan()
        assert roles.given(plan, peer, "ada").role is becomes
        line.put(*plan.decision().puts)
    assert "you were to be the orchestrator" in told(line, web)[0]


def test_a_forgotten_holder_holds_nothing(line: Line, api: Peer, web: Peer) -> None:
    claim(line, api)
    ends(line, api)
    line.do(c.ForgetPeer(peer_id=api.peer_id))
    assert claim(line, web).role is LEAD


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(["claim", "force", "back", "move", "end", "come", "work", "rest", "wait"]),
        st.integers(0, 3),
        st.sampled_from(["dev", "home"]),
    ),
    max_size=25,
)


def _does(line: Line, deed: str, peer: Peer, circle: str) -> None:
    match deed:
        case "claim" | "force":
            claim(line, peer, force=deed == "force")
        case "back":
            claim(line, peer, Role.AGENT)
        case "move":
            line.do(c.MovePeer(peer_id=peer.peer_id, circle=circle))
        case "end":
            ends(line, peer)
        case "come":
            line.agent(peer.wish, line.peer(peer).circle)
        case "work":
            line.prompt(peer)
        case "rest":
            line.stop(peer)
        case _:
            line.passes(timedelta(minutes=7))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DEEDS)
def test_whatever_happens_a_circle_has_one_at_most(deeds: list[tuple[str, int, str]]) -> None:
    line = Line()
    crew = [
        line.agent(name, circle) for name, circle in zip("abcd", ["dev", "dev", "home", "home"], strict=True)
    ]
    for deed, number, circle in deeds:
        before = {x.circle: x for x in line.view.peers() if x.role is LEAD}
        working = {x.peer_id for x in before.values() if line.session(x).turn is Turn.WORKING}
        with contextlib.suppress(Conflict, NotAllowed):
            _does(line, deed, crew[number], circle)
        holders = [x.circle for x in line.view.peers() if x.role is LEAD]
        assert len(holders) == len(set(holders))
        if deed in {"claim", "force"}:  # nobody who works lost it to a claim
            assert working <= {x.peer_id for x in line.view.peers() if x.role is LEAD}


# Seen red with: what is in tests/mutants/table.py of them.
