"""The home: links, modes and strangers' files in it lead nobody out of it and tell nobody anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.core.errors import Refused
from daemon.settings import load
from tests.api.wire import request
from tests.daemon_process import DaemonProcess, short_home


def open_to_all(home: Path) -> None:
    home.chmod(0o777)


def with_open_files(home: Path) -> None:
    (home / "logs").mkdir(exist_ok=True)
    for name in ("peerline.db", "config.yaml", "logs/peerline.log", "left over"):
        (home / name).touch()
        (home / name).chmod(0o666)
    (home / "config.yaml").write_text("daemon: {}\n")


def with_a_link_to_a_file(home: Path) -> None:
    (home / "link").symlink_to(outside(home))


def with_a_link_to_a_folder(home: Path) -> None:
    (home / "folder").symlink_to(outside(home).parent)


def with_a_circle_of_links(home: Path) -> None:
    (home / "round").symlink_to(home)
    (home / "self").symlink_to(home / "self")


def with_a_pipe(home: Path) -> None:
    os.mkfifo(home / "pipe", 0o666)


def with_a_dead_socket(home: Path) -> None:
    (home / "run").mkdir(exist_ok=True)
    (home / "run" / "peerline.sock").write_text("not a socket")


def with_odd_names(home: Path) -> None:
    (home / "spool").mkdir(exist_ok=True)
    for name in (b"\xff\xfe", b"a\x1b[2J", b"#(touch x)", b"-rf", b"0" * 200):
        Path(os.fsdecode(os.fsencode(home / "spool") + b"/" + name)).touch(mode=0o666)


def outside(home: Path) -> Path:
    folder = home.parent / "outside"
    folder.mkdir(exist_ok=True)
    file = folder / "file"
    file.write_text("mine")
    file.chmod(0o644)
    folder.chmod(0o755)
    return file


HOMES: dict[str, Callable[[Path], None]] = {
    "HOME-01 open to all": open_to_all,
    "HOME-02 files open to all": with_open_files,
    "HOME-03 a link to a file of another place": with_a_link_to_a_file,
    "HOME-04 a link to a folder of another place": with_a_link_to_a_folder,
    "HOME-05 links in a circle": with_a_circle_of_links,
    "HOME-06 a pipe that nobody writes to": with_a_pipe,
    "HOME-07 a file where the socket should be": with_a_dead_socket,
    "HOME-08 names of any kind": with_odd_names,
}


@pytest.fixture(scope="module")
def started() -> Iterator[Path]:
    """One home with all of that in it, after a daemon that was born with an open hand."""
    with short_home() as home:
        home.mkdir()
        for made in HOMES.values():
            made(home)
        with DaemonProcess(home, umask=0) as daemon:
            assert request(daemon, "GET", "/v1/whoami").status == 200
        yield home


def test_everything_in_it_is_its_users_alone(started: Path) -> None:
    """HOME-01, 02, 06, 07, 08: whatever lay there."""
    for folder, _, files in os.walk(started):
        assert stat.S_IMODE(Path(folder).stat().st_mode) == 0o700, folder
        for name in files:
            path = Path(folder) / name
            if path.is_file() and not path.is_symlink():
                assert stat.S_IMODE(path.stat().st_mode) & 0o177 == 0, path


def test_what_links_lead_to_is_left_as_it_was(started: Path) -> None:
    """HOME-03, 04, 05: it is somebody else's."""
    beyond = started.parent / "outside"
    assert (beyond / "file").read_text() == "mine"
    assert stat.S_IMODE((beyond / "file").stat().st_mode) == 0o644
    assert stat.S_IMODE(beyond.stat().st_mode) == 0o755
    assert (started / "self").is_symlink()


CONFIGS = {
    "HOME-10 a config that makes objects": "!!python/object/apply:os.system ['touch /x']",
    "HOME-11 a config that grows without an end": "\n".join(
        [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" if n else "a0: &a0 [x]" for n in range(10)]
    ),
    "HOME-12 a config with a key twice": "daemon: {port: 1}\ndaemon: {port: 2}",
    "HOME-13 a config with a key nobody knows": "daemon: {bind: 0.0.0.0}",
    "HOME-14 a config that listens elsewhere": "daemon: {host: 0.0.0.0, port: 1}",
    "HOME-15 a config that is binary": "\x00\x01\x02",
    "HOME-16 a limit below nothing": "limits: {unread: -1}",
    "HOME-17 a limit that is a command": "limits: {peer_per_minute: '; touch /x'}",
}


@pytest.mark.parametrize("case", CONFIGS, ids=CONFIGS)
def test_a_config_that_makes_no_sense_is_refused_and_does_nothing(tmp_path: Path, case: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(CONFIGS[case])
    with pytest.raises(Refused, match=r"config\.yaml"):
        load(path, {})
    assert not Path("/x").exists()
