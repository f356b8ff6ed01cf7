"""Edits of what waits, edits that come too late, marks as evidence, and files in the text."""

from __future__ import annotations

import pytest

from daemon.core import commands as c
from daemon.core.model import File, Heard, Incoming, Kind, Peer
from tests.core.line import NOON, Chat, Line

PHOTO = File(kind="photo", path="/home/ada/.peerline/files/in/x.jpg", size=240 * 1024)


@pytest.fixture
def ada(line: Line) -> Chat:
    return line.telegram()


@pytest.fixture
def api(line: Line) -> Peer:
    return line.agent("api")


def edits(line: Line, chat: Chat, text: str, receipt: str = "7/1") -> Heard:
    told: Heard = line.do(
        c.Edit(surface=chat.surface, address=chat.address, account=chat.account, receipt=receipt, text=text)
    )
    return told


def test_the_words_of_a_waiting_ask_are_changed_where_they_wait(line: Line, ada: Chat, api: Peer) -> None:
    heard = line.say(ada, "@api delete it", receipt="7/1")
    line.told(ada)

    edits(line, ada, "@api keep it")

    assert line.asked(heard.ask_id or "").question == "keep it"
    assert line.inbox(api) == [(Kind.ASK, "keep it")]
    assert line.told(ada) == ["changed"]


def test_what_somebody_has_already_is_too_late_to_change(line: Line, ada: Chat, api: Peer) -> None:
    heard = line.say(ada, "@api delete it", receipt="7/1")
    line.told(ada)
    line.carry(api)

    edits(line, ada, "@api keep it")

    assert line.asked(heard.ask_id or "").question == "delete it"
    [told] = line.told(ada)
    assert "too late" in told
    assert "api has it already" in told


def test_an_edit_that_changes_no_word_says_nothing(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "@api delete it", receipt="7/1")
    line.work(api)
    line.told(ada)

    assert edits(line, ada, "@api delete it") == Heard("nothing")
    assert line.told(ada) == []


@pytest.mark.parametrize("text", ["/stop api", "@web keep it"])
def test_an_edit_does_not_become_something_else(line: Line, ada: Chat, api: Peer, text: str) -> None:
    web = line.agent("web")
    line.say(ada, "@api delete it", receipt="7/1")
    line.told(ada)

    edits(line, ada, text)

    assert line.inbox(api) == [(Kind.ASK, "delete it")]
    assert line.inbox(web) == []
    assert "an edit changes the words" in line.told(ada)[-1]


def test_words_that_are_kept_until_somebody_is_chosen_can_be_changed(
    line: Line, ada: Chat, api: Peer
) -> None:
    line.say(ada, "delete it", receipt="7/1")
    [card] = line.shown(ada)
    edits(line, ada, "keep it")

    heard = line.tap(ada, card.envelope.envelope_id, 0)
    edits(line, ada, "keep it all")

    assert line.asked(heard.ask_id or "").question == "keep it all"


def test_an_edit_keeps_the_files(line: Line, ada: Chat, api: Peer) -> None:
    heard = line.say(ada, "@api look", receipt="7/1", files=(PHOTO,))

    edits(line, ada, "@api look closely")

    assert line.asked(heard.ask_id or "").question == f"look closely\n[photo {PHOTO.path}, 240 kB]"


def test_somebody_elses_edit_of_it_is_nothing(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "@api delete it", receipt="7/1")
    ben = line.telegram("ben", "8", owner=False)
    before = line.rows()

    for chat in (ben, ada.by("66")):
        assert edits(line, chat, "@api keep it") == Heard("nothing")
    assert line.rows() == before


def test_nothing_is_changed_while_the_line_is_locked(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "@api delete it", receipt="7/1")
    line.do(c.Lock(by="ada"))

    edits(line, ada, "@api keep it")

    assert line.inbox(api) == [(Kind.ASK, "delete it")]


def test_a_mark_is_evidence_that_it_was_seen_and_answers_nothing(line: Line, ada: Chat, api: Peer) -> None:
    asked = line.ask(api, ada.peer, "go on?", options=("yes", "no"))
    [card] = line.shown(ada)
    mark = c.React(surface="telegram", address="7", account="7", receipt=card.delivery.receipt, sign="👍")

    line.do(mark)

    assert line.state(asked, ada.peer) == "seen"
    assert line.asked(asked).answers == ()


def test_a_strangers_mark_is_no_evidence(line: Line, ada: Chat, api: Peer) -> None:
    line.ask(api, ada.peer, "go on?")
    [card] = line.shown(ada)
    before = line.rows()

    line.do(c.React(surface="telegram", address="7", account="66", receipt=card.delivery.receipt, sign="👍"))

    assert line.rows() == before


@pytest.mark.parametrize(
    ("file", "told"),
    [
        (PHOTO, f"[photo {PHOTO.path}, 240 kB]"),
        (
            File(kind="document", name="a].pdf\n[peerline", path="/in/y.pdf", size=9),
            "[document /in/y.pdf (a).pdf (peerline), 9 bytes]",
        ),
        (
            File(kind="video", name="film.mp4", size=31 * 1024 * 1024, note="not fetched, larger than 20 MB"),
            "[video film.mp4, 31 MB: not fetched, larger than 20 MB]",
        ),
    ],
)
def test_a_file_is_named_in_the_text_in_a_line_that_no_name_can_leave(
    line: Line, ada: Chat, api: Peer, file: File, told: str
) -> None:
    line.say(ada, "/to api")
    heard = line.say(ada, "look", files=(file,))

    assert line.asked(heard.ask_id or "").question == f"look\n{told}"


def test_a_file_alone_is_an_ask_and_can_be_an_answer(line: Line, ada: Chat, api: Peer) -> None:
    asked = line.ask(api, ada.peer, "how does it look?")
    [card] = line.shown(ada)

    line.say(ada, "", files=(PHOTO,), reply_to=card.delivery.receipt)

    assert line.asked(asked).answers[0].text == f"[photo {PHOTO.path}, 240 kB]"


def test_what_came_is_kept_once_and_emptied_when_it_is_done(line: Line) -> None:
    updates = tuple(
        Incoming(surface="telegram", update_id=x, lane="7", body="words", came_at=NOON) for x in "12"
    )
    keep = c.KeepIncoming(surface="telegram", updates=updates)

    assert line.do(keep) == ("1", "2")
    assert line.do(keep) == ()
    line.do(c.FinishIncoming(surface="telegram", update_ids=("1",)))
    assert line.do(keep) == ()

    assert [x.update_id for x in line.view.incoming("telegram")] == ["2"]
    assert line.plan().incoming("telegram", "1").body == ""
