"""What the pipe keeps while no daemon listens is what the daemon reads: to the byte, in order, nothing torn."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from daemon import spool
from daemon.api.hookcaller import environment_of

PIPE = Path(__file__).parents[2] / "hooks" / "pipe.py"
STRANGE = bytes(range(256)) + b"\r\n\r\n{}\r\nPeerline-Env-HOME: /elsewhere\r\n\r\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def keep(
    home: Path, event: str, payload: bytes = b"{}", agent: str = "claude-code", **env: str
) -> subprocess.Popen:
    """A hook that finds no daemon; it has ended, and was silent."""
    words = [sys.executable, "-I", "-S", "-E", str(PIPE), str(home / "run" / "p.sock"), agent, event]
    with subprocess.Popen(words, stdin=-1, stdout=-1, stderr=-1, env=env) as hook:
        assert hook.communicate(payload, timeout=30) == (b"", b"")
    assert hook.returncode == 0
    return hook


def records(home: Path) -> list[spool.Record]:
    return list(spool.records(home / "spool"))


def names(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "spool").iterdir())


@pytest.mark.parametrize("payload", [b"", b"{}", STRANGE, b"x" * 3_000_000], ids=len)
def test_a_payload_is_read_as_it_was_written(home: Path, payload: bytes) -> None:
    keep(home, "Stop", payload)
    (record,) = records(home)

    assert (record.agent, record.event, record.body) == ("claude-code", "Stop", payload)


def test_what_stands_beside_it_is_read_as_it_was_written(home: Path) -> None:
    strange = "/home/zoë %41 a:b,c\r\nPeerline-Pid: 1"
    hook = keep(home, "Stop", HOME=strange, TMUX_PANE="%5", PEERLINE_NAME="", SECRET="no")
    (record,) = records(home)

    assert environment_of(record.headers) == {"HOME": strange, "TMUX_PANE": "%5", "PEERLINE_NAME": ""}
    assert record.headers["Peerline-Pid"] == str(os.getpid())
    began, _, pid = record.headers["Peerline-Record"].partition("-")
    assert (int(pid), record.path.name.startswith(f"{int(began):020}-{pid}-")) == (hook.pid, True)
    assert record.headers["Peerline-At"] == f"{began[:-9]}.{began[-9:]}"


@pytest.mark.parametrize("word", ["Stop", "a b", "ä", "%41", "a\r\nb", "?x=1"])
def test_any_agent_and_event_is_only_a_name(home: Path, word: str) -> None:
    keep(home, word, agent=f"x{word}")
    (record,) = records(home)

    assert (record.agent, record.event) == (f"x{word}", word)


def test_what_began_first_is_read_first(home: Path) -> None:
    events = ["SessionStart", "UserPromptSubmit", "PreToolUse", "Stop", "SessionEnd"]
    for event in events:
        keep(home, event)

    assert spool.waiting(home / "spool")
    assert [record.event for record in records(home)] == events


def test_reading_keeps_a_record_until_its_reader_deletes_it(home: Path) -> None:
    keep(home, "Stop")
    for _ in range(2):
        (record,) = records(home)
    record.path.unlink()

    assert records(home) == []
    assert not spool.waiting(home / "spool")


def test_without_a_spool_nothing_waits(home: Path) -> None:
    assert not spool.waiting(home / "spool")
    assert records(home) == []


@pytest.mark.parametrize("left", ["", "POST", "POST /v1/hooks/a/b HTTP/1.0\r\n", "all but one"])
def test_a_torn_record_is_dropped_and_the_others_are_read(home: Path, left: str) -> None:
    keep(home, "Stop", b'{"whole": true}')
    (torn,) = (home / "spool").iterdir()
    keep(home, "SessionEnd")
    torn.write_bytes(torn.read_bytes()[:-1] if left == "all but one" else left.encode())

    assert [record.event for record in records(home)] == ["SessionEnd"]
    assert not torn.exists()


@pytest.mark.parametrize("name", ["notes.txt", "1-2", "1-2-3-x"])
def test_a_file_that_no_hook_wrote_is_dropped(home: Path, name: str) -> None:
    keep(home, "Stop")
    (home / "spool" / name).write_bytes(b"a b c")

    assert [record.event for record in records(home)] == ["Stop"]
    assert not (home / "spool" / name).exists()


def test_a_folder_among_the_records_holds_nobody_up(home: Path) -> None:
    keep(home, "Stop")
    (home / "spool" / "00-folder").mkdir()

    assert [record.event for record in records(home)] == ["Stop"]


def test_what_is_still_being_written_is_left_alone(home: Path) -> None:
    keep(home, "Stop")
    unfinished = home / "spool" / f".{1:020}-{os.getpid()}-10"
    unfinished.write_bytes(b"POST")

    assert [record.event for record in records(home)] == ["Stop"]
    assert unfinished.exists()


def test_what_a_killed_hook_began_is_removed_for_it_counts_towards_the_limit(home: Path) -> None:
    hook = keep(home, "Stop")
    abandoned = home / "spool" / f".{1:020}-{hook.pid}-9999999"
    abandoned.write_bytes(b"POST")
    (record,) = records(home)

    assert names(home) == [record.path.name]
