"""Every set-up that is broken in one way is found by its own check, and a clean one by none."""

from __future__ import annotations

import os
import resource
import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import CHECKS
from daemon.core.model import Lock, Person
from daemon.ledger import CURRENT, Ledger
from daemon.lifecycle import contain, token
from daemon.paths import Paths
from daemon.safety.scene import Scene
from daemon.settings import Settings
from daemon.store.opening import migrations
from daemon.store.words import Words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MOUNTS = "/dev/sda1 / ext4 rw 0 0\nserver:/x /srv nfs4 rw 0 0\n"
NEW = {"tmux": "3.3a", "sqlite": "3.40.1", "aiohttp": "3.14.1", "claude": "2.1.329"}
SOMEBODY = 12345
A_TOKEN = "111111111:" + "a" * 35
as_root = pytest.mark.skipif(os.getuid() != 0, reason="only user 0 gives files away")


def put(scene: Scene, *nouns: Any) -> None:
    with closing(sqlite3.connect(scene.paths.database, isolation_level=None)) as conn:
        for noun in nouns:
            Words(conn).put(noun)


def given(scene: Scene, **settings: Any) -> Scene:
    return replace(scene, settings=Settings.model_validate(settings | {"daemon": {"port": 0}}))


@pytest.fixture
def clean(tmp_path: Path) -> Iterator[Scene]:
    """A home as a daemon leaves it, with a bot and its owner."""
    before = os.umask(0o077)
    paths = Paths(tmp_path / "user" / "home")
    for folder in (
        paths.home,
        paths.socket.parent,
        paths.logs,
        paths.spool,
        paths.files,
        paths.home / "backups",
    ):
        folder.mkdir(parents=True, mode=0o700)
    with closing(sqlite3.connect(paths.database)) as conn:
        conn.execute("PRAGMA synchronous = OFF")
        for _, script in migrations():
            conn.executescript(script)
    token(paths)
    Ledger(paths.logs).add([{"event": f"event {n}"} for n in range(5)])
    paths.config.write_text("telegram: {}\n")
    (tmp_path / "user" / ".claude").mkdir()
    (tmp_path / "user" / ".claude" / "settings.json").write_text("{}")
    (tmp_path / "tmux").mkdir()
    scene = Scene(
        paths=paths,
        settings=Settings(),
        environment={},
        user=tmp_path / "user",
        uid=os.getuid() or 0,
        umask=0o022,
        mounts=MOUNTS,
        versions=NEW,
        tmux_folder=tmp_path / "tmux",
        proc=tmp_path / "proc",
    )
    yield given(scene, telegram={"bot_token": A_TOKEN, "people": [{"id": 7, "name": "ada"}]})
    os.umask(before)


def found(scene: Scene) -> list[str]:
    """What is found; that the tests run as user 0 is no business of theirs."""
    results = [check.result(scene) for check in CHECKS]
    return [each["code"] for each in results if not each["passed"] and each["code"] != "root"]


def test_a_clean_home_has_no_finding(clean: Scene) -> None:
    assert found(clean) == []


def running(scene: Scene, **files: str) -> Scene:
    (scene.proc / "77").mkdir(parents=True)
    for name, text in files.items():
        (scene.proc / "77" / name).write_text(text)
    return replace(scene, status={"pid": 77, "tcp": "on"})


def opened(name: str, mode: int = 0o644) -> Callable[[Scene], Scene]:
    def broken(scene: Scene) -> Scene:
        path = scene.paths.home / name
        if not path.exists():
            path.write_text("")
        path.chmod(mode)
        return scene

    return broken


def linked(scene: Scene) -> Scene:
    scene.paths.files.rmdir()
    scene.paths.files.symlink_to(scene.user)
    return scene


def written(path: str, text: str) -> Callable[[Scene], Scene]:
    def broken(scene: Scene) -> Scene:
        (scene.paths.home / path).write_text(text)
        return scene

    return broken


def parent_open(scene: Scene) -> Scene:
    scene.paths.home.parent.chmod(0o777)
    return scene


def edited(scene: Scene) -> Scene:
    path = scene.paths.logs / CURRENT
    path.write_bytes(path.read_bytes().replace(b"event 3", b"event 4"))
    return scene


def hooks(mode: int) -> Callable[[Scene], Scene]:
    def broken(scene: Scene) -> Scene:
        (scene.user / ".claude" / "settings.json").chmod(mode)
        return scene

    return broken


def tmux_open(scene: Scene) -> Scene:
    scene.tmux_folder.chmod(0o755)
    return scene


def locked(scene: Scene) -> Scene:
    put(scene, Lock(locked_at=NOON, locked_by="ada on telegram"))
    return scene


def ownerless(scene: Scene) -> Scene:
    put(scene, Person(surface="telegram", account="8", name="ben", rights=("talk",), paired_at=NOON))
    return given(scene, telegram={"bot_token": A_TOKEN})


def ownerless_on_slack(scene: Scene) -> Scene:
    put(scene, Person(surface="slack", account="T1:U8", name="ben", rights=("talk",), paired_at=NOON))
    return given(scene, slack={"bot_token": "xoxb-1"})


def owned_by_another(name: str) -> Callable[[Scene], Scene]:
    def broken(scene: Scene) -> Scene:
        os.chown(scene.paths.home / name, SOMEBODY, -1)
        return scene

    return broken


