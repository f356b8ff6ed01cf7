"""Installing leaves everybody else's bytes alone, twice is once, and uninstalling restores the file."""

from __future__ import annotations

import json
import os
import shlex
import stat
import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks import files
from hooks.agents import AGENTS, CLAUDE_CODE, Event
from hooks.entries import HomePaths
from hooks.errors import SettingsBusy, SettingsRefused
from hooks.install import install, present, status, uninstall
from hooks.parts import parts
from hooks.plan import installed, removed
from tests.hooks.trees import stamps, tree

CLAUDE = [CLAUDE_CODE]
EVENTS = {
    "SessionStart",
    "UserPromptSubmit",
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "PostToolBatch",
    "PermissionRequest",
    "Notification",
    "Stop",
    "StopFailure",
    "SessionEnd",
}
WAKING = {"SessionStart", "Stop"}  # the agent is idle after these: a second command waits in its background
SETTINGS = """{
  "model": "opus",
  "hooks": {
    "Stop": [
      { "hooks": [ { "type": "command", "command": "say 'd\\u006fne'" } ] }
    ]
  },
  "permissions": {"allow": ["Bash(ls:*)"], "deny": []},
  "env": {"A": "\\/"}
}
"""
MCP = '{"numStartups": 3, "mcpServers": {"other": {"command": "x"}}, "oauth": {"secret": "s3cr3t"}}'


@pytest.fixture
def home(tmp_path: Path) -> HomePaths:
    user = tmp_path / "user"
    user.mkdir()
    return HomePaths.of({"HOME": str(user), "PATH": str(tmp_path / "bin")})


def settings(home: HomePaths) -> Path:
    return home.settings(CLAUDE_CODE)


def mcp_file(home: HomePaths) -> Path:
    return home.mcp_file(CLAUDE_CODE)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def commands(home: HomePaths) -> list[str]:
    groups = [group for groups in read(settings(home))["hooks"].values() for group in groups]
    return [run["command"] for group in groups for run in group["hooks"]]


# -- what is written -------------------------------------------------------------------------------------


def test_a_bare_home_gets_hooks_permissions_and_the_mcp_entry(home: HomePaths) -> None:
    install(CLAUDE, home)

    there = read(settings(home))
    assert set(there["hooks"]) == EVENTS
    [stop] = there["hooks"]["Stop"]
    words = shlex.split(stop["hooks"][0]["command"])
    pipe = str(home.packages / "hooks" / "pipe.py")
    assert words == [str(home.python), "-I", "-S", "-E", pipe, str(home.socket), "claude-code", "Stop"]
    assert Path(pipe).is_file()
    assert there["hooks"]["PreToolUse"][0]["matcher"] == ""
    assert read(mcp_file(home)) == {
        "mcpServers": {
            "peerline": {
                "type": "stdio",
                "command": str(home.python),
                "args": ["-I", "-S", "-E", str(home.packages / "mcp_server/shim.py"), str(home.socket)],
            }
        }
    }


def test_what_may_wake_an_idle_agent_waits_beside_the_hooks_after_which_it_is_idle(home: HomePaths) -> None:
    install(CLAUDE, home)

    there = read(settings(home))["hooks"]
    behind = {event: runs for event in there if (runs := there[event][0]["hooks"][1:])}
    assert set(behind) == WAKING
    for [run] in behind.values():
        assert run["asyncRewake"] is True
        assert shlex.split(run["command"])[-2:] == ["Wake", "86400"]
        assert run["timeout"] > 86400
    assert not [run for groups in there.values() for run in groups[0]["hooks"][:1] if "asyncRewake" in run]


def test_a_hook_that_waits_for_a_person_is_given_the_time(home: HomePaths) -> None:
    install(CLAUDE, home)

    [run] = read(settings(home))["hooks"]["PermissionRequest"][0]["hooks"]
    assert shlex.split(run["command"])[-2:] == ["PermissionRequest", "600"]
    assert run["timeout"] > 600


