"""What each tool does: one client call, or for those that wait the same question in slices.

Sending is done under the call's own id, so a call that is repeated because the daemon went away in the middle
gives the first result. Messages are taken under it too: they count as read only once somebody confirms that
the answer of this call arrived.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from daemon.client.interface import PeerClient, Question
from daemon.client.times import Wish
from daemon.core.errors import Malformed
from mcp_server import phrasing

Json = dict[str, Any]
Progress = Callable[[float, float, str], Awaitable[None]]

WAIT_S: Final = 100
LONGEST_WAIT_S: Final = 110  #: Claude Code moves a call into the background at 120 s
PROGRESS_S: Final = 10.0  #: OpenCode gives up after 60 s without a sign


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a tool: who calls, under which id, and how to say that we are still at it."""

    client: PeerClient
    call_id: str
    progress: Progress
    every_s: float = PROGRESS_S
    took: list[str] = field(default_factory=list)  #: this call's id, once it took messages

    async def take(self, *, limit: int = 20, ask_id: str | None = None) -> Json:
        told = await self.client.collect(self.call_id, limit=limit, ask_id=ask_id)
        if told["messages"]:
            self.took.append(self.call_id)
        return told


async def whoami(call: Call) -> Json:
    return await call.client.whoami()


async def list_peers(
    call: Call,
    circle: str | None = None,
    scope: str | None = None,
    *,
    show_offline: bool = False,
    include_self: bool = False,
) -> Json:
    return await call.client.peers(
        circle=circle, scope=scope, show_offline=show_offline, include_self=include_self
    )


async def ask_peer(
    call: Call,
    peer: str,
    question: str,
    circle: str | None = None,
    options: Sequence[str] = (),
    timeout_s: float = WAIT_S,
) -> Json:
    first = min(timeout_s, call.every_s)
    asked = Question(to=[peer], text=question, circle=circle, options=options, wait_s=first)
    opened = await call.client.ask(asked, key=call.call_id)
    return await _ended(call, opened["ask_id"], timeout_s)


async def ask(  # noqa: PLR0913  the tool's parameters
    call: Call,
    to: str | Sequence[str],
    question: str,
    *,
    circle: str | None = None,
    options: Sequence[str] = (),
    need: str = "all",
    deadline_s: float | None = None,
    reply_to: str | None = None,
    urgency: str = "normal",
) -> Json:
    asked = Question(
        to=[to] if isinstance(to, str) else to,
        text=question,
        circle=circle,
        options=options,
        need=need,
        deadline_s=deadline_s,
        reply_to=reply_to,
        urgency=urgency,
    )
    return await call.client.ask(asked, key=call.call_id)


async def wait_for(call: Call, ask_id: str | None = None, timeout_s: float = WAIT_S) -> Json:
    """Wait for one ask; without an id list one's own open ones."""
    if ask_id is None:
        return await call.client.asks("mine")
    return await _ended(call, ask_id, timeout_s)


async def ack(
    call: Call, ask_id: str, message: str = "", option: str | None = None, *, decline: bool = False
) -> Json:
    return await call.client.answer(ask_id, message, option=option, decline=decline, key=call.call_id)


async def notify_peer(
    call: Call, peer: str, message: str, circle: str | None = None, urgency: str = "normal"
) -> Json:
    return await call.client.notify(peer, message, circle=circle, urgency=urgency, key=call.call_id)


async def broadcast(call: Call, message: str, circle: str | None = None) -> Json:
    return await call.client.broadcast(message, circle=circle, key=call.call_id)


async def check_messages(call: Call, limit: int = 20) -> Json:
    return await call.take(limit=limit)


async def set_description(call: Call, description: str) -> Json:
    me = await call.client.whoami()
    return await call.client.describe(me["peer_id"], description)


async def schedule(  # noqa: PLR0913  the tool's parameters
    call: Call,
    to: str | Sequence[str] = (),
    text: str = "",
    *,
    at: str | None = None,
    every: str | None = None,
    cron: str | None = None,
    kind: str = "notice",
    timezone: str | None = None,
    action: str | None = None,
    schedule_id: str = "",
) -> Json:
    """Add one; or list one's own, or take one away."""
    if action == "list":
        return await call.client.schedules("mine")
    if action == "cancel":
        if not schedule_id:
            raise Malformed("schedule_id says which one to cancel", "action=list shows their ids")
        return await call.client.remove_schedule(schedule_id)
    names = (to,) if isinstance(to, str) else tuple(to)
    if not names or not text:
        raise Malformed("to and text are missing", "say to whom and what, and one of at, every and cron")
    wish = Wish(to=names, text=text, at=at, every=every, cron=cron, kind=kind, timezone=timezone)
    return await call.client.add_schedule(wish, key=call.call_id)


async def _ended(call: Call, ask_id: str, timeout_s: float) -> Json:
    """The ask once it has ended, its answer taken out of the inbox; or, when time is up, as it stands."""
    clock = asyncio.get_running_loop().time
    began = clock()
    while True:
        left = began + timeout_s - clock()
        told = await call.client.asked(ask_id, wait_s=max(0.0, min(left, call.every_s)))
        if not told["pending"]:
            await call.take(ask_id=ask_id)
            return told
        if left <= call.every_s:
            return told
        await call.progress(clock() - began, timeout_s, phrasing.waiting(told))
