"""``setup`` and ``uninstall``: all that puts Peerline between a user's agents, by one command, and takes it away.

Rule: it writes nothing itself; the installers of hooks, of the service and of the config do. So it can be broken off
anywhere and begun again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer

from cli import census, service, setupplan
from cli.hooking import CONSENT, DryRun, Mcp, Trust, Which, changed, home_paths, named
from cli.options import AsJson
from cli.output import NOT_YET, note, show
from cli.pairing import is_watched
from cli.setupplan import Planned, Wish
from cli.trusting import settled
from daemon.core.errors import Refused
from daemon.paths import found
from hooks import files
from hooks import install as installer
from hooks.agents import AGENTS, CODEX
from hooks.entries import HomePaths
from hooks.errors import SettingsError
from hooks.ledger import Ledger

Json = dict[str, Any]
REFUSED: Final = 2
RELAY: Final = (
    "there is no relay here: from afar you reach your agents by Telegram or Slack, "
    "and other machines will be joined by a mesh of your own"
)
EXPERIMENTAL: Final = "--experimental-channels is called --channels here, and taken as that"
CHANNEL: Final = (
    "Claude Code listens to a channel only if it is started so: "
    "`claude --dangerously-load-development-channels server:peerline`"
)
START: Final = (
    "start your agents as ever (those that run already: anew); `peerline peer list` shows who is there"
)
NO_DAEMON: Final = "no daemon runs yet: `peerline up`"
#: No unit is written where nobody would read it.
NO_KEEPER: Final = (
    "no service: nobody keeps services for this user here; keep `peerline up` running in a terminal"
)


def add_to(app: typer.Typer) -> None:
    app.command()(setup)
    app.command()(uninstall)


def setup(
    check: Annotated[bool, typer.Option("--check", help="Tell how it stands, write nothing.")] = False,
    dry_run: DryRun = False,
    agent: Which = None,
    no_service: Annotated[bool, typer.Option("--no-service", help="Install no service.")] = False,
    channels: Annotated[
        bool, typer.Option("--channels", help="Claude Code may be nudged by a channel.")
    ] = False,
    mcp: Mcp = None,
    trust: Trust = False,
    relay: Annotated[str | None, typer.Option("--relay", hidden=True)] = None,
    experimental_channels: Annotated[bool, typer.Option("--experimental-channels", hidden=True)] = False,
    as_json: AsJson = False,
) -> None:
    """Put the agents that are here on the line: hooks, MCP, service."""
    wish = Wish(mcp, channels or experimental_channels)
    if mcp == "http" and wish.channels:
        raise Refused("a channel needs the entry of kind stdio", "leave out --mcp, or --channels")
    for said in ([RELAY] if relay is not None else []) + ([EXPERIMENTAL] if experimental_channels else []):
        note(said)
    home = home_paths()
    agents = named(agent) or installer.present(home)
    plans = setupplan.planned(census.taken(agents, home), home, wish)
    if check or dry_run:
        _look(plans, check=check, serves=not no_service, as_json=as_json)
    else:
        _set_up(plans, home, serves=not no_service, trust=trust, as_json=as_json)


def uninstall(dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Take all of that away again; your messages stay."""
    home, told = home_paths(), []
    made = Ledger(home.peerline_home).folders()
    for agent in AGENTS.values():
        try:
            changes = installer.uninstall([agent], home, dry_run=dry_run)
            told.append(
                {
                    "agent": agent.name,
                    "changes": [changed(each) for each in changes],
                    "problem": "",
                    "hint": "",
                }
            )
        except SettingsError as why:
            told.append({"agent": agent.name, "changes": [], "problem": str(why), "hint": why.hint or ""})
    unit = _unit_gone(dry_run=dry_run)
    if not dry_run:
        files.drop_folders(made)  # one that was made for the one may hold what is the other's
    notes = [] if dry_run else _left(home)
    show({"agents": told, "service": unit, "notes": notes}, as_json=as_json, human=_gone)
    if any(each["problem"] for each in told):
        raise typer.Exit(REFUSED)


# -- looking ---------------------------------------------------------------------------------------------


def _look(plans: Sequence[Planned], *, check: bool, serves: bool, as_json: bool) -> None:
    unit = _unit() if serves else None
    told = {
        "agents": [setupplan.told(plan) for plan in plans],
        "service": unit,
        "complete": bool(plans) and all(plan.is_done for plan in plans) and not (unit and unit["wanted"]),
    }
    show(told, as_json=as_json, human=_checked if check else _differences)
    if check and not told["complete"]:
        raise typer.Exit(NOT_YET)
    if not check and any(plan.problem for plan in plans):
        raise typer.Exit(REFUSED)


def _unit() -> Json:
    """The service, and whether ``setup`` would begin it."""
    try:
        keeper = service.keeper()
    except Refused as why:
        return {"wanted": False, "said": f"{why}; {why.hint}"}
    if not keeper.is_here:
        return {"wanted": False, "said": NO_KEEPER}
    state = service.state(keeper)
    wanted = not state["running"] or keeper.is_stale
    said = f"the service runs as {keeper.unit}" if not wanted else f"the service is to run as {keeper.unit}"
    return {**state, "wanted": wanted, "said": said}