def test_only_talking_is_allowed_without_a_dialog(home: HomePaths) -> None:
    install(CLAUDE, home)

    allowed = read(settings(home))["permissions"]["allow"]
    assert len(allowed) == len(set(allowed)) == 12
    assert "mcp__peerline__ask_peer" in allowed
    assert not [tool for tool in allowed for word in ("spawn", "kill", "restart", "*") if word in tool]


def test_an_event_with_another_bound_names_it_and_is_quoted_for_the_shell(home: HomePaths) -> None:
    later = replace(CLAUDE_CODE, events=(Event("PermissionRequest", seconds=600, timeout=610),))
    odd = replace(home, packages=home.home / 'it\'s a "place" $HOME;')
    install([later], odd)

    [command] = commands(odd)
    assert shlex.split(command)[4] == str(odd.packages / "hooks/pipe.py")
    assert shlex.split(command)[-2:] == ["PermissionRequest", "600"]


def test_the_folder_of_claude_moves_with_its_variable(home: HomePaths, tmp_path: Path) -> None:
    moved = replace(home, variables={"CLAUDE_CONFIG_DIR": str(tmp_path / "elsewhere")})
    changes = install(CLAUDE, moved)

    assert [change.path for change in changes] == [
        tmp_path / "elsewhere" / "settings.json",
        tmp_path / "elsewhere" / ".claude.json",
    ]
    assert list(home.home.iterdir()) == [home.peerline_home]


def test_http_needs_a_port_and_names_it(home: HomePaths) -> None:
    with pytest.raises(SettingsRefused, match="TCP port"):
        install(CLAUDE, home, mcp="http")
    assert list(home.home.iterdir()) == []

    install(CLAUDE, replace(home, port=8377), mcp="http")
    entry = {"type": "http", "url": "http://127.0.0.1:8377/mcp"}
    assert read(mcp_file(home))["mcpServers"]["peerline"] == entry


# -- everybody else's bytes ------------------------------------------------------------------------------


def test_what_others_wrote_stays_character_by_character(home: HomePaths) -> None:
    write(settings(home), SETTINGS)
    write(mcp_file(home), MCP)
    install(CLAUDE, home)

    places = (settings(home), SETTINGS, ('" } ] }', '"Bash(ls:*)"')), (mcp_file(home), MCP, ('"x"}',))
    for path, before, seams in places:
        text, at = path.read_text(), 0
        for seam in seams:  # whatever stands between the places where we add
            piece, at = before[at : before.index(seam) + len(seam)], before.index(seam) + len(seam)
            assert piece in text
        assert before[at:].lstrip("]}\n ,") in text
    assert read(settings(home))["hooks"]["Stop"][0] == json.loads(SETTINGS)["hooks"]["Stop"][0]


def test_a_second_install_changes_no_byte_and_no_time(home: HomePaths) -> None:
    write(settings(home), SETTINGS)
    assert len(install(CLAUDE, home)) == 2
    before = stamps(home.home)

    assert install(CLAUDE, home) == []
    assert stamps(home.home) == before


@pytest.mark.parametrize(
    "text", [SETTINGS, "", "{}", " {} \n", "\ufeff{}", SETTINGS.replace("\n", "\r\n"), "\ufeff\n"]
)
def test_uninstalling_restores_the_very_bytes(home: HomePaths, text: str) -> None:
    write(settings(home), text).chmod(0o640)
    write(mcp_file(home), MCP)
    before = tree(home.home)
    install(CLAUDE, home)
    assert tree(home.home) != before

    uninstall(CLAUDE, home)
    assert tree(home.home) == before


def test_uninstalling_removes_the_files_and_folders_that_were_made(home: HomePaths) -> None:
    install(CLAUDE, home)
    uninstall(CLAUDE, home)
    assert list(home.home.iterdir()) == []


