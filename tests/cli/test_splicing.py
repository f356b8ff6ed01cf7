"""One value put into a config that a person wrote: the rest stays, to the byte, or nothing is done."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from cli.keeping import keep
from cli.splicing import spliced
from daemon.core.errors import Refused

TOKEN = "8123456789:AAcanary-0123456789_abcdefghijklmno"

GOOD = {
    "an empty file": "",
    "comments alone": "# mine\n",
    "no newline at the end": "owner:\n  name: ada",
    "another section": "owner:\n  name: ada  # me\n\n# the end\n",
    "the section": "telegram:\n  people:\n    - {id: 7, name: ada}  # me\nowner: {name: ada}\n",
    "the section, left empty": "telegram:   # later\nowner:\n  name: ada\n",
    "the section at the end, left empty": "telegram:",
    "the key, left empty": "telegram:\n  bot_token:   # here\n  people: []\n",
    "an older token": 'telegram:\n  people: []\n  bot_token: "1:old"  # of May\n  api_base: http://x\n',
    "a plain token": "telegram:\n    bot_token: 1:old\n",
    "a section in braces": "telegram: {people: [{id: 7, name: ada}]}\n",
    "an empty section in braces": "telegram: {}\n",
    "lines that end as on Windows": "owner:\r\n  name: ada\r\ntelegram:\r\n  people: []\r\n",
    "wide and strange text": "owner:\n  name: 'ådä 🙂'\ntelegram:\n  api_base: 'http://ü'\n",
    "a block of text at the end": "owner:\n  name: |\n    ada\n    lovelace\n",
}
BAD = {
    "no mapping": "- a\n- b\n",
    "no YAML": "owner: [\n",
    "a section that is a list": "telegram: [1]\n",
    "an end mark": "owner: {name: ada}\n...\n",
    "a section by reference": "x: &t {people: []}\ntelegram: *t\n",
    "two documents": "owner: {}\n---\nowner: {}\n",
    "a text block whose end would change": "owner:\n  name: |\n    ada",
}


@pytest.mark.parametrize("case", GOOD, ids=GOOD)
def test_only_the_value_changes(case: str) -> None:
    text = GOOD[case]
    after = spliced(text, "telegram", "bot_token", TOKEN)
    told = yaml.safe_load(after)
    assert told["telegram"].pop("bot_token") == TOKEN
    before = yaml.safe_load(text) or {}
    kept = dict(before.get("telegram") or {})
    kept.pop("bot_token", None)
    assert told == before | {"telegram": kept}
    lost = [line for line in text.split("\n") if "bot_token" not in line and line not in after.split("\n")]
    assert lost == ([text.strip("\n")] if "{" in text.partition("\n")[0] else [])


@pytest.mark.parametrize("case", BAD, ids=BAD)
def test_what_cannot_be_done_safely_is_refused_with_the_lines_to_paste(case: str) -> None:
    with pytest.raises(Refused) as refused:
        spliced(BAD[case], "telegram", "bot_token", TOKEN)
    assert "bot_token:" in refused.value.hint
    assert TOKEN not in f"{refused.value}{refused.value.hint}"


FOLDERS = ["/home/ada/a b", "/srv/ü"]
PLACES = {
    "nothing": "",
    "no such section": "owner:\n  name: ada\n",
    "the outer section alone": "daemon:\n  port: 1  # mine\nowner: {name: ada}\n",
    "the outer section, left empty": "daemon:   # later\nowner:\n  name: ada\n",
    "the inner section, left empty": "daemon:\n    spawn:\n    port: 1\n",
    "both sections": "daemon:\n  spawn:\n    # nothing yet\n    allowed_paths: []  # none\n",
    "braces": "daemon: {port: 1}\n",
    "lines that end as on Windows": "daemon:\r\n  port: 1\r\n",
}


@pytest.mark.parametrize("case", PLACES, ids=PLACES)
def test_a_list_is_put_into_a_section_within_another(case: str) -> None:
    after = spliced(PLACES[case], "daemon.spawn", "allowed_paths", FOLDERS)
    told = yaml.safe_load(after)
    assert told["daemon"].pop("spawn") == {"allowed_paths": FOLDERS}
    before = yaml.safe_load(PLACES[case]) or {}
    outer = {key: value for key, value in (before.get("daemon") or {}).items() if key != "spawn"}
    assert told == before | {"daemon": outer}
    assert all(line.split("#")[-1] in after for line in PLACES[case].splitlines() if "#" in line)


def test_the_file_is_private_and_whole_and_a_link_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.yaml", tmp_path / "config.yaml"
    real.write_text("owner:\n  name: ada\n")
    real.chmod(0o644)
    link.symlink_to(real)

    keep(link, "telegram", "bot_token", TOKEN)

    assert link.is_symlink()
    assert yaml.safe_load(real.read_text())["telegram"] == {"bot_token": TOKEN}
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert sorted(tmp_path.iterdir()) == [link, real]


def test_what_is_refused_leaves_the_file_alone(tmp_path: Path) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(BAD["an end mark"])
    with pytest.raises(Refused):
        keep(config, "telegram", "bot_token", TOKEN)
    assert config.read_text() == BAD["an end mark"]
    assert list(tmp_path.iterdir()) == [config]
