"""Who may have somebody started, how many, who that is, and how a start ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed, Throttled
from daemon.core.model import Authority, Job, Pane, Peer, Rota, Spawn, Spawned
from tests.core.line import Line

PANE = Pane(tmux="/t", server_pid=1, server_started=2, pane_id="%3", pane_pid=4, pane_started=5)
SECOND = timedelta(seconds=1)


def wanted(line: Line, by: Peer, **how: Any) -> Spawned:
    usual: dict[str, Any] = {
        "backend": "claude-code",
        "path": "/src/app",
        "folder": "1:2",
        "wish": "app",
        "live": 8,
        "per_minute": 4,
        "depth": 2,
    }
    told: Spawned = line.do(c.WantSpawn(by=by.peer_id, **(usual | how)))
    return told


def begun(line: Line, started: Spawned, pane: Pane = PANE) -> Spawn:
    told: Spawn = line.do(c.BeginSpawn(spawn_id=started.spawn.spawn_id, pane=pane))
    return told


def arrives(line: Line, pane: Pane | None = PANE, **session: Any) -> Peer:
    return line.agent("someone", "elsewhere", **({"path": "/src/app", "pane": pane} | session))


def over(line: Line, started: Spawned, why: str = "its program ended (exit status 3)") -> Spawn:
    told: Spawn = line.do(c.EndSpawn(spawn_id=started.spawn.spawn_id, why=why))
    return told


def spawn(line: Line, started: Spawned) -> Spawn:
    found = line.plan().spawn(started.spawn.spawn_id)
    assert found
    return found


def test_who_is_wanted_is_a_peer_at_once_with_a_name_of_its_own(line: Line) -> None:
    lead = line.agent("lead")
    first, second = wanted(line, lead), wanted(line, lead)
    assert [(each.peer.name, each.peer.circle) for each in (first, second)] == [
        ("app", "dev"),
        ("app-2", "dev"),
    ]
    assert (first.spawn.state, first.spawn.by, first.spawn.depth) == ("wanted", lead.peer_id, 1)


def test_mail_waits_and_the_first_message_is_an_ask_by_whoever_wanted_it(line: Line) -> None:
    lead = line.agent("lead")
    started = wanted(line, lead, message="fix the tests")
    line.do(c.SendNotice(sender=lead.peer_id, to=("app",), text="by the way"))
    assert line.view.waiting_count(started.peer.peer_id) == 2
    ask = line.plan().ask(started.ask_id)
    assert ask
    assert (ask.asker, ask.to) == (lead.peer_id, (started.peer.peer_id,))


def test_it_has_arrived_when_the_hooks_of_its_own_pane_say_so_whatever_they_wish_for(line: Line) -> None:
    started = wanted(line, line.agent("lead"))
    begun(line, started)
    there = arrives(line)
    assert (there.peer_id, there.name, there.circle) == (started.peer.peer_id, "app", "dev")
    assert spawn(line, started).state == "running"


@pytest.mark.parametrize(
    "other",
    [
        {"pane_id": "%4"},
        {"pane_pid": 9},
        {"pane_started": 9},
        {"server_pid": 9},
        {"server_started": 9},
    ],
)
def test_who_comes_from_another_pane_is_somebody_else(line: Line, other: dict[str, Any]) -> None:
    started = wanted(line, line.agent("lead"))
    begun(line, started)
    stranger = line.agent("app", "dev", path="/src/app", pane=replace(PANE, **other))
    assert stranger.peer_id != started.peer.peer_id
    assert spawn(line, started).state == "starting"


def test_nobody_arrives_by_a_name_without_a_pane_as_another_agent_or_before_it_is_begun(line: Line) -> None:
    started = wanted(line, line.agent("lead"))
    early = arrives(line)
    begun(line, started)
    others = [line.agent("app", "dev", path="/src/app"), arrives(line, backend="codex")]
    assert started.peer.peer_id not in {each.peer_id for each in (early, *others)}
    assert spawn(line, started).state == "starting"


def test_only_so_many_are_there_at_once_and_one_that_is_over_makes_room(line: Line) -> None:
    lead = line.agent("lead")
    first = wanted(line, lead, live=2, per_minute=60)
    wanted(line, lead, live=2, per_minute=60)
    with pytest.raises(Throttled, match=r"2 started agents are there: daemon.spawn.live is 2") as refused:
        wanted(line, lead, live=2, per_minute=60)
    assert refused.value.after_s
    over(line, first)
    wanted(line, lead, live=2, per_minute=60)


def test_only_so_many_are_started_in_a_minute_and_the_refusal_says_when_again(line: Line) -> None:
    lead = line.agent("lead")
    over(line, wanted(line, lead))
    for _ in range(3):
        line.now += 10 * SECOND
        wanted(line, lead)
    with pytest.raises(Throttled, match=r"daemon.spawn.per_minute is 4") as refused:
        wanted(line, lead)
    assert refused.value.after_s == 30.0
    line.now += 30 * SECOND
    wanted(line, lead)


def test_who_was_started_starts_others_only_so_deep(line: Line) -> None:
    by, depths = line.agent("lead"), []
    for _ in range(2):
        started = wanted(line, by)
        depths.append(started.spawn.depth)
        by = started.peer
    assert depths == [1, 2]
    with pytest.raises(NotAllowed, match="3 deep") as refused:
        wanted(line, by)
    assert "daemon.spawn.depth is 2" in refused.value.hint


def test_the_unverified_the_locked_out_and_who_lost_the_right_start_nobody(line: Line) -> None:
    lead, ada = line.agent("lead"), line.telegram()
    ben = line.telegram("ben", "8", owner=False)
    line.put(replace(lead, authority=Authority.UNVERIFIED))
    with pytest.raises(NotAllowed, match="unverified"):
        wanted(line, lead)
    line.put(lead)
    with pytest.raises(NotAllowed, match="ben may not"):
        wanted(line, ben.peer, surface="telegram", account="8", person="ben")
    line.do(c.Lock(by="ada"))
    with pytest.raises(NotAllowed, match="locked by ada"):
        wanted(line, lead)
    with pytest.raises(NotAllowed, match="locked by ada"):
        wanted(line, ada.peer, surface="telegram", account="7", person="ada")


def test_a_frozen_circle_gets_nobody_and_a_conversation_only_what_it_sees(line: Line) -> None:
    line.telegram()
    lead, group = line.agent("lead"), line.group(("web",))
    with pytest.raises(NotAllowed, match='does not see circle "dev"'):
        wanted(line, group.peer, circle="dev")
    assert wanted(line, group.peer).peer.circle == "web"
    line.do(c.FreezeCircle(circle="dev", by="ada"))
    with pytest.raises(NotAllowed, match="is frozen by ada"):
        wanted(line, lead)


def test_who_was_there_before_goes_on_with_its_mail(line: Line) -> None:
    lead, before = line.agent("lead"), line.agent("app")
    line.put(replace(before, path="/src/app"))
    line.do(c.EndSession(session_id=before.session_id or "", why="exit"))
    line.do(c.SendNotice(sender=lead.peer_id, to=("app",), text="for later"))
    started = wanted(line, lead)
    assert started.peer.peer_id == before.peer_id
    assert wanted(line, lead).peer.peer_id != before.peer_id  # it is on its way already
    begun(line, started)
    assert over(line, started).state == "failed"
    assert line.peer(before.peer_id).forgotten_at is None
    assert line.view.waiting_count(before.peer_id) == 1


def test_one_that_never_came_frees_its_name_and_whoever_waits_learns_why(line: Line) -> None:
    lead = line.agent("lead")
    asked, untold = wanted(line, lead, message="hello"), wanted(line, lead)
    for each in (asked, untold):
        begun(line, each)
        over(line, each)
    ask = line.plan().ask(asked.ask_id)
    assert ask
    assert ask.state == "orphaned"
    words = [line.plan().envelope(each.envelope_id) for each in line.view.waiting(lead.peer_id)]
    told = [each.body for each in words if each]
    assert told == [
        "orphaned: app could not be started: its program ended (exit status 3)",
        "dev/app-2 could not be started: its program ended (exit status 3)",
    ]
    assert wanted(line, lead).peer.name == "app"


def test_what_comes_after_the_end_changes_nothing(line: Line) -> None:
    started = wanted(line, line.agent("lead"))
    over(line, started, "nobody wants it")
    assert begun(line, started).state == "failed"
    assert line.do(c.LingerSpawn(spawn_id=started.spawn.spawn_id, why="x", attach="y")).state == "failed"
    assert over(line, started, "again").reason == "nobody wants it"


def test_whoever_wanted_it_is_told_once_what_its_screen_shows(line: Line) -> None:
    lead = line.agent("lead")
    started = wanted(line, lead)
    begun(line, started)
    for _ in range(2):
        line.do(
            c.LingerSpawn(
                spawn_id=started.spawn.spawn_id, why="Trust this folder?", attach="tmux attach -t dev:app"
            )
        )
    [letter] = line.view.waiting(lead.peer_id)
    envelope = line.plan().envelope(letter.envelope_id)
    assert envelope
    assert "Trust this folder?" in envelope.body
    assert "tmux attach -t dev:app" in envelope.body


def test_whoever_asked_it_among_others_learns_that_it_never_came(line: Line) -> None:
    lead, api = line.agent("lead"), line.agent("api")
    started = wanted(line, lead)
    line.do(c.SendAsk(sender=lead.peer_id, to=("app", "api"), question="how far?"))
    begun(line, started)
    over(line, started)
    words = [line.plan().envelope(each.envelope_id) for each in line.view.waiting(lead.peer_id)]
    assert [each.body for each in words if each] == [
        "dev/app could not be started: its program ended (exit status 3)"
    ]
    assert line.view.open_asks_to(api.peer_id)


def test_while_it_is_awaited_it_is_listed_and_nobody_forgets_it(line: Line) -> None:
    started = wanted(line, line.agent("lead"))
    with pytest.raises(NotAllowed, match="is being started"):
        line.do(c.ForgetPeer(peer_id=started.peer.peer_id))


def test_a_job_is_started_for_once(line: Line) -> None:
    line.do(c.ConfigureWork(rota=Rota(spawns=True)))
    lead = line.orchestrator("lead")
    job: Job = line.do(c.AddJob(owner=lead.peer_id, title="tidy", path="/src/app", backend="codex"))
    first = wanted(line, lead, job_id=job.job_id)
    assert wanted(line, lead, job_id=job.job_id).peer.peer_id == first.peer.peer_id
    line.do(c.GiveJob(job_id=job.job_id, to=first.peer.peer_id))
    over(line, first)
    after = line.plan().job(job.job_id)
    assert after
    assert (after.state, after.reason) == (
        "failed",
        "app could not be started: its program ended (exit status 3)",
    )
    again = wanted(line, lead, job_id=job.job_id)
    assert again.spawn.spawn_id != first.spawn.spawn_id


def test_a_clock_that_is_set_back_holds_nobody_up(line: Line) -> None:
    lead = line.agent("lead")
    for _ in range(4):
        over(line, wanted(line, lead))
    line.now -= timedelta(hours=1)
    line.do(c.StepClock(by=-timedelta(hours=1)))
    line.now += timedelta(minutes=1)
    wanted(line, lead)


def test_a_start_of_nobody_is_refused(line: Line) -> None:
    with pytest.raises(Malformed):
        line.do(c.EndSpawn(spawn_id="n-none", why="x"))
