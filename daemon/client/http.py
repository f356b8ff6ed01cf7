"""The exchange over the daemon's Unix socket, or over TCP with the owner's token. Plain asyncio streams.

One connection for each request: on a Unix socket that costs a tenth of a millisecond and leaves nothing half-read.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from daemon.client.interface import Json
from daemon.core.errors import AnswerLost, DaemonUnreachable, Malformed, Sandboxed
from daemon.wire import routes
from daemon.wire.problems import from_problem

TIMEOUT_S: Final = 30.0
PORT: Final = 8377
HERE: Final = frozenset({"127.0.0.1", "localhost"})  #: the only names the daemon answers to
OK: Final = range(200, 300)
#: What a connection that breaks off, or somebody else at its other end, looks like.
CUT: Final = (OSError, EOFError, TimeoutError, ValueError, IndexError, asyncio.LimitOverrunError)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the daemon is: a socket's path, or host, port and token."""

    socket: Path | None = None
    host: str = ""
    port: int = 0
    token: str = ""

    @classmethod
    def found(cls, socket: Path, token: Path) -> Address:
        """``PEERLINE_URL`` (TCP, with the owner's token: ``PEERLINE_TOKEN``, else the home's file), else the socket.

        Raises:
            Malformed: the URL is none, or of another machine: the token stays on this one.

        """
        url = os.environ.get("PEERLINE_URL")
        if not url:
            return cls(socket=socket)
        host, port = _of_url(url)
        secret = os.environ.get("PEERLINE_TOKEN", "").strip() or _kept(token)
        return cls(host=host, port=port, token=secret)

    def __str__(self) -> str:
        return str(self.socket) if self.socket else f"{self.host}:{self.port}"


def _kept(token: Path) -> str:
    try:
        return token.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _of_url(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme, parts.hostname, parts.port or PORT
    except ValueError:
        scheme, host, port = "", None, 0
    if host not in HERE or scheme != "http":
        raise Malformed(f'PEERLINE_URL is "{url}"', f"say http://127.0.0.1:{PORT}, with the daemon's port")
    return str(host), port


class NoJson(bytes):
    """What no daemon of ours would answer."""


class HttpExchange:
    """An ``Exchange``."""

    def __init__(self, address: Address, *, headers: Mapping[str, str] | None = None) -> None:
        self._address = address
        self._headers = dict(headers or {})

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        key: str | None = None,
        wait_s: float = 0,
    ) -> Any:
        said = self._head(method, path, query or {}, body, key)
        reader, writer = await self._connected()
        try:
            async with asyncio.timeout(TIMEOUT_S + wait_s):
                writer.write(said)
                status, headers = await _read_head(reader)
                told = await _read_body(reader, headers)
        except CUT as error:
            raise AnswerLost(
                f"the daemon did not answer: {type(error).__name__}",
                "is it restarting? `peerline status` tells",
            ) from error
        finally:
            writer.close()
        if status not in OK:
            raise from_problem(status, told)
        if isinstance(told, NoJson):
            raise DaemonUnreachable(f"at {self._address} is no peerline", "is another program in its place?")
        return told

    async def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[tuple[str, Any]]:
        reader, writer = await self._connected()
        try:
            writer.write(self._head("GET", path, query, None, None))
            status, headers = await _read_head(reader)
            if status not in OK:
                raise from_problem(status, await _read_body(reader, headers))
            async for event in _events(reader, chunked="chunked" in headers.get("transfer-encoding", "")):
                if event[0] == routes.TROUBLE:
                    raise from_problem(int(event[1]["status"]), event[1])
                yield event
        except CUT as error:
            raise DaemonUnreachable(f"the stream ended: {type(error).__name__}") from error
        finally:
            writer.close()

    async def close(self) -> None:
        """Nothing is kept open."""

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = self._address
        try:
            if address.socket:
                return await asyncio.open_unix_connection(str(address.socket), limit=2**24)
            return await asyncio.open_connection(address.host, address.port, limit=2**24)
        except PermissionError as error:
            raise Sandboxed(
                f"this process may not open {address}",
                "a sandbox forbids it here; use the MCP tools of peerline instead (list_peers, ask_peer, …)",
            ) from error
        except OSError as error:
            raise DaemonUnreachable(f"no daemon at {address}", "start it with `peerline up`") from error

    def _head(
        self, method: str, path: str, query: Mapping[str, str], body: Json | None, key: str | None
    ) -> bytes:
        address = self._address
        target = f"{path}?{urlencode(query)}" if query else path
        told = b"" if body is None else _encoded(body)
        lines = {
            "Host": "peerline" if address.socket else f"{address.host}:{address.port}",
            "Connection": "close",
        }
        lines |= self._headers
        if address.token:
            lines["Authorization"] = f"Bearer {address.token}"
        if body is not None:
            lines |= {"Content-Type": routes.JSON, "Content-Length": str(len(told))}
        if key:
            lines[routes.KEY] = quote(key, safe=":-_.~/@+=", errors="replace")
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + told


def _encoded(body: Json) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Malformed("that is no text: a byte in it belongs to no character", "send UTF-8") from error


async def _read_head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.split("\r\n")
    parts = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(parts[1]), headers


async def _read_body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> Any:
    if "chunked" in headers.get("transfer-encoding", ""):
        raw = b"".join([chunk async for chunk in _chunks(reader)])
    elif "content-length" in headers:
        raw = await reader.readexactly(int(headers["content-length"]))
    else:
        raw = await reader.read()
    if not raw:
        return None
    return json.loads(raw) if "json" in headers.get("content-type", "") else NoJson(raw[:80])


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readline() or b"0", 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)


async def _events(reader: asyncio.StreamReader, *, chunked: bool) -> AsyncIterator[tuple[str, Any]]:
    left = b""
    async for chunk in _chunks(reader) if chunked else _reads(reader):
        *whole, left = (left + chunk).split(b"\n\n")
        for block in whole:
            if event := _event(block.decode()):
                yield event


async def _reads(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while chunk := await reader.read(65536):
        yield chunk


def _event(block: str) -> tuple[str, Any] | None:
    fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and line[0] != ":")
    if "data" not in fields:
        return None
    return fields.get("event", "message"), json.loads(fields["data"])
