"""Codex's files: TOML is edited at its end, character by character, and restored to the byte."""

from __future__ import annotations

import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hooks.agents import CODEX, TOOLS_WITHOUT_DIALOG
from hooks.codexfile import CodexFile
from hooks.codextrust import Hook, names_of
from hooks.entries import HomePaths
from hooks.errors import NotSpliceable, SettingsRefused
from hooks.install import install, status, uninstall
from hooks.ledger import Ledger
from hooks.parts import parts
from hooks.plan import installed, removed
from hooks.tomltext import tables
from hooks.trusting import remember, trusted

CONFIG = """# mine
model = "x" # '[not.a.table]'

[mcp_servers.other] # theirs
command = "y"
args = [
  "[a]", # ]
  ["b"],
]
text = \"\"\"
[neither]
\"\"\"

[[extra]]
a = 1
"""
STARTS = {
    "absent": None,
    "empty": "",
    "whole": CONFIG,
    "no newline at the end": CONFIG.rstrip("\n"),
    "windows": CONFIG.replace("\n", "\r\n"),
    "marked": "\ufeff" + CONFIG,
    "comment at the end": CONFIG + "\n# the end",
    "servers of their own": "[mcp_servers]\n",
    "blank": "\n\n",
}


@pytest.fixture
def home(tmp_path: Path) -> HomePaths:
    user = tmp_path / "user"
    (user / ".codex").mkdir(parents=True)
    return HomePaths.of({"HOME": str(user), "PATH": str(tmp_path / "bin")})


def config(home: HomePaths) -> Path:
    return home.mcp_file(CODEX)


def started(home: HomePaths, text: str | None) -> bytes | None:
    if text is not None:
        config(home).write_bytes(text.encode())
    return text.encode() if text is not None else None


def part(home: HomePaths) -> CodexFile:
    return next(each for each in parts(CODEX, home) if isinstance(each, CodexFile))


def test_each_event_gets_one_command_and_none_waits_longer_than_codex_lets_it(home: HomePaths) -> None:
    install([CODEX], home)
    there = json.loads(home.settings(CODEX).read_bytes())["hooks"]
    assert {name: len(groups[0]["hooks"]) for name, groups in there.items()} == {
        e.name: 1 for e in CODEX.events
    }
    assert {there[name][0]["hooks"][0]["timeout"] for name in ("Interrupt", "SessionEnd")} == {3}
    assert shlex.split(there["Stop"][0]["hooks"][0]["command"])[-2:] == ["codex", "Stop"]


def test_talking_needs_no_dialog_and_nothing_else_is_let_through(home: HomePaths) -> None:
    install([CODEX], home)
    entry = tomllib.loads(config(home).read_text())["mcp_servers"]["peerline"]
    assert {"TMUX", "TMUX_PANE"} <= set(entry["env_vars"])
    assert entry["tools"] == {tool: {"approval_mode": "approve"} for tool in TOOLS_WITHOUT_DIALOG}
    assert "default_tools_approval_mode" not in entry


@pytest.mark.parametrize("text", STARTS.values(), ids=STARTS.keys())
def test_from_every_start_twice_is_once_and_uninstalling_restores_the_file(
    home: HomePaths, text: str | None
) -> None:
    before = started(home, text)
    assert install([CODEX], home)
    assert config(home).read_bytes().startswith(before or b"")
    assert install([CODEX], home) == []
    assert [each.installed for each in status([CODEX], home)] == [True]
    uninstall([CODEX], home)
    assert (config(home).read_bytes() if config(home).exists() else None) == before


@pytest.mark.parametrize("text", STARTS.values(), ids=STARTS.keys())
def test_after_somebody_wrote_more_only_ours_is_taken_out(home: HomePaths, text: str | None) -> None:
    started(home, text)
    install([CODEX], home)
    more = '\n[projects."/home/ada"]\ntrust_level = "trusted"\n'
    config(home).write_bytes(config(home).read_bytes() + more.encode())
    uninstall([CODEX], home)
    left = config(home).read_bytes().decode()
    assert tomllib.loads(left.removeprefix("\ufeff")) == {
        **tomllib.loads((text or "").removeprefix("\ufeff")),
        "projects": {"/home/ada": {"trust_level": "trusted"}},
    }


