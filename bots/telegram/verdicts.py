"""What a failed request to the Bot API may have done.

    NotNow   surely no effect: it never left, or Telegram refused the time (429) or the token (401, 404, 409)
    NotEver  surely no effect: Telegram refuses just this (any other refusal of its own)
    Unsure   it left, and what came back (nothing, half an answer, a page, a 5xx) does not tell

A 5xx is no refusal: Telegram says "Internal Server Error: sent message was immediately deleted" of what it
did send, and the proxies in front of it say 502 and 504 of what they have passed on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import httpx
from telegram.error import TelegramError

from bots.interface import NotEver, NotNow, Unsure, Verdict
from bots.payload import object_in
from bots.telegram.trouble import Contested, Hooked

OK: Final = 200
SERVER_FAILED: Final = 500
_NEVER_LEFT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class Failed(TelegramError):
    """A verdict on its way through the library, which lets only its own kind of error pass unchanged."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


def unanswered(cause: BaseException | None) -> Verdict:
    """Judge a request that brought no answer, by what the HTTP library says of it."""
    if isinstance(cause, _NEVER_LEFT):
        return NotNow(f"Telegram cannot be reached ({type(cause).__name__})")
    return Unsure(f"no answer from Telegram ({type(cause).__name__})")


def judged(code: int, payload: bytes) -> Verdict | None:
    """Judge an answer; None is a good one."""
    answer = object_in(payload)
    if code == OK and answer.get("ok") is True and "result" in answer:
        return None
    if code >= SERVER_FAILED:
        return Unsure(f"Telegram answers {code}")
    if answer.get("ok") is not False:
        # A page: of a proxy, or of the hotel one is in. Whatever its status, it is not Telegram's word.
        return Unsure(f"Telegram's answer makes no sense ({code})")
    return _refusal(code, answer)


def _refusal(code: int, answer: Mapping[str, Any]) -> Verdict:
    match code, answer:
        case 429, {"parameters": {"retry_after": int(seconds)}}:
            return NotNow(f"Telegram asks to wait {seconds} s", float(seconds))
        case 429, _:
            return NotNow("Telegram asks to wait")
        case ((401 | 404), _):
            return NotNow(f"Telegram refuses the token ({code})")
        case 409, {"description": str(said)} if "webhook" in said:
            return Hooked("a webhook is set for this bot, so it cannot be polled (409)")
        case 409, _:
            return Contested("another program polls with this token (409)")
        case _:
            return NotEver(str(answer.get("description") or f"Telegram refuses ({code})"))
