"""The tools: one row each, with what a model reads, what the tool takes and does, and how its result is told.

All rows together are what every agent carries in its context: 8 kB at most, so words are counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from daemon.core.errors import Malformed, PeerlineError
from mcp_server import calls, phrasing
from mcp_server.calls import LONGEST_WAIT_S, WAIT_S, Call
from mcp_server.endtools import KILL_TOOLS, RESTART_TOOLS
from mcp_server.jobtools import JOB_TOOLS
from mcp_server.reviewtools import REVIEW_TOOLS
from mcp_server.roletools import CLAIM, STATUS
from mcp_server.schema import (
    ID_LENGTH,
    Json,
    checked,
    choice,
    count,
    either,
    flag,
    name,
    seconds,
    several,
    takes,
    text,
)
from mcp_server.spawntools import SPAWN_TOOLS
from mcp_server.tool import Tool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call came to: an object for programs, a text for the model."""

    told: Json
    text: str
    failed: bool = False


def _id() -> Json:
    return text(most=ID_LENGTH)


def _circle() -> Json:
    return name()


def _urgency() -> Json:
    return choice("fyi", "normal", "urgent")


def _options() -> Json:
    return several(text(most=64), 10, "Answers to choose from")


def _wait() -> Json:
    return seconds(1, LONGEST_WAIT_S, default=WAIT_S)


TOOLS: Final = (
    Tool(
        "whoami",
        "Who you are to the others: name, circle, role, and how messages reach you.",
        takes(),
        calls.whoami,
        phrasing.myself,
        only_reads=True,
    ),
    Tool(
        "list_peers",
        "Who can be asked or told: coding agents, people, services, and what each is doing. "
        'Your circle by default; circle="*" is everywhere.',
        takes(
            circle=_circle(),
            scope=choice("machine", "directory", "repo"),
            show_offline=flag(),
            include_self=flag(),
        ),
        calls.list_peers,
        phrasing.peers,
        only_reads=True,
    ),
    Tool(
        "ask_peer",
        "Ask a peer and wait for the answer. Give what it needs to act without asking back: absolute paths, "
        "branch, what counts as done. When time is up you get the ask with pending=true; it stays open, "
        "so do not ask again: go on, and wait_for it later.",
        takes(
            "peer",
            "question",
            peer=name("A name from list_peers, or circle/name"),
            question=text(),
            circle=_circle(),
            options=_options(),
            timeout_s=_wait(),
        ),
        calls.ask_peer,
        phrasing.ask,
        waits=True,
    ),
    Tool(
        "ask",
        "Ask one or several peers and return at once. The answer comes as a message; wait_for waits for it.",
        takes(
            "to",
            "question",
            to=either(
                name(), several(name(), 100), says="Name, circle/name, role:ROLE, circle:CIRCLE, or a list"
            ),
            question=text(),
            circle=_circle(),
            options=_options(),
            need=text("How many must answer: all, first, majority or a number", most=8),
            deadline_s=seconds(1, 30 * 24 * 3600),
            reply_to=_id(),
            urgency=_urgency(),
        ),
        calls.ask,
        phrasing.ask,
    ),
    Tool(
        "wait_for",
        "Wait for the answer to an ask of yours. Without ask_id: list your open asks.",
        takes(ask_id=_id(), timeout_s=_wait()),
        calls.wait_for,
        phrasing.waited,
        waits=True,
    ),
    Tool(
        "ack",
        "Close an ask you were asked: message is the answer, option one of its options, decline=true says "
        "no, none of these just acknowledges. An ask of your own is cancelled.",
        takes(
            "ask_id",
            ask_id=_id(),
            message=text(),
            option=text(most=64),
            decline=flag(),
        ),
        calls.ack,
        phrasing.closed,
    ),
    Tool(
        "notify_peer",
        "Tell a peer something that needs no answer. It is kept until the peer has seen it.",
        takes("peer", "message", peer=name(), message=text(), circle=_circle(), urgency=_urgency()),
        calls.notify_peer,
        phrasing.sent,
    ),
    Tool(
        "broadcast",
        "Tell every agent of a circle at once; costs each of them attention, so prefer notify_peer.",
        takes("message", message=text(), circle=_circle()),
        calls.broadcast,
        phrasing.sent,
    ),
    Tool(
        "check_messages",
        "Take what is unread: asks for you, answers, notices. Asks are to be answered with ack.",
        takes(limit=count(1, 100, 20)),
        calls.check_messages,
        phrasing.messages,
    ),
    Tool(
        "set_description",
        "Say in one line what you are working on, for others to see in list_peers.",
        takes("description", description=text(most=500)),
        calls.set_description,
        phrasing.described,
    ),
    Tool(
        "schedule",
        "Say something later or again and again: to others or to yourself. Times without a zone are by this "
        "machine's. action=list shows yours, cancel ends one.",
        takes(
            to=either(name(), several(name(), 100), says="As for ask, or me"),
            text=text(),
            at=text('Once: "in 10m", "tomorrow 9:00", RFC 3339', most=200),
            every=text("30m, 2h, 1 day", most=200),
            cron=text('"0 9 * * mon-fri", @daily', most=200),
            kind=choice("notice", "ask"),
            timezone=name("As Europe/London"),
            action=choice("list", "cancel"),
            schedule_id=_id(),
        ),
        calls.schedule,
        phrasing.scheduled,
    ),
    CLAIM,
    *REVIEW_TOOLS,
)
#: Of those who direct others.
MORE: Final = (STATUS, *JOB_TOOLS, *RESTART_TOOLS)

#: What is not listed may still be called; who may what is decided at the call.
BY_NAME: Final[Mapping[str, Tool]] = {tool.name: tool for tool in (*TOOLS, *MORE, *SPAWN_TOOLS, *KILL_TOOLS)}


async def called(
    call: Call, wanted: str, given: Mapping[str, Any], own: Mapping[str, Tool] = BY_NAME
) -> Outcome:
    """Run a tool; ``own``: those of the caller's set, which come before ours of the same name.

    An error of ours is a result that a model can read, never an error of the protocol.
    """
    tool = own.get(wanted) or BY_NAME.get(wanted)
    try:
        if tool is None:
            raise Malformed(f'no tool "{wanted[:80]}"', f"there are {', '.join(own)}")
        told = await tool.run(call, **checked(tool.name, tool.takes, given))
    except PeerlineError as error:
        said = tool.refuse(error) if tool else phrasing.refusal(error)
        return Outcome(_problem(error), said, failed=True)
    return Outcome(phrasing.brief(told), tool.say(told))


def _problem(error: PeerlineError) -> Json:
    said = {"code": error.code, "message": str(error), "hint": error.hint, "retryable": error.retryable}
    return {"error": said if error.after_s is None else said | {"after_s": error.after_s}}
