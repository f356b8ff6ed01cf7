"""The shim: standard input goes to the daemon's ``/mcp``, answers come back. ``shim.py`` starts it.

``PEERLINE_URL`` (http://127.0.0.1:PORT), where it is set, goes before the socket, with the owner's token.

It understands framing and ids, and no tool. One thread per request, so that a call that waits holds up no
other; each message is one line on standard output, which says nothing else. Standard library only and no
asyncio: it starts once per agent and stays. ``_socket`` is the C module under ``socket``.

**Repeats.** A request that broke off unanswered, or finds no daemon, is sent again for 30 s under the same
``Idempotency-Key``, ``<run>:<JSON-RPC id>``; the daemon gives the first result. Then it gets an error.

**Receipts.** An answer with messages in it says so in its ``_meta``. Once it is out on standard output, the
daemon is told, and before any later request is sent; only then do they count as read. A call that its client
cancelled gets neither answer nor receipt, and an answer after the end of input no receipt: nobody may read.

**Subscriptions.** Who asks to be told that its tools changed is told so by the shim: the daemon says it on the answer
of a call, and what passes is stamped with the subscription. Nothing stands open for that.

**Channels** (``--channels``). The server is also a channel of Claude Code, which takes none that speaks the newest
protocol: that is denied. One more request stands open to the daemon, and what comes by it goes out between
the answers; it is made anew when it breaks off, for 30 s, and then once the daemon has answered
something. Idle, it only reads.
"""

from __future__ import annotations

import _socket
import json
import posix
import sys
import threading
from collections.abc import Iterable, Iterator
from time import monotonic, sleep  # noqa: TID251  there is no loop here to block

PATIENCE_S = 30.0
BREAKS = 5  # an exchange that breaks off this often does so because of what it carries
PAUSE_S, LONGEST_PAUSE_S, RECEIPT_PAUSE_S = 0.02, 0.25, 5.0
FAREWELL_S = 1.0
RECEIPTS_LIMIT = 1000
MCP, RECEIPTS, CHANNEL = b"/mcp", b"/mcp/receipts", b"/mcp/channel"
OK, ACCEPTED, UNAVAILABLE = 200, 202, 503
REFUSED = 2  # the exit code
PARSE_ERROR, INVALID_REQUEST, NO_METHOD, OUR_ERROR = -32700, -32600, -32601, -32000
VERSION = "io.modelcontextprotocol/protocolVersion"
RECEIPT = "peerline/receipt"
LISTEN, CHANGED = "subscriptions/listen", "notifications/tools/list_changed"
ACKNOWLEDGED = "notifications/subscriptions/acknowledged"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
NAMED = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
IDENTITY = ((b"Peerline-Tool-Use", "claudecode/toolUseId", "callId"), (b"Peerline-Thread", "threadId"))
OPTIONS = {
    "--name": b"Peerline-Name",
    "--circle": b"Peerline-Circle",
    "--tools": b"Peerline-Tools",
    "--backend": b"Peerline-Backend",
}
PLAIN = (b"Host", b"Authorization")
WISHES = {
    b"Peerline-Name": b"PEERLINE_NAME",
    b"Peerline-Circle": b"PEERLINE_CIRCLE",
    b"Peerline-Backend": b"PEERLINE_BACKEND",
}
Json = dict[str, object]
Place = str | tuple[str, int]  # a socket's path, or host and port

CHANNELS = "--channels"
CAPABILITY: Json = {"claude/channel": {}}
HERE, PORT = ("127.0.0.1", "localhost"), 8377
ELSEWHERE = "PEERLINE_URL is %s; say http://127.0.0.1:8377, with the daemon's port"
ABSENT = "the peerline daemon does not answer at %s; start it with: peerline up"
FORBIDDEN = (
    "connecting to %s is not permitted: a sandbox forbids the socket, or it is somebody else's; "
    "allow it in the sandbox's settings, or let this MCP server be started outside of it"
)


class NotTaken(Exception):
    """The daemon is there and says no; asking again would not help."""


def quoted(value: bytes) -> bytes:
    plain = range(0x21, 0x7F)
    return b"".join(b"%c" % c if c in plain and c != ord("%") else b"%%%02X" % c for c in value)


