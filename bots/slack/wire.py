"""Connections to Slack: what comes over them is judged here, and never repeated by the library.

The library would ask again by itself where an answer was cut off, and so post a thing twice; and what it cannot read it
would raise as something else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bots.interface import Failure
from bots.slack.verdicts import judged, unanswered

Session = Callable[[], aiohttp.ClientSession]


class Line(AsyncWebClient):
    """Args: ``session``: makes or returns the session that all requests go over."""

    def __init__(self, token: str, root: str, session: Session) -> None:
        super().__init__(token, base_url=root, retry_handlers=[])
        self._session_of = session

    async def _request(self, *, http_verb: str, api_url: str, req_args: dict[str, Any]) -> dict[str, Any]:
        asked = {name: value for name, value in req_args.items() if name != "files" and value is not None}
        try:
            async with self._session_of().request(
                http_verb, api_url, allow_redirects=False, **asked
            ) as response:
                verdict = judged(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unanswered(error) from None
        if isinstance(verdict, Failure):
            raise verdict
        return {"data": verdict, "headers": response.headers, "status_code": response.status}
