"""The sockets: the Unix socket, and TCP where it is wanted and free, both in front of one application."""

from __future__ import annotations

import contextlib
import platform
import socket
from collections.abc import AsyncIterator
from typing import Final

from aiohttp import web

from cli.channeldoor import ChannelEntrance
from cli.house import House
from cli.mcpdoor import McpEntrance
from daemon import lifecycle
from daemon.api.app import Application
from daemon.api.guards import Guards
from daemon.api.hooks import HookDesk
from daemon.api.patience import Site
from daemon.wire import routes

GRACE_S: Final = 0.5


@contextlib.asynccontextmanager
async def sockets(house: House, desk: HookDesk) -> AsyncIterator[str]:
    """Serve on the Unix socket, and on TCP if that is wanted and free."""
    port = house.settings.daemon.port
    tcp = lifecycle.tcp_socket(port) if port else None
    house.health.tcp = "" if tcp else ("off" if not port else f"port {port} is taken")
    guards = Guards(
        house.engine,
        token=lifecycle.token(house.paths),
        port=tcp.getsockname()[1] if tcp else 0,
        machine=platform.node(),
        owner=house.settings.owner.name,
        count=house.auditor.tally.count,
    )
    entrance = McpEntrance(house.engine, house.door, guards, house.health.version)
    standing = ChannelEntrance(house.engine, guards)
    runner = _runner(house, guards, desk, entrance, standing)
    await runner.setup()
    try:
        # The entrance closes before the requests inside are ended in order: a call that waits for an answer must look
        # unanswered, so that its shim repeats it.
        async with entrance, standing:
            await Site(runner, lifecycle.unix_socket(house.paths), house.patience, backlog=1024).start()
            if tcp:
                await Site(runner, tcp, house.patience, backlog=256).start()
            yield _where(house, tcp)
            house.paths.socket.unlink(missing_ok=True)
    finally:
        await runner.cleanup()


def _runner(
    house: House, guards: Guards, desk: HookDesk, entrance: McpEntrance, standing: ChannelEntrance
) -> web.AppRunner:
    application = Application(
        house.door,
        guards,
        health=house.health.health,
        version=house.health.version,
        desk=desk,
        extras={
            routes.MCP: entrance.handle,
            routes.MCP_RECEIPTS: entrance.receipts,
            routes.MCP_CHANNEL: standing.handle,
        },
        strangers=house.chats.takes,
    )
    return web.AppRunner(
        application.made(),
        access_log=None,
        keepalive_timeout=75,
        shutdown_timeout=GRACE_S,
        handle_signals=False,
    )


def _where(house: House, tcp: socket.socket | None) -> str:
    if tcp:
        return f"{house.paths.socket} and 127.0.0.1:{tcp.getsockname()[1]}"
    return f"{house.paths.socket} alone ({house.health.tcp})"
