"""The daemon's log: one file of 10 MB and five before it, without secrets whoever wrote the line."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator, Sequence
from logging.handlers import RotatingFileHandler
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from daemon.lifecycle import private
from daemon.paths import Paths

BYTES: Final = 10 * 1024 * 1024
KEPT: Final = 5
QUIET: Final = ("httpx", "httpcore", "telegram", "apscheduler", "mcp", "aiohttp.access")
_TELEGRAM_URL: Final = re.compile(r"/bot\d+:[\w-]+")
_BEARER: Final = re.compile(r"(?i)(bearer\s+)\S+")


class Redacting(logging.Formatter):
    """Masks known secrets and what looks like one, in the finished line: tracebacks too."""

    def __init__(self, secrets: Sequence[str]) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._secrets = [secret for secret in secrets if secret]

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        for secret in self._secrets:
            line = line.replace(secret, "…")
        return _BEARER.sub(r"\1…", _TELEGRAM_URL.sub("/bot…", line))


class OurFaults(logging.Filter):
    """Who sent no HTTP was answered with 400, who hung up is gone: no failures, and they must not fill the disk."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | RequestPayloadError | ConnectionError)


@contextlib.contextmanager
def opened(paths: Paths, *, secrets: Sequence[str]) -> Iterator[None]:
    """Log into the home for as long as the daemon runs."""
    private(paths)
    handler = RotatingFileHandler(paths.log, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8")
    handler.setFormatter(Redacting(secrets))
    handler.addFilter(OurFaults())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
