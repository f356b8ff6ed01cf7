"""What is asked in an agent's own dialog alone: with the call that asks it, and told by what happens there then."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.model import Approval, Kind, Peer, Question, Turn
from daemon.core.rules.approval import State
from tests.core.line import Chat, Line

COLOUR = Question(text="Which colour?", shown="**Which colour?**", options=("Red", "Blue"))
GIVEN = json.dumps({"questions": ["Which colour?"]})
QUESTION: dict[str, Any] = {
    "what": "question",
    "tool": "request_user_input",
    "shown": COLOUR.shown,
    "digest": "d" * 64,
    "request": GIVEN,
    "options": COLOUR.options,
    "questions": (COLOUR,),
}


@pytest.fixture
def api(line: Line) -> Peer:
    return line.agent("api", turn=Turn.WORKING)


def calls(line: Line, peer: Peer) -> Any:
    session_id = line.session(peer).session_id
    asks = c.RequestApproval(session_id=session_id, **QUESTION)
    return line.do(c.BeginCall(session_id=session_id, limit=9_000, asks=asks))


def asked(line: Line, peer: Peer) -> list[Approval]:
    return list(line.view.approvals(line.session(peer).session_id))


def done(line: Line, peer: Peer, **more: Any) -> None:
    session_id = line.session(peer).session_id
    line.do(c.CloseApprovals(session_id=session_id, outcome="done there", **more))


def notices(line: Line, chat: Chat) -> list[str]:
    return [x.envelope.body for x in line.shown(chat) if x.envelope.kind is Kind.NOTICE]


def test_a_call_that_is_made_asks_and_one_that_is_refused_does_not(line: Line, ada: Chat, api: Peer) -> None:
    assert calls(line, api) is None
    [approval] = asked(line, api)
    assert approval.state == State.ASKED
    assert line.session(api).turn is Turn.AWAITING_INPUT
    done(line, api)
    line.do(c.StopTurn(peer_id=api.peer_id, by="ada"))
    assert calls(line, api) is not None
    assert asked(line, api) == []


def test_an_answer_that_was_pressed_is_told_however_quick_the_agent_is(
    line: Line, ada: Chat, api: Peer
) -> None:
    calls(line, api)
    [approval] = asked(line, api)
    line.tap(ada, approval.ask_id, 1)
    done(line, api, tool="request_user_input", request=GIVEN, allowed=True, answers=("Blue",))
    assert line.approval(approval).state == State.TOLD
    assert notices(line, ada) == []


def test_another_answer_at_the_agent_wins_and_whoever_decided_is_told(
    line: Line, ada: Chat, api: Peer
) -> None:
    calls(line, api)
    [approval] = asked(line, api)
    line.tap(ada, approval.ask_id, 1)
    done(line, api, tool="request_user_input", request=GIVEN, allowed=True, answers=("Red",))
    assert line.approval(approval).state == State.CLOSED
    assert ["did not wait for your decision" in text for text in notices(line, ada)] == [True]


def test_words_of_ones_own_follow_what_a_key_could_not_say(line: Line, ada: Chat, api: Peer) -> None:
    calls(line, api)
    [approval] = asked(line, api)
    [card] = [each for each in line.shown(ada) if each.envelope.kind is Kind.ASK]
    line.say(ada, "green, my own", reply_to=card.delivery.receipt)
    line.do(c.TellApproval(approval_id=approval.approval_id, evidence="pressed 3", without_words=True))
    assert line.inbox(api) == [(Kind.NOTICE, "ada answered what you asked:\nWhich colour? green, my own")]


@pytest.mark.parametrize(("option", "allowed"), [(0, True), (1, False)])
def test_a_permission_that_comes_true_as_decided_is_told(
    line: Line, ada: Chat, api: Peer, option: int, *, allowed: bool
) -> None:
    approval = line.request(api)
    line.tap(ada, approval.ask_id, option)
    session_id = line.session(api).session_id
    if allowed:
        done(line, api, tool="Bash", request=approval.request, allowed=True)
    else:
        line.do(c.TurnObserved(session_id=session_id, turn=Turn.IDLE, source="hook"))
    assert line.approval(approval).state == State.TOLD
    assert notices(line, ada) == []


def test_an_agent_that_takes_prompts_beside_its_dialog_stays_idle(line: Line, ada: Chat, api: Peer) -> None:
    line.put(replace(line.session(api), turn=Turn.IDLE))
    approval = line.request(api, rests=True)
    assert line.approval(approval).state == State.ASKED
    assert line.session(api).turn is Turn.IDLE