@pytest.mark.parametrize("text", STARTS.values(), ids=STARTS.keys())
def test_trust_in_our_hooks_goes_with_them(home: HomePaths, text: str | None) -> None:
    before = started(home, text)
    install([CODEX], home)
    names = sorted(names_of(CODEX, home.settings(CODEX)))
    assert len(names) == len(CODEX.events)
    hooks = [Hook(name, f"sha256:{n}", is_trusted=False) for n, name in enumerate(names)]
    for again in ("old", "new"):  # a command that was changed has another digest under the same name
        hooks = [Hook(hook.name, f"{hook.digest}{again}", is_trusted=False) for hook in hooks]
        content = config(home).read_bytes().decode()
        after = trusted(part(home), content, hooks)
        config(home).write_bytes(after.encode())
        remember(part(home), content, after, Ledger(home.peerline_home))
    state = tomllib.loads(config(home).read_text().removeprefix("\ufeff"))["hooks"]["state"]
    assert state == {hook.name: {"trusted_hash": hook.digest} for hook in hooks}
    assert install([CODEX], home) == []
    uninstall([CODEX], home)
    assert (config(home).read_bytes() if config(home).exists() else None) == before


@pytest.mark.parametrize(
    "text",
    [
        "mcp_servers = {}\n",
        '[mcp_servers]\npeerline = { command = "x" }\n',
        "[broken\n",
        'a = "\n',
    ],
)
def test_where_it_cannot_be_done_safely_the_file_is_left_alone_and_the_lines_are_told(
    home: HomePaths, text: str
) -> None:
    before = started(home, text)
    with pytest.raises(SettingsRefused) as refused:
        install([CODEX], home)
    assert "[mcp_servers.peerline]" in (refused.value.hint or "")
    assert config(home).read_bytes() == before
    assert not home.settings(CODEX).exists()


def test_an_outdated_entry_is_replaced_and_the_others_stay(home: HomePaths) -> None:
    ours = '\n[mcp_servers.peerline]\ncommand = "/old"\n\n[mcp_servers.peerline.tools.ask]\napproval_mode = "prompt"\n'
    started(home, CONFIG + ours + "\n[later]\nb = 2\n")
    install([CODEX], home)
    there = tomllib.loads(config(home).read_text())
    assert there["mcp_servers"]["peerline"]["command"] != "/old"
    assert (there["later"], there["mcp_servers"]["other"]["command"]) == ({"b": 2}, "y")


def test_whose_hook_it_is_stands_in_its_name(home: HomePaths) -> None:
    theirs = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "true"}]}]}}
    home.settings(CODEX).write_text(json.dumps(theirs))
    install([CODEX], home)
    names = {name.removeprefix(f"{home.settings(CODEX)}:") for name in names_of(CODEX, home.settings(CODEX))}
    assert {"stop:1:0", "session_start:0:0", "user_prompt_submit:0:0"} <= names
    assert "stop:0:0" not in names


TEXTS = st.lists(
    st.sampled_from(
        [
            "[a]\n",
            "[a.'b c']\n",
            "x = '[q]'\n",
            'y = """\n[z]\n"""\n',
            "# [c]\n",
            "\n",
            "k = [\n[1],\n]\n",
            "[[l]]\n",
        ]
    ),
    max_size=7,
)


@given(TEXTS)
def test_what_is_no_table_is_never_taken_for_one(lines: list[str]) -> None:
    text = "".join(lines)
    try:
        found = tables(text)
    except NotSpliceable:
        return
    heads: list[Any] = [line for line in lines if line.startswith("[")]
    assert [text[table.start :].split("\n")[0] + "\n" for table in found] == heads
    assert all(table.path[0] in {"a", "l"} for table in found)


def test_the_plan_alone_says_what_would_become_of_the_file(home: HomePaths) -> None:
    done = installed(part(home), CONFIG.encode(), None)
    assert done is not None
    assert removed(part(home), done[0], None) == CONFIG.encode()