def test_uninstalling_where_nothing_is_installed_does_nothing(home: HomePaths) -> None:
    write(settings(home), SETTINGS)
    before = tree(home.home)
    assert uninstall(CLAUDE, home) == []
    assert tree(home.home) == before


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=6)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=10,
)
GROUPS = st.lists(
    st.fixed_dictionaries({"hooks": st.just([{"type": "command", "command": "echo"}]), "matcher": st.text()}),
    max_size=2,
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "hooks": st.dictionaries(st.sampled_from(["Stop", "PreToolUse", "Else"]), GROUPS),
        "permissions": st.fixed_dictionaries(
            {},
            optional={
                "allow": st.lists(st.sampled_from(["Bash", "mcp__peerline__ask", "Read"]), unique=True)
            },
        ),
        "mcpServers": st.dictionaries(st.sampled_from(["a", "b"]), JSONS, max_size=2),
        "other": JSONS,
        "z": JSONS,
    },
)
STYLES = st.fixed_dictionaries(
    {
        "indent": st.sampled_from([None, 0, 1, 2, 4, "\t"]),
        "separators": st.sampled_from([None, (",", ":"), (" , ", " : ")]),
        "ensure_ascii": st.booleans(),
    }
)
FRAMES = st.tuples(st.sampled_from(["", "\ufeff", "\n "]), st.sampled_from(["", "\n", "\r\n\r\n"]))


def surroundings() -> HomePaths:
    return HomePaths(
        Path("/home/ada"), Path("/home/ada/.peerline"), Path("/home/ada/.peerline/run/peerline.sock")
    )


@given(DOCUMENTS, STYLES, FRAMES, st.booleans())
def test_any_file_survives_install_and_uninstall(
    document: dict[str, Any], style: dict[str, Any], frame: tuple[str, str], crlf: bool
) -> None:
    text = json.dumps(document, **style)
    text = frame[0] + (text.replace("\n", "\r\n") if crlf else text) + frame[1]
    before = text.encode(errors="surrogatepass")
    for part in parts(CLAUDE_CODE, surroundings()):
        done = installed(part, before, None)
        assert done is not None
        after, row = done
        there = json.loads(after.decode().removeprefix("\ufeff"))

        assert without(there, json.loads(part.by_hand)) == without(document, json.loads(part.by_hand))
        assert installed(part, after, row) is None
        assert removed(part, after, row) == before
        assert b"\r\n" not in before or lone_breaks(after) == lone_breaks(before)


def lone_breaks(content: bytes) -> int:
    return content.replace(b"\r\n", b"").count(b"\n")


def without(document: Any, ours: Any) -> Any:
    """What is left of a document when everything of ours, and all that is empty then, is not looked at."""
    if isinstance(document, list):
        return [item for item in document if item not in ours]
    inner = {
        key: without(value, ours[key]) if key in ours and isinstance(value, dict | list) else value
        for key, value in document.items()
        if key not in ours or value != ours[key]
    }
    return {key: value for key, value in inner.items() if key not in ours or value}


@given(DOCUMENTS, STYLES, STYLES, st.booleans())
def test_after_anybody_rewrote_the_file_only_ours_is_taken_out(
    document: dict[str, Any], style: dict[str, Any], other: dict[str, Any], remembered: bool
) -> None:
    before = json.dumps(document, **style).encode()
    for part in parts(CLAUDE_CODE, surroundings()):
        done = installed(part, before, None)
        assert done is not None
        after, row = done
        rewritten = json.dumps({"new": 1, **json.loads(after)}, **other)
        left = removed(part, rewritten.encode(), row if remembered else None)

        assert left is not None
        assert without(json.loads(left), json.loads(part.by_hand)) == {
            "new": 1,
            **without(document, json.loads(part.by_hand)),
        }
        if remembered:
            assert json.loads(left) == {"new": 1, **document}
        assert not list(part.own(left.decode())) or "mcp__peerline__ask" in json.dumps(document)


# -- edited in between, moved, half done -----------------------------------------------------------------


def test_an_edit_by_hand_is_kept_when_ours_is_taken_out(home: HomePaths) -> None:
    write(settings(home), SETTINGS)
    install(CLAUDE, home)
    edited = settings(home).read_text().replace('"opus"', '"haiku"').replace('"deny": []', '"deny": ["Web"]')
    settings(home).write_text(edited)
    assert install(CLAUDE, home) == []
    uninstall(CLAUDE, home)

    expected = SETTINGS.replace('"opus"', '"haiku"').replace('"deny": []', '"deny": ["Web"]')
    assert settings(home).read_text() == expected


