"""The tools about starting agents, listed once the config lets somebody be started."""

from __future__ import annotations

from typing import Final

from daemon.client.starts import Start
from mcp_server.calls import Call
from mcp_server.schema import Json, name, takes, text
from mcp_server.tool import Tool


async def _spawn(  # noqa: PLR0913  the tool's parameters
    call: Call,
    path: str,
    *,
    backend: str | None = None,
    profile: str | None = None,
    name: str | None = None,
    circle: str | None = None,
    worktree: str | None = None,
    message: str | None = None,
) -> Json:
    start = Start(
        backend=backend, profile=profile, name=name, circle=circle, worktree=worktree, message=message
    )
    return await call.client.spawn(path, start, key=call.call_id)


def _said(told: Json) -> str:
    who = f"{told['circle']}/{told['name']} ({told['backend']}) is being started in {told['path']}"
    asked = f"; your message is ask {told['ask_id']}" if told["ask_id"] else ""
    return f"{who}{asked}. What you send it waits until it is there; your user sees it with: {told['attach']}"


SPAWN_TOOLS: Final = (
    Tool(
        "spawn_peer",
        "Start another coding agent in a folder your user allowed. Its name holds at once; message is asked of it "
        "when it is there, and the answer comes to you. worktree: a branch to give it a git worktree of its own.",
        takes(
            "path",
            path=text(most=4096),
            backend=name(),
            profile=name(),
            name=name(),
            circle=name(),
            worktree=name(),
            message=text(),
        ),
        _spawn,
        _said,
    ),
)
