"""Who is there: a peer outlives its sessions, and its name and mail are its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed, NotFound
from daemon.core.model import Authority, Kind, Peer, Person, Role, Status, Turn
from daemon.core.rules.presence import status
from tests.core.line import A_MINUTE, Line


def again(line: Line, peer: Peer, **changed: Any) -> Peer:
    """The peer's agent says something from its folder again."""
    session = line.session(peer)
    known = {
        "session_id": session.session_id,
        "backend": peer.backend,
        "pid": session.pid,
        "started": session.started,
        "wish": peer.wish,
        "circle": peer.circle,
        "path": peer.path,
    }
    registered: Peer = line.do(c.RegisterSession(**(known | changed)))
    return registered


def ends(line: Line, peer: Peer, why: str = "prompt_input_exit") -> None:
    line.do(c.EndSession(session_id=line.session(peer).session_id, why=why))


def there(line: Line, peer: Peer) -> Status:
    plan, now = line.plan(), line.peer(peer)
    return status(now, plan.session_of(now), plan.conversation(peer.peer_id), line.now)


def live_sessions(line: Line, peer: Peer) -> list[str]:
    rows = line.conn.execute(
        "SELECT session_id FROM session WHERE peer_id = ? AND ended_at IS NULL", (peer.peer_id,)
    )
    return [row["session_id"] for row in rows]


# --- the same peer --------------------------------------------------------------------------------------------------


def test_every_hook_registers_and_changes_nothing_but_the_time_it_was_seen(line: Line) -> None:
    peer = line.agent()
    before = line.rows()
    line.now += A_MINUTE

    assert again(line, peer).peer_id == peer.peer_id

    after = line.rows()
    assert {name for name in after if after[name] != before[name]} == {"peer"}
    assert line.peer(peer).last_seen == line.now


def test_a_session_that_goes_on_in_another_process_is_reminded_of_what_it_was_at(line: Line) -> None:
    """It was killed and resumed before anybody noticed."""
    api, web = line.agent("api"), line.agent("web")
    ask = line.ask(web, api)
    line.work(api)

    again(line, api, pid=99, turn=Turn.IDLE, turn_source="hook")

    assert (line.asked(ask).state, line.session(api).turn) == ("seen", Turn.IDLE)
    ((kind, text),) = line.inbox(api)
    assert (kind, ask.ask_id in text, "how far?" in text) == (Kind.NOTICE, True, True)


def test_a_hook_without_a_turn_keeps_what_is_known_of_the_turn(line: Line) -> None:
    api, web = line.agent("api"), line.agent("web")
    ask = line.ask(web, api)
    line.work(api, prompt_id="prompt-1")
    before = line.session(api)

    again(line, api)

    assert line.session(api) == before
    assert (before.turn, before.turn_ask, before.turn_prompt) == (Turn.WORKING, ask.ask_id, "prompt-1")


def test_a_resumed_session_is_the_same_peer(line: Line) -> None:
    peer = line.agent()
    ends(line, peer)

    resumed = again(line, peer, pid=77, started=5, path="/elsewhere", circle="other", turn=Turn.IDLE)

    assert (resumed.peer_id, resumed.name, resumed.circle) == (peer.peer_id, peer.name, peer.circle)
    assert (line.session(peer).pid, line.session(peer).ended_at) == (77, None)
    assert there(line, peer) is Status.ONLINE


@pytest.mark.parametrize("goodbye", [True, False])
def test_a_cleared_session_is_the_same_peer(line: Line, goodbye: bool) -> None:
    """The process goes on under a new session id; Claude Code says that the old one ended, others do not."""
    peer = line.agent()
    if goodbye:
        ends(line, peer, "clear")

    cleared = again(line, peer, session_id="s-new")

    assert cleared.peer_id == peer.peer_id
    assert live_sessions(line, peer) == ["s-new"]