def test_a_hook_that_somebody_put_beside_ours_stays(home: HomePaths) -> None:
    install(CLAUDE, home)
    there = read(settings(home))
    beside = {"type": "command", "command": "beep"}
    there["hooks"]["Stop"][0]["hooks"].append(beside)
    settings(home).write_text(json.dumps(there))
    assert install(CLAUDE, home) == []

    uninstall(CLAUDE, home)
    assert read(settings(home)) == {"hooks": {"Stop": [{"hooks": [beside]}]}}


def test_a_file_we_made_is_kept_once_others_wrote_into_it(home: HomePaths) -> None:
    install(CLAUDE, home)
    there = read(mcp_file(home))
    mcp_file(home).write_text(json.dumps({"numStartups": 1, **there}))
    uninstall(CLAUDE, home)
    assert read(mcp_file(home)) == {"numStartups": 1}


def test_entries_of_a_moved_environment_are_replaced_and_not_doubled(home: HomePaths) -> None:
    write(settings(home), SETTINGS)
    write(mcp_file(home), MCP)
    before = tree(home.home)
    old = replace(home, python=Path("/old venv/bin/python"), packages=Path("/old venv/lib"))
    install(CLAUDE, old)
    assert [one.state for one in status(CLAUDE, home)[0].files] == ["outdated", "outdated"]

    install(CLAUDE, home)
    assert "/old venv" not in settings(home).read_text() + mcp_file(home).read_text()
    assert sum("pipe.py" in command for command in commands(home)) == len(EVENTS) + len(WAKING)
    uninstall(CLAUDE, home)
    assert tree(home.home) == before


def test_a_moved_environment_is_recognised_without_the_ledger_too(home: HomePaths) -> None:
    install(CLAUDE, replace(home, packages=Path("/old/lib")))
    (home.peerline_home / "setup.json").unlink()
    install(CLAUDE, home)
    assert sum("pipe.py" in command for command in commands(home)) == len(EVENTS) + len(WAKING)
    (home.peerline_home / "setup.json").unlink()
    uninstall(CLAUDE, home)
    assert (read(settings(home)), read(mcp_file(home))) == ({}, {})


def test_somebody_elses_pipe_is_not_ours(home: HomePaths) -> None:
    theirs = {
        "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "python /x/hooks/pipe.py a b Stop"}]}]}
    }
    write(settings(home), json.dumps(theirs))
    install(CLAUDE, home)
    (home.peerline_home / "setup.json").unlink()
    uninstall(CLAUDE, home)
    assert read(settings(home)) == theirs


def test_a_permission_given_by_hand_before_stays(home: HomePaths) -> None:
    mine = '{"permissions": {"allow": ["mcp__peerline__ask", "mcp__peerline__kill_peer"]}}'
    write(settings(home), mine)
    install(CLAUDE, home)
    settings(home).write_text(json.dumps(read(settings(home)), indent=1))
    uninstall(CLAUDE, home)
    assert read(settings(home)) == json.loads(mine)


def test_a_half_done_install_can_be_repeated(home: HomePaths) -> None:
    write(settings(home), SETTINGS)
    before = tree(home.home)
    install(CLAUDE, home)
    whole = tree(home.home)
    mcp_file(home).unlink()  # as if the program had died between the two files
    assert status(CLAUDE, home)[0].files[1].state == "absent"

    assert [change.path for change in install(CLAUDE, home)] == [mcp_file(home)]
    assert tree(home.home).keys() == whole.keys()
    uninstall(CLAUDE, home)
    assert tree(home.home) == before


