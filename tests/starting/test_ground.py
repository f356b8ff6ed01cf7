"""Where agents may be started, and by what command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.core.errors import Malformed, NotAllowed, NotFound
from daemon.settings import Spawn
from daemon.starting import ground, orders, screen


@pytest.fixture
def src(tmp_path: Path) -> Path:
    for name in ("src/app", "srcs/app", "home/run", "home/orchestrator", "more/app", "more/site"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path / "src"


def found(src: Path, text: str, *roots: str) -> str:
    return ground.real_folder(text, roots or [str(src)], src.parent / "home")


def test_a_folder_inside_is_found_by_its_whole_path_its_own_and_from_the_users_home(
    src: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(src.parent))
    told = [found(src, text, "~/src") for text in (f"{src}/app", "app", "~/src/app", f"{src}/../src/./app")]
    assert told == [f"{src}/app"] * 4


@pytest.mark.parametrize("text", ["{0}/../srcs/app", "{0}/app/../..", "/", "{0}/../home/run", "{0}/link"])
def test_what_lies_outside_is_refused_however_it_is_written(src: Path, text: str) -> None:
    (src / "link").symlink_to(src.parent / "srcs")
    with pytest.raises(NotAllowed):
        found(src, text.format(src))


def test_our_own_home_is_nobodys_but_the_orchestrators_workspace(src: Path) -> None:
    everything = str(src.parent)
    for own in ("home", "home/run"):
        with pytest.raises(NotAllowed):
            found(src, f"{src.parent}/{own}", everything)
    assert found(src, f"{src.parent}/home/orchestrator") == f"{src.parent}/home/orchestrator"


@pytest.mark.parametrize(
    "text", ["", "-x", "--help", "~root/x", "a\0b", "a\nb", "a\x1bb", "a\u2028b", "x" * 5000, "\ud800"]
)
def test_what_can_be_no_folder_is_refused_before_the_disk_is_asked(src: Path, text: str) -> None:
    with pytest.raises(Malformed):
        found(src, text)


def test_what_is_not_there_is_refused_with_what_looks_like_it(src: Path) -> None:
    with pytest.raises(NotFound) as refused:
        found(src, "ap")
    assert f"{src}/app" in refused.value.hint
    with pytest.raises(Malformed, match="could be"):
        found(src, "app", str(src), f"{src.parent}/more")


def test_a_folder_that_is_made_anew_is_another(src: Path) -> None:
    before = ground.identity(f"{src}/app")
    (src / "app").rename(src / "old")
    (src / "app").mkdir()
    assert ground.identity(f"{src}/app") != before


def test_whom_to_start_is_said_by_the_profile_or_the_first_command() -> None:
    rules = Spawn.model_validate(
        {
            "commands": {"codex": "~/bin/codex --quiet 'a b'", "gemini": ["gemini"]},
            "profiles": {"fast": {"backend": "gemini", "args": ["-m", "x;y"]}, "plain": {"args": ["-v"]}},
        }
    )
    assert orders.backend_of(rules, "", "") == "codex"
    assert orders.backend_of(rules, "", "fast") == "gemini"
    assert orders.argv(rules, "gemini", "fast") == ["gemini", "-m", "x;y"]
    assert orders.argv(rules, "codex", "plain") == [os.path.expanduser("~/bin/codex"), "--quiet", "a b", "-v"]  # noqa: PTH111
    for backend, profile in (("codex", "fast"), ("claude-code", ""), ("", "none")):
        with pytest.raises((NotAllowed, Malformed)):
            orders.backend_of(rules, backend, profile)


def test_a_command_that_cannot_be_split_is_refused() -> None:
    for command in ("codex 'a", "", []):
        with pytest.raises(Malformed):
            orders.argv(Spawn.model_validate({"commands": {"codex": command}}), "codex", "")


def test_a_new_server_gets_nothing_of_ours_or_of_an_agents() -> None:
    told = {
        "HOME": "/h",
        "PEERLINE_TELEGRAM__BOT_TOKEN": "1:x",
        "TMUX": "/t,1,0",
        "CLAUDECODE": "1",
        "KEY": "k",
    }
    assert orders.of_server(told) == {"HOME": "/h", "KEY": "k", "LANG": "C.UTF-8"}


def test_a_screen_in_one_line_is_what_a_dialog_asks() -> None:
    shown = [
        "╭────────╮",
        "│ \x1b[1mDo you trust this folder?\x1b[0m │",
        "│ 1. Yes │",
        "╰────╯",
        "Pane is dead (status 1)",
    ]
    assert screen.one_line(shown) == "Do you trust this folder?"
    assert screen.last_lines(shown) == "Do you trust this folder? / 1. Yes"
