"""Signs on a person's own message: how far it has come."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core import signs
from daemon.core.model import Kind, Peer
from tests.core.line import Chat, Line


def put(line: Line, chat: Chat) -> list[tuple[str, str]]:
    """The signs that are to be put now, each with the message that it goes on."""
    shown = [each for each in line.shown(chat) if each.envelope.kind is Kind.CHANGE and signs.is_sign(each)]
    return [(each.shown_as, each.envelope.body) for each in shown]


def test_a_message_shows_that_it_is_seen_and_then_that_it_is_answered(
    line: Line, ada: Chat, api: Peer
) -> None:
    line.say(ada, "@api how far?", receipt="7/31")
    assert put(line, ada) == []
    line.work(api)
    assert put(line, ada) == [("7/31", "seen")]
    line.stop(api, "half way")
    assert put(line, ada) == [("7/31", "answered")]


def test_a_newer_sign_takes_the_place_of_one_that_waits(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "@api how far?", receipt="7/31")
    line.work(api)
    line.stop(api, "half way")
    assert put(line, ada) == [("7/31", "answered")]


@pytest.mark.parametrize(("how", "sign"), [("decline", "declined"), ("cancel", "none")])
def test_what_ends_without_an_answer_says_so(line: Line, ada: Chat, api: Peer, how: str, sign: str) -> None:
    heard = line.say(ada, "@api how far?", receipt="7/31")
    assert heard.ask_id
    ask = line.asked(heard.ask_id)
    if how == "decline":
        line.do(c.CloseAsk(ask_id=ask.ask_id, by=api.peer_id, text="no", decline=True))
    else:
        line.say(ada, "/cancel")
    assert put(line, ada)[-1] == ("7/31", sign)


def test_a_question_of_an_agent_puts_no_sign_on_anything(line: Line, ada: Chat, api: Peer) -> None:
    ask = line.ask(api, ada.peer, "ship it?", options=("yes", "no"))
    [card] = line.shown(ada)
    line.say(ada, "yes", reply_to=card.delivery.receipt, receipt="7/40")
    assert line.asked(ask.ask_id).state == "answered"
    assert put(line, ada) == []


def test_a_terminal_has_no_signs(line: Line, api: Peer) -> None:
    terminal = line.console()
    line.say(terminal, "@api how far?", receipt="31")
    line.work(api)
    assert put(line, terminal) == []
