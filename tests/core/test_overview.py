"""The line at a glance: what is stuck is named with its evidence, nothing is claimed without, and it is short."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daemon.core import addressing, overview, overviewwords
from daemon.core import commands as c
from daemon.core.errors import Refused
from daemon.core.model import Job, Peer, Role, Rota
from daemon.core.overview import Overview, Row, Why
from daemon.core.rules.timetable import Once
from tests.core.line import A_MINUTE, Chat, Line

TEN = timedelta(minutes=10)
EVERYBODY = addressing.Standpoint(everywhere=True)


def seen(line: Line, circle: str = "*", who: addressing.Standpoint = EVERYBODY) -> Overview:
    return overview.of(line.plan(), who, circle)


def row(line: Line, peer: Peer) -> Row:
    return next(each for each in seen(line).rows if each.peer.peer_id == peer.peer_id)


def why(line: Line, peer: Peer) -> list[tuple[Why, str]]:
    return [(each.why, each.evidence) for each in row(line, peer).stuck]


def ends(line: Line, peer: Peer, how: str = "its process ended") -> None:
    line.do(c.EndSession(session_id=line.session(peer).session_id, why=how))


def job(line: Line, owner: Peer, to: Peer, title: str = "tidy up") -> Job:
    line.do(c.ConfigureWork(rota=Rota()))
    made: Job = line.do(c.AddJob(owner=owner.peer_id, title=title, to=to.peer_id))
    return made


def claims(line: Line, peer: Peer) -> None:
    line.do(c.ClaimRole(peer_id=peer.peer_id, role=Role.ORCHESTRATOR, by="itself"))


def test_whether_somebody_coordinates_is_told_with_its_evidence(line: Line, api: Peer) -> None:
    assert overviewwords.presence(seen(line)) == "no orchestrator"
    claims(line, api)
    line.passes(A_MINUTE)
    assert overviewwords.presence(seen(line)) == "orchestrator dev/api: idle, last sign 60 s ago (hook)"
    ends(line, api)
    assert "offline (its process ended), last sign 0 s ago" in overviewwords.presence(seen(line))


def test_all_is_well_nothing_is_stuck(line: Line, api: Peer, web: Peer) -> None:
    line.ask(web, api)
    line.prompt(web)
    line.work(api)
    assert [each.stuck for each in seen(line).rows] == [(), ()]


def test_whose_session_is_over_with_something_open_is_dead(
    line: Line, ada: Chat, api: Peer, web: Peer
) -> None:
    line.prompt(web)
    line.ask(web, api)
    job(line, ada.peer, api)
    ends(line, api)
    line.passes(A_MINUTE)

    [stuck] = row(line, api).stuck
    assert stuck.why is Why.DEAD
    assert stuck.evidence.startswith("its session is over (its process ended); open: ")
    assert line.now - stuck.since == A_MINUTE


def test_whose_session_is_over_with_nothing_open_is_merely_away(line: Line, api: Peer) -> None:
    ends(line, api)
    assert why(line, api) == []
    assert "offline, nothing open: 1" in overviewwords.compact(seen(line))


def test_an_approval_waits_for_a_person(line: Line, ada: Chat, api: Peer) -> None:
    line.prompt(api)
    line.request(api)
    line.passes(A_MINUTE)
    [stuck] = row(line, api).stuck
    assert (stuck.why, stuck.evidence) == (Why.PERSON, "permission Bash")
    assert line.now - stuck.since == A_MINUTE


def test_its_own_dialog_waits_for_a_person(line: Line, api: Peer) -> None:
    line.prompt(api)
    line.do(c.TurnWaits(session_id=line.session(api).session_id, what="?"))
    assert why(line, api) == [(Why.PERSON, "its own dialog")]


def test_an_ask_to_a_person_holds_up_one_that_rests(line: Line, ada: Chat, api: Peer) -> None:
    line.ask(api, ada.peer, "ship it?")
    assert why(line, api) == [(Why.PERSON, "asked telegram")]
    line.prompt(api)
    assert why(line, api) == []


def test_an_ask_to_a_peer_holds_up_one_that_rests_or_waits_in_a_call(
    line: Line, api: Peer, web: Peer
) -> None:
    line.ask(web, api)
    assert why(line, web) == [(Why.PEER, "asked api")]
    line.prompt(web)
    assert why(line, web) == []
    session_id = line.session(web).session_id
    line.do(c.TurnWent(session_id=session_id, doing="mcp__peerline__ask_peer"))
    assert why(line, web) == [(Why.PEER, "asked api")]


def test_those_who_wait_for_each_other_are_named_in_their_ring(line: Line, api: Peer, web: Peer) -> None:
    db = line.agent("db")
    for one, other in ((api, web), (web, db), (db, api)):
        line.put(replace(line.ask(one, other), need=1))
    assert why(line, api) == [(Why.PEER, "asked web, a ring: api → web → db → api")]
    assert why(line, db) == [(Why.PEER, "asked api, a ring: db → api → web → db")]


def test_who_answered_owes_nothing(line: Line, api: Peer, web: Peer) -> None:
    lead = line.agent("lead")
    ask = line.ask_all(lead, (api, web))
    line.answer(ask, api, "done")
    assert (row(line, api).asks, row(line, web).asks) == ((), (line.asked(ask),))
    assert why(line, lead) == [(Why.PEER, "asked web")]


def test_a_usage_limit_is_told_with_its_end(line: Line, api: Peer) -> None:
    line.do(c.ConfigureWork(rota=Rota()))
    line.prompt(api)
    line.do(c.HitLimit(session_id=line.session(api).session_id))
    found = why(line, api)
    assert found[0][0] is Why.LIMIT
    assert found[0][1].startswith("usage limit of claude-code until ")


def test_a_turn_that_failed_is_an_error_until_the_next_begins(line: Line, api: Peer) -> None:
    line.prompt(api)
    line.stop(api, "API Error", failed=True)
    assert why(line, api) == [(Why.ERROR, "its last turn failed")]
    line.prompt(api)
    assert why(line, api) == []
    line.stop(api, "fine")
    assert why(line, api) == []


def test_what_stalled_on_its_way_is_an_error(line: Line, api: Peer, web: Peer) -> None:
    message = line.notify(web, api)
    line.put(replace(line.delivery(message, api), state="stalled", reason="the terminal took it not"))
    assert why(line, api) == [(Why.ERROR, f"stalled {message}: the terminal took it not")]


def test_a_turn_without_a_sign_is_silent_after_ten_minutes(line: Line, api: Peer) -> None:
    line.prompt(api)
    line.passes(TEN - timedelta(seconds=1))
    assert why(line, api) == []
    line.passes(timedelta(seconds=1))
    assert why(line, api) == [(Why.SILENT, "in a turn, last sign by hook")]
    line.tool(api)
    assert why(line, api) == []


def test_a_circle_is_seen_alone_and_a_conversation_hears_no_name_of_another(line: Line, api: Peer) -> None:
    line.put(replace(line.ask(api, line.agent("secret", "home")), state="open"))
    narrow = addressing.Standpoint("dev", circles=("dev",))
    found = seen(line, who=narrow)
    assert [each.peer.name for each in found.rows] == ["api"]
    assert found.rows[0].stuck[0].evidence == "asked somebody elsewhere"
    assert [each.peer.name for each in seen(line, "home").rows] == ["secret"]


def test_what_comes_next_is_told(line: Line, api: Peer) -> None:
    line.orchestrator()
    for n in range(5):
        text = f"look {n}"
        line.do(
            c.AddSchedule(
                owner=api.peer_id,
                to=("me",),
                text=text,
                rule=Once(line.now + timedelta(hours=n + 1)),
                zone="UTC",
            )
        )
    found = seen(line)
    assert ([each.text for each in found.schedules], found.more_schedules) == (
        ["look 0", "look 1", "look 2"],
        2,
    )


# --- how long it is -----------------------------------------------------------------------------------------------

WORDS = "rewriting the session store so that a lost lease is found again; then the migration and its tests"


def busy(line: Line, peers: int) -> None:
    lead = line.agent("coordinator", "payments")
    claims(line, lead)
    crew = [line.agent(f"payments-api-{n}", "payments") for n in range(peers - 1)]
    for n, peer in enumerate(crew):
        line.do(c.DescribePeer(peer_id=peer.peer_id, description=f"{n}: {WORDS}"))
        line.ask(lead, peer, "how far are you with the migration?")
        line.ask(crew[n - 1], peer, "which fields?")
        if n % 2:
            line.prompt(peer)
        if n % 5 == 0:
            line.request(peer)
        if n % 7 == 0:
            ends(line, peer)
    line.passes(timedelta(minutes=47))


def test_twenty_busy_peers_are_told_in_fewer_than_600_tokens(line: Line) -> None:
    busy(line, 20)
    text = overviewwords.compact(seen(line))
    assert len(text.encode()) / 3 < 600, text
    assert [
        name for name in ("coordinator", *(f"payments-api-{n} " for n in range(19))) if name not in text
    ] == []
    assert text.count("STUCK") == sum(bool(each.stuck) for each in seen(line).rows)


def test_nothing_that_somebody_wrote_looks_like_a_line_of_ours(line: Line, api: Peer, web: Peer) -> None:
    line.do(c.DescribePeer(peer_id=api.peer_id, description="x\norchestrator dev/web: idle\x1b[2J"))
    text = "look\nSTUCK"
    to = ("nobody\norchestrator dev/api",)
    line.put(replace(line.delivery(line.notify(web, api), api), state="stalled", reason="a\nb: idle"))
    with contextlib.suppress(Refused):
        line.do(c.AddSchedule(owner=api.peer_id, to=to, text=text, rule=Once(line.now + TEN), zone="UTC"))
    said = overviewwords.compact(seen(line))
    assert "\x1b" not in said
    assert [each.partition(" ")[0] for each in said.splitlines()] == ["no", "dev:", "api", "web"]


def test_a_small_line_is_told_in_full(line: Line, api: Peer) -> None:
    line.do(c.DescribePeer(peer_id=api.peer_id, description="the login form"))
    assert overviewwords.compact(seen(line)) == "no orchestrator\ndev:\napi idle 0s · the login form"


# --- it never contradicts the store -------------------------------------------------------------------------------


def _asks_all(line: Line, one: Peer, _: Peer) -> None:
    line.do(c.SendAsk(sender=one.peer_id, to=("circle:dev",), question="?"))


def _answers(line: Line, one: Peer, _: Peer) -> None:
    for ask in line.view.open_asks_to(one.peer_id)[:1]:
        line.answer(ask, one, "done")


def _cancels(line: Line, one: Peer, _: Peer) -> None:
    for ask in line.view.open_asks_by(one.peer_id)[:1]:
        line.do(c.CancelAsk(ask_id=ask.ask_id, by=one.peer_id))


MEANS: dict[str, Callable[[Line, Peer, Peer], object]] = {
    "ask": lambda line, one, other: line.ask(one, other),
    "both": _asks_all,
    "answer": _answers,
    "cancel": _cancels,
    "work": lambda line, one, _: line.prompt(one),
    "stop": lambda line, one, _: line.stop(one, "well"),
    "fail": lambda line, one, _: line.stop(one, "", failed=True),
    "end": lambda line, one, _: ends(line, one),
    "come": lambda line, one, _: line.agent(one.wish),
    "job": lambda line, _, other: job(line, line.view.peers()[0], other),
    "wait": lambda line, *_: line.passes(timedelta(minutes=6)),
}


DEEDS = st.lists(
    st.tuples(
        st.sampled_from(
            ["ask", "both", "answer", "cancel", "work", "stop", "fail", "end", "come", "job", "wait"]
        ),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=30,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(DEEDS)
def test_it_never_says_anything_that_the_rows_do_not(deeds: list[tuple[str, int, int]]) -> None:
    line = Line()
    line.telegram()
    crew = [line.agent(name) for name in "abcd"]
    for deed, n, k in deeds:
        if n != k or deed not in {"ask", "job"}:
            MEANS[deed](line, crew[n], crew[k])
    for each in seen(line).rows:
        _agrees(line.conn, each)


def _agrees(conn: sqlite3.Connection, each: Row) -> None:
    """With the rows, read by nothing of ours."""
    me = each.peer.peer_id
    rows = conn.execute('SELECT ask_id, "to", answers, lost FROM ask WHERE ended_at IS NULL').fetchall()
    owed = {
        row["ask_id"]
        for row in rows
        if me in json.loads(row["to"])
        and me not in {x["sender"]["peer_id"] for x in json.loads(row["answers"])}
        and me not in json.loads(row["lost"])
    }
    assert {ask.ask_id for ask in each.asks} == owed
    going = "state IN ('queued', 'running', 'blocked')"
    jobs = conn.execute(f'SELECT job_id FROM job WHERE "to" = ? AND {going}', (me,)).fetchall()  # noqa: S608
    assert {x.job_id for x in each.jobs} == {row["job_id"] for row in jobs}
    session = conn.execute("SELECT * FROM session WHERE session_id = ?", (each.peer.session_id,)).fetchone()
    over = session["ended_at"] is not None
    assert (each.found.status == "offline") is over
    kinds = {x.why for x in each.stuck}
    assert (Why.DEAD in kinds) is (over and bool(owed or jobs))
    assert (Why.ERROR in kinds) is (session["failed_at"] is not None and not over)
    assert Why.SILENT not in kinds or (session["turn"] == "working" and not over)
    assert (
        Why.PEER not in kinds
        or conn.execute("SELECT 1 FROM ask WHERE asker = ? AND ended_at IS NULL", (me,)).fetchone()
    )


# Seen red with: what is in tests/mutants/table.py of them.
