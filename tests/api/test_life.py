"""The daemon's own life: alone in its home, private, and gone in order."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from daemon.core.errors import DaemonUnreachable, PeerlineError
from daemon.paths import Paths
from tests.api.conftest import NO_LIMITS
from tests.api.wire import faults, request
from tests.daemon_process import COMMAND, DaemonProcess, NotServing, environment, short_home


@pytest.fixture
def home() -> Iterator[Path]:
    with short_home() as made:
        yield made


def modes(home: Path) -> dict[str, int]:
    return {str(path.relative_to(home)): path.lstat().st_mode & 0o7777 for path in [home, *home.rglob("*")]}


# --- files ------------------------------------------------------------------------------------------------------


async def test_every_file_is_for_its_user_alone_whatever_the_umask_was(home: Path) -> None:
    for folder in (home, home / "spool", home / "logs", home / "mine"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
    for file in ("config.yaml", "logs/peerline.log", "mine/notes.txt", "spool/.00000000000000000001-1-1"):
        (home / file).write_text("")
        (home / file).chmod(0o666)
    (home / "mine/tool.sh").write_text("")
    (home / "mine/tool.sh").chmod(0o777)

    async with DaemonProcess(home, umask=0) as daemon:
        await daemon.client().whoami()
        assert daemon.paths.database.with_name("peerline.db-wal").exists()
        found = modes(home)
        kinds = {name: (home / name).is_dir() for name in found}
        wrong = {n: oct(m) for n, m in found.items() if m not in ({0o700} if kinds[n] else {0o600, 0o700})}
        assert wrong == {}
        assert found["run/peerline.sock"] == 0o600
        assert found["mine/tool.sh"] == 0o700
        named = [name for name in found if "token" in Path(name).name]
        assert named == ["token"]


async def test_what_a_link_in_the_home_points_to_is_left_alone(home: Path, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere.yaml"
    outside.write_text("")
    outside.chmod(0o644)
    home.mkdir()
    (home / "config.yaml").symlink_to(outside)
    async with DaemonProcess(home, tcp=False):
        assert outside.stat().st_mode & 0o777 == 0o644


async def test_the_token_is_long_and_stays_the_same(home: Path) -> None:
    async with DaemonProcess(home) as daemon:
        token = daemon.token()
        assert len(token) >= 43  # 256 bits in base 64
        await daemon.restart()
        assert daemon.token() == token
        assert (await daemon.client(owner=True).whoami())["name"] == "console"


# --- alone ------------------------------------------------------------------------------------------------------


@pytest.mark.long
@pytest.mark.thorough
async def test_of_thirty_that_start_at_once_one_serves_and_the_others_say_why_not(home: Path) -> None:
    async with asyncio.timeout(90), starting(home, 30) as started:
        ended = [each async for each in first_ended(started, 29)]
        (serving,) = [each for each in started if each not in [process for process, _ in ended]]
        for process, said in ended:
            assert process.returncode == 3, said
            assert f"a daemon is running already for {home}" in said
            assert "hint: `peerline status`" in said
            assert "Traceback" not in said
        assert serving.stderr
        assert b"peerline listens on" in await serving.stderr.readline()
        assert Paths(home).lock.read_text().strip() == str(serving.pid)
        assert (await DaemonProcess(home, tcp=False).client().status())["pid"] == serving.pid
        serving.terminate()
        assert await serving.wait() == 0
    assert not Paths(home).socket.exists()
    assert " ERROR " not in Paths(home).log.read_text()


@pytest.mark.rig
async def test_of_two_hundred_that_reach_the_lock_in_one_moment_one_serves(home: Path) -> None:
    command = [COMMAND[0], "-I", str(Path(__file__).with_name("herd.py")), "200"]
    async with asyncio.timeout(300):
        herd = await asyncio.create_subprocess_exec(*command, env=environment(home), stdin=-1, stdout=-1)
        assert herd.stdout
        ended = json.loads(await herd.stdout.readline())
        serving = int(await herd.stdout.readline())
        said = [Path(f"{home}.{pid}").read_text() for pid, _ in ended]
        assert (await serves(home))["pid"] == serving
        out, _ = await herd.communicate()
    assert [code for _, code in ended] == [3] * 199
    assert {f"a daemon is running already for {home}" in each for each in said} == {True}
    assert not any("Traceback" in each for each in said)
    assert int(out) == 0
    assert not Paths(home).socket.exists()


async def serves(home: Path) -> dict[str, Any]:
    """What the daemon of that home tells of itself, once it listens."""
    while True:
        with contextlib.suppress(DaemonUnreachable):
            return await DaemonProcess(home, tcp=False).client().status()
        await asyncio.sleep(0.01)


@asynccontextmanager
async def starting(home: Path, count: int) -> AsyncIterator[list[Process]]:
    started = [
        await asyncio.create_subprocess_exec(
            *COMMAND, "up", env=environment(home), stdin=-3, stdout=-3, stderr=-1
        )
        for _ in range(count)
    ]
    try:
        yield started
    finally:
        for each in started:
            if each.returncode is None:
                each.kill()
            await each.communicate()


async def first_ended(started: list[Process], count: int) -> AsyncIterator[tuple[Process, str]]:
    """The first of them to end, with what they said."""

    async def ended(process: Process) -> tuple[Process, str]:
        await process.wait()
        assert process.stderr
        return process, (await process.stderr.read()).decode()

    for n, each in enumerate(asyncio.as_completed([ended(process) for process in started]), 1):
        yield await each
        if n == count:
            return


async def test_a_second_daemon_does_not_disturb_the_first(home: Path) -> None:
    async with DaemonProcess(home) as first:
        with pytest.raises(NotServing, match="running already") as refused:
            await DaemonProcess(home).start()
        assert refused.value.code == 3
        assert (await first.client().status())["pid"] == first.pid


async def test_a_home_is_free_again_at_once_after_a_kill(home: Path) -> None:
    async with DaemonProcess(home) as daemon:
        await daemon.kill9()
        assert daemon.paths.socket.exists()  # stale: nobody listens
        with pytest.raises(DaemonUnreachable):
            await daemon.client().whoami()
        await daemon.start()
        assert (await daemon.client().whoami())["name"] == "cli"
        assert daemon.paths.socket.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "left",
    ["its tester's", *(pytest.param(each, marks=pytest.mark.thorough) for each in ("", "1\n", "no number"))],
)
async def test_a_lock_that_nobody_holds_is_taken_whoever_it_names(home: Path, left: str) -> None:
    lock = Paths(home).lock
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text(f"{os.getpid()}\n" if left == "its tester's" else left)
    async with DaemonProcess(home, tcp=False) as daemon:
        assert lock.read_text() == f"{daemon.pid}\n"


@pytest.mark.parametrize("what", ["a file", "a link to nowhere", "another's socket"])
async def test_whatever_lies_in_the_socket_s_place_is_replaced(home: Path, what: str) -> None:
    place = Paths(home).socket
    place.parent.mkdir(parents=True)
    if what == "a file":
        place.write_text("")
    elif what == "a link to nowhere":
        place.symlink_to("/nowhere/at/all")
    else:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(place))
    async with DaemonProcess(home, tcp=False) as daemon:
        assert (await daemon.client().whoami())["name"] == "cli"


async def test_a_path_too_long_for_a_socket_is_told_in_words(home: Path) -> None:
    with pytest.raises(NotServing, match="more than 103 bytes") as refused:
        await DaemonProcess(home / ("x" * 100), tcp=False).start()
    assert refused.value.code == 3
    assert "PEERLINE_HOME" in refused.value.said
    assert "Traceback" not in refused.value.said


# --- the port ---------------------------------------------------------------------------------------------------


async def test_with_its_port_taken_it_serves_the_socket_alone_and_says_so(home: Path) -> None:
    daemon = DaemonProcess(home)
    heard: list[bytes] = []
    with socket.socket() as squatter:
        squatter.bind(("127.0.0.1", daemon.port))
        squatter.listen()
        squatter.settimeout(0)
        async with daemon:
            assert f"alone (port {daemon.port} is taken)" in daemon.said
            told = await daemon.client().status()
            assert told["tcp"] == f"port {daemon.port} is taken"
            assert any("no TCP" in each for each in told["warnings"])
            await daemon.client().notify("cli", "x")
        with contextlib.suppress(BlockingIOError):
            heard.append(squatter.accept()[0].recv(10))
    assert heard == []  # not a byte went to whoever sits there


async def test_port_0_is_no_tcp_and_no_reason_to_warn(home: Path) -> None:
    async with DaemonProcess(home, tcp=False) as daemon:
        told = await daemon.client().status()
        assert told["tcp"] == "off"
        assert not any("TCP" in each for each in told["warnings"])


async def test_it_listens_on_loopback_only(home: Path) -> None:
    async with DaemonProcess(home) as daemon:
        listening = [
            line.split()[1]
            for table in ("/proc/net/tcp", "/proc/net/tcp6")
            if Path(table).exists()
            for line in Path(table).read_text().splitlines()[1:]
            if line.split()[3] == "0A" and line.split()[1].endswith(f":{daemon.port:04X}")
        ]
        if not Path("/proc/net/tcp").exists():
            pytest.skip("needs /proc")
        assert listening == [f"0100007F:{daemon.port:04X}"]


# --- the end ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_told_to_end_it_ends_in_order(home: Path, number: signal.Signals) -> None:
    async with DaemonProcess(home) as daemon:
        await daemon.client().whoami()
        os.kill(daemon.pid, number)
        assert await daemon.ended() == 0
        assert not daemon.paths.socket.exists()
        assert not daemon.paths.database.with_name("peerline.db-wal").exists()
        assert faults(daemon) == []
        assert "Traceback" not in daemon.said


async def test_stopped_through_its_door_it_answers_and_ends(home: Path) -> None:
    async with DaemonProcess(home) as daemon:
        assert await daemon.client().stop() == {"stopping": True}
        assert await daemon.ended() == 0


class Load:
    """Eight who send as fast as they can until the daemon is gone, three who watch."""

    def __init__(self, daemon: DaemonProcess) -> None:
        self._daemon = daemon
        self.accepted: set[str] = set()
        self.enough = asyncio.Event()

    async def send(self, sender: int) -> None:
        with contextlib.suppress(PeerlineError):
            for n in itertools.count():
                sent = await self._daemon.client(owner=sender % 2 == 0).notify(
                    "cli", "x", key=f"{sender}-{n}"
                )
                self.accepted.add(sent["message_id"])
                if len(self.accepted) >= 60:
                    self.enough.set()

    async def watch(self) -> None:
        with contextlib.suppress(PeerlineError):
            async for _ in self._daemon.client().feed():
                pass

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Until the block has ended the daemon."""
        async with asyncio.timeout(60), asyncio.TaskGroup() as group:
            for sender in range(8):
                group.create_task(self.send(sender))
            watchers = [group.create_task(self.watch()) for _ in range(3)]
            await self.enough.wait()
            yield
            for each in watchers:
                each.cancel()


