"""One question to many: one object, one wake-up once enough have answered, and nobody is left to wonder."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core.errors import UnknownPeer
from daemon.core.model import Ask, Kind, Peer, Urgency
from tests.core.line import A_MINUTE, Chat, Line


@pytest.fixture
def three(line: Line) -> tuple[Peer, Peer, Peer]:
    return line.agent("api"), line.agent("db"), line.agent("web")


def asks(line: Line, sender: Peer, *to: str, **more: object) -> Ask:
    command = c.SendAsk(sender=sender.peer_id, to=to, question="well?", **more)  # type: ignore[arg-type]
    asked: Ask = line.do(command).ask
    return asked


def lost(line: Line, peer: Peer) -> None:
    line.do(c.EndSession(session_id=line.session(peer).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=peer.peer_id))


def test_the_asker_is_woken_once_when_enough_have_answered_and_learns_who_has_not(
    line: Line, three: tuple[Peer, Peer, Peer]
) -> None:
    boss, (api, db, web) = line.agent("boss"), three
    ask = line.ask_all(boss, three, need="majority")

    line.answer(ask, api, "green")
    assert line.carry(boss) is None
    line.answer(ask, web, "red")

    assert line.asked(ask).state == "answered"
    assert line.inbox(boss) == [(Kind.ANSWER, "api: green\nweb: red\nno answer from db")]
    line.answer(ask, db, "blue")
    line.work(boss)
    assert line.inbox(boss) == [(Kind.ANSWER, "(late) db: blue")]
    assert line.carry(boss) is None


def test_the_others_are_told_that_it_is_off_without_being_woken_and_who_never_had_it_never_gets_it(
    line: Line, three: tuple[Peer, Peer, Peer]
) -> None:
    boss, (api, db, web) = line.agent("boss"), three
    ask = line.ask_all(boss, three, need="first")
    line.work(db)
    line.prompt(web)

    line.answer(ask, api, "green")

    assert line.state(ask, web) == "cancelled"
    assert line.inbox(web) == []
    [told] = line.view.waiting(db.peer_id)
    assert line.inbox(db) == [(Kind.NOTICE, f"ask {ask.ask_id} is answered; no answer is needed any more")]
    assert told.urgency is Urgency.FYI
    assert line.inbox(api) == []


def test_an_ask_that_too_few_are_left_to_answer_ends_at_once_and_says_who_is_gone(
    line: Line, three: tuple[Peer, Peer, Peer]
) -> None:
    boss, (api, db, web) = line.agent("boss"), three
    ask = line.ask_all(boss, three, need="2")
    lost(line, api)
    assert line.asked(ask).state == "open"

    lost(line, db)

    assert line.asked(ask).state == "orphaned"
    told = "orphaned: too few are left of the 2 that are needed\nno answer from web\ngone for good: api, db"
    assert line.inbox(boss) == [(Kind.ANSWER, told)]
    assert line.inbox(web) == []


def test_what_was_said_before_too_few_were_left_is_told(line: Line, three: tuple[Peer, Peer, Peer]) -> None:
    boss, (api, db, web) = line.agent("boss"), three
    ask = line.ask_all(boss, three, need="2")
    line.answer(ask, web, "green")
    lost(line, api)

    lost(line, db)

    told = "1 of the 2 that were needed\nweb: green\ngone for good: api, db"
    assert line.inbox(boss) == [(Kind.ANSWER, told)]
    assert line.asked(ask).state == "answered"


def test_at_its_deadline_the_absent_are_named(line: Line, three: tuple[Peer, Peer, Peer]) -> None:
    boss, (api, _, _) = line.agent("boss"), three
    ask = line.ask_all(boss, three, deadline=A_MINUTE)
    line.answer(ask, api, "green")

    line.passes(A_MINUTE)

    assert line.asked(ask).state == "expired"
    told = "expired: not everybody answered in time\napi: green\nno answer from db, web"
    assert line.inbox(boss) == [(Kind.ANSWER, told)]


def test_an_orchestrator_asks_a_circle_that_is_not_its_own_and_a_role_everywhere(line: Line) -> None:
    lead = line.orchestrator("lead", "home")
    api, web, ops = line.agent("api"), line.agent("web"), line.agent("ops", "ops")

    assert asks(line, lead, "circle:dev").to == (api.peer_id, web.peer_id)
    assert asks(line, lead, "role:agent").to == (api.peer_id, web.peer_id, ops.peer_id)
    assert asks(line, lead, "circle:dev", "ops", "api", need="first").to == (
        api.peer_id,
        web.peer_id,
        ops.peer_id,
    )


@pytest.mark.parametrize("group", ["circle:ghost", "role:orchestrator", "role:", "circle:"])
@pytest.mark.parametrize("beside", [(), ("api",)])
def test_a_group_of_nobody_is_refused_by_its_name_alone_or_beside_others(
    line: Line, api: Peer, web: Peer, group: str, beside: tuple[str, ...]
) -> None:
    with pytest.raises(UnknownPeer, match=f'nobody is meant by "{group}"'):
        asks(line, web, *beside, group)


def test_a_group_of_oneself_alone_is_nobody(line: Line) -> None:
    with pytest.raises(UnknownPeer, match='nobody is meant by "circle:alone" but you'):
        asks(line, line.agent("only", "alone"), "circle:alone")


# --- by talking -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("group", ["circle:dev", "role:agent"])
def test_a_person_asks_all_of_a_circle_and_gets_one_table(
    line: Line, ada: Chat, api: Peer, web: Peer, group: str
) -> None:
    heard = line.say(ada, f"@{group} how far?")
    assert line.told(ada) == ["to api, web"]
    assert heard.ask_id
    line.answer(line.asked(heard.ask_id), api, "half way")
    assert line.shown(ada) == []

    line.answer(line.asked(heard.ask_id), web, "done")

    assert [each.envelope.body for each in line.shown(ada)] == ["api: half way\nweb: done"]


def test_whom_a_person_asks_so_is_not_whom_plain_words_go_to(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "@circle:dev how far?")

    assert line.plan().sticky(ada.peer.peer_id, ada.account) is None


def test_who_is_away_is_named(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    line.do(c.EndSession(session_id=line.session(web).session_id, why="exit"))

    line.say(ada, "@circle:dev how far?")

    assert line.told(ada) == ["to api, web; offline, and asked when they are back: web"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("@circle:ghost hello", 'nobody is meant by "circle:ghost"'),
        ("@circle:dev", "nothing is asked of circle:dev"),
    ],
)
def test_what_cannot_be_asked_of_all_is_told(line: Line, ada: Chat, api: Peer, words: str, told: str) -> None:
    line.say(ada, words)

    assert line.told(ada)[0].startswith(told)
    assert line.inbox(api) == []


def test_who_may_only_talk_does_not_ask_everybody(line: Line, ada: Chat, api: Peer) -> None:
    ben = line.telegram("ben", "8", owner=False)

    line.say(ben, "@circle:dev hello")

    assert line.told(ben)[0].startswith("asking all of circle:dev needs the right to approve")
    assert line.inbox(api) == []
