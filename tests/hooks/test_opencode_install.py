"""What is installed for OpenCode: a plugin of ours in a file of its own, and an entry among others' in its settings."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hooks.agents import OPENCODE
from hooks.entries import HomePaths
from hooks.errors import SettingsRefused
from hooks.install import install, status, uninstall
from hooks.jsontext import strict
from hooks.parts import parts
from hooks.plan import installed, removed
from tests.hooks.test_install import DOCUMENTS, FRAMES, STYLES, read, surroundings, without, write
from tests.hooks.trees import tree

AGENT = [OPENCODE]


@pytest.fixture
def home(tmp_path: Path) -> HomePaths:
    user = tmp_path / "user"
    user.mkdir()
    return HomePaths.of({"HOME": str(user), "PATH": str(tmp_path / "bin")})


def plugin_of(home: HomePaths) -> Path:
    return home.home / ".config/opencode/plugins/peerline.js"


def settings_of(home: HomePaths) -> Path:
    return home.home / ".config/opencode/opencode.json"


def test_a_bare_home_gets_the_plugin_and_the_mcp_entry(home: HomePaths) -> None:
    install(AGENT, home)
    text = plugin_of(home).read_text()
    assert re.findall(r"^const SOCKET = (.*)$", text, re.MULTILINE) == [json.dumps(str(home.socket))]
    assert "token" not in text.lower()
    assert set(re.findall(r'from "(.*)"', text)) == {"node:child_process", "node:fs", "node:net", "node:path"}
    shim = str(home.packages / "mcp_server/shim.py")
    command = [str(home.python), "-I", "-S", "-E", shim, str(home.socket)]
    assert read(settings_of(home)) == {"mcp": {"peerline": {"type": "local", "command": command}}}
    assert [each.installed for each in status(AGENT, home)] == [True]


def test_a_second_install_changes_nothing(home: HomePaths) -> None:
    install(AGENT, home)
    before = tree(home.home)
    assert install(AGENT, home) == []
    assert tree(home.home) == before


def test_uninstalling_removes_what_was_made(home: HomePaths) -> None:
    before = tree(home.home)
    install(AGENT, home)
    uninstall(AGENT, home)
    assert tree(home.home) == before


def test_the_schema_that_opencode_writes_into_our_file_does_not_keep_it(home: HomePaths) -> None:
    before = tree(home.home)
    install(AGENT, home)
    there = {"$schema": "https://opencode.ai/config.json", **read(settings_of(home))}
    write(settings_of(home), json.dumps(there, indent=2))
    uninstall(AGENT, home)
    assert tree(home.home) == before


def test_the_file_with_comments_is_left_to_its_owner(home: HomePaths) -> None:
    theirs = write(settings_of(home).with_suffix(".jsonc"), '{\n  // mine\n  "theme": "dark",\n}\n')
    before = theirs.read_bytes()
    install(AGENT, home)
    assert theirs.read_bytes() == before
    assert "peerline" in read(settings_of(home))["mcp"]


def test_comments_and_last_commas_stay_where_they_are(home: HomePaths) -> None:
    text = '{\n  // mine, {"mcp": 1}\n  "theme": "dark", // of "it"\n  /* so */ "mcp": {"a": {},},\n}\n'
    path = write(settings_of(home), text)
    install(AGENT, home)
    there = path.read_text()
    assert [line for line in text.splitlines()[:3] if line not in there] == []
    assert install(AGENT, home) == []
    path.write_text(f"{there}// and more")  # no longer as we left it
    uninstall(AGENT, home)
    assert path.read_text() == f"{text}// and more"


def test_a_comment_where_ours_would_have_to_stand_is_refused_with_what_to_paste(home: HomePaths) -> None:
    write(settings_of(home), '{\n  "mcp": { /* none */ }\n}\n')
    before = tree(home.home)
    with pytest.raises(SettingsRefused, match="line 2: a comment") as refused:
        install(AGENT, home)
    assert '"peerline"' in (refused.value.hint or "")
    assert tree(home.home) == before


def test_somebody_elses_plugin_of_that_name_is_refused(home: HomePaths) -> None:
    write(plugin_of(home), "export const Mine = async () => ({})\n")
    before = tree(home.home)
    with pytest.raises(SettingsRefused, match="not ours"):
        install(AGENT, home)
    assert tree(home.home) == before


def test_an_older_plugin_of_ours_is_replaced_and_goes_whole(home: HomePaths) -> None:
    install(AGENT, home)
    new = plugin_of(home).read_text()
    write(plugin_of(home), new.replace("const DAY = 86400", "const DAY = 1"))
    [there] = status(AGENT, home)
    assert {file.state for file in there.files} == {"outdated", "installed"}
    install(AGENT, home)
    assert plugin_of(home).read_text() == new
    uninstall(AGENT, home)
    assert not plugin_of(home).exists()


def test_the_folder_moves_with_its_variable(tmp_path: Path) -> None:
    home = HomePaths.of({"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "else")})
    install(AGENT, home)
    assert (tmp_path / "else/opencode/plugins/peerline.js").is_file()
    assert not (tmp_path / ".config").exists()


def test_http_names_the_port(tmp_path: Path) -> None:
    home = HomePaths.of({"HOME": str(tmp_path)}, port=8377)
    install(AGENT, home, mcp="http")
    entry = read(settings_of(home))["mcp"]["peerline"]
    assert entry == {"type": "remote", "url": "http://127.0.0.1:8377/mcp"}


@given(DOCUMENTS, STYLES, FRAMES)
def test_any_settings_survive_install_and_uninstall(
    document: dict[str, object], style: dict[str, object], frame: tuple[str, str]
) -> None:
    document = {("mcp" if key == "mcpServers" else key): value for key, value in document.items()}
    text = json.dumps(document, **style)  # type: ignore[arg-type]
    before = (frame[0] + text + frame[1]).encode(errors="surrogatepass")
    [_, part] = parts(OPENCODE, surroundings())
    done = installed(part, before, None)
    assert done is not None
    after, row = done
    there = json.loads(after.decode().removeprefix("\ufeff"))
    ours = json.loads(part.by_hand)
    assert without(there, ours) == without(document, ours)
    assert installed(part, after, row) is None
    assert removed(part, after, row) == before


GAPS = re.compile(r'("(?:[^"\\]|\\.)*")|(?<=[,{\[])\s*')
REMARKS = st.sampled_from(["", "", ' // a, "b" }\n', ' /* {"mcp": [ */ ', "\n\t/* */\n"])


@given(DOCUMENTS, STYLES, st.lists(REMARKS, min_size=1, max_size=5), st.booleans())
def test_whatever_comments_stand_in_it_they_are_there_afterwards(
    document: dict[str, object], style: dict[str, object], remarks: list[str], edited: bool
) -> None:
    document = {("mcp" if key == "mcpServers" else key): value for key, value in document.items()}
    turn = cycle(remarks)
    plain = json.dumps(document, **style)  # type: ignore[arg-type]
    text = GAPS.sub(lambda found: found[1] or next(turn) + found[0], plain)
    [_, part] = parts(OPENCODE, surroundings())
    done = None
    with suppress(SettingsRefused):  # a comment stands in an empty place that ours would have to fill
        done = installed(part, text.encode(), None)
    assume(done)
    assert done is not None
    after, row = done
    assert installed(part, after, row) is None
    changed = after.replace(b'"peerline"', b'/* of ours */ "peerline"', 1)
    left = removed(part, changed if edited else after, row)
    assert left is not None
    if edited:
        kept = left.decode()
        assert json.loads(strict(kept, last_commas=True)) == document
        said = [each.strip() for each in remarks if each.strip()]
        assert [kept.count(each) for each in said] == [text.count(each) for each in said]
        assert kept.count("/* of ours */") == 1
    else:
        assert left == text.encode()
