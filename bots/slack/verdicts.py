"""What a failed request to the Web API may have done.

    NotNow   surely no effect: it never left, or Slack refused the time (429), the token, or what the app may do
    NotEver  surely no effect: Slack refuses just this (any other word of its own)
    Unsure   it left, and what came back (nothing, half an answer, a page, a 5xx, a failure within Slack) does not tell

Of ``internal_error`` and ``fatal_error`` Slack says that some of the operation may have succeeded (docs.slack.dev, each
method's list of errors).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import aiohttp

from bots.interface import NotEver, NotNow, Unsure, Verdict
from bots.payload import object_in

OK: Final = 200
TOO_MANY: Final = 429
SERVER_FAILED: Final = 500
LONGEST_WISH: Final = 10  #: digits
_NEVER_LEFT: Final = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.ClientProxyConnectionError,
)
#: What a person mends in the app's settings; then the same request is good.
_TOKEN: Final = frozenset({
    "account_inactive", "app_uninstalled", "enterprise_is_restricted", "invalid_auth", "missing_scope",
    "no_permission", "not_allowed_token_type", "not_authed", "org_login_required", "token_expired", "token_revoked",
})  # fmt: skip
_RIGHTS: Final = frozenset({"missing_scope", "no_permission", "not_allowed_token_type"})
_LATER: Final = frozenset({
    "accesslimited", "message_limit_exceeded", "rate_limited", "ratelimited", "request_timeout", "team_added_to_org",
    "upload_request_timeout",
})  # fmt: skip
_PERHAPS: Final = frozenset({"fatal_error", "internal_error", "service_unavailable", "unknown_error"})


class Refused(NotEver):
    """Slack refuses just this; ``word`` is its own word for why."""

    def __init__(self, word: str, about: str = "") -> None:
        super().__init__(f"Slack refuses: {word}{about}")
        self.word = word


class Lacking(NotNow):
    """The app may not do that: whoever can do without it does, until somebody changes the app."""


def unanswered(cause: BaseException) -> Verdict:
    """Judge a request that brought no answer, by what the HTTP library says of it."""
    if isinstance(cause, _NEVER_LEFT):
        return NotNow(f"Slack cannot be reached ({type(cause).__name__})")
    return Unsure(f"no answer from Slack ({type(cause).__name__})")


def judged(code: int, headers: Mapping[str, str], payload: bytes) -> Verdict | Mapping[str, Any]:
    """Judge an answer; a good one is returned."""
    if code == TOO_MANY:
        return _too_many(headers.get("Retry-After", ""))
    answer = object_in(payload)
    if code == OK and answer.get("ok") is True:
        return answer
    error = answer.get("error")
    if answer.get("ok") is False and isinstance(error, str) and error not in _PERHAPS:
        return _refusal(error, answer)
    if code >= SERVER_FAILED or isinstance(error, str):
        return Unsure(f"Slack answers {error or code}")
    # A page: of a proxy, or of the hotel one is in. Whatever its status, it is not Slack's word.
    return Unsure(f"Slack's answer makes no sense ({code})")


def _too_many(wish: str) -> NotNow:
    seconds = wish.strip()
    if seconds.isascii() and seconds.isdecimal() and len(seconds) <= LONGEST_WISH:
        return NotNow(f"Slack asks to wait {seconds} s", float(seconds), quiet=True)
    return NotNow("Slack asks to wait")


def _refusal(error: str, answer: Mapping[str, Any]) -> Verdict:
    if error in _TOKEN:
        needed = answer.get("needed")
        lacks = f": it lacks {needed}" if isinstance(needed, str) and needed else ""
        kind = Lacking if error in _RIGHTS else NotNow
        return kind(f"Slack refuses the token ({error}{lacks})")
    if error in _LATER:
        return NotNow(f"Slack asks to wait ({error})")
    return Refused(error, _about(answer))


def _about(answer: Mapping[str, Any]) -> str:
    match answer:
        case {"response_metadata": {"messages": [str(first), *_]}}:
            return f" ({first})"
        case _:
            return ""