@pytest.mark.parametrize("how", ["SIGTERM", "SIGKILL"])
async def test_ended_under_load_it_has_lost_nothing_that_it_accepted(home: Path, how: str) -> None:
    async with DaemonProcess(home, env=NO_LIMITS) as daemon:
        await daemon.client(owner=True).whoami()
        await daemon.client().whoami()
        load = Load(daemon)
        async with load.running():
            began = time.monotonic()
            if how == "SIGTERM":
                assert await daemon.stop() == 0
                assert time.monotonic() - began < 5
            else:
                await daemon.kill9()
        assert faults(daemon) == []

        await daemon.start()
        assert load.accepted <= {each["message_id"] for each in await all_unread(daemon)}


async def all_unread(daemon: DaemonProcess) -> list[dict[str, str]]:
    """Everything that waits for ``cli``, call by call."""
    line, found = daemon.client(), []
    for call in itertools.count():
        taken = (await line.collect(f"call-{call}", limit=200))["messages"]
        if not taken:
            return found
        found += taken
        await line.confirm(f"call-{call}")
    raise AssertionError


# --- a home that is not fit -------------------------------------------------------------------------------------


async def test_a_newer_home_is_refused_and_left_as_it_is(home: Path) -> None:
    import sqlite3

    async with DaemonProcess(home, tcp=False) as daemon:
        await daemon.client().whoami()
    with sqlite3.connect(Paths(home).database) as conn:
        conn.execute("PRAGMA user_version = 999")
    conn.close()
    before = Paths(home).database.read_bytes()

    with pytest.raises(NotServing, match="schema 999") as refused:
        await DaemonProcess(home, tcp=False).start()
    assert refused.value.code == 3
    assert "Traceback" not in refused.value.said
    assert Paths(home).database.read_bytes() == before
    assert not list(home.glob("*-wal"))