def test_neither_a_new_name_nor_a_new_circle_is_lost_by_clearing(line: Line) -> None:
    peer, wish = line.agent(), "backend"
    line.do(c.MovePeer(peer_id=peer.peer_id, circle="home"))
    line.do(c.RenamePeer(peer_id=peer.peer_id, name="captain"))
    ends(line, peer, "clear")

    cleared = again(line, peer, session_id="s-new", wish=wish, circle="dev")

    assert (cleared.peer_id, cleared.name, cleared.circle) == (peer.peer_id, "captain", "home")


def test_a_process_that_clears_does_not_take_its_peer_from_where_it_was_resumed(line: Line) -> None:
    peer = line.agent()
    old = line.session(peer)
    ends(line, peer, "resume")
    again(line, peer, pid=77, turn=Turn.IDLE)

    other = again(line, peer, session_id="s-new", pid=old.pid)

    assert other.peer_id != peer.peer_id
    assert there(line, peer) is Status.ONLINE


def test_a_fork_is_a_new_peer_however_often_it_says_so(line: Line) -> None:
    peer = line.agent()

    fork = again(line, peer, session_id="s-fork", pid=78, forked=True)
    repeated = again(line, fork, forked=True, wish=peer.wish)
    later = again(line, fork, wish=peer.wish)

    assert fork.peer_id != peer.peer_id
    assert fork.name == "backend-2"
    assert {repeated.peer_id, later.peer_id} == {fork.peer_id}
    assert there(line, peer) is Status.ONLINE


def test_a_fork_takes_over_nobody(line: Line) -> None:
    peer = line.agent()
    ends(line, peer)

    assert again(line, peer, session_id="s-fork", pid=78, forked=True).peer_id != peer.peer_id


# --- taking over ----------------------------------------------------------------------------------------------------


def test_a_new_session_takes_over_the_offline_peer_with_its_mail(line: Line) -> None:
    sender, peer = line.agent("web"), line.agent()
    line.notify(sender, peer, "before")
    ends(line, peer)
    line.notify(sender, peer, "while away")

    heir = again(line, peer, session_id="s-new", pid=78)

    assert heir.peer_id == peer.peer_id
    assert [text for _, text in line.inbox(heir)] == ["before", "while away"]


def test_the_most_recently_seen_of_several_is_taken_over(line: Line) -> None:
    first, second = line.agent(path="/src"), line.agent(path="/src")
    ends(line, second)
    line.now += A_MINUTE
    ends(line, first)

    assert line.agent(path="/src").peer_id == first.peer_id
    assert line.agent(path="/src").peer_id == second.peer_id
    assert line.agent(path="/src").name == "backend-3"


@pytest.mark.parametrize(
    "other", [{"wish": "frontend"}, {"circle": "home"}, {"backend": "codex"}, {"path": "/other"}]
)
def test_of_another_wish_circle_backend_or_folder_nobody_is_taken_over(
    line: Line, other: dict[str, str]
) -> None:
    peer = line.agent()
    ends(line, peer)

    assert again(line, peer, session_id="s-new", pid=78, **other).peer_id != peer.peer_id


def test_who_is_online_is_not_taken_over_and_the_new_one_is_numbered(line: Line) -> None:
    peer = line.agent()

    assert again(line, peer, session_id="s-new", pid=78).name == "backend-2"


def test_a_renamed_agent_is_found_again_after_a_restart(line: Line) -> None:
    peer = line.agent()
    line.do(c.RenamePeer(peer_id=peer.peer_id, name="captain"))
    ends(line, peer)

    assert again(line, peer, session_id="s-by-folder", pid=78).peer_id == peer.peer_id
    ends(line, peer)
    assert again(line, peer, session_id="s-by-name", pid=79, wish="captain").peer_id == peer.peer_id


# --- the end of a session -------------------------------------------------------------------------------------------


def test_a_session_that_ended_leaves_its_peer_and_its_mail(line: Line) -> None:
    sender, peer = line.agent("web"), line.agent()
    line.notify(sender, peer, "kept")

    ends(line, peer)

    assert there(line, peer) is Status.OFFLINE
    assert line.inbox(peer) == [(Kind.NOTICE, "kept")]


