"""An ask that a person does not answer goes up the ladder, a step each so often; with nothing set it just waits."""

from __future__ import annotations

from datetime import timedelta

from daemon.core import commands as c
from daemon.core.escalating import LADDER
from daemon.core.model import Escalation, Kind, Peer
from tests.core.line import Chat, Line

AFTER = timedelta(minutes=10)


def configured(line: Line) -> None:
    line.do(c.ConfigureAttention(escalate_after=AFTER))


def steps(line: Line, ask_id: str) -> list[str]:
    return [each.event.what for each in line.story(ask_id) if each.event.type == "escalated"]


def test_with_nothing_set_an_ask_waits(line: Line, ada: Chat, api: Peer) -> None:
    ask = line.ask(api, ada.peer)
    line.shown(ada)
    line.passes(100 * AFTER)
    assert steps(line, ask.ask_id) == []
    assert line.shown(ada) == []


def test_each_step_of_the_ladder_is_taken_in_its_time(line: Line, api: Peer) -> None:
    configured(line)
    ada, slack, lead = line.telegram(), line.slack("ada"), line.orchestrator()
    ask = line.ask(api, ada.peer, "ship it?", options=("yes", "no"), default="no")
    line.shown(ada)
    line.passes(AFTER)
    assert [each.envelope.body for each in line.shown(ada)] == ["api has waited for 10 min: ship it?"]
    line.passes(AFTER)
    assert [each.envelope.envelope_id for each in line.shown(slack)] == [ask.ask_id]
    line.passes(AFTER)
    assert line.inbox(lead) == [(Kind.ASK, "ship it?")]
    line.passes(AFTER)
    over = line.asked(ask)
    assert (over.state, over.answers[-1].option) == ("answered", "no")
    assert steps(line, ask.ask_id) == [name for name, _ in LADDER]
    line.passes(100 * AFTER)
    assert line.view.get(Escalation, ask.ask_id).at is None


def test_what_is_answered_goes_no_further(line: Line, ada: Chat, api: Peer) -> None:
    configured(line)
    ask = line.ask(api, ada.peer, options=("yes", "no"))
    line.shown(ada)
    line.tap(ada, ask.ask_id, 0)
    line.passes(AFTER)
    assert steps(line, ask.ask_id) == []


def test_of_an_approval_the_orchestrator_is_told_and_decides_nothing(
    line: Line, ada: Chat, api: Peer
) -> None:
    configured(line)
    lead = line.orchestrator()
    approval = line.request(api)
    line.shown(ada)
    line.passes(AFTER)
    line.passes(AFTER)
    line.passes(AFTER)
    assert [kind for kind, _ in line.inbox(lead)] == [Kind.NOTICE]
    assert line.asked(approval.ask_id).to == (ada.peer.peer_id,)
    assert line.asked(approval.ask_id).state == "open"


def test_nobody_is_nudged_for_what_is_held_back(line: Line, ada: Chat, api: Peer) -> None:
    configured(line)
    line.say(ada, "/quiet 11:00-13:30")
    line.shown(ada)
    ask = line.ask(api, ada.peer)
    line.passes(AFTER)
    line.passes(AFTER)
    assert steps(line, ask.ask_id) == []


def test_each_step_is_taken_once_though_the_daemon_ends_before_or_after_it(line: Line, api: Peer) -> None:
    configured(line)
    ada = line.telegram()
    line.slack("ada")
    ask = line.ask(api, ada.peer, default="no", options=("yes", "no"))
    line.shown(ada)
    for _ in range(len(LADDER) + 2):
        line.now += AFTER
        line.decide(c.Tick(), "never written")
        configured(line)
        line.do(c.Recover(holder_prefix="telegram-bot"))
        line.do(c.Tick())
        line.do(c.Tick())
    assert steps(line, ask.ask_id) == ["nudge", "elsewhere", "default"]  # nobody directs others here


def test_an_approval_is_nudged_and_ends_the_ladder_when_it_is_decided(
    line: Line, ada: Chat, api: Peer
) -> None:
    configured(line)
    approval = line.request(api)
    line.shown(ada)
    line.passes(AFTER)
    [nudge] = line.shown(ada)
    assert nudge.envelope.body == "api has waited for 10 min: wants to use Bash: make"
    line.tap(ada, approval.ask_id, 1)
    line.passes(10 * AFTER)
    assert steps(line, approval.ask_id) == ["nudge"]
    assert line.view.get(Escalation, approval.ask_id).at is None
