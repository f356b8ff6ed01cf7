"""HTTP/1.1 as plain as it can be, so that the one who measures costs little: a connection that stays open."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Line:
    """One connection to a daemon: over its socket, or over TCP with a token."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, headers: Mapping[str, str]
    ) -> None:
        self._reader, self._writer = reader, writer
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        self._head = f" HTTP/1.1\r\n{lines}"

    @classmethod
    async def unix(cls, socket: Path, headers: Mapping[str, str] | None = None) -> Line:
        return cls(*await asyncio.open_unix_connection(str(socket)), {"Host": "peerline", **(headers or {})})

    @classmethod
    async def tcp(cls, port: int, token: str) -> Line:
        headers = {"Host": f"127.0.0.1:{port}", "Authorization": f"Bearer {token}"}
        return cls(*await asyncio.open_connection("127.0.0.1", port), headers)

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
        size = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        body = await self._reader.readexactly(int(size)) if size else await self._chunks()
        return int(head[9:12]), body

    async def _chunks(self) -> bytes:
        body = b""
        while size := int(await self._reader.readline(), 16):
            body += await self._reader.readexactly(size)
            await self._reader.readline()
        await self._reader.readline()
        return body

    def close(self) -> None:
        self._writer.close()
