"""Which agents there are, where they keep their settings, and which of their events we listen to.

One row per agent; what an event means is the daemon's business (daemon/agents/<agent>.py). The names of
events, files and tools are the agents' own; facts about them were seen with the version at the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

TOOLS_WITHOUT_DIALOG = (
    "whoami",
    "list_peers",
    "ask_peer",
    "ask",
    "wait_for",
    "ack",
    "notify_peer",
    "broadcast",
    "check_messages",
    "set_description",
    "claim_orchestrator_role",
    "orchestrator_status",
)  # talking only: what starts or ends a process always asks


WAKE = "Wake"
WAKES_S = 86400


@dataclass(frozen=True, slots=True)
class Event:
    """One of the agent's events.

    ``seconds`` bounds the exchange with the daemon, ``timeout`` is the agent's own bound (seconds; above
    ours, so that the agent never complains). ``matcher`` is None where the agent has none for this event.
    ``wakes``: beside it a second command waits in the background, for up to WAKES_S, to wake an agent that has no
    other way in; it is called ``WAKE``.
    """

    name: str
    matcher: str | None = None
    seconds: float = 0.5
    timeout: int = 5
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """``settings`` lies in the agent's folder: ``folder_variable`` if set, else ``folder`` below HOME.

    ``below``: the variable names the folder that holds the agent's, which is called this.

    ``mcp_file`` lies in that folder when the variable is set, and in HOME itself when it is not; with ``mcp_inside``
    always in that folder. A ``home_variable`` stands for HOME where it is set. ``ticks``: how many units of its
    timeouts are a second. ``named``: it shows the names of its hooks, else their whole command lines.
    """

    name: str
    program: str
    folder: str
    folder_variable: str
    settings: str
    mcp_file: str
    events: tuple[Event, ...]
    allowed_tools: tuple[str, ...]
    measured: str  #: the version with which all of this was seen
    mcp_inside: bool = False
    home_variable: str = ""
    ticks: int = 1
    named: bool = False
    below: str = ""


CLAUDE_CODE = Agent(
    name="claude-code",
    program="claude",
    folder=".claude",
    folder_variable="CLAUDE_CONFIG_DIR",
    settings="settings.json",
    mcp_file=".claude.json",
    measured="2.1.329",
    events=(
        Event("SessionStart", wakes=True),
        Event("UserPromptSubmit"),
        Event("PreToolUse", matcher=""),  # also the evidence that what a hook handed over was seen
        Event("PostToolUse", matcher=""),
        Event("PostToolUseFailure", matcher=""),
        Event("PostToolBatch"),
        Event("PermissionRequest", matcher="", seconds=600, timeout=610),
        Event("Notification"),
        Event("Stop", wakes=True),
        Event("StopFailure"),
        Event("SessionEnd"),
    ),
    allowed_tools=tuple(f"mcp__peerline__{tool}" for tool in TOOLS_WITHOUT_DIALOG),
)

CODEX = Agent(
    name="codex",
    program="codex",
    folder=".codex",
    folder_variable="CODEX_HOME",
    settings="hooks.json",
    mcp_file="config.toml",
    mcp_inside=True,
    measured="0.169.0",
    events=(
        Event("SessionStart"),
        Event("UserPromptSubmit"),
        Event("PreToolUse"),
        Event("PostToolUse"),
        Event(
            "PermissionRequest", seconds=60, timeout=70
        ),  # Codex opens its own dialog only when this has ended
        Event("Stop"),
        Event("Interrupt", timeout=3),  # more than 3 s is not given to this one and the next
        Event("SessionEnd", timeout=3),
    ),
    allowed_tools=TOOLS_WITHOUT_DIALOG,
)

GEMINI = Agent(  # each listener is a process to wait for, so there is none for the calls of its model
    name="gemini",
    program="gemini",
    folder=".gemini",
    folder_variable="",
    settings="settings.json",
    mcp_file="settings.json",
    mcp_inside=True,
    home_variable="GEMINI_CLI_HOME",
    ticks=1000,
    named=True,
    measured="0.61.0",
    events=(
        Event("SessionStart"),
        Event("BeforeAgent"),
        Event("BeforeTool", matcher="*"),
        Event("AfterTool", matcher="*"),
        Event("Notification"),
        Event("AfterAgent"),
        Event("SessionEnd"),
    ),
    allowed_tools=tuple(f"mcp_peerline_{tool}" for tool in TOOLS_WITHOUT_DIALOG),
)


OPENCODE = Agent(  # it reads opencode.jsonc too, so in that one nobody's comments are in our way
    name="opencode",
    program="opencode",
    folder=".config/opencode",
    folder_variable="XDG_CONFIG_HOME",
    below="opencode",
    settings="plugins/peerline.js",
    mcp_file="opencode.json",
    mcp_inside=True,
    measured="1.18.33",
    events=(),  # its plugin tells what happens
    allowed_tools=(),  # it asks nobody before a call of an MCP server's tool, unless it is told to
)

AGENTS: Mapping[str, Agent] = MappingProxyType(
    {agent.name: agent for agent in (CLAUDE_CODE, CODEX, GEMINI, OPENCODE)}
)
