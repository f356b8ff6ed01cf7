"""Requests by the byte, and what a whole class of answers must be."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.daemon_process import DaemonProcess

PATIENCE_S = 10.0


@dataclass(frozen=True)
class Answer:
    status: int  #: 0: the connection was closed without a word
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def said(daemon: DaemonProcess, raw: bytes, *, unix: bool = False, end: bool = False) -> Answer:
    """Send the bytes, hear the first answer out. ``end``: and say no more."""
    with connected(daemon, unix=unix) as line:
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before it was all said
            line.sendall(raw)
            if end:
                line.shutdown(socket.SHUT_WR)
        return heard(line)


def connected(daemon: DaemonProcess, *, unix: bool = False) -> socket.socket:
    line = socket.socket(socket.AF_UNIX if unix else socket.AF_INET)
    line.settimeout(PATIENCE_S)
    line.connect(str(daemon.paths.socket) if unix else ("127.0.0.1", daemon.port))
    return line


def heard(line: socket.socket) -> Answer:
    """One answer: all of its head, as much of its body as it promised, or until the end."""
    raw = b""
    while b"\r\n\r\n" not in raw:
        if not (piece := _received(line)):
            return Answer(0, {}, raw)
        raw += piece
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines)}
    length = int(headers.get("content-length", 1 << 30))
    while len(body) < length and (piece := _received(line)):
        body += piece
    return Answer(int(first.split()[1]), headers, body)


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""


def request(
    daemon: DaemonProcess,
    method: str,
    path: str,
    *,
    body: bytes | None = None,
    kind: str | None = "application/json",
    token: str | None = "",
    unix: bool = False,
    **headers: str | None,
) -> Answer:
    """A request as it should be, but for what the test changes; ``token`` None: without one, "": the right one.

    A header's name is written with underscores; None leaves it out.
    """
    lines: dict[str, str | None] = {"host": f"127.0.0.1:{daemon.port}", "connection": "close"}
    if token is not None and not unix:
        lines["authorization"] = f"Bearer {token or daemon.token()}"
    if body is not None:
        lines |= {"content-type": kind, "content-length": str(len(body))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value is not None)
    raw = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("utf-8", "surrogateescape") + (body or b"")
    if method == "HEAD":
        with connected(daemon, unix=unix) as line:
            line.sendall(raw)
            return Answer(int(line.recv(65536).split()[1]), {}, b"")
    return said(daemon, raw, unix=unix)


def posted(daemon: DaemonProcess, told: object, *, path: str = "/v1/messages", **headers: str) -> Answer:
    return request(daemon, "POST", path, body=json.dumps(told).encode(), **headers)


def is_refusal(answer: Answer) -> bool:
    """Not let through, and not our fault."""
    return 400 <= answer.status < 500


def is_problem(answer: Answer) -> bool:
    """A refusal that says what is wrong, in the one form."""
    if not is_refusal(answer) or not answer.headers["content-type"].startswith("application/problem+json"):
        return False
    told = answer.json
    return told["status"] == answer.status and bool(told["detail"]) and bool(told["code"])


def faults(daemon: DaemonProcess) -> list[str]:
    """What the log has of failures of ours."""
    return [line for line in daemon.log.splitlines() if "Traceback" in line or " ERROR " in line]
