"""An ask that a person does not answer goes up the ladder, a step each so often; with nothing set it just waits."""

from __future__ import annotations

from datetime import timedelta

from daemon.core import commands as c
from daemon.core.escalating import LADDER
from daemon.core.model import Escalation, Kind, Peer, Turn, Urgency
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
    assert steps(line, ask.ask_id) == [name for name, _ in LADDER if name != "person"]  # who was asked is one
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


# --- between agents ---------------------------------------------------------------------------------------------------


def seen(line: Line, peer: Peer) -> None:
    """It is given the ask, and its turn ends without an answer."""
    line.work(peer)
    line.stop(peer, "")
    line.work(peer)  # the reminder of the turn's end
    line.stop(peer, "")


def test_an_ask_between_agents_climbs_to_who_rests_the_orchestrator_the_owner_and_its_default(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    configured(line)
    lead = line.orchestrator()
    ask = line.ask(web, api, "which port?", options=("80", "8080"), default="80")
    seen(line, api)

    line.passes(AFTER)
    [(kind, text)] = line.inbox(api)
    assert kind is Kind.NOTICE
    assert f"web has waited for 10 min for your answer to ask {ask.ask_id} (which port?)" in text
    line.passes(AFTER)
    assert line.inbox(lead) == [(Kind.ASK, "which port?")]
    line.passes(AFTER)
    assert [each.envelope.envelope_id for each in line.shown(ada)] == [ask.ask_id]
    line.passes(AFTER)

    over = line.asked(ask)
    assert (over.state, over.answers[-1].option) == ("answered", "80")
    assert steps(line, ask.ask_id) == ["nudge", "orchestrator", "person", "default"]


def test_with_nothing_set_an_ask_between_agents_waits(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    ask = line.ask(web, api)
    seen(line, api)
    line.passes(100 * AFTER)
    assert steps(line, ask.ask_id) == []


def test_who_is_at_work_on_it_is_not_disturbed_and_nobody_else_is(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    configured(line)
    line.orchestrator()
    ask = line.ask(web, api)
    line.work(api)
    for _ in range(3):
        line.passes(AFTER)
    assert steps(line, ask.ask_id) == []

    line.stop(api, "")
    line.work(api)
    line.stop(api, "")
    line.passes(AFTER)
    assert steps(line, ask.ask_id) == ["nudge"]


def test_who_is_away_or_has_not_been_given_it_is_not_reminded_but_the_orchestrator_is_asked(
    line: Line, api: Peer, web: Peer
) -> None:
    configured(line)
    lead = line.orchestrator()
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    ask = line.ask(web, api)

    line.passes(AFTER)

    assert steps(line, ask.ask_id) == ["orchestrator"]
    assert line.inbox(lead) == [(Kind.ASK, "how far?")]
    assert [kind for kind, _ in line.inbox(api)] == [Kind.ASK]


def test_a_reminder_that_waits_already_is_not_said_twice(line: Line, api: Peer, web: Peer) -> None:
    configured(line)
    ask = line.ask(web, api)
    line.work(api)
    line.stop(api, "")
    assert len(line.inbox(api)) == 1

    line.passes(AFTER)

    assert len(line.inbox(api)) == 1
    assert steps(line, ask.ask_id) == []


def test_where_several_are_needed_the_orchestrator_and_the_owner_are_told_who_is_silent(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    configured(line)
    lead, db = line.orchestrator(circle="ops"), line.agent("db")
    ask = line.ask_all(web, (api, db))
    line.answer(ask, db, "green")

    line.passes(AFTER)
    line.passes(AFTER)

    told = "dev/web has waited for 10 min for an answer from api: well?"
    assert line.inbox(lead) == [(Kind.NOTICE, told)]
    assert [each.envelope.body for each in line.shown(ada)] == [told.replace("10", "20")]
    assert line.asked(ask).to == (api.peer_id, db.peer_id)


def test_what_a_person_asks_of_an_agent_does_not_climb(line: Line, ada: Chat, api: Peer) -> None:
    configured(line)
    lead = line.orchestrator()
    line.say(ada, "@api how far?")
    line.passes(10 * AFTER)
    assert line.inbox(lead) == []


def test_the_answer_of_whoever_was_asked_too_is_the_answer_and_the_others_are_told_off_without_being_woken(
    line: Line, api: Peer, web: Peer
) -> None:
    configured(line)
    lead = line.orchestrator()
    ask = line.ask(web, api, "which port?")
    seen(line, api)
    line.passes(AFTER)
    line.passes(AFTER)

    line.answer(ask, lead, "8080")

    assert line.inbox(web) == [(Kind.ANSWER, "lead: 8080\nno answer from api")]
    waiting = line.view.waiting(api.peer_id)
    off = f"ask {ask.ask_id} is answered; no answer is needed any more"
    assert (Kind.NOTICE, off) in line.inbox(api)
    assert waiting[-1].urgency is Urgency.FYI
    assert line.session(api).turn is Turn.IDLE
