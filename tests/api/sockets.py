"""The daemon for who speaks through ``requests``: over its Unix socket as well, and no stream is read to its end."""

from __future__ import annotations

import io
import socket
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPResponse
from urllib3.connection import HTTPConnection

from daemon.wire import routes

PATIENCE_S = 10.0


class Brief(HTTPAdapter):
    """Of a stream it hears the beginning."""

    def send(self, *args: Any, **more: Any) -> requests.Response:
        response = super().send(*args, **more)
        if response.headers.get("content-type", "").startswith(routes.SSE):
            begun = response.raw.read1(65536)
            response.raw.close()
            response.raw = HTTPResponse(io.BytesIO(begun), headers=response.headers, preload_content=False)
        return response


class Local(Brief):
    """Whatever the address says, it goes to this socket."""

    def __init__(self, path: Path) -> None:
        self._pool = _Pool(path)
        super().__init__()

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> Any:
        return self._pool

    def close(self) -> None:
        self._pool.close()
        super().close()


class _Pool(HTTPConnectionPool):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def _new_conn(self) -> HTTPConnection:
        return _Connection(self._path)


class _Connection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(str(self._path))
