"""What the doctor asks of each agent that is installed here, and mends of it: entries that run what is gone.

Rule: an entry that a person may have changed on purpose is told of and left alone.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from cli import census, service
from cli.hooking import home_paths
from daemon.core.errors import PeerlineError, Refused
from daemon.health import finding
from hooks import install as installer
from hooks.agents import Agent
from hooks.entries import HomePaths
from hooks.errors import SettingsError
from hooks.install import FileStatus, Status
from hooks.rivals import rivals
from hooks.standing import programs

Json = dict[str, Any]
SERVERS: Final = ("mcpServers.", "mcp_servers.", "mcp.")  #: how the label of an MCP entry begins


def findings() -> list[Json]:
    """Everything that is wrong with them, or worth knowing."""
    home = _home()
    agents = installer.present(home)
    told = [each for agent in agents for each in _of(agent, home)]
    unknown = [_version(each) for each in census.taken(agents, home) if each.version and not each.is_measured]
    return [*told, *unknown, *_installations(), *_service(), *_place(home)]


def mended() -> None:
    """Have our entries run what is here, where they run what is gone."""
    home = _home()
    for agent in installer.present(home):
        if _gone(agent, home):
            with suppress(SettingsError):  # it is among the findings, with what to do
                installer.install([agent], home)


def _home() -> HomePaths:
    try:
        return home_paths()
    except PeerlineError:  # what is wrong with the config is a finding of its own
        return HomePaths.of(os.environ)


def _of(agent: Agent, home: HomePaths) -> Iterator[Json]:
    try:
        [seen] = installer.status([agent], home)
    except SettingsError as why:
        yield finding("warning", "settings_unreadable", f"{agent.name}: {why}", why.hint or "")
        return
    yield from _unreadable(seen)
    if all(file.state == "absent" for file in seen.files):
        if seen.program:
            said = f"{agent.name} is installed and not set up: its sessions are no peers"
            yield finding("warning", "agent_not_set_up", said, f"`peerline setup --agent {agent.name}`")
    elif gone := _gone(agent, home):
        said = f"what {agent.name} is to run of ours is gone: {gone[0]}"
        yield finding("warning", "hooks_dead", said, "`peerline doctor --fix`")
    else:
        yield from _changed(agent, seen)
    for path in rivals(agent, home, Path.cwd()):
        said = f'another MCP server is called "peerline" in {path}, and {agent.name} takes that one there'
        yield finding("warning", "mcp_shadowed", said, "take it out, or give it another name")


def _gone(agent: Agent, home: HomePaths) -> list[Path]:
    return sorted(path for path in programs(agent, home) if not path.exists())


def _unreadable(seen: Status) -> Iterator[Json]:
    for file in seen.files:
        if file.problem:
            yield finding("warning", "settings_unreadable", file.problem, "mend that file")


def _changed(agent: Agent, seen: Status) -> Iterator[Json]:
    fix = f"`peerline hooks install --agent {agent.name}`"
    for file in seen.files:
        servers = [
            label for label in file.missing if label.startswith(SERVERS) and label not in file.outdated
        ]
        if servers:
            yield finding("warning", "mcp_missing", f"our MCP entry is not in {file.path}", fix)
        if others := _others(file, servers):
            said = f"our entries in {file.path} are not as we write them: {', '.join(others)}"
            yield finding("warning", "hooks_changed", said, fix)


def _others(file: FileStatus, servers: list[str]) -> list[str]:
    return [label for label in dict.fromkeys((*file.outdated, *file.missing)) if label not in servers]


def _version(found: census.Installed) -> Json:
    name, version, measured = found.agent.name, found.version, found.agent.measured
    said = f"{name} {version} is installed, and what is known of it was seen with {measured}"
    return finding("info", "version_unmeasured", said, "if something is odd, try that one, and tell us")


def _installations() -> Iterator[Json]:
    """Whichever stands first on the PATH is what a person calls; our hooks run the one that wrote them."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    calls = [Path(found) for folder in folders if (found := shutil.which("peerline", path=str(folder)))]
    others = [str(call) for call in calls if call.resolve().parent != Path(sys.executable).parent]
    if others:
        said = f"there is another installation of peerline: {', '.join(dict.fromkeys(others))}"
        yield finding("warning", "two_installations", said, "take one of them away")


def _service() -> Iterator[Json]:
    with suppress(Refused):
        keeper = service.keeper()
        if keeper.is_stale:
            said = f"{keeper.unit} starts another peerline than this one"
            yield finding("warning", "service_stale", said, "`peerline service install`")


def _place(home: HomePaths) -> Iterator[Json]:
    """A sandbox keeps an agent to its own folder and to these."""
    ours = Path(os.path.realpath(home.peerline_home))
    for folder in dict.fromkeys(map(os.path.realpath, (tempfile.gettempdir(), "/tmp", "/var/tmp"))):  # noqa: S108
        if ours.is_relative_to(folder):
            said = f"{home.peerline_home} is below {folder}, where agents in a sandbox may write and systems clean up"
            yield finding("info", "home_in_temp", said, "leave PEERLINE_HOME unset, or set it elsewhere")
            return
