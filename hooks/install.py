"""Install into the agents' own files, uninstall, and tell what is there.

Everything is planned before anything is written, so a file we cannot edit stops the whole with nothing done;
what a crash leaves half done is completed by the next install. A file that changes under our hands is read
and planned anew.
"""

from __future__ import annotations

import difflib
import shutil
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from hooks import files
from hooks.agents import AGENTS, Agent
from hooks.entries import ENTRY, PIPE, HomePaths, McpKind, Part
from hooks.errors import SettingsBusy, SettingsError, SettingsRefused
from hooks.ledger import Ledger, Row
from hooks.parts import parts
from hooks.plan import found, installed, removed
from hooks.standing import kind

TRIES = 8
State = Literal["installed", "partly", "outdated", "absent", "unreadable"]


@dataclass(frozen=True, slots=True)
class Change:
    """One file, ``before`` and ``after``; None where it does not exist."""

    agent: str
    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def verb(self) -> str:
        return "create" if self.before is None else "delete" if self.after is None else "change"

    def diff(self) -> str:
        """Show it as a unified diff."""
        old, new = (shown_lines(content) for content in (self.before, self.after))
        names = ("/dev/null" if self.before is None else str(self.path)), str(self.path)
        return "".join(difflib.unified_diff(old, new, names[0], names[1] if self.after else "/dev/null"))


@dataclass(frozen=True, slots=True)
class FileStatus:
    """``missing`` and ``outdated`` name entries; ``problem`` says why an unreadable file is that."""

    path: Path
    state: State
    missing: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """One agent: is its program on the PATH, has it a settings folder, what do its files hold of ours."""

    agent: str
    program: bool
    folder: bool
    files: tuple[FileStatus, ...]

    @property
    def installed(self) -> bool:
        return all(file.state == "installed" for file in self.files)


Planned = tuple[bytes | None, Row | None]
Planner = Callable[[Part, bytes | None, Row | None], Planned | None]


def present(home: HomePaths) -> list[Agent]:
    """Give the agents whose program or settings folder exists."""
    return [agent for agent in AGENTS.values() if has_program(agent, home) or home.folder(agent).is_dir()]


def install(
    agents: Iterable[Agent], home: HomePaths, *, mcp: McpKind | None = None, dry_run: bool = False
) -> list[Change]:
    """Write hooks, permissions and the MCP entry; give what changed, nothing if all was there.

    The entry stays of the kind that stands there unless one is named. Raises: SettingsRefused, SettingsBusy.
    """
    wanted = [part for agent in agents for part in wanted_parts(agent, home, mcp)]
    return carry_out(wanted, home, to_install, dry_run=dry_run)


def uninstall(agents: Iterable[Agent], home: HomePaths, *, dry_run: bool = False) -> list[Change]:
    """Take out what is ours, to the byte where nobody edited since. Raises: SettingsRefused, SettingsBusy."""
    wanted = [part for agent in agents for part in parts(agent, home)]
    try:
        done = carry_out(wanted, home, to_uninstall, dry_run=dry_run)
    except SettingsRefused as why:
        hint = f"mend that and try again, or take what is called {ENTRY}, and runs {PIPE}, out of it by hand"
        raise SettingsRefused(str(why), hint) from why
    if not dry_run:
        forget(wanted, Ledger(home.peerline_home))
        files.drop_folders([home.peerline_home])  # only if nothing is in it
    return done


def status(agents: Iterable[Agent], home: HomePaths, *, mcp: McpKind | None = None) -> list[Status]:
    return [
        Status(
            agent.name,
            has_program(agent, home),
            home.folder(agent).is_dir(),
            tuple(file_status(part) for part in wanted_parts(agent, home, mcp)),
        )
        for agent in agents
    ]


def wanted_parts(agent: Agent, home: HomePaths, mcp: McpKind | None) -> tuple[Part, ...]:
    return parts(agent, home, mcp or kind(agent, home) or "stdio")


# -- planning --------------------------------------------------------------------------------------------


def to_install(part: Part, content: bytes | None, row: Row | None) -> Planned | None:
    return installed(part, content, row)


def to_uninstall(part: Part, content: bytes | None, row: Row | None) -> Planned | None:
    after = removed(part, content, row)
    return None if after == content else (after, None)