def header_value(value: str) -> bytes:
    """As it is where it survives a header, else as the protocol's ``=?base64?…?=``."""
    if value.isascii() and value.isprintable() and value == value.strip() and not value.startswith("=?"):
        return value.encode()
    from binascii import b2a_base64

    return b"=?base64?" + b2a_base64(value.encode("utf-8", "surrogatepass"), newline=False) + b"?="


def member(holder: object, key: str) -> object:
    return holder.get(key) if isinstance(holder, dict) else None


class Connection:
    """HTTP/1.1 over the daemon's socket, or over TCP on this machine; one exchange at a time."""

    def __init__(self, place: Place) -> None:
        family = _socket.AF_UNIX if isinstance(place, str) else _socket.AF_INET
        self.socket = _socket.socket(family, _socket.SOCK_STREAM)
        try:
            self.socket.connect(place)
        except OSError:
            self.socket.close()
            raise
        self.reader = open(self.socket.fileno(), "rb", closefd=False)  # noqa: SIM115  closed in `close`

    def alive(self) -> bool:
        """Nothing to read is what an idle connection has; an end or a stray byte makes it useless."""
        try:
            self.socket.recv(1, _socket.MSG_PEEK | _socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def send(self, path: bytes, head: bytes, body: bytes) -> None:
        line = b"POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n" % (path, head, len(body))
        self.socket.sendall(line + body)

    def begin(self) -> tuple[int, dict[bytes, bytes]]:
        """Status and headers; the body is then in ``pieces``."""
        status = int(self._line()[9:12])
        headers: dict[bytes, bytes] = {}
        while line := self._line():
            name, _, value = line.partition(b":")
            headers[name.lower()] = value.strip().lower()
        return status, headers

    def pieces(self, headers: dict[bytes, bytes]) -> Iterator[bytes]:
        """The body as it comes; OSError if it breaks off."""
        if headers.get(b"transfer-encoding") == b"chunked":
            while size := int(self._line(), 16):
                yield self._exactly(size)
                self._line()
            self._line()
        else:
            yield self._exactly(int(headers.get(b"content-length", b"0")))

    def cut(self) -> None:
        """From another thread: whoever reads sees the end."""
        try:  # noqa: SIM105  contextlib would cost more than all of this
            self.socket.shutdown(_socket.SHUT_RDWR)
        except OSError:
            pass

    def close(self) -> None:
        self.reader.close()
        self.socket.close()

    def _line(self) -> bytes:
        line = self.reader.readline(65536)
        if not line.endswith(b"\n"):
            raise OSError("the answer broke off")
        return line.rstrip(b"\r\n")

    def _exactly(self, size: int) -> bytes:
        piece = self.reader.read(size)
        if len(piece) < size:
            raise OSError("the answer broke off")
        return piece


def events(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What the events of an event stream carry, each on one line."""
    rest, carried = b"", []
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                carried.append(line[5:].strip())
            elif not line.strip() and carried:
                yield b" ".join(carried)
                carried = []


class Request:
    """A message of the client on its way; without an id it is a notification."""

    def __init__(self, message: Json, body: bytes, run: str) -> None:
        self.id = message.get("id")
        self.method = str(message["method"])
        self.params = message.get("params")
        self.body = body
        self.key = f"{run}:{self.id}"
        self.connection: Connection | None = None
        self.reached = False  #: this time there was somebody to send it to
        self.answered = self.cancelled = False

    @property
    def over(self) -> bool:
        return self.answered or self.cancelled


class Shim:
    def __init__(self, place: Place, wishes: dict[bytes, bytes], *, channels: bool = False) -> None:
        self.place = place
        self.where = place if isinstance(place, str) else ":".join(map(str, place))
        self.channels, self.listening = channels, False
        self.answering = threading.Event()  #: the daemon is there
        self.run = posix.urandom(8).hex()
        self.head = standing_head(self.run, wishes)
        self.subscribed: object = None  #: the id of the request to be told of other tools
        self.version = ""  #: of the protocol, once the client and the daemon have agreed
        self.idle: list[Connection] = []
        self.requests: dict[object, tuple[Request, threading.Thread]] = {}
        self.owed: list[str] = []  #: calls whose receipts the daemon does not have
        self.writing = threading.Lock()  #: standard output, and what was answered on it
        self.delivering = threading.Lock()
        self.ended = threading.Event()

    def hear(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            self.refuse(None, PARSE_ERROR, "this is no JSON")
        else:
            self.take(said, line)

    def take(self, message: object, body: bytes) -> None:
        asked, method = member(message, "id"), member(message, "method")
        if not isinstance(message, dict) or not isinstance(asked, str | int | None):
            self.refuse(None, INVALID_REQUEST, "this is no request")
        elif method == "notifications/cancelled":
            self.cancel(member(message.get("params"), "requestId"))
        elif method == LISTEN and asked is not None and not self.channels:
            self.subscribe(asked, member(message.get("params"), "notifications"))
        elif isinstance(method, str):  # else it is an answer, and nobody asked
            request = Request(message, body, self.run)
            if self.channels and method == "server/discover":
                self.refuse(request, NO_METHOD, "this server speaks the protocol that begins with initialize")
                return
            if self.channels and method == "notifications/initialized" and not self.listening:
                self.listening = True
                threading.Thread(target=self.listen, daemon=True).start()
            thread = threading.Thread(target=self.serve, args=(request,), daemon=True)
            if asked is not None:
                self.requests[asked] = request, thread
            thread.start()

    def subscribe(self, asked: object, wanted: object) -> None:
        """Acknowledge what can come of it, which is that the tools are others."""
        tools = member(wanted, "toolsListChanged") is True
        honoured = {"toolsListChanged": True} if tools else {}
        with self.writing:
            self.subscribed = asked if tools else None
            write_out(told(ACKNOWLEDGED, asked, notifications=honoured))

    def cancel(self, asked: object) -> None:
        if asked == self.subscribed:
            self.subscribed = None
        if not isinstance(asked, str | int) or asked not in self.requests:
            return
        request, _ = self.requests[asked]
        with self.writing:
            request.cancelled = not request.answered
        if request.cancelled and request.connection:
            request.connection.cut()

    def serve(self, request: Request) -> None:
        """One thread: until the request is answered, and then until the daemon knows."""
        try:
            self.until_answered(request)
        except NotTaken as error:
            self.fail(request, str(error))
        self.requests.pop(request.id, None)
        pause = PAUSE_S
        while not self.ended.is_set():
            if self.delivered():
                return
            self.ended.wait(pause)
            pause = min(2 * pause, RECEIPT_PAUSE_S)

    def until_answered(self, request: Request) -> None:
        breaks, pause, deadline = 0, PAUSE_S, monotonic() + PATIENCE_S
        while not request.over:
            request.reached = False
            try:
                self.deliver()
                self.exchange(request)
            except PermissionError as error:
                raise NotTaken(FORBIDDEN % self.where) from error
            except (OSError, ValueError):
                if request.reached:  # it was there, so it may be restarting
                    breaks, pause, deadline = breaks + 1, PAUSE_S, monotonic() + PATIENCE_S
            else:
                return
            if request.id is None or breaks > BREAKS or monotonic() > deadline:
                raise NotTaken(ABSENT % self.where)
            sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)

    def exchange(self, request: Request) -> None:
        """Send it and pass back what comes; OSError or ValueError if that is not the whole answer."""
        connection = request.connection = self.connected()
        request.reached = True
        try:
            if not request.cancelled:
                self.carry(request, connection)
        except (OSError, ValueError, NotTaken):
            connection.close()
            raise
        self.put_back(connection, whole=not request.cancelled)

    def carry(self, request: Request, connection: Connection) -> None:
        connection.send(MCP, self.head_of(request), request.body)
        status, headers = connection.begin()
        pieces = connection.pieces(headers)
        if b"event-stream" in headers.get(b"content-type", b""):
            for text in events(pieces):
                self.pass_back(request, text)
        else:
            self.settle(request, status, b" ".join(b"".join(pieces).splitlines()))
        if not request.over:
            raise OSError("the answer did not come")

    def settle(self, request: Request, status: int, body: bytes) -> None:
        """An answer that is no stream: one message, nothing to say, or an error of the daemon's door."""
        if status == UNAVAILABLE:
            request.reached = False
            raise OSError("the daemon is not ready")
        said: object = json.loads(body) if body.startswith(b"{") else None
        if isinstance(said, dict) and "jsonrpc" in said:
            if said.get("id") is None:  # it did not get as far as the id
                said["id"], body = request.id, json.dumps(said | {"id": request.id}).encode()
            self.pass_back(request, body)
        elif request.id is None:
            request.answered = True
        else:
            detail = member(said, "detail") or f"the daemon answered with status {status}"
            raise NotTaken("; ".join(str(part) for part in (detail, member(said, "hint")) if part))

    def pass_back(self, request: Request, text: bytes) -> None:
        message = json.loads(text)
        last = "method" not in message and message.get("id") == request.id
        result = member(message, "result")
        if last and isinstance(version := member(result, "protocolVersion"), str):
            self.version = version
        if self.channels and last and request.method == "initialize":
            text = with_channel(message)
        with self.writing:
            if message.get("method") == CHANGED and self.subscribed is not None:
                text = told(CHANGED, self.subscribed)
            if not request.over:
                write_out(text)
                request.answered = last
                if last and member(member(result, "_meta"), RECEIPT) and not self.ended.is_set():
                    self.owed.append(request.key)

    def listen(self) -> None:
        """One thread: what the daemon has to say without being asked."""
        pause, deadline = PAUSE_S, monotonic() + PATIENCE_S
        while not self.ended.is_set():
            since = monotonic()
            try:
                self.hear_out()
            except NotTaken:
                return
            except (OSError, ValueError):
                pass
            if monotonic() - since > LONGEST_PAUSE_S:  # it was there for a while
                pause, deadline = PAUSE_S, monotonic() + PATIENCE_S
            if monotonic() > deadline:
                self.answering.clear()
                self.answering.wait()
                pause, deadline = PAUSE_S, monotonic() + PATIENCE_S
            self.ended.wait(pause)
            pause = min(2 * pause, RECEIPT_PAUSE_S)

    def hear_out(self) -> None:
        """Read the standing request to its end; OSError or ValueError when it breaks off, NotTaken if it is refused."""
        connection = Connection(self.place)
        try:
            connection.send(CHANNEL, self.head, b"")
            status, headers = connection.begin()
            if status == UNAVAILABLE:
                raise OSError("the daemon is not ready")
            if status != OK:
                raise NotTaken("there is no channel")
            for text in events(connection.pieces(headers)):
                with self.writing:
                    write_out(text)
        finally:
            connection.close()

    def fail(self, request: Request, sentence: str) -> None:
        if request.id is not None:
            self.refuse(request, OUR_ERROR, sentence)

    def refuse(self, request: Request | None, code: int, sentence: str) -> None:
        asked = request.id if request else None
        error = {"jsonrpc": "2.0", "id": asked, "error": {"code": code, "message": sentence}}
        with self.writing:
            if request is None or not request.over:
                write_out(json.dumps(error).encode())

    def deliver(self) -> None:
        """Hand over the receipts there are; OSError or ValueError if the daemon did not take them."""
        with self.delivering:
            with self.writing:
                calls = self.owed[:RECEIPTS_LIMIT]
            if calls:
                self.post_receipts(json.dumps({"calls": calls}).encode())
                with self.writing:
                    del self.owed[: len(calls)]

    def post_receipts(self, body: bytes) -> None:
        connection = self.connected()
        try:
            connection.send(RECEIPTS, self.head, body)
            status, headers = connection.begin()
            b"".join(connection.pieces(headers))
        except (OSError, ValueError):
            connection.close()
            raise
        self.put_back(connection, whole=True)
        if status == UNAVAILABLE:  # any other refusal would come again for ever
            raise OSError("the daemon is not ready")

    def delivered(self) -> bool:
        try:
            self.deliver()
        except (OSError, ValueError):
            return False
        return True

    def farewell(self) -> None:
        """The client is gone or going: a second for what is under way."""
        self.ended.set()
        until = monotonic() + FAREWELL_S
        last = threading.Thread(target=self.delivered, daemon=True)
        last.start()
        for thread in (last, *(thread for _, thread in list(self.requests.values()))):
            thread.join(max(0.0, until - monotonic()))

    def connected(self) -> Connection:
        try:
            while not (connection := self.idle.pop()).alive():
                connection.close()
        except IndexError:  # none is left
            return Connection(self.place)
        return connection

    def put_back(self, connection: Connection, *, whole: bool) -> None:
        if whole:
            self.idle.append(connection)
            self.answering.set()
        else:
            connection.close()

    def head_of(self, request: Request) -> bytes:
        meta = member(request.params, "_meta")
        if isinstance(version := member(meta, VERSION), str):
            self.version = version
        named = {
            b"Idempotency-Key": request.key,
            b"Mcp-Method": request.method,
            b"Mcp-Name": member(request.params, NAMED.get(request.method, "")),
            b"MCP-Protocol-Version": "" if request.method == "initialize" else self.version,
        }
        for header, *keys in IDENTITY:
            named[header] = next((claim for key in keys if (claim := member(meta, key))), None)
        return self.head + b"".join(
            b"%s: %s\r\n" % (header, header_value(value))
            for header, value in named.items()
            if isinstance(value, str) and value
        )


def told(method: str, subscription: object, **params: object) -> bytes:
    """A notification of a subscription."""
    said = {"_meta": {SUBSCRIPTION: subscription}, **params}
    return json.dumps({"jsonrpc": "2.0", "method": method, "params": said}).encode()


def with_channel(message: Json) -> bytes:
    """The same answer to ``initialize``, which says beside all else that this server is a channel."""
    capabilities = member(message.get("result"), "capabilities")
    if isinstance(capabilities, dict):
        capabilities["experimental"] = {**(capabilities.get("experimental") or {}), **CAPABILITY}
    return json.dumps(message).encode()


def standing_head(run: str, wishes: dict[bytes, bytes]) -> bytes:
    try:
        cwd = posix.getcwdb()
    except OSError:  # it was deleted under us
        cwd = b""
    headers = {
        b"Host": b"peerline",
        b"Content-Type": b"application/json",
        b"Accept": b"application/json, text/event-stream",
        b"Peerline-Run": run.encode(),
        b"Peerline-Cwd": quoted(cwd),
        b"Peerline-Client-Pid": b"%d" % posix.getppid(),
        **{header: wish if header in PLAIN else quoted(wish) for header, wish in wishes.items()},
    }
    return b"".join(b"%s: %s\r\n" % (header, value) for header, value in headers.items() if value)


def write_out(text: bytes) -> None:
    rest = memoryview(text + b"\n")
    try:
        while rest:
            rest = rest[posix.write(1, rest) :]
    except OSError:
        posix._exit(0)  # noqa: SLF001  nobody reads: it is over


def wishes_of(words: list[str]) -> dict[bytes, bytes]:
    found = {header: posix.environ[name] for header, name in WISHES.items() if posix.environ.get(name)}
    rest = iter(words)
    for word in rest:
        if word == CHANNELS:
            continue
        option, equals, value = word.partition("=")
        if option not in OPTIONS:
            sys.stderr.write(
                f"peerline: there is no option {option}; there are {', '.join((*OPTIONS, CHANNELS))}\n"
            )
            sys.exit(REFUSED)
        found[OPTIONS[option]] = (value if equals else next(rest, "")).encode("utf-8", "surrogateescape")
    return found


def place_of(path: str, wishes: dict[bytes, bytes]) -> Place:
    """``PEERLINE_URL`` goes before the socket; the token is the variable's, or the file's in the socket's home."""
    url = posix.environ.get(b"PEERLINE_URL", b"").decode("utf-8", "replace")
    if not url:
        return path
    scheme, _, rest = url.partition("://")
    host, _, port = rest.rstrip("/").partition(":")
    if scheme != "http" or host not in HERE or not (port or "8377").isdecimal():
        sys.stderr.write(f"peerline: {ELSEWHERE % url}\n")
        sys.exit(REFUSED)
    token = posix.environ.get(b"PEERLINE_TOKEN", b"").strip() or kept(path.rsplit("/", 2)[0] + "/token")
    wishes[b"Authorization"] = b"Bearer " + token
    wishes[b"Host"] = b"%s:%d" % (host.encode(), int(port or PORT))
    return host, int(port or PORT)


def kept(path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  pathlib would cost more than all of this
            return file.read(1000).strip()
    except OSError:
        return b""


def main(argv: list[str]) -> None:
    if not argv:
        sys.exit("peerline: which socket?")
    wishes = wishes_of(argv[1:])
    shim = Shim(place_of(argv[0], wishes), wishes, channels=CHANNELS in argv[1:])
    try:
        for line in sys.stdin.buffer:
            if line.strip():
                shim.hear(line.strip())
        shim.farewell()
    except KeyboardInterrupt:
        pass
    posix._exit(0)  # noqa: SLF001  threads that still wait for the daemon are not waited for
