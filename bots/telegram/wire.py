"""Connections to Telegram: what comes over them is judged, and what is logged of them names no token.

The token stands in the URL of every request, so no URL may get into a log or an error.
"""

from __future__ import annotations

import logging
from typing import Any

from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bots.telegram.verdicts import OK, Failed, judged, unanswered


class Line(HTTPXRequest):
    """Connections to Telegram. What comes over them is judged here, before the library rewords it."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        try:
            code, payload = await super().do_request(*args, **kwargs)
        except TelegramError as error:
            raise Failed(unanswered(error.__cause__)) from None
        if "GET" in {kwargs.get("method"), *args[1:2]} and code == OK:
            return code, payload  # a file
        if verdict := judged(code, payload):
            raise Failed(verdict)
        return code, payload


class Redaction(logging.Filter):
    """Takes the token out of what another program logs about its requests."""

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if self._token in said:
            record.msg, record.args = said.replace(self._token, "<token>"), ()
        return True


def hush(redaction: Redaction) -> None:
    """Keep URLs out of the log: each of theirs contains the token."""
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("httpx").addFilter(redaction)