BROKEN: list[tuple[str, Callable[[Scene], Scene]]] = [
    ("home_open", opened(".", 0o755)),
    ("socket_open", opened("run", 0o710)),
    ("socket_open", opened("run/peerline.sock", 0o666)),
    ("database_open", opened("peerline.db")),
    ("database_open", opened("peerline.db-wal")),
    ("database_open", opened("peerline.db-shm", 0o660)),
    ("logs_open", opened("logs/peerline.log")),
    ("logs_open", opened("logs/audit.jsonl", 0o640)),
    ("spool_open", opened("spool", 0o777)),
    ("backups_open", opened("backups/today.db", 0o604)),
    ("token_open", opened("token")),
    ("config_open", opened("config.yaml")),
    ("other_files_open", opened("files", 0o755)),
    ("linked", linked),
    ("home_parent", parent_open),
    ("token_weak", written("token", "hunter2\n")),
    ("token_weak", written("token", "a" * 64)),
    ("token_many", written("files/old-token", "x")),
    ("network_home", lambda scene: replace(scene, mounts=f"{MOUNTS}srv:/ {scene.user} nfs4 rw 0 0\n")),
    ("audit_broken", edited),
    ("no_owner", ownerless),
    ("nobody_may_speak", lambda scene: given(scene, telegram={"bot_token": A_TOKEN})),
    ("terminal_trusted", lambda scene: given(scene, owner={"trust_terminal": True})),
    ("no_owner", ownerless_on_slack),
    ("nobody_may_speak", lambda scene: given(scene, slack={"bot_token": "xoxb-1"})),
    ("slack_in_clear", lambda scene: given(scene, slack={"api_base": "http://slack.example/api/"})),
    ("telegram_in_clear", lambda scene: given(scene, telegram={"api_base": "http://api.example"})),
    ("umask", lambda scene: replace(scene, umask=0)),
    ("hooks_writable", hooks(0o620)),
    ("hooks_readable", hooks(0o604)),
    ("tmux_folder", tmux_open),
    *((f"{name}_old", lambda scene, name=name: replace(scene, versions=NEW | {name: "1.9"})) for name in NEW),
    ("aiohttp_old", lambda scene: replace(scene, versions=NEW | {"aiohttp": "3.14.0"})),
    ("tmux_old", lambda scene: replace(scene, versions=NEW | {"tmux": "3.1b"})),
    (
        "secret_in_environment",
        lambda scene: replace(scene, environment={"PEERLINE_TELEGRAM__BOT_TOKEN": "x"}),
    ),
    ("secret_in_environment", lambda scene: running(scene, environ="A=1\0PEERLINE_SLACK__APP_TOKEN=x\0")),
    ("core_dumps", lambda scene: running(scene, limits="Max core file size  unlimited  unlimited  bytes\n")),
    ("locked", locked),
    pytest.param("foreign_owner", owned_by_another("peerline.db"), marks=as_root),
    pytest.param("config_foreign", owned_by_another("config.yaml"), marks=as_root),
]


@pytest.mark.parametrize(("code", "broken"), BROKEN)
def test_what_is_broken_is_found_and_nothing_else(
    clean: Scene, code: str, broken: Callable[[Scene], Scene]
) -> None:
    assert found(broken(clean)) == [code]


def test_a_config_that_others_write_is_found(clean: Scene) -> None:
    assert found(opened("config.yaml", 0o622)(clean)) == ["config_open", "config_foreign"]


def test_user_0_is_told(clean: Scene) -> None:
    results = {check.code: check.result(replace(clean, uid=0)) for check in CHECKS}
    assert not results["root"]["passed"]
    assert results["root"]["level"] == "warning"


@pytest.fixture
def squatter() -> Iterator[socket.socket]:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        made.listen()
        made.settimeout(5)
        yield made


def test_a_port_in_other_hands_is_found_and_told_nothing(clean: Scene, squatter: socket.socket) -> None:
    port = squatter.getsockname()[1]
    scene = replace(clean, settings=Settings.model_validate({"daemon": {"port": port}}))
    assert found(scene) == ["port_squatted"]
    with squatter.accept()[0] as visitor:
        assert visitor.recv(100) == b""
    assert found(replace(scene, status={"pid": 1, "tcp": "on"})) == []
    assert found(replace(scene, status={"pid": 1, "tcp": f"port {port} is taken"})) == ["port_squatted"]


MENDED = [
    "home_open",
    "database_open",
    "logs_open",
    "spool_open",
    "token_open",
    "config_open",
    "hooks_writable",
    "tmux_folder",
]


@pytest.mark.parametrize("code", MENDED)
def test_what_can_be_mended_safely_is(clean: Scene, code: str) -> None:
    broken = dict(BROKEN[:-2])[code](clean)
    check = next(each for each in CHECKS if each.code == code)
    assert "--fix" in check.result(broken)["fix"]
    assert check.mend
    check.mend(broken)
    assert found(broken) == []


def test_every_check_says_what_to_do_and_looking_changes_nothing(clean: Scene) -> None:
    before = {path: path.lstat().st_mode for path in clean.paths.home.rglob("*")}
    assert all(check.fix and check.wanted for check in CHECKS)
    assert len({check.code for check in CHECKS}) == len(CHECKS)
    found(clean)
    assert {path: path.lstat().st_mode for path in clean.paths.home.rglob("*")} == before


def test_the_daemon_leaves_no_core_and_takes_many_connections() -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        contain()
        assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft >= min(4096, hard if hard != resource.RLIM_INFINITY else 4096)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before[0])
        resource.setrlimit(resource.RLIMIT_NOFILE, before[1])