async def test_a_wrong_config_is_refused_by_file_line_and_key(home: Path) -> None:
    home.mkdir()
    (home / "config.yaml").write_text("owner:\n  name: ada\nlimits:\n  peer_per_minute: lots\n")
    with pytest.raises(NotServing, match="peer_per_minute") as refused:
        await DaemonProcess(home, tcp=False).start()
    assert refused.value.code == 2
    assert f"{home}/config.yaml:4:" in refused.value.said


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """A home on a disk of its own, 3 MB."""
    if os.getuid():
        pytest.skip("needs to mount a small disk")
    home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", home]
    made = subprocess.run(command, capture_output=True, check=False)
    if made.returncode:
        pytest.skip(f"cannot mount: {made.stderr.decode()}")
    yield home
    subprocess.run(["umount", home], check=True)


async def test_on_a_full_disk_it_refuses_by_name_goes_on_and_recovers(small_disk: Path) -> None:
    async with DaemonProcess(small_disk, env=NO_LIMITS) as daemon:
        await daemon.client().whoami()
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(1024 * 1024))
        accepted = await filled(daemon)
        answer = request(daemon, "POST", "/v1/messages", body=BODY)
        assert (answer.status, answer.json["code"]) == (507, "storage_full")
        assert answer.headers["retry-after"] == "2"
        assert (await daemon.client().status())["deliveries"] == {"queued": accepted}

        ballast.unlink()
        assert request(daemon, "POST", "/v1/messages", body=BODY).status == 200
        assert (await daemon.client().status())["deliveries"] == {"queued": accepted + 1}
        assert daemon.running
        assert faults(daemon) == []


BODY = b'{"kind": "notice", "to": ["cli"], "text": "' + b"x" * 60_000 + b'"}'


async def filled(daemon: DaemonProcess) -> int:
    """How many it accepted before it was full."""
    accepted = 0
    while (await asyncio.to_thread(request, daemon, "POST", "/v1/messages", body=BODY)).status == 200:
        accepted += 1
    assert accepted > 5
    return accepted
