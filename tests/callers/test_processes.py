"""Who a process is, whose child, and whether it sits at a terminal: asked of real processes."""

from __future__ import annotations

import os
import pty
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.callers import processes
from daemon.callers.processes import Process

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
WAITS = "import sys; print(flush=True); sys.stdin.read()"


@contextmanager
def running(*argv: str) -> Iterator[subprocess.Popen]:
    """A process that has begun, and is gone afterwards."""
    words = argv or (sys.executable, "-c", WAITS)
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        try:
            child.stdout.readline()
            yield child
        finally:
            child.kill()


@contextmanager
def on_a_terminal(*argv: str) -> Iterator[tuple[int, str]]:
    """A process with a terminal of its own, and the first line it wrote there."""
    ours, theirs = pty.openpty()
    # The first terminal that the leader of a session opens becomes its controlling one.
    opens = ("sh", "-c", 'exec <"$0" >"$0" 2>&1; exec "$@"', os.ttyname(theirs), *argv)
    with subprocess.Popen(opens, start_new_session=True) as child, os.fdopen(ours, "rb") as screen:
        line = screen.readline()
        os.close(theirs)
        try:
            yield child.pid, line.decode().strip()
        finally:
            child.kill()


def test_a_process_is_the_same_however_often_it_is_asked() -> None:
    with running() as child:
        once, again = processes.process(child.pid), processes.process(child.pid)

        assert once == again
        assert once.parent == os.getpid()
        assert once.started >= processes.started(os.getpid())


def test_a_process_of_that_number_but_another_start_is_another() -> None:
    me = processes.process(os.getpid())

    assert processes.alive(me)
    assert not processes.alive(replace(me, started=me.started - 1))


def test_an_ended_process_is_not_alive_even_before_its_parent_looks() -> None:
    with running() as child:
        one = processes.process(child.pid)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie

        assert not processes.alive(one)
        assert processes.process(child.pid) is None


@linux
@pytest.mark.parametrize("name", ["two words", "a) R 1 (b", "(", ")))", "tab\tnl\nend"])
def test_a_command_with_spaces_and_parentheses_shifts_no_field(tmp_path: Path, name: str) -> None:
    program = tmp_path / name
    shutil.copy(shutil.which("cat"), program)
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdin.write(b"x\n")
        child.stdin.flush()
        child.stdout.readline()
        found = processes.process(child.pid)
        child.kill()

    assert found.command == name[:15]
    assert found.parent == os.getpid()
    assert found.started >= processes.started(os.getpid())


def test_ancestors_go_from_the_process_up_to_us_and_on() -> None:
    inner = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {TELLS!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", inner], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as child:
        grandchild = int(child.stdout.readline())
        line = processes.ancestors(grandchild)
        child.stdin.close()

    assert [each.pid for each in line[:3]] == [grandchild, child.pid, os.getpid()]
    assert len({each.pid for each in line}) == len(line)


TELLS = "import os, sys; print(os.getpid(), flush=True); sys.stdin.read()"


def test_the_parent_is_the_next_ancestor() -> None:
    with running() as child:
        assert processes.parent(child.pid) == processes.process(os.getpid())


def test_nobody_has_ancestors_who_is_gone() -> None:
    with running() as child:
        pass

    assert processes.ancestors(child.pid) == ()
    assert processes.parent(child.pid) is None
    assert processes.ancestors(0) == ()


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        pytest.param({3: (30, 2), 2: (20, 1), 1: (1, 0)}, [3, 2, 1], id="as it should be"),
        pytest.param({3: (30, 2), 2: (31, 1), 1: (1, 0)}, [3], id="a parent younger than its child"),
        pytest.param({3: (30, 2), 2: (30, 3)}, [3, 2], id="a ring"),
        pytest.param({3: (30, 2)}, [3], id="a parent that went meanwhile"),
        pytest.param({n: (n, n - 1) for n in range(1, 99)}, list(range(98, 58, -1)), id="deep"),
    ],
)
def test_a_line_of_ancestors_ends_where_it_cannot_be_trusted(monkeypatch, table, expected) -> None:
    def told(pid: int) -> Process | None:
        return Process(pid, *table[pid]) if pid in table else None

    monkeypatch.setattr(processes, "process", told)

    assert [each.pid for each in processes.ancestors(max(table))] == expected


@linux
def test_a_terminal_is_found_at_standard_input_or_output() -> None:
    with on_a_terminal(sys.executable, "-c", WAITS) as (pid, _):
        assert processes.has_terminal(pid)
        assert processes.tty_of(pid).startswith("/dev/pts/")
        assert processes.process(pid).foreground
        assert processes._terminal_by_lsof(pid)
    assert not processes.has_terminal(pid)


@linux
def test_what_was_sent_to_the_background_does_not_get_the_keys() -> None:
    with on_a_terminal("/bin/sh", "-c", "set -m; sleep 30 & echo $!; read wait") as (pid, line):
        shell, behind = processes.process(pid), processes.process(int(line))
        os.kill(behind.pid, 9)

    assert shell.foreground
    assert not behind.foreground
    assert behind.terminal == shell.terminal != ""