def test_an_event_that_is_missing_is_added(home: HomePaths) -> None:
    older = replace(CLAUDE_CODE, events=CLAUDE_CODE.events[:2])
    write(settings(home), SETTINGS)
    before = tree(home.home)
    install([older], home)
    seen = status(CLAUDE, home)[0].files[0]
    assert (seen.state, "hooks.Stop" in seen.missing) == ("partly", True)

    install(CLAUDE, home)
    assert status(CLAUDE, home)[0].installed
    uninstall(CLAUDE, home)
    assert tree(home.home) == before


# -- what is refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('{\n  // why\n  "a": 1\n}', 2),
        ('{\n  "a": 1,\n  "a": 2\n}', 3),
        ("[]", 1),
        ('{"hooks": []}', 1),
        ('{\n"hooks": {\n"Stop": {}}}', 3),
        ('{"permissions": null}', 1),
        ('{"a": 1', 1),
    ],
)
def test_a_file_that_cannot_be_spliced_is_refused_with_its_line_and_what_to_paste(
    home: HomePaths, text: str, line: int
) -> None:
    write(settings(home), text)
    before = tree(home.home)
    with pytest.raises(SettingsRefused) as told:
        install(CLAUDE, home)

    assert f"{settings(home)}, line {line}: " in str(told.value)
    by_hand = str(told.value.hint).partition("\n")[2]
    assert set(json.loads(by_hand)["hooks"]) == EVENTS
    assert tree(home.home) == before, "the other file was not written either"
    assert status(CLAUDE, home)[0].files[0].state == "unreadable"


def test_bytes_that_are_no_text_are_refused(home: HomePaths) -> None:
    settings(home).parent.mkdir()
    settings(home).write_bytes(b'{\n"a": "\xff"}')
    with pytest.raises(SettingsRefused, match="line 2: not UTF-8"):
        install(CLAUDE, home)


# -- files -----------------------------------------------------------------------------------------------


def test_mode_and_link_of_a_file_survive(home: HomePaths, tmp_path: Path) -> None:
    dotfiles = write(tmp_path / "dotfiles" / "claude.json", SETTINGS)
    dotfiles.chmod(0o604)
    settings(home).parent.mkdir()
    settings(home).symlink_to(dotfiles)
    install(CLAUDE, home)

    assert settings(home).is_symlink()
    assert stat.S_IMODE(dotfiles.stat().st_mode) == 0o604
    assert "pipe.py" in dotfiles.read_text()
    assert [path.name for path in dotfiles.parent.iterdir()] == ["claude.json"]


def test_files_that_we_make_are_private(home: HomePaths) -> None:
    before = os.umask(0)
    try:
        install(CLAUDE, home)
    finally:
        os.umask(before)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in home.home.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(settings(home).parent.stat().st_mode) == 0o700


def test_the_ledger_keeps_no_word_of_other_peoples_entries(home: HomePaths) -> None:
    write(settings(home), SETTINGS)
    write(mcp_file(home), MCP)
    install(CLAUDE, home)
    ledger = (home.peerline_home / "setup.json").read_text()
    assert "s3cr3t" not in ledger
    assert "opus" not in ledger


def test_an_edit_that_comes_between_reading_and_writing_is_not_lost(home: HomePaths) -> None:
    """Another program that rewrites the file, under the same lock, all the time."""
    path = write(mcp_file(home), '{"count": 0}')
    lock = path.with_name(".claude.json.lock")
    stop, counted = threading.Event(), threading.Semaphore(0)
    seen = [0]

    def rewrite() -> None:
        while not stop.wait(0.001):
            with suppress(FileExistsError):
                lock.mkdir()
                there = json.loads(path.read_bytes())
                seen.append(there["count"])
                path.write_text(json.dumps({**there, "count": there["count"] + 1}))
                lock.rmdir()
                counted.release()

    agent = threading.Thread(target=rewrite)
    agent.start()
    for _ in range(3):
        assert counted.acquire(timeout=5)
        install(CLAUDE, home)
        assert counted.acquire(timeout=5)
        assert "peerline" in read_locked(path, lock)["mcpServers"]
        uninstall(CLAUDE, home)
    stop.set()
    agent.join()

    assert seen[1:] == list(range(len(seen) - 1)), "every count went on from the one before"
    assert read(path) == {"count": len(seen) - 1}


