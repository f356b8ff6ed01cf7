"""The hook: what the agent says goes to the daemon, what the daemon says goes to the agent.

    <python> -I -S -E <abs>/hooks/pipe.py SOCKET AGENT EVENT [SECONDS]  < payload

Agents run this on every event and wait for it, so it only carries bytes: it parses nothing, decides nothing,
and writes nothing but the daemon's answer. It exits 0; only an answer with the header ``Peerline-Wake``, which is to
wake an idle agent, goes to standard error, and it exits 2. It is compiled anew on every run and imports only what
the interpreter already holds (``posix``, ``sys``, ``time``) and ``_socket``, the C module under ``socket``.

The request is HTTP/1.0, ``POST /v1/hooks/AGENT/EVENT``, with the header lines

    Peerline-Env-<NAME>   one for each variable of CARRIED that is set; ``_`` in the name becomes ``-``
    Peerline-Pid          the process that ran this hook (a shell, or the agent itself)
    Peerline-Record       the id of this event, ``<unix ns>-<pid>``; the same if it is replayed or repeated
    Peerline-Seconds      how long the answer is waited for

Values are percent-encoded where they are not plain printable ASCII, and so are ``%`` and the space:
``TMUX_PANE=%5`` travels as ``%255``, and ``urllib.parse.unquote_to_bytes`` gives back the very bytes. The
answer counts only when it is complete (Content-Length); its body is printed if its status is 200. SECONDS
(default 0.5) bounds the exchange. Who may wait for longer than PATIENT waits for a person, and outlives the daemon:
when it has reached one that then falls silent, the request is repeated, with the same record, until the time is up or
a daemon answers. But one that is away for longer than a sixtieth of SECONDS does not begin anew; and where there is
none at the first try there may never be one, and an agent would be held up by that for nothing: ``claude -p`` waits for
all of its hooks, also for those in its background.

**The spool.** No complete answer, or a 503: the event is kept in ``$PEERLINE_HOME/spool/``, beside the
folder of SOCKET. One file per event, mode 0600, named ``<unix ns, 20 digits>-<pid>-<size in bytes>``, so
that sorting the names gives the order in which the events began. Its content is the request as it was sent,
with one header line more, ``Peerline-At: <unix seconds, decimal>``. It is written under its name with a dot
before it and then renamed: a file without the dot is whole, and the reader deletes each one after it was
replayed. A single file to append to would need a lock against the reader who takes it away, and one short
write would tear what follows; separate files need neither. A name says its size, so the limit costs one
listing and no stat. The dotted file counts as soon as it is there, so hooks that come at once never exceed
the limit together. Dotted files whose process has ended are of hooks that were killed: the reader deletes
those too. At the limit new events are dropped in silence. Nothing is synced: an agent waits for this.

``contextlib`` is not imported: it would cost more than all the rest.
"""

import _socket
import posix
import sys
from time import (
    monotonic,
    sleep,  # noqa: TID251  a process of its own, which has nothing else to do
    time_ns,
)

SECONDS = 0.5
LONGEST = 86400.0
PATIENT = 5.0
PAUSE, LONGEST_PAUSE = 0.25, 0.75
ABSENT = 60.0
SPOOL_LIMIT = 10 * 1000 * 1000
CARRIED = (
    b"TMUX",
    b"TMUX_PANE",
    b"HOME",
    b"CLAUDE_CONFIG_DIR",
    b"CODEX_HOME",
    b"PEERLINE_CIRCLE",
    b"PEERLINE_NAME",
    b"CLAUDE_CODE_MESSAGING_SOCKET",
    b"CLAUDE_CODE_MESSAGING_TOKEN",
    b"CLAUDE_CODE_ENTRYPOINT",
)
OK, EMPTY, UNAVAILABLE, STORAGE_FULL, NO_ANSWER = 200, 204, 503, 507, 0
WAKE = b"\r\npeerline-wake:"


def quoted(value: bytes) -> bytes:
    return b"".join(b"%c" % c if 0x20 < c < 0x7F and c != 0x25 else b"%%%02X" % c for c in value)  # noqa: PLR2004  the printable, but ``%``


def headers(agent: bytes, event: bytes, size: int, began: int, seconds: float) -> bytes:
    environ = posix.environ
    lines = [b"POST /v1/hooks/%s/%s HTTP/1.0" % (quoted(agent), quoted(event)), b"Host: peerline"]
    lines += [
        b"Peerline-Env-%s: %s" % (n.replace(b"_", b"-"), quoted(environ[n])) for n in CARRIED if n in environ
    ]
    lines.append(b"Peerline-Pid: %d" % posix.getppid())
    lines.append(b"Peerline-Record: %d-%d" % (began, posix.getpid()))
    lines.append(b"Peerline-Seconds: %d.%03d" % (seconds, seconds % 1 * 1000))
    lines.append(b"Content-Type: application/json")
    lines.append(b"Content-Length: %d" % size)
    return b"\r\n".join(lines) + b"\r\n"


