"""The morning report as somebody reads it at seven: what it says, and what can be tapped right below it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.digest import MOST_CARDS
from daemon.core.model import Job, Kind, Night, Parcel, Peer, Rota, Seen, Source
from tests.core.line import A_MINUTE, NOON, Chat, Line

HOUR = timedelta(hours=1)
SEVEN = NOON + 19 * HOUR


@pytest.fixture
def night(line: Line, ada: Chat) -> Chat:
    """Ada's circles have nights until seven; it is noon."""
    line.do(c.ConfigureWork(rota=Rota(nights=(Night(circle="*"),))))
    line.do(c.ConfigureAttention())
    return ada


def job(line: Line, owner: Peer, to: Peer, title: str, **how: Any) -> Job:
    made: Job = line.do(c.AddJob(owner=owner.peer_id, title=title, to=f"{to.circle}/{to.name}", **how))
    return made


def ends(line: Line, made: Job, state: str, note: str) -> None:
    line.do(c.UpdateJob(job_id=made.job_id, by=made.to, state=state, note=note))


def seven(line: Line, chat: Chat) -> list[Parcel]:
    line.passes(SEVEN - line.now)
    return line.shown(chat)


def test_it_is_read_in_one_look_circle_by_circle(line: Line, night: Chat) -> None:
    line.say(night, "/quiet 23:00-07:00 but nothing")
    line.shown(night)
    api, web, cook = line.agent("api"), line.agent("web"), line.agent("cook", "home")
    job(line, night.peer, web, "Upgrade the linter", tonight=True)
    line.now = NOON + 12 * HOUR
    done, failed = job(line, night.peer, api, "Tidy the tests"), job(line, night.peer, cook, "Bake")
    ends(line, done, "done", "41 tests moved, all green")
    ends(line, failed, "failed", "no flour")
    line.request(web, shown="wants to use **Bash**\n\n```bash\nmake deploy\n```")
    line.ask(cook, night.peer, "rye or wheat?", options=("rye", "wheat"))
    line.notify(api, night.peer, "the cache is warm")
    assert line.shown(night) == []

    report, *_ = seven(line, night)
    assert report.envelope.body.splitlines() == [
        "**Morning report**",
        "- decisions waiting: 2",
        "- reviews: none",
        "- jobs: 1 done, 1 failed, 1 still to do",
        "- agents stuck: none; held back: 1 thing",
        "",
        "**dev**",
        "- approval · web: wants to use Bash: make deploy",
        "- done · Tidy the tests: 41 tests moved, all green",
        "- running · Upgrade the linter",
        "- api: the cache is warm",
        "",
        "**home**",
        "- question · cook: rye or wheat?",
        "- failed · Bake: no flour",
    ]


def test_reviews_that_are_owed_and_that_wait_are_told_each_in_a_line(line: Line, night: Chat) -> None:
    api, web = line.agent("api"), line.agent("web")
    for n, reviewer in enumerate((night.peer, web), 1):
        source = Source(kind="branch", folder="/src/api", repository="/src/api/.git", branch=f"b{n}")
        command = c.RequestReview(
            requester=api.peer_id,
            what=f"/src/api#b{n}",
            reviewer=reviewer.peer_id,
            source=source,
            seen=Seen(head="a" * 40),
        )
        line.do(command)
    ids = [each.review_id for each in line.view.reviews_open()]
    line.shown(night)

    report, card = seven(line, night)
    told = report.envelope.body.splitlines()
    assert told[1:3] == ["- decisions waiting: none", "- reviews: 1 to do, 1 waiting"]
    assert told[6:] == [
        "**dev**",
        f"- review · review {ids[0]} of /src/api#b1: pending, telegram reviews it",
        f"- review · review {ids[1]} of /src/api#b2: pending, web reviews it",
    ]
    assert card.envelope.options == ("Approved", "Changes requested")


def test_what_was_asked_long_before_comes_below_it_once_more_and_either_card_decides(
    line: Line, night: Chat, api: Peer
) -> None:
    ask = line.ask(api, night.peer, "ship it?", options=("yes", "no"))
    approval = line.request(api)
    assert len(line.shown(night)) == 2
    report, *cards = seven(line, night)
    assert report.envelope.body.startswith("**Morning report**")
    assert {each.envelope.envelope_id for each in cards} == {ask.ask_id, approval.ask_id}
    assert all(each.delivery.hushed for each in cards)

    line.tap(night, ask.ask_id, 1)
    line.tap(night, approval.ask_id, 0)
    assert [line.asked(each).state for each in (ask, approval.ask_id)] == ["answered", "answered"]
    changed = [each.envelope.reply_to for each in line.shown(night) if each.envelope.kind is Kind.CHANGE]
    assert len(set(changed)) == 4  # both cards of both


