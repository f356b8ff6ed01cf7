"""The lock: nothing is taken from chats, the owner is told once, and only an unlock ends it."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core.errors import Conflict
from daemon.core.model import Approval, Ask, Heard, Incoming, Kind, Peer
from tests.core.line import A_MINUTE, Chat, Line

CODE = "7K2M9Q4X"


def lock(line: Line) -> None:
    line.do(c.Lock(by="ada at the terminal"))


def locked(line: Line, first: int, last: int) -> None:
    """From that minute to that one, counted from now."""
    began = line.now
    for minute, command in ((first, c.Lock(by="ada")), (last, c.Unlock(by="ada"))):
        line.now = began + minute * A_MINUTE
        line.do(command)
    line.now = began


def bodies(line: Line, chat: Chat) -> list[str]:
    return [parcel.envelope.body for parcel in line.shown(chat)]


def rows(line: Line) -> dict[str, int]:
    tables = ("ask", "sticky", "errand", "follow", "circle", "person", "pairing")
    return {name: line.conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608


@pytest.mark.parametrize(
    "text",
    [
        "how far?",
        "@api how far?",
        "/to api",
        "/notify @api x",
        "/stop api",
        "/freeze dev",
        "/get @api README",
        "/lock",
    ],
)
def test_nothing_that_is_said_in_a_chat_is_taken(line: Line, ada: Chat, api: Peer, text: str) -> None:
    lock(line)
    before = rows(line)
    assert line.say(ada, text) == Heard("nothing")
    assert rows(line) == before
    assert line.inbox(api) == []


def test_a_tap_decides_nothing(line: Line, ada: Chat, api: Peer) -> None:
    approval = line.request(api)
    lock(line)
    assert line.tap(ada, approval.ask_id, 0) == Heard("nothing")
    kept = line.view.get(Approval, approval.approval_id)
    assert (kept.state, kept.by) == ("asked", "")
    assert not line.view.get(Ask, approval.ask_id).answers


def test_the_owner_is_told_once_in_each_conversation_and_how_to_unlock(line: Line, ada: Chat) -> None:
    lock(line)
    bodies(line, ada)
    line.say(ada, "hello?")
    line.say(ada, "hello??")
    line.tap(ada, "a-nothing", 0)
    [told] = bodies(line, ada)
    assert "that was not taken" in told
    assert "peerline unlock" in told


def test_strangers_colleagues_and_who_has_a_pairing_code_get_silence(line: Line, ada: Chat) -> None:
    ben = line.telegram("ben", "8", owner=False)
    line.do(c.InvitePerson(surface="telegram", code=CODE, ttl=10 * A_MINUTE))
    lock(line)
    bodies(line, ada)
    assert line.say(ben, "hello?") == Heard("nothing")
    assert line.say(Chat(ada.peer, "telegram", "99", "99"), CODE) == Heard("nothing")
    assert bodies(line, ben) == []
    assert bodies(line, ada) == []
    assert {person.name for person in line.view.people("telegram")} == {"ada", "ben"}


def test_every_surface_of_the_owner_is_told_of_lock_and_unlock(line: Line, ada: Chat) -> None:
    console = line.console()
    lock(line)
    for chat in (ada, console):
        [told] = bodies(line, chat)
        assert "locked by ada at the terminal" in told
    line.do(c.Unlock(by="ada at the terminal"))
    for chat in (ada, console):
        [told] = bodies(line, chat)
        assert "unlocked by ada" in told


def test_the_terminal_and_agents_among_themselves_go_on(line: Line, ada: Chat, api: Peer) -> None:
    console, web = line.console(), line.agent("web")
    lock(line)
    assert line.say(console, "@api how far?").understood == "ask"
    line.notify(web, api)
    assert [kind for kind, _ in line.inbox(api)] == [Kind.ASK, Kind.NOTICE]


def test_what_agents_ask_still_reaches_the_chat(line: Line, ada: Chat, api: Peer) -> None:
    lock(line)
    line.ask(api, ada.peer, "ship it?")
    assert bodies(line, ada)[-1] == "ship it?"


def test_what_was_said_while_locked_is_not_heard_after_it(line: Line, ada: Chat, api: Peer) -> None:
    lock(line)
    line.say(ada, "@api delete it all")
    line.do(c.Unlock(by="ada"))
    assert line.inbox(api) == []
    assert line.say(ada, "@api go on").understood == "ask"


@pytest.mark.parametrize(
    ("came", "said"),
    [
        pytest.param(1, None, id="kept while it was locked, and done after it"),
        pytest.param(9, 1, id="said while it was locked, and told to us after it"),
        pytest.param(1, -9, id="said before, and come while it was locked"),
    ],
)
def test_what_was_said_or_came_while_it_was_locked_is_not_done_after_it(
    line: Line, ada: Chat, api: Peer, came: int, said: int | None
) -> None:
    """Locked at minute 0, unlocked at minute 5, locked and unlocked once more at 6, done at 10."""
    approval = line.request(api)
    began = line.now
    for minute, command in (
        (0, c.Lock(by="ada")),
        (5, c.Unlock(by="ada")),
        (6, c.Lock(by="ada")),
        (7, c.Unlock(by="ada")),
    ):
        line.now = began + minute * A_MINUTE
        line.do(command)
    line.now = began + came * A_MINUTE
    said_at = None if said is None else began + said * A_MINUTE
    update = Incoming(
        surface="telegram", update_id="1", lane="7", body="x", came_at=line.now, said_at=said_at
    )
    line.do(c.KeepIncoming(surface="telegram", updates=(update,)))
    line.now = began + 10 * A_MINUTE
    bodies(line, ada)

    for _ in range(2):
        assert line.say(ada, "@api delete it all", does=("1",)) == Heard("nothing")
    assert line.tap(ada, approval.ask_id, 0, does=("1",)) == Heard("nothing")

    assert line.inbox(api) == []
    assert line.view.get(Approval, approval.approval_id).state == "asked"
    [told] = bodies(line, ada)
    assert "it was said while the line was locked by ada" in told
    assert "say it again" in told


def test_what_was_said_before_the_lock_and_what_is_said_after_it_is_heard(
    line: Line, ada: Chat, api: Peer
) -> None:
    began = line.now
    for number, minute in (("1", -1), ("2", 6)):
        line.now = began + minute * A_MINUTE
        update = Incoming(
            surface="telegram", update_id=number, lane="7", body="x", came_at=line.now, said_at=line.now
        )
        line.do(c.KeepIncoming(surface="telegram", updates=(update,)))
    line.now = began
    locked(line, 0, 5)
    line.now = began + 6 * A_MINUTE

    assert [line.say(ada, "@api go on", does=(number,)).understood for number in "12"] == ["ask", "ask"]


def test_the_word_needs_the_right_to_approve_and_locks_from_the_phone(line: Line, ada: Chat) -> None:
    ben = line.telegram("ben", "8", owner=False)
    line.say(ben, "/lock")
    assert "right to approve" in line.told(ben)[-1]
    assert line.say(ada, "/lock") == Heard("command")
    assert "locked by ada on telegram" in bodies(line, ada)[-1]
    assert line.say(ada, "@api x") == Heard("nothing")


def test_locking_twice_keeps_the_first_and_an_open_line_cannot_be_unlocked(line: Line, ada: Chat) -> None:
    with pytest.raises(Conflict, match="not locked"):
        line.do(c.Unlock(by="ada"))
    lock(line)
    since = line.now
    line.now += A_MINUTE
    again = line.do(c.Lock(by="ben"))
    assert (again.locked_at, again.locked_by) == (since, "ada at the terminal")


def test_who_was_told_is_told_again_at_the_next_lock(line: Line, ada: Chat) -> None:
    for _ in range(2):
        lock(line)
        bodies(line, ada)
        line.say(ada, "hello?")
        assert len(bodies(line, ada)) == 1
        line.do(c.Unlock(by="ada"))
        bodies(line, ada)
