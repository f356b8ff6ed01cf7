"""``service …``: the daemon as a service of this user, by systemd or launchd."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import typer

from cli import units
from cli.options import AsJson
from cli.output import NOT_YET, client, is_up, note, show
from daemon.core.errors import Refused
from daemon.paths import found
from hooks import files
from hooks.ledger import Ledger, Row

Json = dict[str, Any]
#: What the daemon and the agents that it starts need; no secret is among them.
KEPT: Final = (
    "PATH",
    "PEERLINE_HOME",
    "XDG_CONFIG_HOME",
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "LANG",
    "LC_ALL",
)
PATIENCE_S: Final = 30.0
group = typer.Typer(help="The daemon as a service, there after every login.", no_args_is_help=True)


@dataclass(frozen=True, slots=True)
class Keeper:
    """Who keeps services here: where the unit stands, what it is, and what makes it run and end."""

    name: str
    unit: Path
    content: bytes
    starts: Sequence[Sequence[str]]
    ends: Sequence[Sequence[str]]
    asks: Sequence[str]
    logs: str
    more: str = ""
    works: Sequence[str] = ()  #: what succeeds where it keeps services for this user

    @property
    def is_here(self) -> bool:
        """Not so in a container, where its programs may be and nobody who listens to them."""
        return not self.works or _run(self.works)[0] == 0

    @property
    def is_stale(self) -> bool:
        """The unit runs something else than would be run from here; what it says beside that may differ."""
        return self.unit.exists() and units.runs(self.unit.read_bytes()) != units.runs(self.content)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="service")


@group.command()
def install(as_json: AsJson = False) -> None:
    """Write the unit and start it; a second time it is written anew and started again if it changed."""
    told = begun(keeper())
    show(told, as_json=as_json, human=said)
    if told["problem"]:
        raise typer.Exit(NOT_YET)


@group.command()
def uninstall(as_json: AsJson = False) -> None:
    """Stop the service and take its unit away; what is on the line stays."""
    show(
        {"removed": ended(keeper())},
        as_json=as_json,
        human=lambda told: "removed" if told["removed"] else "there was none",
    )


@group.command()
def status(as_json: AsJson = False) -> None:
    """Whether it is installed and running."""
    show(state(keeper()), as_json=as_json, human=_shown)


def begun(keeper: Keeper) -> Json:
    """Write the unit and start it. Raises: Refused: a daemon runs that is no service."""
    if _runs_elsewhere(keeper):
        raise Refused(
            "a daemon runs already that is no service", "end it with `peerline down`, then install again"
        )
    there = keeper.unit.read_bytes() if keeper.unit.exists() else None
    if there != keeper.content:
        _replaced(keeper.unit, keeper.content)
    problem = _done(keeper.starts)
    return state(keeper) | {"changed": there != keeper.content, "problem": problem, "left": _left()}


def ended(keeper: Keeper) -> bool:
    """Stop it and take away the unit, and the folders that were made for it; tell whether there was one."""
    was = keeper.unit.exists()
    if was:
        if problem := _done(keeper.ends):
            note(problem)
        keeper.unit.unlink()
        _done(keeper.starts[:1])
    ledger = Ledger(found().home)
    if row := ledger.row(keeper.unit):
        files.drop_folders(map(Path, row.folders))
        ledger.drop(keeper.unit)
    return was


def keeper() -> Keeper:
    """Raises: Refused: nobody keeps services here."""
    home = Path.home()
    if sys.platform == "darwin":
        return _launchd(home)
    if shutil.which("systemctl"):
        return _systemd(home)
    raise Refused(
        "neither systemd nor launchd is here",
        "keep `peerline up` running in a terminal, such as a tmux window",
    )


def _systemd(home: Path) -> Keeper:
    control, unit = ("systemctl", "--user"), f"{units.NAME}.service"
    return Keeper(
        name="systemd",
        unit=units.systemd_path(home, os.environ.get("XDG_CONFIG_HOME", "")),
        content=units.systemd(_daemon()).encode(),
        starts=((*control, "daemon-reload"), (*control, "enable", unit), (*control, "restart", unit)),
        ends=((*control, "disable", "--now", unit),),
        asks=(*control, "is-active", unit),
        works=(*control, "show-environment"),
        logs=f"`peerline logs`, or `journalctl --user -u {units.NAME}`",
        more="`loginctl enable-linger` keeps it running while you are logged out",
    )


def _launchd(home: Path) -> Keeper:
    domain, path = f"gui/{os.getuid()}", units.launchd_path(home)
    return Keeper(
        name="launchd",
        unit=path,
        content=units.launchd(_daemon()),
        starts=(
            ("launchctl", "enable", f"{domain}/{units.LABEL}"),
            ("launchctl", "bootstrap", domain, str(path)),
            ("launchctl", "kickstart", "-k", f"{domain}/{units.LABEL}"),
        ),
        ends=(("launchctl", "bootout", f"{domain}/{units.LABEL}"),),
        asks=("launchctl", "print", f"{domain}/{units.LABEL}"),
        logs=f"`peerline logs`; what it said before it could log is in {_daemon().log}",
    )


def _daemon() -> units.Daemon:
    paths = found()
    return units.Daemon(
        command=(sys.executable, "-I", str(Path(__file__).parent / "entry.py"), "up", "--quiet"),
        environment={name: os.environ[name] for name in KEPT if os.environ.get(name)},
        log=str(paths.logs / "service.log"),
    )


def _left() -> list[str]:
    """Settings that only this environment has: a unit is read by others, and tokens stand in the config alone."""
    return sorted(name for name in os.environ if name.startswith("PEERLINE_") and name not in KEPT)


def _runs_elsewhere(keeper: Keeper) -> bool:
    return not state(keeper)["running"] and asyncio.run(daemon_is_up())


async def daemon_is_up() -> bool:
    line = client()
    try:
        return await is_up(line)
    finally:
        await line.close()


def _replaced(path: Path, content: bytes) -> None:
    if missing := files.missing_folders(path.parent):
        row = Row("", existed=False, undo=(), created=(), folders=tuple(map(str, missing)))
        Ledger(found().home).put(path, row)
        files.make_folders(path.parent)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    beside.rename(path)


def _done(commands: Sequence[Sequence[str]]) -> str:
    """Run them in order; return what went wrong, "" if nothing did."""
    for command in commands:
        code, said = _run(command)
        if code:
            return f"{' '.join(command)}: {said or code}"
    return ""


def _run(command: Sequence[str]) -> tuple[int, str]:
    import subprocess

    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        return 1, str(why)
    return done.returncode, (done.stderr or done.stdout).strip()


def state(keeper: Keeper) -> Json:
    installed = keeper.unit.exists()
    return {
        "keeper": keeper.name,
        "unit": str(keeper.unit),
        "installed": installed,
        "current": installed and keeper.unit.read_bytes() == keeper.content,
        "running": installed and _run(keeper.asks)[0] == 0,
        "logs": keeper.logs,
        "more": keeper.more,
    }


def said(told: Json) -> str:
    if told["problem"]:
        return f"{told['unit']} is written, but it does not run: {told['problem']}"
    left = f"not taken along, put it into the config: {', '.join(told['left'])}" if told["left"] else ""
    return "\n".join(
        filter(None, [left, f"runs as {told['unit']}", f"its log: {told['logs']}", told["more"]])
    )


def _shown(told: Json) -> str:
    if not told["installed"]:
        return "not installed: `peerline service install`"
    old = "" if told["current"] else "; the unit is an older one: `peerline service install` writes it anew"
    state = "runs" if told["running"] else "does not run"
    return f"{state}, by {told['keeper']}: {told['unit']}{old}\nits log: {told['logs']}"
