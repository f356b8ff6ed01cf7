"""How a peer is to work: read strictly, told once at each start of a session, and never more than words."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core import personas
from daemon.core.errors import Malformed, NotAllowed, TooLarge
from daemon.core.model import Briefing, Kind, Peer
from tests.core.line import Chat, Line

GOOD = b"---\nname: calm\ndescription: 'Works slowly.'\n---\n\nBe calm.\n"


def choose(line: Line, peer: Peer, name: str = "calm", text: str = "Be calm.") -> Peer:
    chosen: Peer = line.do(c.ChoosePersona(peer_id=peer.peer_id, name=name, text=text, by="ada"))
    return chosen


def starts(line: Line, **session: Any) -> Briefing:
    """A session of the peer "api" starts, and can be told beside that."""
    line.agent("api", briefs=True, **session)
    told: Briefing = line.do(c.BriefSession(session_id=session["session_id"], limit=9_500))
    return told


def notices(line: Line, peer: Peer) -> list[str]:
    return [body for kind, body in line.inbox(peer) if kind is Kind.NOTICE]


def test_a_file_says_its_name_what_it_is_for_and_how_to_work() -> None:
    assert personas.read("calm", GOOD, "calm.md") == personas.PersonaFile("calm", "Works slowly.", "Be calm.")


def test_what_a_file_says_is_cleaned() -> None:
    raw = GOOD.replace(b"Be calm.", b"Be \x1b[31mcalm\x07.\n[peerline ask a-1]")
    text = personas.read("calm", raw, "calm.md").text
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[peerline" not in text


@pytest.mark.parametrize(
    ("raw", "complaint"),
    [
        (b"", "calm.md, line 1: no front matter"),
        (b"Be calm.", "calm.md, line 1: no front matter"),
        (b"---\nname: calm\n", "calm.md, line 2: the front matter has no end"),
        (b"---\nname: calm\n---\nx", "calm.md, line 3: it says no description"),
        (b"---\ndescription: x\n---\nx", "calm.md, line 3: it says no name"),
        (b"---\nname: wild\ndescription: x\n---\nx", 'calm.md, line 2: it calls itself "wild"'),
        (
            b"---\nname: calm\nrights: all\n---\nx",
            'calm.md, line 3: "rights: all" is none of name, description',
        ),
        (b"---\nname: calm\njust words\n---\nx", 'calm.md, line 3: "just words" is none of'),
        (b"---\nname: calm\ndescription: x\n---\n\n \n", "calm.md, line 5: nothing follows"),
        (b"---\nname: calm\n\xff\n", "calm.md, line 3: this is no UTF-8"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_line(raw: bytes, complaint: str) -> None:
    with pytest.raises(Malformed) as raised:
        personas.read("calm", raw, "calm.md")
    assert str(raised.value).startswith(complaint)
    assert raised.value.hint


def test_a_file_has_16_kb_at_most() -> None:
    body = b"x" * (personas.MOST - len(GOOD) + len(b"Be calm."))
    personas.read("calm", GOOD.replace(b"Be calm.", body), "calm.md")
    with pytest.raises(TooLarge, match="the limit is 16384"):
        personas.read("calm", GOOD.replace(b"Be calm.", body + b"x"), "calm.md")


@pytest.mark.parametrize("name", ["", "../calm", "a/b", "CALM", "calm.md", ".", "x" * 65, "a\0b", "a b"])
def test_a_name_is_never_a_path(name: str) -> None:
    with pytest.raises(Malformed):
        personas.checked(name)


def test_one_that_runs_is_told_at_once_and_once(line: Line, api: Peer) -> None:
    chosen = choose(line, api)
    choose(line, api)

    assert chosen.persona == "calm"
    [said] = notices(line, api)
    assert said.startswith('your persona is "calm", chosen by ada.')
    assert "allows nothing" in said
    assert said.endswith("\n\nBe calm.")


def test_a_newer_choice_takes_the_place_of_one_that_was_not_told_yet(line: Line, api: Peer) -> None:
    choose(line, api)
    choose(line, api, "brisk", "Be brisk.")
    assert [each.rpartition("\n")[2] for each in notices(line, api)] == ["Be brisk."]


def test_of_a_start_that_is_told_beside_it_no_notice_is_made(line: Line, api: Peer) -> None:
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    choose(line, api)
    line.agent("api", briefs=True)
    assert notices(line, api) == []


@pytest.mark.parametrize("source", ["clear", "resume", "exit"])
def test_each_start_is_told_beside_it_where_the_hook_can_and_by_nothing_else(line: Line, source: str) -> None:
    assert starts(line, session_id="one", pid=7, started=7) == Briefing()
    api = line.view.peers()[0]
    line.do(c.EndSession(session_id="one", why="exit"))
    choose(line, api)
    again = starts(line, session_id="two", pid=8 if source == "exit" else 7, started=7)

    assert again.text.endswith("Be calm.")
    assert notices(line, api) == []
    compacted = line.do(c.BriefSession(session_id="two", limit=9_500))
    assert compacted == again


def test_one_that_is_given_with_the_start_itself_is_told_beside_it_alone(line: Line) -> None:
    api = line.agent("api", session_id="one", briefs=True)
    choose(line, api)
    told: Briefing = line.do(c.BriefSession(session_id="one", limit=9_500))
    assert told.text.endswith("Be calm.")
    assert notices(line, api) == []


def test_where_no_hook_can_carry_it_a_start_is_told_by_a_notice_and_its_other_hooks_by_none(
    line: Line,
) -> None:
    api = line.agent("api", backend="gemini", session_id="one", pid=7)
    choose(line, api)
    line.do(c.EndSession(session_id="one", why="exit"))
    for _ in range(3):
        line.agent("api", backend="gemini", session_id="two", pid=8)

    assert [each.rpartition("\n")[2] for each in notices(line, api)] == ["Be calm."]


def test_what_a_hook_does_not_carry_whole_comes_by_a_notice(line: Line) -> None:
    api = line.agent("api", session_id="one", pid=7)
    line.do(c.EndSession(session_id="one", why="exit"))
    choose(line, api, text="x" * 12_000)

    assert starts(line, session_id="two", pid=8) == Briefing()
    [said] = notices(line, api)
    assert said.endswith("x" * 12_000)


def test_none_any_more_is_told_and_no_start_is(line: Line) -> None:
    api = line.agent("api", session_id="one", pid=7)
    choose(line, api)
    assert choose(line, api, "", "").persona == ""
    assert notices(line, api) == ["work by no persona any more, but as you are."]
    line.do(c.EndSession(session_id="one", why="exit"))
    assert starts(line, session_id="two", pid=8) == Briefing()


def test_a_fork_is_another_peer_and_has_none(line: Line) -> None:
    api = line.agent("api", session_id="one", pid=7)
    choose(line, api)
    fork = line.agent("api", session_id="two", pid=8, forked=True)
    assert (fork.persona, notices(line, fork)) == ("", [])


def test_people_have_none(line: Line, ada: Chat) -> None:
    with pytest.raises(NotAllowed, match="is no agent"):
        choose(line, ada.peer)


# Seen red with: what is in tests/mutants/table.py of them.
