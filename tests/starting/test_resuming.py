"""Whether an agent's conversation is really there: what is swapped, out of place, empty or another's is not."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.core.errors import NotAllowed
from daemon.core.model import Authority, Peer, Role, Session
from daemon.core.restarting import RESUMABLE
from daemon.starting import resuming
from tests.core.line import NOON

ID = "145f7ebf-285d-4820-923c-05c507c248f1"
SAID = {
    "claude-code": [{"type": "mode", "sessionId": ID}, {"type": "user", "sessionId": ID}],
    "codex": [{"type": "session_meta", "payload": {"id": ID}}],
    "gemini": [{"sessionId": ID, "kind": "main"}, {"type": "user", "content": "hello"}],
}
PLACES = {
    "claude-code": (".claude", f"projects/-src-app/{ID}.jsonl"),
    "codex": (".codex", f"sessions/2026/11/22/rollout-2026-11-22T16-09-07-{ID}.jsonl"),
    "gemini": (".gemini", "tmp/app/chats/session-2026-11-22T16-09-145f7ebf.jsonl"),
}
FILED = tuple(PLACES)


class Kept:
    """A user's home with one conversation of an agent in it."""

    def __init__(self, home: Path, backend: str) -> None:
        self.home, self.backend = home, backend
        folder, inside = PLACES[backend]
        self.path = home / folder / inside
        self.path.parent.mkdir(parents=True)
        self.write(*SAID[backend])
        self.session = Session(
            session_id=ID,
            peer_id="p-1",
            pid=0,
            started=0,
            began_at=NOON,
            turn_at=NOON,
            config_dir=str(home / folder),
            transcript=str(self.path),
        )

    def write(self, *records: object) -> None:
        self.path.write_text("".join(f"{json.dumps(each)}\n" for each in records))

    def proven(self, **session: str) -> str:
        return proven(self.backend, replace(self.session, **session), self.home)  # type: ignore[arg-type]

    def refused(self, **session: str) -> str:
        with pytest.raises(NotAllowed) as told:
            self.proven(**session)
        assert "nothing was touched" in told.value.hint
        return str(told.value)


def proven(backend: str, session: Session, home: Path, **environment: str) -> str:
    peer = Peer(
        peer_id="p-1",
        name="api",
        wish="api",
        circle="dev",
        role=Role.AGENT,
        backend=backend,
        authority=Authority.PEER,
        registered_at=NOON,
        last_seen=NOON,
    )
    return resuming.proven(peer, session, {"HOME": str(home), **environment})


@pytest.fixture(params=FILED)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    return Kept(tmp_path, request.param)


def test_every_agent_that_can_be_restarted_has_a_row() -> None:
    assert set(resuming.WAYS) == set(RESUMABLE)


def test_a_conversation_that_is_there_is_seen(kept: Kept) -> None:
    assert str(kept.path) in kept.proven()


def test_one_that_is_gone_is_refused(kept: Kept) -> None:
    kept.path.unlink()
    assert "is gone" in kept.refused()


def test_an_empty_one_is_refused(kept: Kept) -> None:
    kept.path.write_text("")
    assert "is empty" in kept.refused()


def test_one_that_was_swapped_for_a_link_is_refused(kept: Kept, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.jsonl"
    kept.path.rename(elsewhere)
    kept.path.symlink_to(elsewhere)
    assert "no plain file" in kept.refused()


def test_one_behind_a_folder_that_is_a_link_is_refused(kept: Kept, tmp_path: Path) -> None:
    kept.path.parent.rename(tmp_path / "moved")
    kept.path.parent.symlink_to(tmp_path / "moved")
    assert "out of place" in kept.refused()


def test_one_out_of_place_is_refused(kept: Kept, tmp_path: Path) -> None:
    elsewhere = tmp_path / kept.path.name
    kept.path.rename(elsewhere)
    assert "out of place" in kept.refused(transcript=str(elsewhere))
    dotted = kept.path.parent / ".." / ".." / ".." / ".." / ".." / ".." / kept.path.name
    assert kept.refused(transcript=str(dotted))


def test_one_of_another_session_is_refused(kept: Kept) -> None:
    kept.write({"sessionId": "other", "payload": {"id": "other"}}, {"type": "user", "sessionId": "other"})
    assert kept.refused()


def test_a_pipe_holds_nobody_up(kept: Kept) -> None:
    kept.path.unlink()
    os.mkfifo(kept.path)
    assert "no plain file" in kept.refused()


def test_one_that_a_program_started_from_here_would_not_find_is_refused(kept: Kept, tmp_path: Path) -> None:
    assert "one started from here has" in kept.refused(config_dir=str(tmp_path / "another"))
    assert kept.refused(config_dir="")


def test_a_claude_code_to_whom_nobody_has_said_anything_has_none(tmp_path: Path) -> None:
    kept = Kept(tmp_path, "claude-code")
    kept.write({"type": "mode", "sessionId": ID})
    assert "nothing was said" in kept.refused()


@pytest.mark.parametrize("session_id", ["--yolo", "a b", "", "x\ny", "../../x", "$(touch x)"])
@pytest.mark.parametrize("backend", RESUMABLE)
def test_no_id_becomes_an_option_or_another_word(backend: str, session_id: str) -> None:
    with pytest.raises(NotAllowed):
        resuming.words(backend, session_id)


def opencode(home: Path, *, session: str = ID, messages: int = 2) -> Path:
    folder = home / ".local/share/opencode"
    folder.mkdir(parents=True)
    conn = sqlite3.connect(folder / "opencode.db")
    conn.executescript("CREATE TABLE session (id TEXT); CREATE TABLE message (id INTEGER, session_id TEXT)")
    conn.execute("INSERT INTO session VALUES (?)", (session,))
    conn.executemany("INSERT INTO message VALUES (?, ?)", [(n, session) for n in range(messages)])
    conn.commit()
    conn.close()
    return folder / "opencode.db"


@pytest.fixture
def of_opencode() -> Callable[[Path], str]:
    session = Session(session_id=ID, peer_id="p-1", pid=0, started=0, began_at=NOON, turn_at=NOON)
    return lambda home: proven("opencode", session, home)


def test_a_conversation_in_opencodes_store_is_seen(
    tmp_path: Path, of_opencode: Callable[[Path], str]
) -> None:
    opencode(tmp_path)
    assert "2 messages" in of_opencode(tmp_path)


@pytest.mark.parametrize(
    ("stored", "why"), [({"session": "other"}, "is not in"), ({"messages": 0}, "nothing was said")]
)
def test_one_that_opencodes_store_does_not_have_is_refused(
    tmp_path: Path, of_opencode: Callable[[Path], str], stored: dict[str, object], why: str
) -> None:
    opencode(tmp_path, **stored)  # type: ignore[arg-type]
    with pytest.raises(NotAllowed, match=why):
        of_opencode(tmp_path)


def test_a_store_that_is_gone_swapped_or_no_store_is_refused(
    tmp_path: Path, of_opencode: Callable[[Path], str]
) -> None:
    with pytest.raises(NotAllowed, match="is gone"):
        of_opencode(tmp_path)
    path = opencode(tmp_path)
    path.rename(tmp_path / "real.db")
    path.symlink_to(tmp_path / "real.db")
    with pytest.raises(NotAllowed, match="no plain file"):
        of_opencode(tmp_path)
    path.unlink()
    path.write_text("no database at all, but something is in it")
    with pytest.raises(NotAllowed, match="cannot be read"):
        of_opencode(tmp_path)
