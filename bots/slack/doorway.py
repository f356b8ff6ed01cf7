"""The one way in for all that Slack tells, by socket or by HTTP: through Bolt, to whoever keeps it.

Rule: Bolt answers when it is kept and not before; and what is nothing to us is answered as well, or it came again.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bots.interface import NotNow
from bots.slack.hearing import COMMANDS, EVENTS, INTERACTIVE
from bots.slack.pushing import LATER, Answered

Body = Mapping[str, Any]
Keeps = Callable[[str, Body], Awaitable[None]]
OK: Final = 200
REFUSED: Final = 401
log = logging.getLogger(__name__)
UNVERIFIED: Final = "unused"  #: Bolt wants a secret, also where it checks nothing with it


class Keeping(AsyncMiddleware):
    """Stands before all that Bolt does with a request but proving that it is Slack's; nothing goes further."""

    def __init__(self, keeps: Keeps) -> None:
        self._keeps = keeps

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002
        next: Callable[[], Awaitable[BoltResponse]],  # noqa: A002 -- the name is Bolt's
    ) -> BoltResponse | None:
        if req.body.get("type") == "url_verification":
            return await next()
        try:
            await self._keeps(kind_of(req.body), req.body)
        except NotNow:
            return BoltResponse(status=LATER, body="")
        return BoltResponse(status=OK, body="")


class Doorway:
    """Args: ``secret``: proves what comes by HTTP; "": nothing does, and all of it is refused."""

    def __init__(self, keeps: Keeps, secret: str = "") -> None:
        self._secret = secret
        self._app = AsyncApp(
            name="peerline",  # else Bolt reads the sources of whoever calls, which takes a quarter of a second
            signing_secret=secret or UNVERIFIED,
            before_authorize=Keeping(keeps),
            authorize=_nobody,
            logger=log,
        )

    async def over_socket(self, payload: Body) -> None:
        """Return when it is kept.

        Raises:
            NotNow: it is not, and is to come again.

        """
        told = AsyncBoltRequest(mode="socket_mode", body=dict(payload))
        answered = await self._app.async_dispatch(told)
        if answered.status != OK:  # also where we failed at it: acknowledged, it would be gone
            raise NotNow("it was not kept")

    async def by_http(self, headers: Mapping[str, str], body: str) -> Answered:
        """Answer a request of Slack's; without a right signature it is refused by 401."""
        if not self._secret:
            return Answered(REFUSED)
        told = await self._app.async_dispatch(AsyncBoltRequest(body=body, headers=dict(headers)))
        kind = next(iter(told.headers.get("content-type", [])), "text/plain")
        return Answered(told.status, told.body or "", kind.partition(";")[0])


async def _nobody() -> AuthorizeResult:
    """Whose deed it is the gate decides, for each person."""
    return AuthorizeResult(enterprise_id=None, team_id=None)


def kind_of(body: Body) -> str:
    """As the socket calls it; "" is nothing that we know."""
    if isinstance(body.get("event"), Mapping):
        return EVENTS
    if "command" in body:
        return COMMANDS
    return INTERACTIVE if isinstance(body.get("type"), str) else ""
