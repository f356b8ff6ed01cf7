"""``hooks …`` and ``mcp``: what is written into the agents' settings, and the MCP server they start."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import typer

from cli.options import AsJson
from cli.output import show
from cli.shim import become_shim
from cli.trusting import settled
from daemon.core.errors import Refused, Unavailable
from daemon.paths import found
from hooks import install as installer
from hooks.agents import AGENTS, CODEX, Agent
from hooks.entries import HomePaths
from hooks.errors import SettingsBusy, SettingsRefused
from hooks.install import Change

Json = dict[str, Any]
Which = Annotated[
    list[str] | None,
    typer.Option("--agent", help="Only this agent; repeatable.", autocompletion=lambda: list(AGENTS)),
]
Mcp = Annotated[
    Literal["stdio", "http"] | None, typer.Option("--mcp", help="stdio or http; as it is, or stdio.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing.")]

Trust = Annotated[
    bool, typer.Option("--trust", help="Say yes to Codex's question whether our hooks may run.")
]

group = typer.Typer(help="Hooks in the agents' settings.", no_args_is_help=True)
CONSENT: Final = "our tools may be called without a dialog (none of them starts or ends anything)"


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="hooks")


@group.command()
def install(
    agent: Which = None,
    mcp: Mcp = None,
    dry_run: DryRun = False,
    trust: Trust = False,
    as_json: AsJson = False,
) -> None:
    """Write our hooks, the MCP entry, and the leave to call our tools without a dialog."""
    home = home_paths()
    with settings_errors():
        agents = chosen(agent, home)
        changes = installer.install(agents, home, mcp=mcp, dry_run=dry_run)
        untrusted = [] if dry_run or CODEX not in agents else settled(home, consent=trust, asks=not as_json)
    _show(changes, as_json=as_json, dry_run=dry_run, consent=not dry_run, notes=untrusted)


@group.command()
def uninstall(agent: Which = None, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Take out what was written; everything else stays as it is."""
    home = home_paths()
    with settings_errors():
        changes = installer.uninstall(chosen(agent, home), home, dry_run=dry_run)
    _show(changes, as_json=as_json, dry_run=dry_run)


@group.command()
def status(agent: Which = None, as_json: AsJson = False) -> None:
    """Whether they are there."""
    home = home_paths()
    with settings_errors():
        found_now = installer.status(chosen(agent, home), home)
    told = {
        "agents": [
            {
                "agent": each.agent,
                "installed": each.installed,
                "files": [{"path": str(file.path), "state": str(file.state)} for file in each.files],
            }
            for each in found_now
        ]
    }
    show(told, as_json=as_json, human=_status)


def mcp(
    name: Annotated[str | None, typer.Option("--name", help="The name wished for.")] = None,
    circle: Annotated[str | None, typer.Option("--circle", help="The circle; default otherwise.")] = None,
    tools: Annotated[str | None, typer.Option("--tools", help="Another set of tool names.")] = None,
    backend: Annotated[str | None, typer.Option("--backend", help="What the client is: antigravity.")] = None,
    channels: Annotated[
        bool, typer.Option("--channels", help="Be a channel of Claude Code, too (experimental).")
    ] = False,
) -> None:
    given = (("--name", name), ("--circle", circle), ("--tools", tools), ("--backend", backend))
    words = [word for flag, value in given if value for word in (flag, value)]
    become_shim([*words, *(["--channels"] if channels else [])])


class settings_errors:  # noqa: N801 -- used as a with-block
    """Errors of the installer in our tree."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, SettingsRefused):
            raise Refused(str(error), error.hint or "") from error
        if isinstance(error, SettingsBusy):
            raise Unavailable(str(error), error.hint or "") from error


def home_paths() -> HomePaths:
    from daemon.settings import load

    paths = found()
    return HomePaths.of(os.environ, port=load(paths.config, os.environ).daemon.port)


def chosen(names: list[str] | None, home: HomePaths) -> list[Agent]:
    """Those named, else every supported one that is here. Raises: Refused: there is none."""
    if agents := named(names) or installer.present(home):
        return agents
    raise Refused(
        "no supported agent is installed here", f"known are {', '.join(AGENTS)}; name one with --agent"
    )


def named(names: Sequence[str] | None) -> list[Agent]:
    """Raises: Refused: one is not known."""
    for name in names or ():
        if name not in AGENTS:
            raise Refused(f'no agent "{name}"', f"known are {', '.join(AGENTS)}")
    return [AGENTS[name] for name in names or ()]


def changed(change: Change) -> Json:
    return {"path": str(change.path), "verb": str(change.verb), "diff": change.diff()}


def _show(
    changes: Sequence[Change],
    *,
    as_json: bool,
    dry_run: bool,
    consent: bool = False,
    notes: Sequence[str] = (),
) -> None:
    told = {
        "notes": list(notes),
        "changes": [{"agent": each.agent, **changed(each)} for each in changes],
    }

    def human(shown: Json) -> str:
        if not shown["changes"]:
            return "\n".join(["nothing to change", *shown["notes"]])
        lines = [x["diff"] if dry_run else f"{x['verb']} {x['path']}" for x in shown["changes"]]
        return "\n".join([*lines, *([CONSENT] if consent else []), *shown["notes"]])

    show(told, as_json=as_json, human=human)


def _status(told: Json) -> str:
    return "\n".join(
        f"{each['agent']}: {'installed' if each['installed'] else 'not installed'}"
        + "".join(f"\n  {file['state']:<10} {file['path']}" for file in each["files"])
        for each in told["agents"]
    )
