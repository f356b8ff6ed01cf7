"""What agents wait for is decided once, by whoever may, and by nobody who has not seen it."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bots.cards import card_of
from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound, Refused
from daemon.core.model import Approval, Ask, Conversation, Kind, Pane, Peer, Question, Turn
from daemon.core.rules import asking
from daemon.core.rules.approval import OPEN, State
from daemon.core.rules.cleaning import TEXT_LIMIT
from tests.core.line import A_MINUTE, Chat, Line

A_WHILE = timedelta(minutes=11)
PANE = Pane(tmux="/s", server_pid=2, pane_id="%7", pane_pid=3, pane_started=4)
FRUITS = Question(
    text="Which fruits?", shown="**Which fruits?**", options=("Apple", "Pear", "Plum"), many=True
)
COLOR = Question(text="Which color?", shown="**Which color?**", options=("Red", "Blue"))
QUESTIONS: dict[str, Any] = {"what": "question", "tool": "AskUserQuestion", "questions": (COLOR, FRUITS)}
PLAN: dict[str, Any] = {
    "what": "plan",
    "tool": "ExitPlanMode",
    "options": ("Approve", "Approve, and accept edits", "Keep planning"),
}


@pytest.fixture
def api(line: Line) -> Peer:
    return line.agent("api", turn=Turn.WORKING)


def console(line: Line, *, trusted: bool = True, run: str = "run-1") -> Chat:
    chat = line.console(run)
    here: Conversation = line.view.get(Conversation, chat.peer.peer_id)
    line.put(replace(here, trusted=trusted))
    return chat


def decided(approval: Approval) -> tuple[str, str, str]:
    return approval.state, approval.choice, approval.words


def cards(line: Line, chat: Chat) -> list[str]:
    """The asks that are shown there, now."""
    return [p.envelope.envelope_id for p in line.shown(chat) if p.envelope.kind is Kind.ASK]


def told(line: Line, approval: Approval) -> Approval:
    line.do(c.TellApproval(approval_id=approval.approval_id, evidence="its hook took it"))
    return line.approval(approval)


def called(line: Line, peer: Peer, tool: str = "Bash", request: str = '{"command": "make"}') -> None:
    session_id = line.session(peer).session_id
    line.do(c.CloseApprovals(session_id=session_id, tool=tool, request=request, outcome="allowed there"))


# --- who is asked, and what they see --------------------------------------------------------------------------------


def test_everybody_who_may_decide_is_asked_and_sees_all_of_it(line: Line, ada: Chat, api: Peer) -> None:
    ben = line.telegram("ben", "8", owner=False)
    group, terminal = line.group(("*",)), console(line)
    approval = line.request(api)

    assert set(line.asked(approval.ask_id).to) == {ada.peer.peer_id, terminal.peer.peer_id}
    for chat in (ada, terminal):
        [card] = line.shown(chat)
        assert (card.envelope.body, card.envelope.options) == (
            "wants to use **Bash**\n\n```bash\nmake\n```",
            ("Allow", "Deny", "diff"),
        )
        assert card.envelope.sender.peer_id == api.peer_id
    assert line.shown(ben) == line.shown(group) == []


def test_who_asks_waits_for_a_person(line: Line, ada: Chat, api: Peer) -> None:
    line.request(api)

    assert line.session(api).turn is Turn.AWAITING_INPUT


def test_who_sees_other_circles_only_is_not_asked(line: Line, ada: Chat) -> None:
    here: Conversation = line.view.get(Conversation, ada.peer.peer_id)
    line.put(replace(here, circles=("shop",)))

    assert line.asked(line.request(line.agent("api", "dev")).ask_id).to == ()
    assert line.asked(line.request(line.agent("web", "shop")).ask_id).to == (ada.peer.peer_id,)


def test_a_console_that_comes_later_is_asked_too_once(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    late = console(line)
    line.console()

    assert cards(line, late) == [approval.ask_id]
    line.tap(late, approval.ask_id, 0)
    assert decided(line.approval(approval)) == (State.DECIDED, "Allow", "")


def test_with_nobody_there_it_waits_for_whoever_comes(line: Line, api: Peer) -> None:
    approval = line.request(api)
    line.passes(A_MINUTE)

    assert cards(line, console(line)) == [approval.ask_id]


def test_of_what_is_decided_nobody_hears_who_comes_later(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    line.tap(ada, approval.ask_id, 0)

    assert cards(line, console(line)) == []


def test_a_session_that_is_over_or_unknown_asks_nobody(line: Line, ada: Chat, api: Peer) -> None:
    session_id = line.session(api).session_id
    line.do(c.EndSession(session_id=session_id, why="exit"))
    for each in (session_id, "s-99"):
        asked = c.RequestApproval(
            session_id=each, what="permission", tool="Bash", shown="x", digest="", request="{}"
        )
        assert line.do(asked) == ""
    assert line.shown(ada) == []


# --- one decision ---------------------------------------------------------------------------------------------------


def test_the_first_of_two_taps_decides_and_the_second_is_told(line: Line, ada: Chat, api: Peer) -> None:
    terminal = console(line)
    approval = line.request(api)
    line.shown(ada)
    line.tap(ada, approval.ask_id, 1)
    heard = line.tap(terminal, approval.ask_id, 0)

    assert heard.understood == "nothing"
    assert decided(line.approval(approval)) == (State.DECIDED, "Deny", "")
    assert line.approval(approval).by == "ada"
    assert "already" in line.told(terminal)[-1]


def test_a_reply_after_another_ones_tap_is_told_and_reaches_no_agent(
    line: Line, ada: Chat, api: Peer
) -> None:
    terminal = console(line)
    approval = line.request(api)
    [card] = line.shown(terminal)
    line.tap(ada, approval.ask_id, 1)
    line.say(terminal, "Allow", reply_to=card.delivery.receipt)

    assert decided(line.approval(approval)) == (State.DECIDED, "Deny", "")
    assert "that is decided already: Deny" in line.told(terminal)
    assert line.inbox(api) == []


def test_a_tap_after_a_decision_at_the_agent_changes_nothing(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    line.shown(ada)
    called(line, api)
    line.tap(ada, approval.ask_id, 1)

    assert (line.approval(approval).state, line.approval(approval).choice) == (State.CLOSED, "")
    assert line.asked(approval.ask_id).state == asking.State.ANSWERED


def test_a_decision_at_the_agent_after_a_tap_wins_while_the_agent_was_not_told(
    line: Line, ada: Chat, api: Peer
) -> None:
    approval = line.request(api)
    line.tap(ada, approval.ask_id, 1)
    called(line, api)

    assert line.approval(approval).state == State.CLOSED
    [text] = [x.envelope.body for x in line.shown(ada) if x.envelope.kind is Kind.NOTICE]
    assert text == "dev/api did not wait for your decision: allowed there"
    with pytest.raises(Conflict):
        told(line, approval)


def test_what_the_agent_was_told_is_not_undone_by_its_own_call(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    line.tap(ada, approval.ask_id, 0)
    told(line, approval)
    called(line, api)

    assert line.approval(approval).state == State.TOLD
    assert line.session(api).turn is Turn.WORKING


def test_all_cards_change_when_it_ends_however_it_ends(line: Line, ada: Chat, api: Peer) -> None:
    terminal = console(line)
    for end in (lambda x: line.tap(ada, x.ask_id, 0), lambda _: called(line, api), lambda _: line.stop(api)):
        approval = line.request(api)
        shown = [line.shown(chat)[-1].delivery.receipt for chat in (ada, terminal)]
        end(approval)
        changed = [
            [p.shown_as for p in line.shown(chat) if p.envelope.kind is Kind.CHANGE]
            for chat in (ada, terminal)
        ]
        assert changed == [[receipt] for receipt in shown]


def test_only_the_request_that_was_allowed_is_closed_by_its_call(line: Line, ada: Chat, api: Peer) -> None:
    one = line.request(api, request='{"url": "a"}', tool="WebFetch")
    other = line.request(api, request='{"url": "b"}', tool="WebFetch")
    called(line, api, "WebFetch", '{"url": "b"}')

    assert [line.approval(x).state for x in (one, other)] == [State.ASKED, State.CLOSED]
    assert line.session(api).turn is Turn.AWAITING_INPUT


def test_the_agent_works_on_only_when_nothing_more_waits(line: Line, ada: Chat, api: Peer) -> None:
    one, other = line.request(api, request="1"), line.request(api, request="2")
    for approval, turn in ((one, Turn.AWAITING_INPUT), (other, Turn.WORKING)):
        line.tap(ada, approval.ask_id, 0)
        told(line, approval)
        assert line.session(api).turn is turn


def test_the_agent_never_gets_an_answer_to_what_it_waited_for(line: Line, ada: Chat, api: Peer) -> None:
    terminal = console(line)
    approval = line.request(api, **QUESTIONS)
    first = line.shown(terminal)[-1]
    line.tap(ada, approval.ask_id, 0)
    line.say(terminal, "Blue", reply_to=first.delivery.receipt)  # to the first question, which is answered
    second = line.approval(approval).ask_id
    line.shown(ada)
    line.tap(ada, second, 1)
    line.say(terminal, "2", reply_to=first.delivery.receipt)
    with contextlib.suppress(Conflict):
        line.do(c.CloseAsk(ask_id=approval.ask_id, by=terminal.peer.peer_id, option="Red", trusted=True))

    assert line.inbox(api) == []
    assert line.approval(approval).answers == ("Red", "Pear")


# --- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["yes", "Y", "ok.", "Allow", "1", " allow ", "approve!"])
def test_a_yes_allows(line: Line, ada: Chat, api: Peer, text: str) -> None:
    approval = line.request(api)
    [card] = line.shown(ada)
    line.say(ada, text, reply_to=card.delivery.receipt)

    assert decided(line.approval(approval)) == (State.DECIDED, "Allow", "")


@pytest.mark.parametrize("text", ["no", "N", "Deny", "2", "reject."])
def test_a_no_denies(line: Line, ada: Chat, api: Peer, text: str) -> None:
    approval = line.request(api)
    [card] = line.shown(ada)
    line.say(ada, text, reply_to=card.delivery.receipt)

    assert decided(line.approval(approval)) == (State.DECIDED, "Deny", "")


@pytest.mark.parametrize("text", ["use the other folder", "yes, but not there", "3", "allow it all"])
def test_other_words_deny_with_themselves_as_the_reason(line: Line, ada: Chat, api: Peer, text: str) -> None:
    approval = line.request(api)
    [card] = line.shown(ada)
    line.say(ada, text, reply_to=card.delivery.receipt)

    assert decided(line.approval(approval)) == (State.DECIDED, "Deny", text)


@pytest.mark.parametrize("text", ["1", "allow", "Deny"])
def test_a_bare_word_decides_nothing_that_its_speaker_has_not_seen(
    line: Line, ada: Chat, api: Peer, text: str
) -> None:
    approval = line.request(api)  # on its way
    line.say(ada, text)

    assert line.approval(approval).state == State.ASKED
    assert "read it first" in line.told(ada)[-1]


def test_a_bare_word_decides_nothing_when_two_wait(line: Line, ada: Chat, api: Peer) -> None:
    both = [line.request(api, request=each) for each in "12"]
    line.shown(ada)
    line.say(ada, "1")

    assert [line.approval(x).state for x in both] == [State.ASKED, State.ASKED]
    assert "several questions wait here" in line.told(ada)[-1]


def test_a_bare_word_decides_the_only_thing_that_is_shown(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    line.shown(ada)
    line.say(ada, "1")

    assert decided(line.approval(approval)) == (State.DECIDED, "Allow", "")


def test_a_reply_to_what_one_decided_oneself_is_a_new_question(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    [card] = line.shown(ada)
    line.tap(ada, approval.ask_id, 0)
    line.say(ada, "and be quick", reply_to=card.delivery.receipt)

    assert line.inbox(api) == [(Kind.ASK, "and be quick")]


# --- who may --------------------------------------------------------------------------------------------------------


def test_who_may_only_talk_cannot_decide_and_is_told_why(line: Line, ada: Chat, api: Peer) -> None:
    line.telegram("ben", "8", owner=False)
    approval = line.request(api)
    [card] = line.shown(ada)
    line.tap(ada.by("8"), approval.ask_id, 0)
    line.say(ada.by("8"), "yes", reply_to=card.delivery.receipt)

    assert line.approval(approval).state == State.ASKED
    assert [text.partition("\n")[0] for text in line.told(ada)] == [
        "to decide that needs the right to approve"
    ] * 2


def test_a_terminal_that_is_not_trusted_is_asked_cannot_decide_and_is_told_why(line: Line, api: Peer) -> None:
    terminal = console(line, trusted=False)
    approval = line.request(api)
    [card] = line.shown(terminal)
    line.tap(terminal, approval.ask_id, 0)
    line.say(terminal, "yes", reply_to=card.delivery.receipt)

    assert line.approval(approval).state == State.ASKED
    assert all("not taken from a terminal" in text for text in line.told(terminal))


def test_who_was_not_asked_cannot_tap(line: Line, ada: Chat, api: Peer) -> None:
    line.telegram("ben", "8", owner=False)
    approval = line.request(api)

    group = line.group(("*",))
    for chat, option in ((group, 0), (ada, 3), (ada, -1)):
        line.tap(chat, approval.ask_id, option)
        assert "was not asked here" in line.told(chat)[-1]
    assert line.tap(ada.by("99"), approval.ask_id, 0).understood == "nothing"  # a stranger is not heard
    assert line.approval(approval).state == State.ASKED


def test_the_work_tree_can_be_looked_at_first_and_that_decides_nothing(
    line: Line, ada: Chat, api: Peer
) -> None:
    approval = line.request(api)
    [card] = [p for p in line.shown(ada) if p.envelope.kind is Kind.ASK]
    assert [choice.label for choice in card_of(card).choices] == ["Allow", "Deny", "diff"]
    assert line.tap(ada, approval.ask_id, 2).understood == "errand"
    assert line.approval(approval).state == State.ASKED
    assert line.say(ada, "diff", reply_to=card.delivery.receipt).understood == "errand"
    assert [errand.what for errand in line.view.errands()] == ["diff", "diff"]
    line.tap(ada, approval.ask_id, 0)
    assert decided(line.approval(approval))[0] == State.DECIDED


def test_a_question_of_an_agent_has_its_own_options_alone(line: Line, ada: Chat, api: Peer) -> None:
    line.request(api, **QUESTIONS)
    [card] = [p for p in line.shown(ada) if p.envelope.kind is Kind.ASK]
    assert [choice.label for choice in card_of(card).choices] == ["Red", "Blue"]


@pytest.mark.parametrize("who", ["web", "api"])
def test_no_agent_decides(line: Line, ada: Chat, api: Peer, who: str) -> None:
    web = line.agent("web")
    approval = line.request(api)
    by = {"web": web, "api": api}[who].peer_id
    with contextlib.suppress(Refused):
        line.do(c.CloseAsk(ask_id=approval.ask_id, by=by, option="Allow", trusted=True))

    assert line.approval(approval).choice == ""


# --- by a call of the api -------------------------------------------------------------------------------------------


def closes(line: Line, approval: Approval, by: Chat, **more: Any) -> None:
    asked = {"ask_id": approval.ask_id, "by": by.peer.peer_id, "trusted": True}
    line.do(c.CloseAsk(**(asked | more)))


@pytest.mark.parametrize(
    ("more", "became"),
    [
        ({"option": "Allow"}, ("Allow", "")),
        ({"option": "2", "text": "too early"}, ("Deny", "too early")),
        ({"text": "yes"}, ("Allow", "")),
        ({"text": "not there"}, ("Deny", "not there")),
        ({"decline": True}, ("Deny", "")),
        ({"decline": True, "text": "never"}, ("Deny", "never")),
    ],
)
def test_a_trusted_call_decides_as_words_do(
    line: Line, ada: Chat, api: Peer, more: dict[str, Any], became: tuple[str, str]
) -> None:
    terminal = console(line)
    approval = line.request(api)
    closes(line, approval, terminal, **more)

    assert decided(line.approval(approval)) == (State.DECIDED, *became)
    assert asking.is_over(line.asked(approval.ask_id))


def test_a_call_that_is_not_trusted_says_nothing_or_comes_late_is_refused(
    line: Line, ada: Chat, api: Peer
) -> None:
    approval = line.request(api)
    with pytest.raises(NotAllowed):
        closes(line, approval, ada, option="Allow", trusted=False)
    with pytest.raises(Malformed):
        closes(line, approval, ada)
    with pytest.raises(Malformed):
        closes(line, approval, ada, option="Always")
    closes(line, approval, ada, option="Deny")
    with pytest.raises(Conflict):
        closes(line, approval, ada, option="Allow")

    assert decided(line.approval(approval)) == (State.DECIDED, "Deny", "")
    assert line.inbox(api) == []


# --- old cards ------------------------------------------------------------------------------------------------------


def test_what_was_shown_long_ago_is_shown_again_before_a_tap_counts(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    line.shown(ada)
    line.passes(A_WHILE)
    line.tap(ada, approval.ask_id, 0)

    assert line.approval(approval).state == State.ASKED
    again = line.shown(ada)
    assert [p.envelope.envelope_id for p in again if p.envelope.kind is Kind.ASK] == [approval.ask_id]
    line.tap(ada, approval.ask_id, 0)
    assert decided(line.approval(approval)) == (State.DECIDED, "Allow", "")
    assert len([p for p in line.shown(ada) if p.envelope.kind is Kind.CHANGE]) == 2, "both cards change"


def test_shown_again_in_one_conversation_it_is_still_old_in_another(line: Line, ada: Chat, api: Peer) -> None:
    terminal = console(line)
    approval = line.request(api)
    line.passes(A_WHILE)
    line.tap(ada, approval.ask_id, 0)
    line.tap(terminal, approval.ask_id, 0)

    assert line.approval(approval).state == State.ASKED
    line.tap(terminal, approval.ask_id, 1)
    assert decided(line.approval(approval)) == (State.DECIDED, "Deny", "")


# --- questions and plans --------------------------------------------------------------------------------------------


def test_questions_come_one_after_the_other(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api, **QUESTIONS)
    assert [p.envelope.body for p in line.shown(ada)] == ["**Which color?**"]
    line.tap(ada, approval.ask_id, 1)

    going = line.approval(approval)
    assert (going.state, going.answers) == (State.ASKED, ("Blue",))
    second = [p for p in line.shown(ada) if p.envelope.kind is Kind.ASK]
    assert [p.envelope.body for p in second] == ["**Which fruits?**"]
    line.say(ada, "1 3", reply_to=second[0].delivery.receipt)
    assert (line.approval(approval).state, line.approval(approval).answers) == (
        State.DECIDED,
        ("Blue", "Apple, Plum"),
    )


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("1 3", "Apple, Plum"),
        ("3,1,3", "Plum, Apple"),
        ("2", "Pear"),
        ("1 4", "1 4"),
        ("0", "0"),
        ("pear", "Pear"),
    ],
)
def test_where_several_may_be_chosen_numbers_are_choices(
    line: Line, ada: Chat, api: Peer, text: str, answer: str
) -> None:
    approval = line.request(api, **(QUESTIONS | {"questions": (FRUITS,)}))
    [card] = line.shown(ada)
    line.say(ada, text, reply_to=card.delivery.receipt)

    assert line.approval(approval).answers == (answer,)


@pytest.mark.parametrize("text", ["1 2", "mauve", "no", "yes"])
def test_words_answer_a_question_and_refuse_nothing(line: Line, ada: Chat, api: Peer, text: str) -> None:
    approval = line.request(api, **(QUESTIONS | {"questions": (COLOR,)}))
    [card] = line.shown(ada)
    line.say(ada, text, reply_to=card.delivery.receipt)

    assert line.approval(approval).answers == (text,)


def test_of_options_that_are_numbers_the_one_that_is_tapped_is_chosen(
    line: Line, ada: Chat, api: Peer
) -> None:
    many = Question(text="How many?", shown="How many?", options=("4", "2", "1"))
    for option, label in enumerate(many.options):
        approval = line.request(api, **(QUESTIONS | {"questions": (many,)}))
        line.tap(ada, approval.ask_id, option)
        assert line.approval(approval).answers == (label,)


def test_a_choice_that_is_called_like_a_denial_is_a_choice(line: Line, ada: Chat, api: Peer) -> None:
    cookies = Question(text="Cookies?", shown="Cookies?", options=("Allow", "Deny"))
    approval = line.request(api, **(QUESTIONS | {"questions": (cookies,)}))
    line.tap(ada, approval.ask_id, 1)

    assert line.approval(approval).answers == ("Deny",)


def test_a_question_may_be_refused_half_way(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api, **QUESTIONS)
    line.tap(ada, approval.ask_id, 0)
    closes(line, replace(approval, ask_id=line.approval(approval).ask_id), ada, decline=True)

    assert (line.approval(approval).state, line.approval(approval).answers) == (State.DECIDED, ("Red",))


def test_a_plan_is_approved_or_sent_back_with_words(line: Line, ada: Chat, api: Peer) -> None:
    for text, became in (
        ("yes", ("Approve", "")),
        ("2", ("Approve, and accept edits", "")),
        ("no", ("Keep planning", "")),
        ("first the tests", ("Keep planning", "first the tests")),
    ):
        line.shown(ada)
        approval = line.request(api, **PLAN)
        card = line.shown(ada)[-1]
        line.say(ada, text, reply_to=card.delivery.receipt)
        assert decided(line.approval(approval)) == (State.DECIDED, *became)


# --- nobody is there ------------------------------------------------------------------------------------------------


def test_at_the_hour_it_is_denied_with_the_reason(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api, deny_at=line.now + A_MINUTE, reason="it is night")
    line.passes(timedelta(seconds=59))
    assert line.approval(approval).state == State.ASKED
    line.passes(timedelta(seconds=1))

    assert decided(line.approval(approval)) == (State.DECIDED, "Deny", "it is night")
    assert line.tap(ada, approval.ask_id, 0).understood == "nothing"


def test_what_is_asked_in_the_night_is_denied_at_once(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api, deny_at=line.now, reason="it is night")
    line.passes(timedelta())

    assert decided(line.approval(approval)) == (State.DECIDED, "Deny", "it is night")


def test_questions_half_answered_at_the_hour_are_denied(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api, **QUESTIONS, deny_at=line.now + A_MINUTE, reason="it is night")
    line.tap(ada, approval.ask_id, 0)
    line.passes(A_MINUTE)

    over = line.approval(approval)
    assert (*decided(over), over.answers) == (State.DECIDED, "Deny", "it is night", ("Red",))


def test_without_an_hour_it_waits_for_days(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api, reason="it is night")
    line.passes(timedelta(days=29))

    assert line.approval(approval).state == State.ASKED
    line.passes(timedelta(days=2))
    assert line.approval(approval).state == State.CLOSED


# --- the agent goes -------------------------------------------------------------------------------------------------


def test_what_a_session_waited_for_ends_with_it(line: Line, ada: Chat, api: Peer) -> None:
    both = [line.request(api), line.request(api, request="2", subagent="a1", hidden=True)]
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))

    assert [line.approval(x).state for x in both] == [State.CLOSED, State.CLOSED]
    assert line.view.approvals() == []


def test_a_session_that_goes_on_in_another_process_waits_for_nothing_of_before(line: Line, ada: Chat) -> None:
    api = line.agent("api", session_id="s", pid=1)
    approval = line.request(api)
    line.agent("api", session_id="s", pid=2)

    assert line.approval(approval).state == State.CLOSED
    assert line.session(api).ended_at is None


def test_two_sessions_of_one_peer_wait_each_for_its_own(line: Line, ada: Chat) -> None:
    api = line.agent("api", session_id="s", pid=1)
    before = line.request(api)
    line.do(c.EndSession(session_id="s", why="clear"))
    line.agent("api", session_id="t", pid=1)
    after = line.request(api)
    called(line, api)

    assert line.approval(before).session_id == "s"
    assert [line.approval(x).state for x in (before, after)] == [State.CLOSED, State.CLOSED]


@pytest.mark.parametrize("turn", [Turn.IDLE, Turn.WORKING])
def test_an_agent_that_is_seen_at_work_or_idle_waits_for_nothing(
    line: Line, ada: Chat, api: Peer, turn: Turn
) -> None:
    approval = line.request(api)
    line.do(c.TurnObserved(session_id=line.session(api).session_id, turn=turn, source="registry"))

    assert line.approval(approval).state == State.CLOSED


def test_when_all_calls_of_an_answer_are_done_nothing_waits_but_a_subagent(
    line: Line, ada: Chat, api: Peer
) -> None:
    mine, theirs = line.request(api), line.request(api, request="2", subagent="a1", hidden=True)
    session_id = line.session(api).session_id
    line.do(c.TurnWent(session_id=session_id, batch_over=True))
    assert [line.approval(x).state for x in (mine, theirs)] == [State.CLOSED, State.ASKED]

    line.do(c.CloseApprovals(session_id=session_id, subagent="a2"))
    assert line.approval(theirs).state == State.ASKED
    line.do(c.CloseApprovals(session_id=session_id, subagent="a1"))
    assert line.approval(theirs).state == State.CLOSED


def test_a_subagent_waits_without_its_agent_and_beyond_its_turn(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api, subagent="a1", hidden=True)
    assert line.session(api).turn is Turn.WORKING
    line.stop(api, "done so far")
    line.do(c.TurnObserved(session_id=line.session(api).session_id, turn=Turn.IDLE, source="registry"))

    assert line.approval(approval).state == State.ASKED
    line.tap(ada, approval.ask_id, 0)
    assert told(line, approval).state == State.TOLD
    assert line.session(api).turn is Turn.IDLE


def test_a_subagent_of_a_pane_shows_its_dialog_there(line: Line, ada: Chat) -> None:
    api = line.agent("api", turn=Turn.WORKING, pane=PANE)
    approval = line.request(api, subagent="a1", hidden=True)
    assert line.session(api).turn is Turn.AWAITING_INPUT
    line.do(c.TurnObserved(session_id=line.session(api).session_id, turn=Turn.WORKING, source="registry"))

    assert line.approval(approval).state == State.CLOSED


# --- telling --------------------------------------------------------------------------------------------------------


def test_what_cannot_be_told_is_told_to_who_decided(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    line.tap(ada, approval.ask_id, 0)
    line.do(c.FailApproval(approval_id=approval.approval_id, reason="its dialog is gone"))

    assert line.approval(approval).state == State.LOST
    [notice] = [p.envelope.body for p in line.shown(ada) if p.envelope.kind is Kind.NOTICE]
    assert "could not be told your decision: its dialog is gone" in notice


def test_only_what_is_decided_can_be_told(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    for command in (
        c.TellApproval(approval_id=approval.approval_id, evidence="x"),
        c.FailApproval(approval_id=approval.approval_id, reason="x"),
    ):
        with pytest.raises(Conflict):
            line.do(command)
    with pytest.raises(NotFound):
        line.do(c.TellApproval(approval_id="a-none", evidence="x"))


def test_a_dialog_that_nobody_asked_about_is_told_where_it_is(line: Line, ada: Chat, api: Peer) -> None:
    waits = c.TurnWaits(session_id=line.session(api).session_id, what="Claude needs your permission")
    line.do(waits)
    [notice] = line.shown(ada)
    assert notice.envelope.body == (
        "dev/api waits at its own dialog: Claude needs your permission. It can be answered there only."
    )
    line.request(api)
    line.shown(ada)
    line.do(waits)
    assert line.shown(ada) == []


class AnyInterleaving(RuleBasedStateMachine):
    """Two people, a terminal that comes and goes, an agent with two requests at once, and time, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.line = Line()
        self.ada = self.line.telegram()
        self.ben = self.line.telegram("ben", "8", owner=False)
        self.api = self.line.agent("api", turn=Turn.WORKING)
        self.approvals: list[str] = []
        self.decisions: dict[str, tuple[str, ...]] = {}

    @initialize(console=st.booleans())
    def somebody_asks(self, console: bool) -> None:
        if console:
            self.line.console()
        self.approvals.append(self.line.request(self.api).approval_id)

    def chats(self) -> list[Chat]:
        found = [self.ada]
        if here := self.line.view.conversation_at("console", "run-1"):
            found.append(Chat(self.line.peer(here.peer_id), "console", "run-1", "ada"))
        return found

    def approval(self, n: int) -> Approval:
        return self.line.approval(self.approvals[n % len(self.approvals)])

    @rule(questions=st.booleans(), hidden=st.booleans(), deny=st.booleans())
    def it_asks_for_more(self, questions: bool, hidden: bool, deny: bool) -> None:
        if len(self.approvals) < 4:
            more: dict[str, Any] = dict(QUESTIONS) if questions else {}
            if deny:
                more |= {"deny_at": self.line.now + timedelta(minutes=15), "reason": "night"}
            more |= {"subagent": "a1", "hidden": True} if hidden else {}
            request = f"{len(self.approvals)}"
            self.approvals.append(self.line.request(self.api, request=request, **more).approval_id)

    @rule(
        n=st.integers(0, 3), chat=st.integers(0, 1), option=st.integers(0, 1), by=st.sampled_from(["", "8"])
    )
    def somebody_taps(self, n: int, chat: int, option: int, by: str) -> None:
        here = self.chats()[chat % len(self.chats())]
        with contextlib.suppress(Refused):
            self.line.tap(here.by(by) if by else here, self.approval(n).ask_id, option)

    @rule(
        n=st.integers(0, 3), text=st.sampled_from(["yes", "no", "1", "do it elsewhere"]), reply=st.booleans()
    )
    def ada_says_something(self, n: int, text: str, reply: bool) -> None:
        cards = [x for x in self.line.view.deliveries_of(self.approval(n).ask_id) if x.receipt]
        card = next((x.receipt for x in cards if x.peer_id == self.ada.peer.peer_id), "")
        self.line.say(self.ada, text, reply_to=card if reply else "")

    @rule(chat=st.integers(0, 1))
    def a_surface_shows_what_it_has(self, chat: int) -> None:
        self.line.shown(self.chats()[chat % len(self.chats())])

    @rule(run=st.sampled_from(["run-1"]))
    def the_terminal_comes(self, run: str) -> None:
        self.line.console(run)

    @rule(minutes=st.sampled_from([1, 6, 12]))
    def time_passes(self, minutes: int) -> None:
        self.line.passes(timedelta(minutes=minutes))

    @rule(n=st.integers(0, 3))
    def it_is_allowed_at_the_agent(self, n: int) -> None:
        approval = self.approval(n)
        called(self.line, self.api, approval.tool, approval.request)

    @rule(n=st.integers(0, 3), fails=st.booleans())
    def the_agent_is_told(self, n: int, fails: bool) -> None:
        approval_id = self.approval(n).approval_id
        tell = c.TellApproval(approval_id=approval_id, evidence="hook")
        with contextlib.suppress(Conflict):
            self.line.do(c.FailApproval(approval_id=approval_id, reason="gone") if fails else tell)

    @rule(turn=st.sampled_from([Turn.IDLE, Turn.WORKING, Turn.AWAITING_INPUT]))
    def the_agent_is_seen(self, turn: Turn) -> None:
        session_id = self.line.session(self.api).session_id
        self.line.do(c.TurnObserved(session_id=session_id, turn=turn, source="registry"))

    @rule()
    def the_turn_ends(self) -> None:
        self.line.stop(self.api, "done")

    @invariant()
    def it_is_decided_at_most_once(self) -> None:
        for approval_id in self.approvals:
            now = self.line.approval(approval_id)
            if now.state == State.ASKED:
                continue
            mine = (now.choice, now.words, now.by, *now.answers)
            assert self.decisions.setdefault(approval_id, mine) == mine

    @invariant()
    def nobody_decided_who_may_not(self) -> None:
        assert {self.line.approval(x).by for x in self.approvals} <= {
            "",
            "ada",
            "console",
            "nobody was there",
        }

    @invariant()
    def the_ask_is_open_as_long_as_nothing_is_decided(self) -> None:
        for approval_id in self.approvals:
            approval = self.line.approval(approval_id)
            over = asking.is_over(self.line.asked(approval.ask_id))
            assert over == (approval.state != State.ASKED)

    @invariant()
    def every_card_of_what_is_over_was_changed(self) -> None:
        for ask in self._over():
            shown = {x.receipt for x in self.line.view.deliveries_of(ask.ask_id) if x.receipt}
            sql = "SELECT reply_to FROM envelope WHERE kind = 'change' AND correlation_id = ?"
            changed = {row[0] for row in self.line.conn.execute(sql, (ask.ask_id,))}
            assert shown <= changed

    def _over(self) -> list[Ask]:
        rows = self.line.conn.execute(
            "SELECT ask_id FROM ask WHERE subject = 'approval' AND ended_at IS NOT NULL"
        )
        return [self.line.asked(row[0]) for row in rows]

    @invariant()
    def the_agent_gets_no_answer_to_it(self) -> None:
        answers = [body for kind, body in self.line.inbox(self.api) if kind is Kind.ANSWER]
        assert answers == []

    @invariant()
    def what_is_open_is_listed_and_nothing_else(self) -> None:
        listed = {each.approval_id for each in self.line.view.approvals()}
        assert listed == {x for x in self.approvals if self.line.approval(x).state in OPEN}


TestAnyInterleaving = AnyInterleaving.TestCase
TestAnyInterleaving.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)


def test_what_is_too_long_to_be_shown_whole_is_decided_by_nobody_but_at_the_agent(line: Line) -> None:
    ada, api = line.telegram(), line.agent("api")

    asked = c.RequestApproval(
        session_id=line.session(api).session_id,
        what="permission",
        tool="Write",
        shown="x" * (TEXT_LIMIT + 1),
        digest="d" * 64,
        request="{}",
        options=("Allow", "Deny"),
    )
    assert line.do(asked) == ""

    (told,) = [parcel.envelope.body for parcel in line.shown(ada)]
    assert "too long to be shown here" in told
    assert line.view.approvals() == []
