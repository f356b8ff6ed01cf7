"""The MCP server of both eras: the table of tools behind the protocol.

Importing this loads ``mcp`` (0.7 s, 60 MB), so only the door does it, late and in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Final

import mcp_types as t
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from sse_starlette import EventSourceResponse

from mcp_server import phrasing
from mcp_server.asgi import App, Receive, Scope, Send
from mcp_server.caller import RECEIPT, SCOPE, Caller
from mcp_server.calls import Call
from mcp_server.profiles import PROFILES
from mcp_server.tool import Tool
from mcp_server.tools import BY_NAME, Outcome, called

NAME: Final = "peerline"
BODY_LIMIT: Final = 1024 * 1024  #: bytes; the longest text is 64 KiB, and escaped six times that
Context = ServerRequestContext[Any, Any]


CALLER: Final[ContextVar[Caller]] = ContextVar("caller")


class Adaptive(Server[Any]):
    """What it tells at the start depends on who is told: the library asks for it once for each request."""

    @property
    def instructions(self) -> str:
        caller = CALLER.get()
        return caller.profile.instructions(caller.served)

    @instructions.setter
    def instructions(self, _: object) -> None:
        """The library sets what it was made with: nothing."""

    def get_capabilities(self, *_: Any, **how: Any) -> t.ServerCapabilities:
        """That the list may change is told in both eras, on the answers of calls: else nobody reads it anew.

        What asks to be told of it (``subscriptions/listen``) is answered by the shim, which needs no standing
        request for that; over HTTP it is not. Claude Code 2.1.329 reads its list anew all the same.
        """
        found = super().get_capabilities(NotificationOptions(tools_changed=True), **how)
        return found.model_copy(update={"tools": t.ToolsCapability(list_changed=True)})


def made(version: str) -> AbstractAsyncContextManager[App]:
    """What answers requests while it is open; making it takes 15 ms, and needs no loop.

    Stateless: a restarted daemon knows as much of its clients as before. What may wait is answered as a stream of
    events, because progress needs it; everything else at once, which takes a third less time.
    """
    server = Adaptive(NAME, version=version, on_list_tools=_list, on_call_tool=_call)
    server.middleware.clear()  # the default one traces each message for an exporter that we do not have
    EventSourceResponse._listen_for_exit_signal = staticmethod(_until_cancelled)  # type: ignore[method-assign]  # noqa: SLF001
    streams, at_once = (
        StreamableHTTPSessionManager(
            server, stateless=True, json_response=whole, max_request_body_size=BODY_LIMIT
        )
        for whole in (False, True)
    )
    return _open(streams, at_once)


@asynccontextmanager
async def _open(
    streams: StreamableHTTPSessionManager, at_once: StreamableHTTPSessionManager
) -> AsyncIterator[App]:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        CALLER.set(scope[SCOPE])
        whole = _never_waits(dict(scope["headers"])) and not scope[SCOPE].stale
        manager = at_once if whole else streams
        await manager.handle_request(scope, receive, send)

    async with streams.run(), at_once.run():
        yield app


def _never_waits(headers: Mapping[bytes, bytes]) -> bool:
    """As far as the client says what it asks for, as those of today must and our shim does."""
    tool = BY_NAME.get(headers.get(b"mcp-name", b"").decode("latin-1"))
    if headers.get(b"mcp-method") != b"tools/call" or tool is None:
        return False
    return not (tool.waits or tool.changes)


async def _until_cancelled() -> None:
    """Instead of looking twice a second, for ever, whether a server ends that we do not have."""
    await asyncio.Event().wait()


async def _list(context: Context, __: t.PaginatedRequestParams | None) -> t.ListToolsResult:
    caller = _caller(context)
    rows = _ROWS[caller.profile.name]
    return t.ListToolsResult(tools=[rows[each.name] for each in await caller.list()])


async def _call(context: Context, asked: t.CallToolRequestParams) -> t.CallToolResult:
    caller = _caller(context)
    await caller.begin()
    call_id = caller.call_id(context.request_id)
    call = Call(caller.client, call_id, context.session.report_progress, caller.every_s)
    outcome = await called(call, asked.name, asked.arguments or {}, caller.profile.by_name)
    if call.took:
        await caller.took_with(call_id)
    tool = BY_NAME.get(asked.name)
    if caller.stale or (tool is not None and tool.changes and not outcome.failed):
        await caller.changed()
        await _announce(context)
    if unread := await caller.unread():
        outcome = replace(outcome, text=outcome.text + phrasing.waits(unread))
    return _result(outcome, {RECEIPT: True} if call.took and caller.run else None)


async def _announce(context: Context) -> None:
    """On that call's own answer: there is no other way to a client that keeps no stream open."""
    await context.session.send_notification(t.ToolListChangedNotification(), context.request_id)


def _caller(context: Context) -> Caller:
    found: Caller = getattr(context.request, "scope", {})[SCOPE]
    return found


def _result(outcome: Outcome, meta: dict[str, Any] | None) -> t.CallToolResult:
    return t.CallToolResult(
        content=[t.TextContent(text=outcome.text)],
        structured_content=outcome.told,
        is_error=outcome.failed,
        _meta=meta,
    )


def _row(tool: Tool) -> t.Tool:
    return t.Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.takes,
        annotations=t.ToolAnnotations(read_only_hint=True) if tool.only_reads else None,
    )


_ROWS: Final = {
    name: {tool.name: _row(tool) for tool in (*profile.tools, *profile.starts, *profile.more)}
    for name, profile in PROFILES.items()
}
