"""What takes secrets out of a line before it is written, whoever wrote it and whatever level it has.

Two nets: the secrets that this daemon knows, to the letter; and what looks like one. It is the formatter's work, not
the loggers': so no library can go round it, and exceptions and stacks are covered.
"""

from __future__ import annotations

import contextlib
import logging
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from urllib.parse import quote

from daemon.core.rules.cleaning import clean

SHORTEST: Final = 6  #: a known secret of fewer characters would take half of the log with it
HIDDEN: Final = "…"
_NAMES: Final = r"(?:token|secret|passwd|password|api[_-]?key|authorization|credential)s?"
_LOOKS: Final = tuple(
    (re.compile(pattern), put)
    for pattern, put in (
        (r"(?i)(cookie[\"']?\s*[:=,]\s*)[^\r\n]+", rf"\1{HIDDEN}"),
        (r"(?i)(bearer\s+|basic\s+)[\w.~+/=:-]+", rf"\1{HIDDEN}"),
        (r"(://)[^\s/@\"']+@", rf"\1{HIDDEN}@"),
        (r"(?i)(bot)\d+(?::|%3A)[\w-]+", rf"\1{HIDDEN}"),
        (r"\b\d{5,}(?::|%3A)[\w-]{20,}", HIDDEN),
        (r"\bxox[a-z]-[\w-]+|\bxapp-[\w-]+|\bsk-[\w-]{12,}", HIDDEN),
        (r"(\?)[^\s\"'<>?]*=[^\s\"'<>]*", rf"\1{HIDDEN}"),
        (
            rf"(?i)([\w.-]*{_NAMES}(?:[\"']?\s*[:=]|[\"']\s*,)\s*b?)(?:\"[^\"]*\"|'[^']*'|[^\s,;&}}\])]+)",
            rf"\1{HIDDEN}",
        ),
        # a pairing code, and a mark: eight of the letters they are drawn from
        (r"(?<![\w-])(?=\d*[A-Z])[0-9A-HJKMNP-TV-Z]{8}(?![\w-])", HIDDEN),
    )
)


class Redacting(logging.Formatter):
    """Cleans and masks the finished line; what goes on below it is set in, so that no line can be forged."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        self._known = list[str]()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these, too."""
        fresh = {
            form for secret in secrets if len(secret) >= SHORTEST for form in (secret, quote(secret, safe=""))
        }
        self._known = sorted({*self._known, *fresh}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        return masked(clean(super().format(record)), self._known).replace("\n", "\n  ")


def masked(text: str, known: Iterable[str] = ()) -> str:
    for secret in known:
        text = text.replace(secret, HIDDEN)
    for pattern, put in _LOOKS:
        text = pattern.sub(put, text)
    return text


def learn(secrets: Sequence[str]) -> None:
    """Mask these in whatever is logged from now on."""
    for told in logging.getLogger().handlers:
        if isinstance(told.formatter, Redacting):
            told.formatter.learn(secrets)


@contextlib.contextmanager
def on_standard_error() -> Iterator[None]:
    """What is logged meanwhile is printed there, masked as well."""
    told = logging.StreamHandler(sys.stderr)
    told.setFormatter(Redacting())
    logging.getLogger().addHandler(told)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(told)
