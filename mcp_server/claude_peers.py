"""The five tools of claude-peers, by their names and in their words, over the same calls as ours.

Rule: nothing is said here that was not found out. What is sent is told with its level; what nobody saw stays unread.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from daemon.core.errors import PeerlineError
from mcp_server import calls, endtools, phrasing
from mcp_server.calls import Call
from mcp_server.schema import Json, choice, name, takes, text
from mcp_server.tool import Tool

SHOWN: Final = 20
_WORDS: Final[Mapping[str, str]] = {
    "unknown_peer": "Peer not found",
    "too_large": "Message too large",
    "throttled": "Rate limited",
}


async def list_peers(call: Call, scope: str) -> Json:
    return await call.client.peers(scope=scope) | {"scope": scope}


async def send_message(call: Call, to_id: str, message: str) -> Json:
    return await call.client.notify(to_id, message, key=call.call_id)


async def set_summary(call: Call, summary: str) -> Json:
    return await calls.set_description(call, summary)


async def check_messages(call: Call) -> Json:
    """What is new, and before it what was there last: all that is shown, and no more of it than that, is taken."""
    taken = (await call.take(limit=SHOWN))["messages"]
    left = SHOWN - len(taken)
    new = [each | {"new": True, "direction": "received"} for each in taken]
    known = {each["message_id"] for each in taken}
    past = (await call.client.history(limit=SHOWN))["messages"]
    old = [each | {"new": False} for each in past if each["message_id"] not in known]
    shown = [*(old[-left:] if left else []), *new]
    return {"messages": sorted(shown, key=lambda each: str(each["at"]))}


async def kill_peer(call: Call, peer_id: str) -> Json:
    """End a peer's agent, where that is allowed.

    Raises:
        NotAllowed: it is the caller itself, or not the caller's to end.

    """
    return await endtools.kill(call, peer_id)


def listed(told: Json) -> str:
    found, scope = told["peers"], told["scope"]
    if not found:
        return f"No other peers found (scope: {scope})."
    return "\n\n".join([f"Found {len(found)} peer(s) (scope: {scope}):", *(_peer(each) for each in found)])


def sent(told: Json) -> str:
    one = told["deliveries"][0]
    return f"Message sent to peer {one['peer_id']} ({phrasing.delivery(one)})"


def summarised(peer: Json) -> str:
    return f'Summary updated: "{peer["description"]}"'


def checked(told: Json) -> str:
    found = told["messages"]
    if not found:
        return "No messages."
    new = sum(each["new"] for each in found)
    return "\n\n".join([f"{len(found)} message(s) ({new} new):", *(_message(each) for each in found)])


def killed(told: Json) -> str:
    if told["ended"]:
        return f"Killed peer {told['peer_id']} (PID {told['pid']}). The agent session has been terminated."
    return f"Peer {told['peer_id']} (PID {told['pid']}) was told to end and has not yet."


def refused(what: str) -> Callable[[PeerlineError], str]:
    """How a refusal is said: ``Failed to send: Rate limited: …``, and then what to do."""

    def say(error: PeerlineError) -> str:
        first, *rest = phrasing.refusal(error).split("\n")
        said = ": ".join(part for part in (what, _WORDS.get(error.code, ""), first) if part)
        return "\n".join([said, *rest])

    return say


def _peer(one: Json) -> str:
    rows = {
        "ID": one["peer_id"],
        "Name": f"{one['name']}@{one['circle']}",
        "Type": one["backend"],
        "CWD": one["path"],
        "Branch": one["branch"],
        "Status": " ".join(filter(None, (one["status"], one["turn_state"]))),
        "Summary": one["description"],
        "Last seen": one["last_seen"],
    }
    return "\n".join(f"{title}: {told}" for title, told in rows.items() if told)


def _message(one: Json) -> str:
    mark = "[NEW] " if one["new"] else ""
    if one["direction"] == "sent":
        head = f"{mark}[{one['kind']}] To {', '.join(one['to'])}"
    else:
        who = f"{phrasing.sender(one)} {one['from_peer']['peer_id']} ({phrasing.whose(one)})"
        head = f"{mark}[{one['kind']}] From {who}"
    how = f'\n(answer with ack(ask_id="{one["ask_id"]}", message="…"))' if _is_question(one) else ""
    return f"{head} - {one['at']}\n{one['text']}{how}"


def _is_question(one: Json) -> bool:
    return bool(one["kind"] == "ask" and one["new"])


def _row(
    tool: str, says: str, shape: Json, run: Callable[..., Any], say: Callable[[Json], str], no: str
) -> Tool:
    return Tool(tool, says, shape, run, say, only_reads=tool == "list_peers", refuse=refused(no))


TOOLS: Final = (
    _row(
        "list_peers",
        "List the other peers: on this machine, in your directory, or in your repository (worktrees are one).",
        takes("scope", scope=choice("machine", "directory", "repo")),
        list_peers,
        listed,
        "Error listing peers",
    ),
    _row(
        "send_message",
        "Send a message to a peer by its ID or name. It is kept until the peer has seen it.",
        takes("to_id", "message", to_id=name(), message=text()),
        send_message,
        sent,
        "Failed to send",
    ),
    _row(
        "set_summary",
        "Say in one or two sentences what you are working on, for others to see in list_peers.",
        takes("summary", summary=text(most=500)),
        set_summary,
        summarised,
        "Error setting summary",
    ),
    _row(
        "check_messages",
        "Show your last 20 messages, sent and received; what is new is marked [NEW] and counts as read.",
        takes(),
        check_messages,
        checked,
        "Error checking messages",
    ),
    _row(
        "kill_peer",
        "End a peer's agent session, if you started it; the owner says `peerline peer kill` at a terminal.",
        takes("peer_id", peer_id=name()),
        kill_peer,
        killed,
        "Failed to kill",
    ),
)
