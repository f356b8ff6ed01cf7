"""The daemon's log: one file of 10 MB and five before it, without secrets whoever wrote the line."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from logging.handlers import RotatingFileHandler
from typing import Final

from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web import RequestPayloadError

from cli.redaction import Redacting
from daemon.lifecycle import private, token
from daemon.paths import Paths

BYTES: Final = 10 * 1024 * 1024
KEPT: Final = 5
QUIET: Final = ("httpx", "httpcore", "telegram", "apscheduler", "mcp", "aiohttp.access")


class OurFaults(logging.Filter):
    """Who sent no HTTP was answered with 400, who hung up is gone: no failures, and they must not fill the disk."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError | RequestPayloadError | ConnectionError)


class Enduring(RotatingFileHandler):
    """A full disk takes no lines: they are left out, and nobody is told of each."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  logging's own name
        pass

    def close(self) -> None:
        with contextlib.suppress(OSError):
            super().close()


@contextlib.contextmanager
def opened(paths: Paths, *, secrets: Sequence[str], level: str = "info") -> Iterator[None]:
    """Log into the home for as long as the daemon runs. ``level`` is ours; libraries tell bodies below a warning."""
    private(paths)
    handler = Enduring(paths.log, maxBytes=BYTES, backupCount=KEPT, encoding="utf-8")
    handler.setFormatter(Redacting([*secrets, token(paths)]))
    handler.addFilter(OurFaults())
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
