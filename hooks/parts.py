"""Which files of each agent hold something of ours, and what: one row per agent."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from hooks.agents import CLAUDE_CODE, CODEX, GEMINI, OPENCODE, Agent
from hooks.codexfile import CodexFile
from hooks.codextrust import names_of
from hooks.entries import CHANNELS, HomePaths, McpKind, Part, real, shim
from hooks.errors import SettingsRefused
from hooks.jsonfile import Hooks, JsonFile, Permissions, Server
from hooks.wholefile import WholeFile

POLICY = "policies/peerline.toml"
PASSED_ON = (
    "TMUX",
    "TMUX_PANE",
    "PEERLINE_NAME",
    "PEERLINE_CIRCLE",
)  # Codex gives a server no other variables
PLUGIN = Path(__file__).with_name("opencode.js")
Form = Callable[[Agent, HomePaths, McpKind], tuple[Part, ...]]


def parts(agent: Agent, home: HomePaths, mcp: McpKind = "stdio") -> tuple[Part, ...]:
    """Raises: SettingsRefused if there is no port for an HTTP entry."""
    if mcp == "http" and not home.port:
        raise SettingsRefused(
            "the HTTP entry needs the daemon's TCP port, and there is none",
            "set daemon.port in config.yaml, or use --mcp stdio",
        )
    return FORMS[agent.name](agent, home, mcp)


def claude_code(agent: Agent, home: HomePaths, mcp: McpKind) -> tuple[Part, ...]:
    settings = (Hooks(agent, home), Permissions(agent.allowed_tools))
    if mcp == "http":
        entry = {"type": "http", "url": f"http://127.0.0.1:{home.port}/mcp"}
        return _both(agent, home, settings, Server(entry))
    program, arguments = shim(home, *([CHANNELS] if mcp == "channels" else []))
    return _both(agent, home, settings, Server({"type": "stdio", "command": program, "args": arguments}))


def gemini(agent: Agent, home: HomePaths, mcp: McpKind) -> tuple[Part, ...]:
    """Its ``trust`` in a server would hold for tools that start and end processes, too, and so there is a policy."""
    program, arguments = shim(home)
    stdio = {"command": program, "args": arguments}
    entry = {"httpUrl": f"http://127.0.0.1:{home.port}/mcp"} if mcp == "http" else stdio
    return (
        JsonFile(agent, real(home.settings(agent)), (Hooks(agent, home), Server(entry)), comments=True),
        WholeFile(agent, real(home.folder(agent) / POLICY), policy(agent.allowed_tools)),
    )


def policy(tools: tuple[str, ...]) -> str:
    """One rule in the form of Gemini CLI's policies, which warns of a short name that is like one of its own."""
    listed = ", ".join(json.dumps(tool) for tool in tools)
    rule = f'toolName = [{listed}]\ndecision = "allow"\npriority = 100\n'
    return f"# Peerline: its tools that only talk may be called without a dialog.\n[[rule]]\n{rule}"


def opencode(agent: Agent, home: HomePaths, mcp: McpKind) -> tuple[Part, ...]:
    program, arguments = shim(home)
    local = {"type": "local", "command": [program, *arguments]}
    remote = {"type": "remote", "url": f"http://127.0.0.1:{home.port}/mcp"}
    server = Server(remote if mcp == "http" else local, key="mcp")
    return (
        WholeFile(agent, real(home.settings(agent)), plugin(PLUGIN, home)),
        JsonFile(
            agent,
            real(home.mcp_file(agent)),
            (server,),
            filled_in=("$schema",),
            comments=True,
            last_commas=True,
        ),
    )


def plugin(template: Path, home: HomePaths) -> str:
    """The plugin as it is to stand there: it knows the socket, and nothing else of this machine."""
    line, socket = re.compile(r"^const SOCKET = .*$", re.MULTILINE), json.dumps(str(home.socket))
    return line.sub(lambda _: f"const SOCKET = {socket}", template.read_text("utf-8"), count=1)


def _both(
    agent: Agent, home: HomePaths, settings: tuple[Hooks | Permissions, ...], server: Server
) -> tuple[Part, ...]:
    return (
        JsonFile(agent, real(home.settings(agent)), settings),
        JsonFile(agent, real(home.mcp_file(agent)), (server,)),
    )


def codex(agent: Agent, home: HomePaths, mcp: McpKind) -> tuple[Part, ...]:
    """config.toml first: what it holds of our hooks goes by the places at which they stand in the other."""
    hooks = JsonFile(agent, real(home.settings(agent)), (Hooks(agent, home),))
    tools = {tool: {"approval_mode": "approve"} for tool in agent.allowed_tools}
    entry = {**_codex_server(home, mcp), "tools": tools}
    return CodexFile(agent, real(home.mcp_file(agent)), entry, names_of(agent, home.settings(agent))), hooks


def _codex_server(home: HomePaths, mcp: McpKind) -> dict[str, object]:
    if mcp == "http":
        return {"url": f"http://127.0.0.1:{home.port}/mcp"}
    program, arguments = shim(home)
    return {"command": program, "args": arguments, "env_vars": list(PASSED_ON)}


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        CLAUDE_CODE.name: claude_code,
        CODEX.name: codex,
        GEMINI.name: gemini,
        OPENCODE.name: opencode,
    }
)