def test_a_file_that_its_program_has_half_written_is_waited_for(home: HomePaths) -> None:
    path = write(mcp_file(home), MCP)
    install(CLAUDE, home)
    whole = path.read_bytes()
    lock = path.with_name(".claude.json.lock")
    lock.mkdir()
    path.write_bytes(b"")
    ours = threading.Thread(target=uninstall, args=(CLAUDE, home))
    ours.start()
    ours.join(timeout=0.05)
    assert ours.is_alive(), "an empty file has nothing of ours: that would have been the answer"

    path.write_bytes(whole)
    lock.rmdir()
    ours.join(timeout=5)

    assert path.read_text() == MCP


def test_a_lock_that_was_left_behind_is_not_waited_for(home: HomePaths) -> None:
    path = write(mcp_file(home), MCP)
    lock = path.with_name(".claude.json.lock")
    lock.mkdir()
    os.utime(lock, (0, 0))
    looking = threading.Thread(target=status, args=(CLAUDE, home), daemon=True)
    looking.start()
    looking.join(timeout=2)
    assert not looking.is_alive()
    assert lock.is_dir(), "who only looks leaves it where it is"


def read_locked(path: Path, lock: Path) -> Any:
    while True:
        with suppress(FileExistsError):
            lock.mkdir()
            try:
                return read(path)
            finally:
                lock.rmdir()


def test_a_program_that_knows_no_lock_makes_us_read_again(
    home: HomePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(mcp_file(home), '{"a": 1}')
    real, others = files.written_beside, iter(['{"a": 2}', '{"a": 3, "b": 4}'])

    def meanwhile(target: Path, content: bytes) -> Path:
        beside = real(target, content)
        if target == path and (text := next(others, None)):
            path.write_text(text)
        return beside

    monkeypatch.setattr(files, "written_beside", meanwhile)
    install(CLAUDE, home)
    assert {**read(path), "mcpServers": 0} == {"a": 3, "b": 4, "mcpServers": 0}
    uninstall(CLAUDE, home)
    assert path.read_text() == '{"a": 3, "b": 4}'
    assert [one.name for one in home.home.iterdir()] == [".claude.json"]


def test_a_lock_that_is_held_is_told_and_one_left_behind_is_taken(
    home: HomePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hooks.files.LOCK_WAIT_S", 0.2)
    lock = mcp_file(home).with_name(".claude.json.lock")
    lock.mkdir()
    with pytest.raises(SettingsBusy, match="locked"):
        install(CLAUDE, home)
    os.utime(lock, (1, 1))
    install(CLAUDE, home)
    assert not lock.exists()
    assert status(CLAUDE, home)[0].installed


# -- telling ---------------------------------------------------------------------------------------------


def test_a_dry_run_shows_the_difference_and_writes_nothing(home: HomePaths) -> None:
    write(settings(home), SETTINGS)
    before = tree(home.home)
    changes = install(CLAUDE, home, dry_run=True)

    assert tree(home.home) == before
    assert [change.verb for change in changes] == ["change", "create"]
    added = [line for line in changes[0].diff().splitlines() if line.startswith("+") and "pipe.py" in line]
    assert len(added) == len(EVENTS) + len(WAKING)
    assert install(CLAUDE, home)[0].after == changes[0].after
    assert [change.verb for change in uninstall(CLAUDE, home, dry_run=True)] == ["change", "delete"]
    assert status(CLAUDE, home)[0].installed


def test_agents_are_found_by_their_program_or_their_folder(home: HomePaths, tmp_path: Path) -> None:
    assert present(home) == []
    (home.home / ".claude").mkdir()
    assert present(home) == CLAUDE
    (home.home / ".claude").rmdir()
    program = write(tmp_path / "bin" / "claude", "#!/bin/sh\n")
    program.chmod(0o755)
    assert present(home) == [AGENTS["claude-code"]]
    assert status(CLAUDE, home)[0].program