def promised(head: bytes, status: int) -> int:
    """Tell the length of the body; OSError if nothing says it, for then nothing says that it is whole."""
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    if status != EMPTY:
        raise OSError
    return 0


def read_answer(conn: _socket.socket, deadline: float) -> tuple[int, bytes, bool]:
    """Status, body and whether it wakes, as soon as the last byte is here; OSError or ValueError if it never comes."""
    answer = b""
    while True:
        head, end, body = answer.partition(b"\r\n\r\n")
        if end:
            status = int(head.split(None, 2)[1])
            if len(body) >= (size := promised(head, status)):
                return status, body[:size], WAKE in head.lower()
        if (left := deadline - monotonic()) <= 0:
            raise TimeoutError
        conn.settimeout(left)
        if not (chunk := conn.recv(65536)):
            raise OSError
        answer += chunk


def exchange(path: bytes, request: bytes, deadline: float) -> tuple[int, bytes, bool]:
    conn = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    conn.settimeout(max(0.001, deadline - monotonic()))
    conn.connect(path)
    try:  # noqa: SIM105
        conn.sendall(request)
    except (BrokenPipeError, ConnectionResetError):
        pass  # a daemon that refuses a large body answers before it has read all of it
    return read_answer(conn, deadline)


def insisted(path: bytes, request: bytes, seconds: float) -> tuple[int, bytes, bool]:
    """Exchange until there is an answer or the time is up; raises as ``exchange`` does at its last try."""
    deadline, pause = monotonic() + seconds, PAUSE
    absent = 0.0 if seconds <= PATIENT else max(PATIENT, seconds / ABSENT)
    until = 0.0  # who finds no daemon at all does not wait for one
    while True:
        try:
            told = exchange(path, request, deadline)
        except (FileNotFoundError, ConnectionRefusedError):
            if monotonic() + pause > until:
                raise
        except (OSError, ValueError):
            until = min(deadline, monotonic() + absent)
            if monotonic() + pause > until:
                raise
        else:
            until = min(deadline, monotonic() + absent)
            if told[0] != UNAVAILABLE or monotonic() + pause > until:
                return told
        sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def spooled_bytes(folder: bytes) -> int:
    sizes = [name.rpartition(b"-")[2] for name in posix.listdir(folder)]
    return sum(int(size) for size in sizes if size.isdigit())


def write_all(fd: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[posix.write(fd, rest) :]


def keep(folder: bytes, record: bytes, began: int) -> None:
    try:  # noqa: SIM105
        posix.mkdir(folder, 0o700)  # only this one: a home that was removed stays removed
    except FileExistsError:
        pass
    name = b"%020d-%d-%d" % (began, posix.getpid(), len(record))
    unfinished = folder + b"/." + name
    fd = posix.open(unfinished, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, 0o600)
    try:
        if spooled_bytes(folder) <= SPOOL_LIMIT:
            write_all(fd, record)
            posix.rename(unfinished, folder + b"/" + name)
            return
    except BaseException:
        posix.unlink(unfinished)
        raise
    posix.unlink(unfinished)


def bound(words: list[str]) -> float:
    try:
        seconds = float(words[0])
    except (IndexError, ValueError):
        return SECONDS
    return seconds if 0 < seconds <= LONGEST else SECONDS


def read_all(fd: int) -> bytes:
    parts = []
    while part := posix.read(fd, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def main(argv: list[str]) -> int:
    path, agent, event = (word.encode(sys.getfilesystemencoding(), "surrogateescape") for word in argv[:3])
    began = time_ns()
    payload = read_all(0)
    seconds = bound(argv[3:])
    head = headers(agent, event, len(payload), began, seconds)
    try:
        status, body, wakes = insisted(path, head + b"\r\n" + payload, seconds)
    except BaseException:  # noqa: BLE001  also an interrupt: the event happened and is owed to the daemon
        status, body, wakes = NO_ANSWER, b"", False
    if status == OK:
        write_all(2 if wakes else 1, body)
        return 2 if wakes else 0
    if status in (NO_ANSWER, UNAVAILABLE, STORAGE_FULL) and path.count(b"/") > 1:
        at = b"Peerline-At: %d.%09d\r\n\r\n" % divmod(began, 10**9)
        keep(path.rsplit(b"/", 2)[0] + b"/spool", head + at + payload, began)
    return 0


if __name__ == "__main__":
    code = 0
    try:  # noqa: SIM105
        code = main(sys.argv[1:])
    except BaseException:  # noqa: BLE001, S110  whatever it was, the agent must not notice
        pass
    posix._exit(code)  # noqa: SLF001  at once: nothing is buffered, and a normal exit costs a millisecond