def test_what_is_decided_before_the_report_is_shown_does_not_come_again(
    line: Line, night: Chat, api: Peer
) -> None:
    ask = line.ask(api, night.peer, options=("yes", "no"))
    line.shown(night)
    line.notify(api, night.peer, "built")
    line.shown(night)
    line.passes(SEVEN - line.now)
    line.tap(night, ask.ask_id, 0)
    assert [each.envelope.envelope_id for each in line.shown(night) if each.envelope.kind is Kind.ASK] == []


def test_what_was_just_asked_has_its_buttons_where_one_looks_already(
    line: Line, night: Chat, api: Peer
) -> None:
    line.now = SEVEN - 5 * A_MINUTE
    line.ask(api, night.peer, options=("yes", "no"))
    line.shown(night)
    assert [each.envelope.kind for each in seven(line, night)] == [Kind.REPLY]


def test_of_many_decisions_the_first_come_again_and_all_are_named(line: Line, night: Chat) -> None:
    agents = [line.agent(f"api{number}") for number in range(MOST_CARDS + 3)]
    for each in agents:
        line.ask(each, night.peer, f"{each.name}?", options=("yes", "no"))
    line.shown(night)
    report, *cards = seven(line, night)
    assert len(cards) == MOST_CARDS
    assert report.envelope.body.count("\n- question · ") == len(agents)


def test_it_comes_once_though_the_daemon_ends_in_the_midst_of_it(line: Line, night: Chat, api: Peer) -> None:
    line.ask(api, night.peer, "ship it?", options=("yes", "no"))
    line.shown(night)
    line.now = SEVEN
    line.decide(c.Tick(), "never written")
    line.do(c.Tick())
    parcel = line.lease(night.peer, holder="telegram-bot", shows=True)
    assert parcel is not None
    line.do(c.Recover(holder_prefix="telegram-bot"))
    line.do(c.ConfigureAttention())
    line.do(c.Tick())
    shown: list[Parcel] = []
    for _ in range(60):
        line.passes(timedelta(seconds=5))
        shown += line.shown(night)
    report, card = shown
    assert report.envelope.envelope_id == parcel.envelope.envelope_id
    assert card.envelope.body == "ship it?"
    line.passes(12 * HOUR)
    assert line.shown(night) == []


def test_on_a_terminal_it_reads_the_same(line: Line, api: Peer) -> None:
    here = line.console()
    line.do(c.ConfigureWork(rota=Rota(nights=(Night(circle="*"),))))
    line.do(c.ConfigureAttention())
    line.ask(api, here.peer, "ship it?", options=("yes", "no"))
    line.shown(here)
    line.now = SEVEN - A_MINUTE
    line.do(c.Beat(surface="console", host=here.address))
    report, card = seven(line, here)
    assert "- question · api: ship it?" in report.envelope.body
    line.say(here, "1")
    assert line.asked(card.envelope.envelope_id).answers[-1].option == "yes"


def test_a_morning_nobody_could_be_told_of_waits_for_the_first_sign_of_life(line: Line, api: Peer) -> None:
    here = line.console()
    line.do(c.ConfigureWork(rota=Rota(nights=(Night(circle="*"),))))
    line.do(c.ConfigureAttention())
    line.ask(api, here.peer, "ship it?", options=("yes", "no"))
    line.shown(here)
    line.do(c.CloseConversation(peer_id=here.peer.peer_id, host=here.address))
    line.passes(SEVEN - line.now)
    line.passes(2 * HOUR)
    assert line.view.attentions_due(line.now) == []

    again = line.console("run-2")
    assert again.peer.peer_id == here.peer.peer_id
    report, *_ = line.shown(again)
    assert report.envelope.body.startswith("**Morning report**")
    line.console("run-3")
    line.passes(HOUR)
    assert [x for x in line.shown(again) if x.envelope.kind is Kind.REPLY] == []
