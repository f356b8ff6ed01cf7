"""Chains of messages come to an end: what is one hop too many is refused, and an echo wakes nobody."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core.errors import ChainTooLong
from daemon.core.model import Ask, Envelope, Kind, Parcel, Peer, Urgency
from daemon.core.rules.presence import TALKS
from daemon.core.tracing import ECHO, HOLDS, HOP_LIMIT, TALK_LIMIT
from tests.core.line import Chat, Line


def sent(line: Line, message: Ask | str) -> Envelope:
    found: Envelope | None = line.view.get(Envelope, message if isinstance(message, str) else message.ask_id)
    assert found is not None
    return found


def uses(line: Line, peer: Peer, tool: str = "Bash: make") -> None:
    line.do(c.TurnWent(session_id=line.session(peer).session_id, doing=tool))


def urgency(line: Line, message: Ask | str, peer: Peer) -> Urgency:
    return line.delivery(message, peer).urgency


def answered(line: Line, asker: Peer, other: Peer) -> Ask:
    """The asker's turn begins with the answer that it got."""
    ask = line.ask(asker, other)
    line.stop(asker)
    line.work(other)
    line.stop(other, "it is done")
    line.work(asker)
    return ask


# --- how long a chain is ------------------------------------------------------------------------------------------


def test_what_a_person_says_begins_a_chain(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    heard = line.say(ada, "@api how far?")
    assert heard.ask_id
    first = sent(line, heard.ask_id)
    line.work(api)

    second = sent(line, line.ask(api, web))

    assert (first.trace, first.hops) == (first.envelope_id, 0)
    assert (second.trace, second.hops) == (first.envelope_id, 1)


def test_what_an_agent_says_of_its_own_accord_is_the_first_of_its_chain(
    line: Line, api: Peer, web: Peer
) -> None:
    line.prompt(api)

    found = sent(line, line.notify(api, web))

    assert (found.trace, found.hops) == (found.envelope_id, 1)


def chain(line: Line, peers: tuple[Peer, ...], *, work: bool = False) -> list[str]:
    """Whoever is told something tells the next, until one is refused; the ids of what was sent."""
    told = [line.notify(peers[0], peers[1])]
    while True:
        here, there = peers[len(told) % len(peers)], peers[(len(told) + 1) % len(peers)]
        line.work(here)
        if work:
            uses(line, here)
        try:
            told.append(line.notify(here, there))
        except ChainTooLong:
            return told
        line.stop(here)


@pytest.mark.parametrize("work", [False, True])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_a_chain_of_agents_ends_at_the_limit_however_many_they_are_and_whatever_they_do(
    line: Line, size: int, work: bool
) -> None:
    peers = tuple(line.agent(f"p{n}") for n in range(size))

    told = [sent(line, each) for each in chain(line, peers, work=work)]

    assert [each.hops for each in told] == list(range(1, HOP_LIMIT + 1))
    assert {each.trace for each in told} == {told[0].envelope_id}


def test_what_is_too_far_is_refused_with_its_limit_and_what_to_do_and_nothing_is_written(
    line: Line, api: Peer, web: Peer
) -> None:
    last = chain(line, (api, web))[-1]
    refused, to = (api, web) if sent(line, last).to == (api.peer_id,) else (web, api)
    before = line.rows()

    for send in (lambda: line.notify(refused, to), lambda: line.ask(refused, to)):
        with pytest.raises(ChainTooLong) as error:
            send()
        assert f"the hop limit is {HOP_LIMIT}" in str(error.value)
        assert "ask your person" in error.value.hint

    assert line.rows() == before


def test_a_person_can_always_be_told_and_asked_and_an_answer_given(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    last = sent(line, chain(line, (api, web))[-1])
    here = api if last.to == (api.peer_id,) else web

    asked = line.ask(here, ada.peer)

    assert sent(line, asked).hops == HOP_LIMIT + 1
    line.stop(here)
    line.answer(asked, ada.peer, "go on")
    line.work(here)
    assert sent(line, line.notify(here, web if here == api else api)).hops == 1


def test_when_a_person_speaks_to_it_an_agent_begins_anew(line: Line, api: Peer, web: Peer) -> None:
    last = sent(line, chain(line, (api, web))[-1])
    here, there = (api, web) if last.to == (api.peer_id,) else (web, api)

    line.prompt(here)

    assert sent(line, line.notify(here, there)).hops == 1


def test_what_a_schedule_says_begins_a_chain(line: Line, api: Peer, web: Peer) -> None:
    chain(line, (api, web))
    said = c.SendAsk(sender=api.peer_id, to=("web",), question="now?", schedule="s-1")
    made: Ask = line.do(said).ask

    assert sent(line, made).hops == 0


def test_questions_one_after_another_stay_where_they_are_if_their_answers_are_worked_with(
    line: Line, api: Peer, web: Peer
) -> None:
    line.prompt(api)
    hops = []
    for _ in range(2 * HOP_LIMIT):
        answered(line, api, web)
        uses(line, api)
        hops.append(sent(line, line.notify(api, line.agent("db"))).hops)

    assert set(hops) == {1}


def test_who_only_passes_answers_on_comes_to_the_end(line: Line, api: Peer, web: Peer) -> None:
    line.prompt(api)
    hops = [sent(line, answered(line, api, web)).hops for _ in range(HOP_LIMIT)]

    assert hops == list(range(1, HOP_LIMIT + 1))
    with pytest.raises(ChainTooLong):
        line.ask(api, web)


def test_an_answer_goes_back_over_the_hop_of_its_ask(line: Line, api: Peer, web: Peer) -> None:
    ask = line.ask(api, web)
    line.work(web)
    line.stop(web, "done")
    [(_, answer)] = line.view.unread(api.peer_id, 10)

    assert (answer.kind, answer.trace, answer.hops) == (Kind.ANSWER, ask.ask_id, 1)


def test_of_several_that_begin_a_turn_the_longest_chain_counts(line: Line, api: Peer, web: Peer) -> None:
    told = chain(line, (api, web))
    db = line.agent("db")
    line.prompt(db)
    line.notify(db, api)
    line.prompt(api)
    line.notify(api, db)
    assert len(told) == HOP_LIMIT
    far = line.view.get(Envelope, told[5])
    parcel = line.hand_out(db)[0]
    line.stop(db)

    assert far.hops == 6
    assert sent(line, line.notify(db, web)).hops == parcel.envelope.hops + 1


def test_what_comes_between_two_tool_calls_makes_the_chain_longer_never_shorter(
    line: Line, api: Peer, web: Peer
) -> None:
    db = line.agent("db")
    line.notify(web, api)
    line.work(api)
    line.notify(api, web)
    line.work(web)
    line.notify(web, db)  # 3
    line.prompt(db)
    uses(line, db)

    handed: tuple[Parcel, ...] = line.hand_out(db, between=True)

    assert [each.envelope.hops for each in handed] == [3]
    assert sent(line, line.notify(db, api)).hops == 4


def test_what_cannot_wait_makes_the_chain_longer_and_a_person_s_words_lift_it(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    line.prompt(api)
    line.notify(web, api, urgency=Urgency.URGENT)
    session_id = line.session(api).session_id
    uses(line, api)
    line.do(c.BeginCall(session_id=session_id, limit=5_000))
    assert sent(line, line.notify(api, web)).hops == 2

    line.do(c.TurnWent(session_id=session_id, batch_over=True))
    line.notify(ada.peer, api, "and now this")
    line.hand_out(api, between=True)

    assert sent(line, line.notify(api, web)).hops == 1


def test_one_agent_talks_so_often_in_a_chain_and_work_or_a_person_lifts_it(
    line: Line, api: Peer, web: Peer
) -> None:
    line.notify(web, api)
    line.work(api)
    for _ in range(TALK_LIMIT):
        line.ask(api, web)

    with pytest.raises(ChainTooLong, match=f"the talk limit is {TALK_LIMIT}"):
        line.ask(api, web)

    uses(line, api)
    assert line.ask(api, web)
    line.prompt(api)
    assert line.ask(api, web)


def test_handing_out_what_a_person_wants_done_is_no_talk(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    line.say(ada, "@api have it done")
    line.work(api)

    assert [line.ask(api, web) for _ in range(TALK_LIMIT + 1)]


def test_a_poller_stands_where_what_it_took_last_stood_for_a_while(line: Line, api: Peer) -> None:
    client = line.poller()
    line.notify(api, client)
    line.collect(client)
    near = sent(line, line.notify(client, api)).hops
    line.now += HOLDS

    assert (near, sent(line, line.notify(client, api)).hops) == (2, 1)


def test_an_answer_that_it_waited_for_changes_nothing_of_what_a_poller_is_at(line: Line, api: Peer) -> None:
    client = line.poller()
    ask = line.ask(client, api)
    line.answer(ask, api, "yes")
    line.collect(client, ask_id=ask.ask_id)

    assert line.session(client).turn_cause == ""


# --- echoes -------------------------------------------------------------------------------------------------------


def test_thanks_for_an_answer_are_kept_and_wake_nobody(line: Line, api: Peer, web: Peer) -> None:
    answered(line, api, web)

    thanks = line.notify(api, web, "thank you")

    assert (urgency(line, thanks, web), line.delivery(thanks, web).reason) == (Urgency.FYI, ECHO)
    assert line.carry(web) is None
    line.prompt(web)
    assert [each.envelope.body for each in line.hand_out(web, passing=True)] == ["thank you"]


def test_however_urgent_thanks_are_meant(line: Line, api: Peer, web: Peer) -> None:
    answered(line, api, web)

    thanks = line.notify(api, web, "thank you", urgency=Urgency.URGENT)

    assert line.carry(web) is None
    assert urgency(line, thanks, web) is Urgency.FYI


def test_the_sender_of_an_echo_is_told_that_it_wakes_nobody(line: Line, api: Peer, web: Peer) -> None:
    answered(line, api, web)

    told = line.do(c.SendNotice(sender=api.peer_id, to=(web.peer_id,), text="thank you"))

    assert [each.reach.reason for each in told.carriages] == [ECHO]


def test_who_worked_with_the_answer_wakes_whom_it_tells(line: Line, api: Peer, web: Peer) -> None:
    answered(line, api, web)
    uses(line, api)

    told = line.notify(api, web, "it is merged")

    assert urgency(line, told, web) is Urgency.NORMAL
    assert line.carry(web) is not None


def test_who_merely_talked_meanwhile_did_not_work(line: Line, api: Peer, web: Peer) -> None:
    answered(line, api, web)
    uses(line, api, "mcp__peerline__list_peers")

    assert urgency(line, line.notify(api, web), web) is Urgency.FYI


def test_passing_an_answer_on_to_somebody_else_wakes_them(line: Line, api: Peer, web: Peer) -> None:
    db = line.agent("db")
    answered(line, api, web)

    assert urgency(line, line.notify(api, db), db) is Urgency.NORMAL


def test_a_further_question_is_no_echo(line: Line, api: Peer, web: Peer) -> None:
    answered(line, api, web)

    assert urgency(line, line.ask(api, web, "and the host?"), web) is Urgency.NORMAL


def test_what_says_that_it_replies_to_an_answer_is_an_echo_whatever_was_done(
    line: Line, api: Peer, web: Peer
) -> None:
    line.ask(api, web)
    line.work(web)
    line.stop(web, "it is done")
    answer = line.work(api).envelope
    uses(line, api)

    ask = line.ask(api, web, "fine", reply_to=answer.envelope_id)

    assert urgency(line, ask, web) is Urgency.FYI


def test_a_person_is_told_of_everything(line: Line, ada: Chat, api: Peer) -> None:
    ask = line.ask(api, ada.peer)
    line.answer(ask, ada.peer, "yes")
    line.work(api)

    told = line.notify(api, ada.peer, "thank you")

    assert urgency(line, told, ada.peer) is Urgency.NORMAL


def test_a_broadcast_upon_a_broadcast_wakes_nobody(line: Line, api: Peer, web: Peer) -> None:
    line.do(c.SendBroadcast(sender=api.peer_id, text="hello all"))
    line.work(web)

    again = line.do(c.SendBroadcast(sender=web.peer_id, text="hello all")).envelope.envelope_id

    assert urgency(line, again, api) is Urgency.FYI
    line.stop(web)
    line.prompt(web)
    assert urgency(line, line.notify(web, api), api) is Urgency.NORMAL


@pytest.mark.parametrize(
    ("doing", "talks"),
    [
        ("mcp__peerline__notify_peer", True),
        ("mcp_peerline_ask", True),
        ("peerline_ack", True),
        ("mcp__peerline__claude-peers__x", False),
        ("mcp__peerline__job_create", False),
        ("mcp__peerline__orchestrator_status", False),  # whoever looks before each step is at work
        ("mcp__peerline__spawn_peer", False),
        ("mcp__other__ask", False),
        ("Bash: peerline notify web thanks", True),
        ('Bash: peerline notify web "$(make)"', False),
        ("Bash: peerline notify web done && make", False),
        ("Bash: make", False),
        ("Read: /src/peerline", False),
    ],
)
def test_which_tool_calls_are_mere_talk(doing: str, talks: bool) -> None:
    assert (TALKS.match(doing) is not None) is talks


# --- who is told --------------------------------------------------------------------------------------------------


def test_the_owner_and_the_orchestrator_are_told_once_of_each_chain(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    lead = line.orchestrator()
    last = sent(line, chain(line, (api, web))[-1])
    here = api if last.to == (api.peer_id,) else web

    for _ in range(3):
        line.do(c.TellLoop(peer_id=here.peer_id))

    [told] = line.shown(ada)
    assert told.envelope.body.endswith(f"in a loop, which was ended; it began with {last.trace} of api")
    assert line.inbox(lead) == [(Kind.NOTICE, told.envelope.body)]
    assert line.carry(lead) is None


def test_nobody_is_told_of_a_chain_that_was_not_ended(line: Line, ada: Chat, api: Peer, web: Peer) -> None:
    line.notify(web, api)
    line.work(api)

    line.do(c.TellLoop(peer_id=api.peer_id))
    line.do(c.TellLoop(peer_id=web.peer_id))

    assert line.shown(ada) == []
