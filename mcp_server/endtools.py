"""The tools about ending and restarting agents: the one for all who may start some, the other for who directs them."""

from __future__ import annotations

from typing import Final

from daemon.core.errors import NotAllowed
from mcp_server.calls import Call
from mcp_server.schema import Json, flag, name, takes
from mcp_server.tool import Tool


async def kill(call: Call, peer: str, *, circle: str | None = None) -> Json:
    """End a peer's agent, where that is allowed.

    Raises:
        NotAllowed: it is the caller itself, or not the caller's to end.

    """
    return await call.client.kill(await _meant(call, peer, circle, "kill"))


async def _restart(call: Call, peer: str, *, circle: str | None = None, now: bool = False) -> Json:
    peer_id = await _meant(call, peer, circle, "restart")
    return await call.client.restart(peer_id, now=now, key=call.call_id)


async def _meant(call: Call, peer: str, circle: str | None, what: str) -> str:
    me, found = await call.client.whoami(), await call.client.peer(peer, circle=circle)
    if found["peer_id"] == me["peer_id"]:
        raise NotAllowed(f"you cannot {what} yourself", "end your session in its own way")
    peer_id: str = found["peer_id"]
    return peer_id


def _killed(told: Json) -> str:
    who = f"{told['circle']}/{told['name']}"
    if told["ended"]:
        return f"{who} has ended. What was asked of it ends as orphaned; its mail is kept."
    return f"{who} was told to end and goes on; your user can end process {told['pid']}."


def _restarted(told: Json) -> str:
    return f"{told['circle']}/{told['name']} is being restarted with all it knows. What you send it waits."


KILL_TOOLS: Final = (
    Tool(
        "kill_peer",
        "End an agent that you started, or one that it started.",
        takes("peer", peer=name(), circle=name()),
        kill,
        _killed,
    ),
)
RESTART_TOOLS: Final = (
    Tool(
        "restart_peer",
        "Have an agent that you may end go on in a new process with its conversation and mail. "
        "now=true breaks a turn off.",
        takes("peer", peer=name(), circle=name(), now=flag()),
        _restart,
        _restarted,
    ),
)
