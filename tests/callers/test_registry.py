"""What Claude Code writes down about its live sessions, and how far it is believed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from daemon.callers import processes, registry
from daemon.callers.processes import Process
from daemon.callers.registry import MOST_BYTES, agent_of, find_session, read_session

#: As 2.1.329 writes it, but for the numbers.
WRITTEN = {
    "sessionId": "af2749bf-3a03-41f8-8a9b-dbb9216db893",
    "cwd": "/home/ada/shop",
    "startedAt": 1795228291326,
    "version": "2.1.329",
    "peerProtocol": 1,
    "kind": "interactive",
    "entrypoint": "cli",
    "pidDomain": "linux:3d1219c7:pid:[4026531836]",
    "tmux": "a:@0.%0",
    "messagingSocketPath": "/tmp/cc-socks/2452.sock",  # noqa: S108
    "name": "shop-b4",
    "nameSource": "derived",
    "status": "waiting",
    "waitingFor": "permission prompt",
    "statusUpdatedAt": 1795228291181,
}
SESSION = WRITTEN["sessionId"]
ME = processes.process(os.getpid())
SHELL = Process(4_000_001, 2, command="sh")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sessions").mkdir()
    return tmp_path


@pytest.fixture
def other() -> Iterator[Process]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        yield processes.process(child.pid)
        child.kill()


def write(folder: Path, one: Process = ME, **changes: object) -> Path:
    path = registry.session_file(folder, one.pid)
    told = {"pid": one.pid, "procStart": str(one.started), **WRITTEN, **changes}
    path.write_text(json.dumps({name: value for name, value in told.items() if value is not None}))
    return path


def test_a_session_is_read_as_it_was_written(folder: Path) -> None:
    write(folder)

    assert read_session(folder, ME.pid) == registry.ClaudeSession(
        pid=ME.pid,
        session_id=SESSION,
        status="waiting",
        waiting_for="permission prompt",
        status_at=datetime(2026, 11, 21, 2, 31, 31, 181000, tzinfo=UTC),
        cwd="/home/ada/shop",
        messaging_socket="/tmp/cc-socks/2452.sock",  # noqa: S108
        tmux="a:@0.%0",
        entrypoint="cli",
        version="2.1.329",
        name="shop-b4",
        proc_start=str(ME.started),
    )


@pytest.mark.parametrize("missing", [*WRITTEN, "procStart"])
def test_whatever_is_missing_is_empty(folder: Path, missing: str) -> None:
    write(folder, **{missing: None})

    assert read_session(folder, ME.pid).pid == ME.pid


@pytest.mark.parametrize("odd", [None, 7, [], {}, True, 10**30, -(10**30)])
@pytest.mark.parametrize("name", ["sessionId", "status", "statusUpdatedAt", "procStart"])
def test_a_value_of_another_kind_is_taken_for_missing(folder: Path, name: str, odd) -> None:
    path = write(folder)
    path.write_text(json.dumps(json.loads(path.read_text()) | {name: odd}))

    assert read_session(folder, ME.pid) is not None


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b'{"pid": ', b"\xff\xfe", b'"x"', b"[" * 60_000, b"\0" * 99]
)
def test_half_written_and_garbage_files_are_no_session(folder: Path, text: bytes) -> None:
    write(folder).write_bytes(text)

    assert read_session(folder, ME.pid) is None
    assert find_session(folder, SESSION) is None


def test_no_file_and_no_folder_is_no_session(tmp_path: Path) -> None:
    assert read_session(tmp_path / "none", ME.pid) is None
    assert find_session(tmp_path / "none", SESSION) is None


def test_a_file_that_names_another_process_is_no_session(folder: Path) -> None:
    write(folder, pid=ME.pid + 1)

    assert read_session(folder, ME.pid) is None


def test_a_file_over_the_limit_is_not_read(folder: Path) -> None:
    path = write(folder)
    room = MOST_BYTES - path.stat().st_size
    path.write_bytes(path.read_bytes() + b" " * room)
    assert read_session(folder, ME.pid)

    path.write_bytes(path.read_bytes() + b" ")
    assert read_session(folder, ME.pid) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_not_believed(folder: Path) -> None:
    os.chown(write(folder), 65534, 65534)

    assert read_session(folder, ME.pid) is None


def test_a_link_is_not_followed(folder: Path) -> None:
    path = write(folder)
    path.rename(folder / "elsewhere.json")
    path.symlink_to(folder / "elsewhere.json")

    assert read_session(folder, ME.pid) is None


def test_a_pipe_that_nobody_writes_to_holds_nobody_up(folder: Path) -> None:
    os.mkfifo(registry.session_file(folder, ME.pid))

    assert read_session(folder, ME.pid) is None


def test_what_a_killed_agent_left_behind_is_no_session(folder: Path, other: Process) -> None:
    write(folder, other)
    assert read_session(folder, other.pid)

    os.kill(other.pid, 9)
    os.waitid(os.P_PID, other.pid, os.WEXITED | os.WNOWAIT)
    assert read_session(folder, other.pid) is None
    assert find_session(folder, SESSION) is None


@pytest.mark.skipif(sys.platform != "linux", reason="the unit elsewhere is not known")
def test_a_process_that_got_a_dead_agents_number_is_not_that_agent(folder: Path) -> None:
    write(folder, procStart=str(ME.started - 1))

    assert read_session(folder, ME.pid) is None
    assert agent_of([ME], folder) is None


def test_a_resumed_session_is_found_where_it_lives_now(folder: Path, other: Process) -> None:
    write(folder, replace(ME, started=ME.started - 1))
    write(folder, other)

    assert find_session(folder, SESSION).pid == other.pid


def test_of_two_processes_with_one_session_the_last_to_move_is_found(folder: Path, other: Process) -> None:
    write(folder, statusUpdatedAt=2000)
    write(folder, other, statusUpdatedAt=3000)
    assert find_session(folder, SESSION).pid == other.pid

    write(folder, statusUpdatedAt=4000)
    assert find_session(folder, SESSION).pid == ME.pid


def test_files_that_are_no_sessions_are_passed_over(folder: Path) -> None:
    (folder / "sessions" / "7.abc.key").write_text("{}")
    (folder / "sessions" / "x.json").write_text("{}")
    (folder / "sessions" / "²³.json").write_text("{}")  # digits to str.isdigit
    write(folder)

    assert find_session(folder, SESSION).pid == ME.pid


def test_the_agent_is_the_nearest_ancestor_that_is_a_session(folder: Path, other: Process) -> None:
    write(folder)
    write(folder, other, sessionId="inner")

    assert agent_of([SHELL, other, ME], folder)[1].session_id == "inner"
    assert agent_of([SHELL, ME], folder)[0] == ME
    assert agent_of([SHELL], folder) is None


def test_a_hook_of_an_inner_agent_is_never_the_outer_ones(folder: Path, other: Process) -> None:
    write(folder)
    inner = replace(other, command="claude")

    assert agent_of([SHELL, inner, ME], folder) is None
    assert agent_of([SHELL, other, ME], folder, "inner") is None


def test_with_a_session_id_only_its_own_process_will_do(folder: Path, other: Process) -> None:
    write(folder)
    write(folder, other, sessionId="inner")

    assert agent_of([SHELL, other, ME], folder, SESSION)[0] == ME
    assert agent_of([SHELL, other, ME], folder, "nobody") is None


def test_the_config_folder_is_the_configured_one_or_the_homes() -> None:
    assert registry.config_dir("/home/ada") == Path("/home/ada/.claude")
    assert registry.config_dir("/home/ada", "/elsewhere") == Path("/elsewhere")
