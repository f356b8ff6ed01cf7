"""What ``setup`` is going to do, and how it is told: everything known before the first byte is written.

Rule: it writes nothing. One agent whose files cannot be edited holds up none of the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from cli.census import Installed
from cli.hooking import changed
from hooks import install as installer
from hooks.agents import CLAUDE_CODE, CODEX, Agent
from hooks.entries import HomePaths, McpKind
from hooks.errors import SettingsError
from hooks.install import Change
from hooks.standing import kind
from hooks.trusting import is_noted

Json = dict[str, Any]
UNTRUSTED: Final = "its user has not said yet that our hooks may run: `peerline setup --trust`"


@dataclass(frozen=True, slots=True)
class Wish:
    """``mcp`` None: as it stands, or stdio."""

    mcp: McpKind | None = None
    channels: bool = False

    def for_agent(self, agent: Agent) -> McpKind | None:
        return "channels" if self.channels and agent is CLAUDE_CODE else self.mcp


@dataclass(frozen=True, slots=True)
class Planned:
    """One agent: what would be written, or why nothing can be. ``lacks``: what else it waits for."""

    found: Installed
    mcp: McpKind
    changes: Sequence[Change] = ()
    problem: str = ""
    hint: str = ""
    lacks: Sequence[str] = field(default=())

    @property
    def is_done(self) -> bool:
        return not (self.changes or self.problem or self.lacks)


def planned(found: Iterable[Installed], home: HomePaths, wish: Wish) -> list[Planned]:
    return [_planned(each, home, wish.for_agent(each.agent)) for each in found]


def _planned(found: Installed, home: HomePaths, wished: McpKind | None) -> Planned:
    agent = found.agent
    mcp = wished or kind(agent, home) or "stdio"
    try:
        changes = installer.install([agent], home, mcp=mcp, dry_run=True)
    except SettingsError as why:
        return Planned(found, mcp, problem=str(why), hint=why.hint or "")
    waits = agent is CODEX and found.program and not changes and not is_noted(home)
    return Planned(found, mcp, changes, lacks=[UNTRUSTED] if waits else [])


def told(plan: Planned) -> Json:
    return {
        "agent": plan.found.agent.name,
        "program": plan.found.program,
        "version": plan.found.version,
        "measured": plan.found.agent.measured,
        "mcp": plan.mcp,
        "is_set_up": plan.is_done,
        "changes": [changed(each) for each in plan.changes],
        "problem": plan.problem,
        "hint": plan.hint,
        "lacks": list(plan.lacks),
    }


def line(agent: Json) -> str:
    """One agent, and how it stands."""
    return f"{agent['agent']} {_version(agent)}: {_state(agent)}"


def _version(agent: Json) -> str:
    if not agent["program"]:
        return "(its folder is here, its program is not on the PATH)"
    if not agent["version"]:
        return f"(it tells no version; measured was {agent['measured']})"
    if agent["version"] == agent["measured"]:
        return f"{agent['version']}"
    return f"{agent['version']} (measured was {agent['measured']}: some of it may be different)"


def _state(agent: Json) -> str:
    if agent["problem"]:
        return f"{agent['problem']}\n  {agent['hint']}".replace("\n", "\n  ")
    if agent["changes"]:
        files = "".join(f"\n  {each['verb']} {each['path']}" for each in agent["changes"])
        return f"not set up as it should be{files}"
    return "; ".join(agent["lacks"]) or "set up"


def differences(agents: Iterable[Json]) -> str:
    return "\n".join(each["diff"] for agent in agents for each in agent["changes"])
