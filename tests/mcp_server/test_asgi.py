"""An exchange with a client that leaves: what it was told by then counts as told, and nothing else does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from mcp_server.asgi import App, Exchange, Receive, Scope, Send

START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream")],
}
EVENT = b"data: the answer\n\n"


@asynccontextmanager
async def served(app: App) -> AsyncIterator[tuple[str, Callable[[], Exchange]]]:
    made: list[Exchange] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        made.append(Exchange(request, {}))
        await made[0].through(app)
        return made[0].response

    site = web.Application()
    site.router.add_post("/", answer)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/", lambda: made[0]
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("leaves", ["with its answer", "before it"])
async def test_a_client_that_leaves_with_its_answer_has_it_though_the_stream_goes_on(leaves: str) -> None:
    over = asyncio.Event()

    async def app(_: Scope, receive: Receive, send: Send) -> None:
        event = {"type": "http.response.body", "body": EVENT, "more_body": True}
        try:
            await receive()
            await send(START)
            if leaves == "with its answer":
                await send(event)
            await receive()  # until it has gone
            if leaves == "before it":
                await send(event)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            over.set()

    async with served(app) as (url, exchange), aiohttp.ClientSession() as client, asyncio.timeout(10):
        answer = await client.post(url)
        if leaves == "with its answer":
            assert await answer.content.readuntil(b"\n\n") == EVENT
        answer.close()
        await over.wait()
    assert exchange().complete is (leaves == "with its answer")
