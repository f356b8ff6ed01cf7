"""One conversation over the standard streams, for whoever starts one."""

from __future__ import annotations

import sys

from cli.output import exchange
from daemon.paths import found


async def talked(*, to: str | None, circle: str | None, linger_s: float) -> int:
    """Hold one conversation over the standard streams; return the exit code."""
    from bots.console.chat import chat as converse
    from daemon.client.hosting import HostingClient

    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    line = HostingClient(exchange())
    try:
        return await converse(
            line,
            interactive=interactive,
            to=to,
            circle=circle,
            linger_s=linger_s,
            history=found().history if interactive else None,
        )
    finally:
        await line.close()