def carry_out(wanted: list[Part], home: HomePaths, planner: Planner, *, dry_run: bool) -> list[Change]:
    ledger = Ledger(home.peerline_home)
    planned = [(part, change) for part in wanted if (change := planned_change(part, ledger, planner))]
    if dry_run:
        return [change for _, change in planned]
    done = [change for part, _ in planned if (change := written(part, ledger, planner))]
    for path in (*(part.path for part in wanted), ledger.path):
        with suppress(OSError, SettingsBusy):
            files.tidy(path)
    return done


def planned_change(part: Part, ledger: Ledger, planner: Planner) -> Change | None:
    content = looked_at(part)
    planned = planner(part, content, ledger.row(part.path))
    if planned and (why := files.obstacle(part.path)):
        raise refused(part, f"cannot be written: {why}")
    return Change(part.agent.name, part.path, content, planned[0]) if planned else None


# -- writing ---------------------------------------------------------------------------------------------


def written(part: Part, ledger: Ledger, planner: Planner) -> Change | None:
    try:
        if missing := files.missing_folders(part.path.parent):
            announce(part, ledger, missing)
            files.make_folders(part.path.parent)
        with files.locked(part.path):
            return written_locked(part, ledger, planner)
    except OSError as why:
        raise refused(part, f"cannot be written: {why.strerror}") from why


def announce(part: Part, ledger: Ledger, folders: list[Path]) -> None:
    """Write down which folders will be made before any is: whatever comes between, they are known for ours."""
    row = ledger.row(part.path) or Row("", existed=False, undo=(), created=())
    ledger.put(part.path, replace(row, folders=(*map(str, folders), *row.folders)))


def written_locked(part: Part, ledger: Ledger, planner: Planner) -> Change | None:
    """Plan again from what stands there now, and again if a program that knows no lock comes between."""
    row = ledger.row(part.path)
    for _ in range(TRIES):
        content = read(part)
        planned = planner(part, content, row)
        if planned is None:
            return None
        with suppress(files.Changed):
            put(part, ledger, content, planned)
            return Change(part.agent.name, part.path, content, planned[0])
    raise SettingsBusy(f"{part.path} was rewritten {TRIES} times while we edited it", "try again in a moment")


def put(part: Part, ledger: Ledger, content: bytes | None, planned: Planned) -> None:
    """Write down first how to undo it, then do it."""
    after, row = planned
    if row:
        ledger.put(part.path, row)
    files.replace(part.path, content, after)


def forget(wanted: list[Part], ledger: Ledger) -> None:
    """The innermost folders go first, whichever file they were made for."""
    rows = {part.path: row for part in wanted if (row := ledger.row(part.path))}
    files.drop_folders(Path(folder) for row in rows.values() for folder in row.folders)
    for path in rows:
        ledger.drop(path)


# -- looking ---------------------------------------------------------------------------------------------


def looked_at(part: Part) -> bytes | None:
    return read(part, files.settled_content)


def read(part: Part, content_of: Callable[[Path], bytes | None] = files.content_of) -> bytes | None:
    try:
        return content_of(part.path)
    except OSError as why:
        raise refused(part, f"cannot be read: {why.strerror}") from why


def refused(part: Part, why: str) -> SettingsRefused:
    hint = f"mend that, or put this into the file by hand:\n{part.by_hand}"
    return SettingsRefused(f"{part.path} {why}; the file was left alone", hint)


def has_program(agent: Agent, home: HomePaths) -> bool:
    return shutil.which(agent.program, path=home.variables.get("PATH")) is not None


def file_status(part: Part) -> FileStatus:
    try:
        seen = found(part, looked_at(part))
    except SettingsError as why:
        return FileStatus(part.path, "unreadable", problem=str(why))
    return FileStatus(part.path, state_of(part, seen.missing, seen.outdated), seen.missing, seen.outdated)


def state_of(part: Part, missing: tuple[str, ...], outdated: tuple[str, ...]) -> State:
    if outdated:
        return "outdated"
    if not missing:
        return "installed"
    return "absent" if len(missing) == len(part.wanted) else "partly"


def shown_lines(content: bytes | None) -> list[str]:
    lines = (content or b"").decode(errors="replace").splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n\\ no newline at the end\n"
    return lines
