"""Which sessions keep messages of other processes back: by the hook's word, the command line, the settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.callers.unguarded import keeps_back

Starts = Callable[..., int]


@pytest.fixture
def started() -> Iterator[Starts]:
    running: list[subprocess.Popen[bytes]] = []

    def start(*words: str) -> int:
        running.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", *words]))
        # A parent goes on as soon as the child's memory is new, a moment before its command line stands in it.
        while not Path(f"/proc/{running[-1].pid}/cmdline").read_bytes():
            os.sched_yield()
        return running[-1].pid

    yield start
    for each in running:
        each.kill()
        each.wait()


def settings(folder: Path, **told: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.json").write_text(json.dumps(told))


@pytest.mark.parametrize(("mode", "kept"), [("bypassPermissions", True), ("default", False), ("plan", False)])
def test_the_mode_a_hook_tells_decides(tmp_path: Path, started: Starts, mode: str, *, kept: bool) -> None:
    assert keeps_back(mode, started("--dangerously-skip-permissions"), tmp_path, "") is kept


@pytest.mark.parametrize(("words", "kept"), [
    (("--dangerously-skip-permissions",), True),
    (("--permission-mode", "bypassPermissions"), True),
    (("--permission-mode=bypassPermissions",), True),
    (("--permission-mode", "plan"), False),
    (("--permission-mode",), False),
    ((), False),
])  # fmt: skip
def test_else_the_command_line_does(
    tmp_path: Path, started: Starts, words: tuple[str, ...], *, kept: bool
) -> None:
    assert keeps_back("", started(*words), tmp_path, "") is kept


def test_else_the_settings_do_the_nearest_first(tmp_path: Path, started: Starts) -> None:
    pid, home, project = started(), tmp_path / "home", tmp_path / "project"
    settings(home, permissions={"defaultMode": "bypassPermissions"})
    assert keeps_back("", pid, home, str(project))

    settings(project / ".claude", permissions={"defaultMode": "plan"})
    assert not keeps_back("", pid, home, str(project))


def test_settings_that_accept_such_messages_keep_nothing_back(tmp_path: Path) -> None:
    settings(tmp_path, crossSessionInbound="accept")
    assert not keeps_back("bypassPermissions", os.getpid(), tmp_path, "")


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"permissions": 7}', b'{"permissions": {"defaultMode": 7}}']
)
def test_settings_that_are_none_say_nothing(tmp_path: Path, started: Starts, content: bytes) -> None:
    (tmp_path / "settings.json").write_bytes(content)
    assert not keeps_back("", started(), tmp_path, str(tmp_path / "gone"))


def test_a_process_that_is_gone_says_nothing(tmp_path: Path) -> None:
    assert not keeps_back("", 2**22 + 1, tmp_path, "")
