"""Units say what is meant, whatever a path is called."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
from pathlib import Path

import pytest

from cli import units
from daemon.core.errors import Refused

HARD = '/home/a b/100% $HOME "it\'s" \\n'
DAEMON = units.Daemon(
    command=("/bin/true", "-I", f"{HARD}/entry.py", "up"), environment={"PATH": "/bin", "PEERLINE_HOME": HARD}
)


def test_systemd_ends_the_daemon_alone_and_brings_it_back() -> None:
    unit = units.systemd(DAEMON).splitlines()
    assert {"KillMode=process", "Restart=on-failure", "WantedBy=default.target"} <= set(unit)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd's own eyes")
def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    unit = tmp_path / "peerline.service"
    unit.write_text(units.systemd(DAEMON))
    told = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", str(unit)],
        env={"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    assert [line for line in told.stderr.splitlines() if "peerline.service" in line] == []


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("/a b", '"/a b"'),
        ("100%", '"100%%"'),
        ('say "so"', r'"say \"so\""'),
        ("back\\slash", r'"back\\slash"'),
        ("$HOME", '"$$HOME"'),
    ],
)
def test_a_word_of_the_command_is_that_word(value: str, said: str) -> None:
    assert f"ExecStart={said}" in units.systemd(units.Daemon((value,)))


def test_a_dollar_sign_in_the_environment_is_one() -> None:
    assert 'Environment="A=$B"' in units.systemd(units.Daemon(("/x",), {"A": "$B"}))


def test_what_no_unit_can_say_is_refused() -> None:
    with pytest.raises(Refused, match="cannot stand"):
        units.systemd(units.Daemon(("/a\nExecStop=/bin/evil",)))


def test_launchd_is_told_the_same() -> None:
    told = plistlib.loads(units.launchd(DAEMON))
    assert told["ProgramArguments"] == list(DAEMON.command)
    assert told["EnvironmentVariables"] == dict(DAEMON.environment)
    assert (told["AbandonProcessGroup"], told["KeepAlive"]) == (True, {"SuccessfulExit": False})


def test_units_stand_where_each_looks() -> None:
    home = Path("/home/ada")
    assert units.systemd_path(home) == home / ".config/systemd/user/peerline.service"
    assert units.systemd_path(home, "/x") == Path("/x/systemd/user/peerline.service")
    assert units.launchd_path(home).parent == home / "Library/LaunchAgents"


def test_what_a_unit_runs_is_told_whatever_else_stands_in_it() -> None:
    other = units.Daemon(command=("/bin/false",), environment={"PATH": "/elsewhere"})
    moved = units.Daemon(command=DAEMON.command, environment={"PATH": "/elsewhere"})
    for form in (lambda each: units.systemd(each).encode(), units.launchd):
        assert units.runs(form(DAEMON)) == units.runs(form(moved)) != units.runs(form(other))
    assert units.runs(b"<?xml broken") == units.runs(b"") == ()