def _checked(told: Json) -> str:
    unit = [told["service"]["said"]] if told["service"] else []
    return "\n".join(
        [*(map(setupplan.line, told["agents"])), *([] if told["agents"] else [_nobody()]), *unit]
    )


def _differences(told: Json) -> str:
    problems = [setupplan.line(agent) for agent in told["agents"] if agent["problem"]]
    unit = [told["service"]["said"]] if told["service"] else []
    return "\n".join([setupplan.differences(told["agents"]) or "nothing to change", *problems, *unit])


def _nobody() -> str:
    return f"no supported agent is installed here; known are {', '.join(AGENTS)}"


# -- writing ---------------------------------------------------------------------------------------------


def _set_up(plans: Sequence[Planned], home: HomePaths, *, serves: bool, trust: bool, as_json: bool) -> None:
    asks = is_watched() and not as_json
    before = [setupplan.told(plan) for plan in plans]
    if not as_json:
        show({"agents": before, "service": None}, as_json=False, human=_checked)
    done = [_written(plan, home) for plan in plans]
    notes = _consented(plans, home, trust=trust, asks=asks)
    unit = _served() if serves else ""
    told = {
        "before": before,
        "agents": [setupplan.told(plan) for plan in done],
        "notes": [*notes, *filter(None, [unit]), *_to_know(plans)],
        "not_asked": [] if asks else _unasked(),
    }
    show(told, as_json=as_json, human=_said)
    code = _asked() if asks else 0
    if any(plan.problem for plan in done) or code:
        raise typer.Exit(REFUSED if any(plan.problem for plan in done) else code)


def _written(plan: Planned, home: HomePaths) -> Planned:
    """As it was planned; what comes between the plan and the deed is told as the agent's problem."""
    if plan.problem or not plan.changes:
        return plan
    try:
        changes = installer.install([plan.found.agent], home, mcp=plan.mcp)
    except SettingsError as why:
        return Planned(plan.found, plan.mcp, problem=str(why), hint=why.hint or "")
    return Planned(plan.found, plan.mcp, changes)


def _consented(plans: Sequence[Planned], home: HomePaths, *, trust: bool, asks: bool) -> list[str]:
    """Whether Codex may run our hooks; it is asked only where that can have changed."""
    waits = any(plan.found.agent is CODEX and not plan.is_done and not plan.problem for plan in plans)
    return settled(home, consent=trust, asks=asks) if waits else []


def _served() -> str:
    told = _unit()
    if not told["wanted"]:
        return str(told["said"])
    try:
        return service.said(service.begun(service.keeper()))
    except Refused as why:
        return f"no service: {why}; {why.hint}"


def _to_know(plans: Sequence[Planned]) -> list[str]:
    if not plans:
        return [_nobody(), "once one is, run `peerline setup` again"]
    channel = [CHANNEL] if any(plan.mcp == "channels" for plan in plans) else []
    wrote = [CONSENT] if any(plan.changes for plan in plans) else []
    daemon = [] if asyncio.run(service.daemon_is_up()) else [NO_DAEMON]
    return [*wrote, *channel, *daemon, START]


def _unasked() -> list[str]:
    from cli.questions import unasked

    return unasked()


def _asked() -> int:
    from cli.questions import put

    return put()


def _said(told: Json) -> str:
    written = [f"wrote {each['path']}" for agent in told["agents"] for each in agent["changes"]]
    asked = [f"not asked, as nobody could answer: {each}" for each in told["not_asked"]]
    return "\n".join([*(written or ["nothing to change"]), *told["notes"], *asked])


# -- taking away -----------------------------------------------------------------------------------------


def _unit_gone(*, dry_run: bool) -> Json:
    try:
        keeper = service.keeper()
    except Refused:
        return {"removed": False, "unit": ""}
    was = keeper.unit.exists()
    return {"removed": was if dry_run else service.ended(keeper), "unit": str(keeper.unit)}


def _left(home: HomePaths) -> list[str]:
    rows = [f"still there: our entries in {path}" for path in Ledger(home.peerline_home).paths()]
    hint = (
        ["that file was another's when it was written: its variables (CODEX_HOME …) were set"] if rows else []
    )
    stays = found().home
    kept = (
        [f"your messages and settings stay in {stays}: delete it if you want them gone"]
        if stays.exists()
        else []
    )
    runs = ["a daemon still runs: `peerline down`"] if asyncio.run(service.daemon_is_up()) else []
    return [*rows, *hint, *runs, *kept]


def _gone(told: Json) -> str:
    lines = [
        f"{each['path']}: {'gone' if each['verb'] == 'delete' else 'as it was without us'}"
        for agent in told["agents"]
        for each in agent["changes"]
    ]
    problems = [f"{each['problem']}\n  {each['hint']}" for each in told["agents"] if each["problem"]]
    unit = [f"{told['service']['unit']}: gone, and the service with it"] if told["service"]["removed"] else []
    return "\n".join(
        [*(lines or ["no agent's file holds anything of ours"]), *problems, *unit, *told["notes"]]
    )
