"""Jobs by talking: given, for now or for the night, seen, ended and tried anew, by those who may."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from daemon.core import commands as c
from daemon.core.model import Job, Kind, Person, Rota
from daemon.core.rules.unattended import Row
from tests.core.line import Chat, Line


def jobs(line: Line) -> list[Job]:
    return list(line.view.jobs())


def said(line: Line, chat: Chat) -> str:
    """The last thing that the line says, a card of its own as well."""
    return line.shown(chat)[-1].envelope.body


def test_a_person_has_something_done_and_is_told_how_it_ended(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.say(ada, "/job @api tidy up\nall of it")
    [made] = jobs(line)
    assert (made.title, made.prompt, made.person, made.to) == (
        "tidy up all of it", "tidy up\nall of it", "ada", api.peer_id,
    )  # fmt: skip
    assert said(line, ada) == f'job {made.job_id} "tidy up all of it" is running for api'
    line.work(api)
    line.stop(api, "tidied")
    shown = line.shown(ada)
    assert [each.envelope.kind for each in shown] == [Kind.NOTICE]
    assert shown[0].envelope.body.endswith("is done: tidied")


def test_who_is_not_named_is_the_chosen_peer_else_whoever_leads(line: Line, ada: Chat) -> None:
    lead, api = line.orchestrator(), line.agent("api")
    line.say(ada, "/job tidy up")
    line.say(ada, "/to api")
    line.say(ada, "/job tidy up")
    assert [each.to for each in jobs(line)] == [lead.peer_id, api.peer_id]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("/job", "nobody is meant"),
        ("/job @api", "nothing is to be done"),
        ("/job @nobody x", "no peer"),
        ("/job /src/app codex: x", "nobody can be started in a folder here"),
        ("/tonight", "nobody is meant"),
    ],
)
def test_what_cannot_be_done_is_told_with_how_to_say_it(line: Line, ada: Chat, words: str, says: str) -> None:
    line.agent("api")
    line.say(ada, words)
    assert says in said(line, ada)
    assert jobs(line) == []


def test_a_folder_is_named_with_whom_to_start_there(line: Line, ada: Chat) -> None:
    line.do(c.ConfigureWork(rota=Rota(spawns=True)))
    line.say(ada, "/job /src/app codex: build it")
    line.say(ada, "/job /src/web build that: quickly")
    assert [(each.path, each.backend, each.prompt) for each in jobs(line)] == [
        ("/src/app", "codex", "build it"), ("/src/web", "claude-code", "build that: quickly"),
    ]  # fmt: skip


def test_whoever_may_only_talk_gives_no_jobs(line: Line, ada: Chat) -> None:
    ben = line.telegram("ben", "8", owner=False)
    line.agent("desk", circle="default")
    for words in ("/job @desk x", "/tonight @desk x"):
        line.say(ben, words)
        assert "needs the right to approve" in said(line, ben)


def test_the_night_is_shown_before_anything_waits_for_it(line: Line, ada: Chat) -> None:
    line.agent("api")
    denied = Row(circle="dev", window="22:00-07:00", reason="ask at breakfast")
    line.do(c.ConfigureWork(rota=Rota(zone="Europe/London", unattended=(denied,))))
    line.say(ada, "/tonight @api tidy up")
    card = said(line, ada)
    assert "22:00-07:00 Europe/London; 0 jobs wait for it" in card
    assert 'denied: "ask at breakfast"' in card
    assert jobs(line) == []
    line.say(ada, "start")
    [made] = jobs(line)
    assert (made.state, made.tonight, made.due_at) == ("queued", True, datetime(2026, 3, 2, 22, tzinfo=UTC))
    assert "not before Mon 02 Mar 2026 22:00" in said(line, ada)
    line.say(ada, "/tonight @api and more")
    assert "1 job wait" in said(line, ada).replace("waits", "wait")


def test_the_right_is_looked_at_again_when_the_nights_card_is_tapped(line: Line, ada: Chat) -> None:
    line.do(c.ConfigureWork(rota=Rota()))
    line.agent("api")
    line.say(ada, "/tonight @api tidy up")
    line.shown(ada)
    person = line.view.get(Person, ada.surface, ada.account)
    line.put(replace(person, rights=("talk",)))
    line.say(ada, "start")
    assert "needs the right to approve" in said(line, ada)
    assert jobs(line) == []


def test_jobs_are_listed_and_one_is_cancelled_tried_anew_and_its_result_seen_by_taps(
    line: Line, ada: Chat
) -> None:
    api = line.agent("api")
    line.say(ada, "/job @api tidy up")
    for choice, state in (("cancel", "cancelled"), ("retry", "running")):
        line.say(ada, "/jobs")
        assert "1. tidy up · api ·" in said(line, ada)
        line.say(ada, "1. tidy up")
        line.say(ada, choice)
        assert f"is {state}" in said(line, ada)
    line.carry(api)
    line.answer(line.asked(jobs(line)[0].ask_id), api, "tidied")
    line.say(ada, "/jobs")
    line.say(ada, "1. tidy up")
    assert said(line, ada).endswith("is done: tidied")