def test_the_end_of_the_process_ends_its_session(line: Line) -> None:
    peer = line.agent()
    session = line.session(peer)

    line.do(c.EndProcess(pid=session.pid, started=session.started + 1))
    assert there(line, peer) is Status.ONLINE
    line.do(c.EndProcess(pid=session.pid, started=session.started))

    assert there(line, peer) is Status.OFFLINE
    assert line.session(peer).ended_why == "its process ended"


def test_the_end_of_a_process_ends_all_that_ran_in_it(line: Line) -> None:
    peer = line.agent()
    session = line.session(peer)
    fork = again(line, peer, session_id="s-fork", forked=True)

    assert fork.peer_id != peer.peer_id

    line.do(c.EndProcess(pid=session.pid, started=session.started))

    assert there(line, peer) is there(line, fork) is Status.OFFLINE


def test_what_was_handed_and_not_proven_waits_again_when_the_session_ends(line: Line) -> None:
    sender, peer = line.agent("web"), line.agent()
    message = line.notify(sender, peer)
    line.carry(peer)
    assert line.state(message, peer) == "handed"

    ends(line, peer)

    assert (line.state(message, peer), line.delivery(message, peer).attempts) == ("queued", 0)


def test_an_ask_that_a_session_left_in_the_middle_is_reminded_of_once_in_the_next(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    ask = line.ask(web, api, "which port?")
    line.work(api)

    ends(line, api, "other")

    assert line.asked(ask).state == "seen"
    again(line, api, session_id="s-new", pid=78, turn=Turn.IDLE, inbox="/inbox/new")
    reminder = line.work(api)
    assert ask.ask_id in reminder.envelope.body
    assert "which port?" in reminder.envelope.body
    line.stop(api, "8377")
    assert line.asked(ask).state == "answered"


def test_the_end_of_an_earlier_session_is_not_the_end_of_the_peer(line: Line) -> None:
    peer = line.agent()
    first = line.session(peer).session_id
    again(line, peer, session_id="s-new")

    line.do(c.EndSession(session_id=first, why="clear"))

    assert there(line, peer) is Status.ONLINE


# --- forgetting, renaming, moving -----------------------------------------------------------------------------------


def test_forgetting_cancels_the_mail_and_tells_who_asked(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    ask = line.ask(web, api)
    message = line.notify(web, api)
    ends(line, api)

    line.do(c.ForgetPeer(peer_id=api.peer_id))

    assert line.asked(ask).state == "orphaned"
    assert {line.state(ask, api), line.state(message, api)} == {"cancelled"}
    assert line.inbox(web) == [(Kind.ANSWER, "orphaned: whoever was asked is gone for good")]


def test_many_asks_of_a_forgotten_peer_end_all(line: Line) -> None:
    web, api = line.agent("web"), line.agent("api")
    asks = [line.ask(web, api) for _ in range(230)]
    ends(line, api)

    line.do(c.ForgetPeer(peer_id=api.peer_id))

    assert {line.asked(ask).state for ask in asks} == {"orphaned"}


def test_only_who_is_offline_can_be_forgotten(line: Line) -> None:
    api = line.agent("api")

    with pytest.raises(NotAllowed):
        line.do(c.ForgetPeer(peer_id=api.peer_id))


def test_a_forgotten_session_that_comes_back_is_somebody_new(line: Line) -> None:
    api = line.agent("api")
    ends(line, api)
    line.do(c.ForgetPeer(peer_id=api.peer_id))

    back = again(line, api, pid=78)

    assert (back.peer_id != api.peer_id, back.name) == (True, "api")


def test_renaming_is_refused_where_it_would_confuse(line: Line) -> None:
    api, _, ada = line.agent("api"), line.agent("web"), line.telegram().peer

    for peer, name, error in (
        (api, "web", NotAllowed),
        (api, "owner", Malformed),
        (api, "A B", Malformed),
        (ada, "bob", NotAllowed),
    ):
        with pytest.raises(error):
            line.do(c.RenamePeer(peer_id=peer.peer_id, name=name))
    with pytest.raises(NotFound):
        line.do(c.RenamePeer(peer_id="p-nobody", name="x"))


def test_moving_into_a_circle_where_the_name_is_taken_numbers_it(line: Line) -> None:
    line.agent("web", "home")
    web = line.agent("web")

    moved = line.do(c.MovePeer(peer_id=web.peer_id, circle="home"))

    assert (moved.circle, moved.name) == ("home", "web-2")


def test_a_description_is_one_clean_line(line: Line) -> None:
    api = line.agent("api")

    described = line.do(c.DescribePeer(peer_id=api.peer_id, description=" tests\x1b[2J\n  and more "))

    assert described.description == "tests[2J and more"


# --- conversations --------------------------------------------------------------------------------------------------


def test_the_same_address_is_the_same_peer_for_ever(line: Line) -> None:
    ada = line.telegram()

    assert line.telegram().peer.peer_id == ada.peer.peer_id
    assert (ada.peer.name, ada.peer.role, ada.peer.authority) == ("telegram", Role.HUMAN, Authority.OWNER)


def test_a_second_terminal_is_a_second_peer_and_a_third_takes_over_the_one_that_was_left(line: Line) -> None:
    first, second = line.console("run-1"), line.console("run-2")
    assert [first.peer.name, second.peer.name] == ["console", "console-2"]

    line.do(c.CloseConversation(peer_id=first.peer.peer_id, host="run-1"))

    assert line.console("run-3").peer.peer_id == first.peer.peer_id


def test_who_does_not_host_a_conversation_cannot_close_it(line: Line) -> None:
    console = line.console("run-1")

    line.do(c.CloseConversation(peer_id=console.peer.peer_id, host="run-2"))

    assert there(line, console.peer) is Status.ONLINE


def test_a_beat_keeps_all_conversations_of_its_host_alive_and_trouble_says_why_not(line: Line) -> None:
    ada = line.telegram()
    line.now += timedelta(seconds=80)
    line.do(c.Beat(surface="telegram", host="telegram-bot"))
    line.now += timedelta(seconds=80)
    assert there(line, ada.peer) is Status.ONLINE

    line.do(c.Beat(surface="telegram", host="telegram-bot", trouble="no network"))
    line.now += timedelta(seconds=80)

    assert there(line, ada.peer) is Status.OFFLINE
    conversation = line.plan().conversation(ada.peer.peer_id)
    assert conversation is not None
    assert conversation.trouble == "no network"


def test_a_forgotten_conversation_comes_back_under_a_name_that_is_free(line: Line) -> None:
    line.telegram()
    first = line.group(("dev",), "-100").peer
    line.now += 5 * A_MINUTE
    line.do(c.ForgetPeer(peer_id=first.peer_id))
    second = line.group(("dev",), "100").peer
    assert (first.name, second.name) == ("telegram-100", "telegram-100")

    back = line.group(("dev",), "-100").peer

    assert (back.peer_id, back.name) == (first.peer_id, "telegram-100-2")


def test_people_of_one_name_are_told_apart(line: Line) -> None:
    bens = [
        Person(surface="telegram", account=account, name="Ben", rights=("talk",)) for account in ("8", "9")
    ]

    line.do(c.ConfigurePeople(surface="telegram", people=tuple(bens)))

    assert [peer.name for peer in line.view.peers()] == ["telegram-ben", "telegram-ben-2"]


def test_a_hook_of_a_cleared_session_that_is_late_does_not_take_the_place_of_the_next(line: Line) -> None:
    before = line.agent("api")
    first = line.plan().session(before.session_id)
    assert first
    line.do(c.EndSession(session_id=first.session_id, why="clear"))
    again = {"pid": first.pid, "started": first.started, "path": before.path}
    after = line.agent("api", session_id="s-next", **again)
    late = c.RegisterSession(
        session_id=first.session_id, backend="claude-code", wish="api", circle="dev", amid=True, **again
    )
    assert after.peer_id == before.peer_id
    assert line.do(late).session_id == "s-next"
    line.now += timedelta(minutes=2)
    assert line.do(late).session_id == first.session_id  # it goes on: its start was told of, and was lost
