"""Every file that we touch, from every state in which it may be found: set up, set up again, taken away, as before.

Or it is refused, untouched, with the lines to paste. One row for each file, one for each state.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from hooks.agents import CLAUDE_CODE, CODEX, GEMINI, OPENCODE, Agent
from hooks.entries import HomePaths
from hooks.errors import SettingsRefused
from hooks.install import install, status, uninstall
from hooks.ledger import Ledger
from hooks.parts import POLICY
from tests.hooks.trees import stamps, tree

HOOK = {"type": "command", "command": "say 'd\u00f6ne'"}
JSON = json.dumps(
    {
        "theme": "dark",
        "hooks": {"Stop": [{"hooks": [HOOK]}], "AfterAgent": [{"matcher": "*", "hooks": [HOOK]}]},
        "permissions": {"allow": ["Bash(ls:*)"], "deny": []},
        "mcpServers": {"other": {"command": "x"}},
        "mcp": {"other": {"type": "local", "command": ["x"]}},
    },
    indent=2,
    ensure_ascii=False,
)
TOML = """model = "x"  # mine

[mcp_servers.other]
command = "y"

[projects."/home/ada"]
trust_level = "trusted"
"""
SCRIPT = "// mine\nexport const Mine = async () => ({})\n"
REFUSED, RESTORED, EITHER = "refused", "restored", "either"


@dataclass(frozen=True)
class File:
    agent: Agent
    path: Callable[[HomePaths], Path]
    text: str
    comment: str = "// mine\n"
    allows: tuple[str, ...] = ()  #: what its agent reads and strict JSON is not
    is_ours: bool = False  #: all of it: whatever somebody else has there is no place for us


FILES = {
    "claude settings.json": File(CLAUDE_CODE, lambda home: home.settings(CLAUDE_CODE), JSON),
    "claude .claude.json": File(CLAUDE_CODE, lambda home: home.mcp_file(CLAUDE_CODE), JSON),
    "codex hooks.json": File(CODEX, lambda home: home.settings(CODEX), JSON),
    "codex config.toml": File(CODEX, lambda home: home.mcp_file(CODEX), TOML, "# mine\n"),
    "gemini settings.json": File(GEMINI, lambda home: home.settings(GEMINI), JSON, allows=("comments",)),
    "gemini policy": File(GEMINI, lambda home: home.folder(GEMINI) / POLICY, TOML, "# mine\n", is_ours=True),
    "opencode.json": File(
        OPENCODE, lambda home: home.mcp_file(OPENCODE), JSON, allows=("comments", "a trailing comma")
    ),
    "opencode plugin": File(OPENCODE, lambda home: home.settings(OPENCODE), SCRIPT, is_ours=True),
}
Start = Callable[[File, Path], None]


def holding(change: Callable[[File], str | bytes]) -> Start:
    def put(file: File, path: Path) -> None:
        content = change(file)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    return put


def trailing(file: File) -> str:
    return file.text.replace('"x"\n', '"x",\n') if file.text is JSON else f"{file.text}list = [1, 2,]\n"


def doubled(file: File) -> str:
    twice = '{\n  "theme": "light",' if file.text is JSON else 'model = "z"\n'
    return file.text.replace("{", twice, 1) if file.text is JSON else twice + file.text


def tabbed(file: File) -> str:
    return file.text.replace("  ", "\t")


def mode(bits: int) -> Start:
    def put(file: File, path: Path) -> None:
        path.write_text(file.text)
        path.chmod(bits)

    return put


def folder_mode(file: File, path: Path) -> None:
    path.write_text(file.text)
    path.parent.chmod(0o500)


def linked(file: File, path: Path) -> None:
    real = path.parents[len(path.parents) - 1 - 4] / "dotfiles" / "kept" / path.name
    real.parent.mkdir(parents=True, exist_ok=True)
    real.write_text(file.text)
    real.chmod(0o604)
    path.symlink_to(real)


def folder_linked(file: File, path: Path) -> None:
    real = path.parent.with_name("elsewhere")
    path.parent.rename(real)
    path.parent.symlink_to(real, target_is_directory=True)
    path.write_text(file.text)


def dangling(_: File, path: Path) -> None:
    path.symlink_to(path.parent / "not" / "yet" / path.name)


def a_folder(_: File, path: Path) -> None:
    path.mkdir()
    (path / "kept").write_text("mine")


def no_table(file: File) -> str:
    return "[1, 2]\n" if file.text is JSON else "mcp_servers = 1\n"


#: state -> how it is made; what becomes of it in JSON, in TOML, and where the whole file is to be ours
STATES: Mapping[str, tuple[Start, str, str, str]] = {
    "absent": (lambda *_: None, RESTORED, RESTORED, RESTORED),
    "empty": (holding(lambda _: ""), RESTORED, RESTORED, RESTORED),
    "white space": (holding(lambda _: " \n\t\n"), RESTORED, RESTORED, RESTORED),
    "somebody else's": (holding(lambda file: f"{file.text}\n"), RESTORED, RESTORED, REFUSED),
    "no newline at the end": (holding(lambda file: file.text.rstrip()), RESTORED, RESTORED, REFUSED),
    "lines as on Windows": (
        holding(lambda file: file.text.replace("\n", "\r\n")),
        RESTORED,
        RESTORED,
        REFUSED,
    ),
    "a mark at its beginning": (holding(lambda file: "\ufeff" + file.text), RESTORED, RESTORED, REFUSED),
    "tabs": (holding(tabbed), RESTORED, RESTORED, REFUSED),
    "on one line": (
        holding(lambda file: json.dumps(json.loads(file.text)) if file.text is JSON else 'a = "b"'),
        RESTORED,
        RESTORED,
        REFUSED,
    ),
    "comments": (holding(lambda file: file.comment + file.text), REFUSED, RESTORED, REFUSED),
    "a trailing comma": (holding(trailing), REFUSED, RESTORED, REFUSED),
    "a key twice": (holding(doubled), REFUSED, REFUSED, REFUSED),
    "of another form": (holding(no_table), REFUSED, REFUSED, REFUSED),
    "broken off": (
        holding(lambda file: (file.text + 'x = "')[: file.text.find('"') + 2 or None]),
        REFUSED,
        REFUSED,
        REFUSED,
    ),
    "no text": (holding(lambda file: file.text.encode() + b'\n"\xff"'), REFUSED, REFUSED, REFUSED),
    "open to others": (mode(0o664), RESTORED, RESTORED, REFUSED),
    "read-only": (mode(0o444), REFUSED, REFUSED, REFUSED),
    "in a read-only folder": (folder_mode, EITHER, EITHER, REFUSED),  # a superuser writes there all the same
    "a link into dotfiles": (linked, RESTORED, RESTORED, REFUSED),
    "in a linked folder": (folder_linked, RESTORED, RESTORED, REFUSED),
    "a link to nothing": (dangling, RESTORED, RESTORED, RESTORED),
    "a folder of that name": (a_folder, REFUSED, REFUSED, REFUSED),
}
CASES = [(file, state) for file in FILES for state in STATES]


@pytest.fixture
def home(tmp_path: Path) -> Iterator[HomePaths]:
    user = tmp_path / "user"
    user.mkdir()
    yield HomePaths.of({"HOME": str(user), "PEERLINE_HOME": str(tmp_path / "ours"), "PATH": ""})
    for folder in (each for each in tmp_path.rglob("*") if each.is_dir() and not each.is_symlink()):
        folder.chmod(0o700)


def begun(home: HomePaths, file: str, state: str) -> Path:
    path = FILES[file].path(home)
    if state != "absent":
        path.parent.mkdir(parents=True, exist_ok=True)
        STATES[state][0](FILES[file], path)
    return path


def outcome(file: str, state: str) -> str:
    _, in_json, in_toml, whole = STATES[state]
    if state in FILES[file].allows:
        return RESTORED
    return whole if FILES[file].is_ours else in_json if FILES[file].text is JSON else in_toml


def refusal(agent: Agent, home: HomePaths) -> SettingsRefused | None:
    try:
        assert install([agent], home)
    except SettingsRefused as why:
        return why
    return None


@pytest.mark.parametrize(("file", "state"), CASES, ids=[f"{file}, {state}" for file, state in CASES])
def test_every_file_in_every_state_is_as_before_afterwards(home: HomePaths, file: str, state: str) -> None:
    agent = FILES[file].agent
    begun(home, file, state)
    before = tree(home.home)
    refused = refusal(agent, home)
    assert outcome(file, state) in {REFUSED if refused else RESTORED, EITHER}, refused
    if refused:
        assert "peerline" in (refused.hint or ""), "the lines to paste are told"
        assert tree(home.home) == before
        return
    assert status([agent], home)[0].installed
    there = stamps(home.home)
    assert install([agent], home) == []
    assert stamps(home.home) == there

    uninstall([agent], home)
    assert tree(home.home) == before
    assert not home.peerline_home.exists(), "nothing is remembered of what is gone"


# -- of our own, and of the agent's ------------------------------------------------------------------------

SHARED = [name for name, file in FILES.items() if not file.is_ours]


def meaning(path: Path) -> Any:
    text = path.read_bytes().decode()
    return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)


@pytest.mark.parametrize("remembered", [True, False], ids=["remembered", "not remembered"])
@pytest.mark.parametrize("file", SHARED)
def test_what_we_left_from_another_place_is_replaced_and_goes(
    home: HomePaths, file: str, remembered: bool
) -> None:
    agent, path = FILES[file].agent, begun(home, file, "somebody else's")
    before, told = path.read_bytes(), meaning(path)
    install([agent], replace(home, python=Path("/old/bin/python"), packages=Path("/old/lib")))
    if not remembered:
        for each in Ledger(home.peerline_home).paths():
            Ledger(home.peerline_home).drop(each)
    install([agent], home)
    assert b"/old/" not in path.read_bytes()
    assert install([agent], home) == []
    uninstall([agent], home)
    assert meaning(path) == told
    assert path.read_bytes() == before or not remembered


def reordered(path: Path) -> None:
    there = meaning(path)
    path.write_text(
        json.dumps({"new": [1], **dict(reversed(there.items()))}, indent=4, ensure_ascii=True), "utf-8"
    )


def rewritten(path: Path) -> None:
    """As Codex does it: order and comments stay, spaces do not, and what is new stands at the end."""
    text = path.read_text().replace("\n\n\n", "\n").replace("\n[", "\n\n\n[")
    path.write_text(f'{text}\n[new]\nkey = "1"\n')


@pytest.mark.parametrize("start", ["absent", "empty", "somebody else's", "lines as on Windows", "tabs"])
@pytest.mark.parametrize("file", SHARED)
def test_in_a_file_that_its_agent_rewrote_only_ours_is_gone(home: HomePaths, file: str, start: str) -> None:
    agent, path = FILES[file].agent, begun(home, file, start)
    told = meaning(path) if path.exists() and path.read_bytes() else {}
    install([agent], home)
    (rewritten if path.suffix == ".toml" else reordered)(path)
    new = meaning(path)["new"]
    assert install([agent], home) == [], "it is known again"
    uninstall([agent], home)
    assert meaning(path) == {**told, "new": new}


def test_our_tests_are_as_old_as_the_table_says() -> None:
    made = (Path(__file__).parents[2] / "Makefile").read_text()
    measured = [agent.measured for agent in (CLAUDE_CODE, CODEX, GEMINI, OPENCODE)]
    assert [version for version in measured if f"@{version}\n" not in made] == []


def test_a_link_is_never_replaced_by_a_file(home: HomePaths) -> None:
    path = begun(home, "claude settings.json", "a link into dotfiles")
    install([CLAUDE_CODE], home)
    assert path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o604
