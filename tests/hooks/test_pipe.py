"""The hook is quick, silent and harmless, and loses nothing while the daemon is away."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import unquote_to_bytes

import pytest

PIPE = Path(__file__).parents[2] / "hooks" / "pipe.py"
PYTHON = [sys.executable, "-I", "-S", "-E"]
PAYLOAD = b'{"hook_event_name":"Stop"}'
LIMIT = 10_000_000

Answer = Callable[[socket.socket], None]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def run(home: Path, *more: str, payload: bytes = PAYLOAD, **env: str) -> subprocess.CompletedProcess[bytes]:
    words = [*PYTHON, str(PIPE), str(home / "run" / "p.sock"), "claude-code", "Stop", *more]
    done = subprocess.run(words, input=payload, capture_output=True, check=False, env=env, timeout=30)
    assert (done.returncode, done.stderr) == (0, b"")
    return done


def read_request(conn: socket.socket) -> bytes:
    heard = b""
    while b"\r\n\r\n" not in heard or len(body_of(heard)) < int(headers_of(heard)["content-length"]):
        heard += conn.recv(65536)
    return heard


def body_of(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[2]


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


@contextmanager
def daemon(home: Path, answer: Answer) -> Iterator[list[bytes]]:
    """A server that hears one request and then does with the connection what the test says."""
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(home / "run" / "p.sock"))
        listening.listen()
        listening.settimeout(10)

        def serve() -> None:
            conn, _ = listening.accept()
            with conn, suppress(OSError):
                heard.append(read_request(conn))
                answer(conn)

        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        thread.join()


def says(*pieces: bytes) -> Answer:
    return lambda conn: [conn.sendall(piece) for piece in pieces] and None


def stays_open(first: bytes = b"") -> Answer:
    def answer(conn: socket.socket) -> None:
        conn.sendall(first)
        conn.settimeout(10)
        conn.recv(1)  # until the hook gives up and closes

    return answer


def spooled(home: Path) -> list[bytes]:
    folder = home / "spool"
    return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.exists() else []


# -- the exchange ----------------------------------------------------------------------------------------


def test_the_answer_of_the_daemon_is_printed_and_nothing_is_spooled(home: Path) -> None:
    with daemon(home, says(b"HTTP/1.0 200 OK\r\ncontent-length: 7\r\n\r\n", b'{"a"', b":1}")) as heard:
        done = run(home)

    assert done.stdout == b'{"a":1}'
    assert heard[0].startswith(b"POST /v1/hooks/claude-code/Stop HTTP/1.0\r\n")
    assert body_of(heard[0]) == PAYLOAD
    assert headers_of(heard[0])["content-type"] == "application/json"
    assert spooled(home) == []


def test_a_connection_that_stays_open_does_not_hold_a_complete_answer_back(home: Path) -> None:
    with daemon(home, stays_open(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")):
        assert run(home, "5").stdout == b"hi"
    assert spooled(home) == []


def test_the_environment_travels_in_header_lines_and_comes_back_to_the_byte(home: Path) -> None:
    strange = "/home/zoë %41 a:b,c\r\nX-Evil: 1"
    with daemon(home, says(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")) as heard:
        run(home, TMUX_PANE="%5", HOME=strange, PEERLINE_NAME="", SECRET="no")

    got = headers_of(heard[0])
    assert unquote_to_bytes(got["peerline-env-tmux-pane"]) == b"%5"
    assert unquote_to_bytes(got["peerline-env-home"]) == strange.encode()
    assert got["peerline-env-peerline-name"] == ""
    assert "x-evil" not in got
    assert not [name for name in got if "secret" in name or name == "peerline-env-tmux"]
    assert int(got["peerline-pid"]) > 1


def test_a_refusal_is_an_answer_it_is_neither_printed_nor_spooled(home: Path) -> None:
    with daemon(home, says(b"HTTP/1.0 404 Not Found\r\nContent-Length: 2\r\n\r\nno")):
        assert run(home).stdout == b""
    assert spooled(home) == []


def test_an_empty_answer_needs_no_length(home: Path) -> None:
    with daemon(home, says(b"HTTP/1.0 204 No Content\r\n\r\n")):
        assert run(home).stdout == b""
    assert spooled(home) == []


def test_a_large_payload_arrives_whole(home: Path) -> None:
    large = b'"' + b"x" * 3_000_000 + b'"'
    with daemon(home, says(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")) as heard:
        run(home, "10", payload=large)
    assert body_of(heard[0]) == large


# -- the spool -------------------------------------------------------------------------------------------

NOT_ANSWERED: dict[str, Answer] = {
    "closes at once": says(b""),
    "breaks off in the head": says(b"HTTP/1.0 200 OK\r\nContent-Le"),
    "breaks off in the body": says(b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\n{}"),
    "tells no length": says(b"HTTP/1.0 200 OK\r\n\r\n{}"),
    "is no HTTP": says(b"hello\r\n\r\n"),
    "is not ready": says(b"HTTP/1.0 503 Not Yet\r\nContent-Length: 0\r\n\r\n"),
    "has no room": says(b"HTTP/1.0 507 Full\r\nContent-Length: 0\r\n\r\n"),
    "is frozen": stays_open(),
}


@pytest.mark.parametrize("how", NOT_ANSWERED)
def test_an_event_without_a_whole_answer_is_kept_as_it_was_sent(home: Path, how: str) -> None:
    before = time.time()
    with daemon(home, NOT_ANSWERED[how]) as heard:
        assert run(home, "0.3").stdout == b""

    [record] = spooled(home)
    at = headers_of(record)["peerline-at"]
    assert record.replace(f"Peerline-At: {at}\r\n".encode(), b"") == heard[0]
    assert before <= float(at) <= time.time()


def test_without_a_daemon_the_agent_notices_nothing(home: Path) -> None:
    assert run(home).stdout == b""
    assert [body_of(record) for record in spooled(home)] == [PAYLOAD]


def test_a_frozen_daemon_costs_no_more_than_the_seconds_given(home: Path) -> None:
    def trickles(conn: socket.socket) -> None:
        conn.settimeout(0.02)
        while True:
            conn.sendall(b"x")
            with suppress(TimeoutError):
                conn.recv(1)

    with daemon(home, trickles):
        start = time.monotonic()
        run(home, "0.4")
        took = time.monotonic() - start
    assert 0.4 <= took < 2.0
    assert len(spooled(home)) == 1


@pytest.mark.parametrize("word", ["nonsense", "-1", "nan", "inf", "1e99", ""])
def test_seconds_that_make_no_sense_are_the_default(home: Path, word: str) -> None:
    with daemon(home, stays_open()):
        start = time.monotonic()
        run(home, word)
        assert 0.4 < time.monotonic() - start < 3


def test_names_sort_in_the_order_of_events_and_say_the_size(home: Path) -> None:
    for number in range(5):
        run(home, payload=b"%d" % number)

    assert [body_of(record) for record in spooled(home)] == [b"0", b"1", b"2", b"3", b"4"]
    for file in (home / "spool").iterdir():
        began, pid, size = file.name.split("-")
        assert len(began) == 20
        assert int(size) == file.stat().st_size
        assert headers_of(file.read_bytes())["peerline-record"] == f"{int(began)}-{pid}"


def test_the_spool_is_private_even_without_a_umask(home: Path) -> None:
    words = f"umask 000; exec {sys.executable} -I -S -E '{PIPE}' '{home}/run/p.sock' claude-code Stop"
    subprocess.run(["/bin/sh", "-c", words], input=PAYLOAD, check=True)

    assert (home / "spool").stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in (home / "spool").iterdir()] == [0o600]


def test_hooks_that_come_together_leave_whole_records(home: Path) -> None:
    payloads = [b'{"n":%d,"x":"%s"}' % (n, b"y" * 20_000) for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda payload: run(home, payload=payload), payloads))

    records = spooled(home)
    assert sorted(map(body_of, records)) == sorted(payloads)
    assert len({headers_of(record)["peerline-record"] for record in records}) == 40


def test_a_full_spool_drops_new_events_and_stays_below_the_limit(home: Path) -> None:
    (home / "spool").mkdir()
    (home / "spool" / f"{1:020d}-1-{LIMIT - 100_000}").write_bytes(b"")  # the name says the size
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: run(home, payload=b"z" * 30_000), range(12)))

    names = [file.name for file in (home / "spool").iterdir()]
    assert sum(int(name.rpartition("-")[2]) for name in names) <= LIMIT
    assert len(names) >= 2, "there was room for some"
    assert not [name for name in names if name.startswith(".")]


def test_the_last_record_that_fits_is_kept_and_one_byte_more_is_not(home: Path) -> None:
    run(home)
    [first] = (home / "spool").iterdir()
    size = first.stat().st_size
    first.rename(first.with_name(f"{1:020d}-1-{LIMIT - size}"))
    run(home)
    assert len(spooled(home)) == 2
    run(home, payload=b"")
    assert len(spooled(home)) == 2


def test_a_home_that_was_removed_is_not_made_again(tmp_path: Path) -> None:
    run(tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


# -- hooks that wait for a person ------------------------------------------------------------------------

ALLOWED = b"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\nallowed"
WOKEN = b"HTTP/1.0 200 OK\r\nPeerline-Wake: 1\r\nContent-Length: 5\r\n\r\nhello"


@contextmanager
def daemons(home: Path, *answers: Answer | None) -> Iterator[list[bytes]]:
    """One after the other, each hears one request and is then gone; None: for a moment there is none."""
    heard: list[bytes] = []

    def serve() -> None:
        for answer in answers:
            (home / "run" / "p.sock").unlink(missing_ok=True)
            if answer is None:
                time.sleep(1.0)  # noqa: TID251  a daemon is away for some time, there is nothing to wait for
                continue
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind(str(home / "run" / "p.sock"))
                listening.listen()
                ready.set()
                listening.settimeout(20)
                conn, _ = listening.accept()
                with conn, suppress(OSError):
                    heard.append(read_request(conn))
                    answer(conn)

    ready = threading.Event()
    thread = threading.Thread(target=serve)
    thread.start()
    ready.wait(10)
    yield heard
    thread.join()


def started(home: Path, *more: str) -> subprocess.Popen[bytes]:
    words = [*PYTHON, str(PIPE), str(home / "run" / "p.sock"), "claude-code", "PermissionRequest", *more]
    hook = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}
    )
    assert hook.stdin
    hook.stdin.write(PAYLOAD)
    hook.stdin.close()
    hook.stdin = None
    return hook


def test_who_waits_for_a_person_outlives_the_daemon_and_prints_the_decision_once(home: Path) -> None:
    falls_silent = says(b"")
    with daemons(
        home, falls_silent, None, NOT_ANSWERED["is not ready"], falls_silent, says(ALLOWED)
    ) as heard:
        done = run(home, "20")

    assert done.stdout == b"allowed"
    assert len({headers_of(each)["peerline-record"] for each in heard}) == 1
    assert [body_of(each) for each in heard] == [PAYLOAD] * 4
    assert spooled(home) == []


@pytest.mark.parametrize("seconds", ["0.5", "5"])
def test_who_waits_for_no_person_asks_once(home: Path, seconds: str) -> None:
    with daemons(home, says(b"")) as heard:
        start = time.monotonic()
        assert run(home, seconds).stdout == b""

    assert time.monotonic() - start < 3
    assert len(heard) == 1
    assert len(spooled(home)) == 1


def test_where_there_is_no_daemon_nobody_is_held_up(home: Path) -> None:
    start = time.monotonic()
    run(home, "600")

    assert time.monotonic() - start < 3
    assert [headers_of(each)["peerline-seconds"] for each in spooled(home)] == ["600.000"]


def test_a_daemon_that_does_not_come_back_is_given_up(home: Path) -> None:
    with daemons(home, says(b"")):
        start = time.monotonic()
        run(home, "6")

    assert 3 < time.monotonic() - start < 7
    assert len(spooled(home)) == 1


def test_who_is_ended_while_it_waits_leaves_nothing(home: Path) -> None:
    with daemon(home, stays_open()) as heard:
        hook = started(home, "600")
        limit = time.monotonic() + 10
        while not heard and time.monotonic() < limit:
            time.sleep(0.01)  # noqa: TID251  another thread hears it
        hook.terminate()
        out, err = hook.communicate(timeout=10)

    assert (out, err, hook.returncode) == (b"", b"", -15)
    assert spooled(home) == []


def test_only_an_answer_that_is_to_wake_goes_to_standard_error_with_exit_code_2(home: Path) -> None:
    with daemon(home, says(WOKEN)):
        hook = started(home, "600")
        out, err = hook.communicate(timeout=10)
    assert (out, err, hook.returncode) == (b"", b"hello", 2)


def test_words_about_waking_in_a_body_wake_nobody(home: Path) -> None:
    body = b"\r\nPeerline-Wake: 1"
    with daemon(home, says(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))):
        assert run(home).stdout == body


# -- harmless and quick ----------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["one"], ["p.sock", "claude-code", "Stop"], ["\udcff", "a", "b", "1"]])
def test_words_that_make_no_sense_end_in_silence(tmp_path: Path, words: list[str]) -> None:
    done = subprocess.run(
        [*PYTHON, str(PIPE), *words], input=b"", capture_output=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_reader_that_went_away_is_no_error(home: Path) -> None:
    with daemon(home, says(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi")):
        words = [*PYTHON, str(PIPE), str(home / "run" / "p.sock"), "claude-code", "Stop"]
        hook = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert hook.stdout
        hook.stdout.close()
        assert hook.stdin
        hook.stdin.close()
        assert hook.stderr
        assert hook.stderr.read() == b""
        hook.stderr.close()
        assert hook.wait(10) == 0


def test_imports_nothing_but_what_the_interpreter_already_has(home: Path) -> None:
    words = [*PYTHON, "-X", "importtime"]
    bare = subprocess.run([*words, "-c", "pass"], capture_output=True, check=True).stderr
    hook = subprocess.run(
        [*words, str(PIPE), str(home / "run" / "p.sock"), "a", "b"],
        input=b"",
        capture_output=True,
        check=True,
    )

    def loaded(trace: bytes) -> set[str]:
        return {line.rpartition(b"|")[2].strip().decode() for line in trace.splitlines()}

    assert loaded(hook.stderr) - loaded(bare) <= {"_socket", "posix", "time"}
