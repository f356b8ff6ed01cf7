"""The installer takes what is there, says what is missing, and changes nothing outside its own places."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
SCRIPT = REPOSITORY / "install.sh"
LOCK = REPOSITORY / "requirements.lock"


class Machine:
    """A machine on which only these programs are; each writes down how it is called."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.home = folder / "bin", folder / "home with a space"
        self.bin.mkdir()
        self.home.mkdir()
        self.told = folder / "told"
        for name in ("dirname", "mkdir", "ln", "sh"):
            (self.bin / name).symlink_to(f"/usr/bin/{name}")

    def has(self, name: str, more: str = "") -> None:
        program = self.bin / name
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "{name} $*" >> "{self.told}"\n{more}\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def installs(self, **env: str) -> subprocess.CompletedProcess[str]:
        given = {"PATH": str(self.bin), "HOME": str(self.home)} | env
        return subprocess.run(
            ["/bin/sh", str(SCRIPT)], env=given, capture_output=True, text=True, timeout=20, check=False
        )

    @property
    def calls(self) -> list[str]:
        return self.told.read_text().splitlines() if self.told.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


#: `-m venv DIR` makes an environment whose python and peerline write down how they are called, too.
VENV = """
if [ "$2" = venv ]; then
  mkdir -p "$3/bin"
  ln -sf "$0" "$3/bin/python"
  ln -sf "$0" "$3/bin/peerline"
fi
"""


def test_uv_comes_first_and_brings_its_own_python(machine: Machine) -> None:
    machine.has("uv")
    machine.has("pipx")
    assert machine.installs().returncode == 0
    assert machine.calls == [f"uv tool install --force {REPOSITORY}"]


def test_pipx_is_next(machine: Machine) -> None:
    machine.has("python3")
    machine.has("pipx")
    assert machine.installs().returncode == 0
    assert machine.calls[-1] == f"pipx install --force --python python3 {REPOSITORY}"


def test_pip_makes_an_environment_and_a_link(machine: Machine) -> None:
    machine.has("python3", VENV)
    done = machine.installs()
    assert done.returncode == 0, done.stderr
    link = machine.home / ".local/bin/peerline"
    assert link.readlink() == machine.home / ".local/share/peerline/bin/peerline"
    assert any(f"--require-hashes -r {LOCK}" in call for call in machine.calls)
    assert "is not in PATH" in done.stderr


def test_an_old_python_alone_is_refused_with_what_to_do(machine: Machine) -> None:
    machine.has("python3", "exit 1")
    machine.has("pipx")
    done = machine.installs()
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert list(machine.home.iterdir()) == []


def test_what_is_chosen_is_taken_and_what_is_unknown_refused(machine: Machine) -> None:
    machine.has("uv")
    machine.has("python3")
    machine.has("pipx")
    assert machine.installs(PEERLINE_WITH="pipx").returncode == 0
    assert machine.calls[-1].startswith("pipx")
    done = machine.installs(PEERLINE_WITH="conda")
    assert (done.returncode, "choose uv, pipx or pip" in done.stderr) == (1, True)


def test_it_is_plain_sh() -> None:
    assert subprocess.run(["/bin/sh", "-n", str(SCRIPT)], check=False, timeout=10).returncode == 0
    assert SCRIPT.read_text().startswith("#!/bin/sh\n")
    assert SCRIPT.stat().st_mode & stat.S_IXUSR
