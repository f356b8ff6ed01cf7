"""What others name as a file is read only if it is one."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from daemon.callers import plain, transcript, unguarded


@pytest.fixture(params=["device", "pipe", "folder", "nothing", "link to a device"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "odd"
    match request.param:
        case "device":
            return Path("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "link to a device":
            path.symlink_to("/dev/zero")
    return path


def left_open() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_what_is_no_plain_file_is_not_opened(odd: Path) -> None:
    before = left_open()
    with pytest.raises(OSError, match=odd.name):
        plain.opened(odd)
    assert left_open() == before


@pytest.mark.parametrize("name", ["a\0b", "", "\udcff"])
def test_a_name_that_no_file_can_have_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(OSError):
        plain.opened(str(tmp_path / name))


def test_a_hook_that_names_one_is_answered_at_once(odd: Path, tmp_path: Path) -> None:
    """An endless file would be read until the memory is full, and a pipe until somebody writes to it."""
    (tmp_path / ".claude").mkdir()
    (tmp_path / ".claude/settings.json").symlink_to(odd)
    found: list[object] = []

    def looked() -> None:
        found.append(transcript.said(str(odd), "done"))
        found.append(unguarded.keeps_back("bypassPermissions", os.getpid(), tmp_path, str(tmp_path)))

    thread = threading.Thread(target=looked, daemon=True)
    thread.start()
    thread.join(timeout=5)
    assert found == [transcript.Said.NOWHERE, True]


def test_a_transcript_nested_without_an_end_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text("[" * 100_000 + "\n")
    assert transcript.said(str(path), "done") is transcript.Said.NOWHERE