@linux
def test_pipes_files_and_the_other_end_of_a_terminal_are_no_terminal(tmp_path: Path) -> None:
    (tmp_path / "tty").write_text("")
    ours, theirs = pty.openpty()
    ends = ours, os.open(tmp_path / "tty", os.O_RDONLY), os.open("/dev/null", os.O_RDWR)
    try:
        for end in ends:
            with subprocess.Popen(["sleep", "30"], stdin=end, stdout=subprocess.DEVNULL) as child:
                assert not processes.has_terminal(child.pid)
                assert not processes._terminal_by_lsof(child.pid) or end == ours
                child.kill()
        with subprocess.Popen(["sleep", "30"], stdin=theirs, stdout=subprocess.DEVNULL) as child:
            assert processes.has_terminal(child.pid)  # so the loop above could have failed
            child.kill()
    finally:
        for end in (*ends, theirs):
            os.close(end)


@linux
def test_a_file_that_only_has_the_name_of_a_terminal_is_none(tmp_path: Path) -> None:
    """In a mount namespace of one's own, /dev/pts/7 can be a plain file."""
    script = "mount -t tmpfs none /dev/pts && : > /dev/pts/7 && exec 0</dev/pts/7 && echo && exec sleep 30"
    with subprocess.Popen(
        ["unshare", "-rm", "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        if not child.stdout.readline():
            pytest.skip("no namespaces here")
        named = str(Path(f"/proc/{child.pid}/fd/0").readlink())
        found = processes.has_terminal(child.pid)
        child.kill()

    assert (named, found) == ("/dev/pts/7", False)


@contextmanager
def connected(tmp_path: Path) -> Iterator[tuple[socket.socket, subprocess.Popen]]:
    """Our end of a Unix socket that a process of its own has connected."""
    path = str(tmp_path / "door")
    connects = (
        f"import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect({path!r}); print(flush=True)"
    )
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(path)
        door.listen()
        with running(sys.executable, "-c", f"{connects}; sys.stdin.read()") as child:
            ours, _ = door.accept()
            with ours:
                yield ours, child


def test_the_process_that_connected_is_known(tmp_path: Path) -> None:
    with connected(tmp_path) as (ours, child):
        found = processes.peer_credentials(ours)

        assert (found.pid, found.uid, found.gid) == (child.pid, os.getuid(), os.getgid())
        assert processes.ancestors(found.pid)[1].pid == os.getpid()


@linux
@pytest.mark.parametrize("looked_after", [True, False])
def test_whoever_connected_and_ended_is_nobody(tmp_path: Path, looked_after: bool) -> None:
    """Its number may be another's by now; so no number is told."""
    with connected(tmp_path) as (ours, child):
        try:
            os.close(ours.getsockopt(socket.SOL_SOCKET, processes._SO_PEERPIDFD))
        except OSError:
            pytest.skip("a kernel before 6.5 cannot tell")
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        if looked_after:
            child.wait()
        found = processes.peer_credentials(ours)

    assert found.pid == 0
    assert processes.ancestors(found.pid) == ()
    assert found.uid == os.getuid()


def test_asking_who_connected_leaves_no_descriptor_open(tmp_path: Path) -> None:
    with connected(tmp_path) as (ours, _):
        before = len(list(Path("/dev/fd").iterdir()))
        for _ in range(20):
            processes.peer_credentials(ours)

        assert len(list(Path("/dev/fd").iterdir())) == before


@pytest.mark.skipif(not shutil.which("ps"), reason="needs ps")
def test_ps_tells_what_proc_tells() -> None:
    """macOS has only ps; what is read from it is tried with Linux's here."""
    with on_a_terminal(sys.executable, "-c", WAITS) as (pid, _):
        by_ps, here = processes._from_ps(pid), processes.process(pid)

    assert (by_ps.pid, by_ps.parent, by_ps.terminal) == (here.pid, os.getpid(), here.terminal)
    assert by_ps.command == here.command
    assert by_ps.foreground
    assert abs(by_ps.started - Path("/proc/self").stat().st_ctime) < 3600


def test_a_start_time_of_ps_is_read_in_utc_and_the_same_in_every_run() -> None:
    assert processes._seconds("Nov", "21", "01:43:38", "2026") == 1795225418
    asks = (
        "from daemon.callers import processes as p; import sys; print(p._from_ps(int(sys.argv[1])).started)"
    )
    argv, here = [sys.executable, "-c", asks, str(os.getpid())], Path(__file__).parents[2]
    runs = {"TZ": "UTC0", "PYTHONHASHSEED": "1"}, {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2"}
    told = [
        int(subprocess.run(argv, env=each, cwd=here, capture_output=True, check=True).stdout) for each in runs
    ]

    assert abs(told[0] - told[1]) <= 1  # Linux's ps works it out from the time since boot, and rounds
