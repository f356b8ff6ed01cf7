"""HTTP/1.1 as plain as it can be, so that the one who measures costs little: a connection that stays open."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any


class Line:
    """One connection to a daemon: over its socket, or over TCP with a token."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, token: str = ""
    ) -> None:
        self._reader, self._writer = reader, writer
        credential = f"Authorization: Bearer {token}\r\n" if token else ""
        self._head = f" HTTP/1.1\r\nHost: {host}\r\n{credential}"

    @classmethod
    async def unix(cls, socket: Path) -> Line:
        return cls(*await asyncio.open_unix_connection(str(socket)), "peerline")

    @classmethod
    async def tcp(cls, port: int, token: str) -> Line:
        return cls(*await asyncio.open_connection("127.0.0.1", port), f"127.0.0.1:{port}", token)

    async def post(self, path: str, body: Any) -> tuple[int, bytes]:
        told = json.dumps(body).encode()
        head = f"POST {path}{self._head}Content-Type: application/json\r\nContent-Length: {len(told)}\r\n\r\n"
        self._writer.write(head.encode() + told)
        return await self._answer()

    async def get(self, path: str) -> tuple[int, bytes]:
        self._writer.write(f"GET {path}{self._head}\r\n".encode())
        return await self._answer()

    async def _answer(self) -> tuple[int, bytes]:
        head = await self._reader.readuntil(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return int(head[9:12]), await self._reader.readexactly(size)

    def close(self) -> None:
        self._writer.close()
