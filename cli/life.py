"""The daemon's life from the command line: up, down, status, doctor, logs, config."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import time
from collections import deque
from typing import Annotated, Any, Final

import typer

from cli.changing import go_down, left_over
from cli.circles import locked
from cli.loading import loading
from cli.options import AsJson
from cli.output import NOT_YET, ask_daemon, note, show, table
from daemon.core.errors import DaemonUnreachable, StorageFull, Unavailable
from daemon.paths import found

Json = dict[str, Any]
STOP_S: Final = 10.0
config = typer.Typer(help="The configuration.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    for command in (up, down, status, doctor, logs):
        app.command(command.__name__)(command)
    app.add_typer(config, name="config")


def up(quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing.")] = False) -> None:
    """Run the daemon in the foreground until Ctrl-C or `peerline down`."""
    with loading():
        from cli.logfile import opened
        from cli.serve import serve
        from daemon.lifecycle import contain
        from daemon.settings import load, secret_variables, secrets

    paths = found()
    began_with = dict(os.environ)
    settings = load(paths.config, began_with)
    contain()
    for name in secret_variables(os.environ):
        del os.environ[name]  # whatever this process starts has no use for it

    def ready(where: str) -> None:
        if not quiet:
            note(f"peerline listens on {where}; stop it with Ctrl-C or `peerline down`")

    try:
        with opened(paths, secrets=secrets(settings), level=settings.daemon.log_level):
            asyncio.run(serve(paths, lambda: load(paths.config, began_with), ready=ready))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise StorageFull("the disk is full: there is no room to start", "free some space") from error


def down(
    keep_agents: Annotated[
        bool, typer.Option("--keep-agents", help="Leave the agents that were started from here.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """End the agents that were started from here, and the daemon; nothing that was accepted is lost."""
    try:
        killed = [] if keep_agents else ask_daemon(go_down)["killed"]
        if keep_agents:
            ask_daemon(lambda line: line.stop())
    except DaemonUnreachable:
        show({"running": False}, as_json=as_json, human=lambda _: "no daemon is running")
        return
    until = time.monotonic() + STOP_S
    while found().socket.exists() and time.monotonic() < until:
        asyncio.run(asyncio.sleep(0.05))
    if found().socket.exists():
        raise Unavailable("the daemon has not ended yet", "look again with `peerline status`")
    left = [each for each in killed if not each["ended"]]
    told = {"running": False, "killed": killed}
    show(told, as_json=as_json, human=lambda _: "\n".join(["stopped", *map(left_over, left)]))
    if left:
        raise typer.Exit(NOT_YET)


def status(as_json: AsJson = False) -> None:
    """The daemon, its surfaces, and one line for each peer."""
    show(ask_daemon(lambda line: line.status()), as_json=as_json, human=_status)


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended safely.")] = False,
    security: Annotated[bool, typer.Option("--security", help="Check how safe this home is.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check this machine: files, versions, roads; every finding says what to do."""
    from cli.doctor import examined, roads, secured

    if security:
        _show_checks(asyncio.run(secured(fix=fix)), as_json=as_json)
        return

    async def looked() -> Json:
        return {"findings": await examined(fix=fix), "roads": await roads()}

    told = asyncio.run(looked())
    show(told, as_json=as_json, human=_findings)
    if any(each["level"] == "error" for each in told["findings"]):
        raise typer.Exit(2)


def _show_checks(checks: list[Json], *, as_json: bool) -> None:
    failed = [each for each in checks if not each["passed"]]
    findings = [{name: each[name] for name in ("level", "code", "sentence", "fix")} for each in failed]
    show({"checks": checks, "findings": findings}, as_json=as_json, human=_checked)
    if any(each["level"] == "error" for each in failed):
        raise typer.Exit(2)


def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many of the last lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as they come.")] = False,
) -> None:
    """The daemon's log."""
    path = found().log
    if not path.exists():
        raise Unavailable(f"there is no log at {path} yet", "start the daemon with `peerline up`")
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in deque(file, maxlen=max(0, lines)):
            sys.stdout.write(line)
        while follow:
            sys.stdout.write(file.read())
            sys.stdout.flush()
            asyncio.run(asyncio.sleep(0.3))


@config.command("show")
def config_show(as_json: AsJson = False) -> None:
    """Every value and where it came from."""
    from daemon.settings import shown

    origins = shown(found().config, os.environ)
    told = {"values": [{"name": x.name, "value": x.value, "source": x.source} for x in origins]}

    def human(values: Json) -> str:
        return table([(x["name"], str(x["value"]), x["source"]) for x in values["values"]])

    show(told, as_json=as_json, human=human)


@config.command("path")
def config_path(as_json: AsJson = False) -> None:
    """Where the file is, or would be."""
    show({"path": str(found().config)}, as_json=as_json, human=lambda told: str(told["path"]))


def _status(told: Json) -> str:
    waiting = {
        name: count for name, count in told["deliveries"].items() if name not in {"settled", "cancelled"}
    }
    lines = [
        f"peerline {told['version']} (pid {told['pid']}, up {told['uptime_s']:.0f} s): {told['status']}",
        f"home {told['home']}; socket {told['socket']}; tcp {told['tcp']}",
        "messages: "
        + (", ".join(f"{count} {name}" for name, count in waiting.items()) or "nothing under way"),
    ]
    lines += [f"warning: {each}" for each in told["warnings"]]
    lines += [locked(told["lock"])] if told["lock"]["locked"] else []
    lines += [_surface(each) for each in told["surfaces"]]
    return "\n".join([*lines, *(_peer(each) for each in told["peers"])])


def _surface(told: Json) -> str:
    age = told["round_trip_age_s"]
    state = f"last round trip {age:.0f} s ago" if age is not None else "not connected"
    if told["trouble"]:
        state = f"{told['trouble']}, since {told['since']}; what to do: {told['fix']}"
    return f"surface {told['surface']} {told['address']}: {state}"


def _peer(told: Json) -> str:
    state = told["turn_state"] or told["status"]
    reach = told["reach"]
    return f"[{told['backend']}] {told['circle']}/{told['name']} {state}, reach {reach['road']}: {reach['reason']}"


def _findings(told: Json) -> str:
    lines = [
        f"{each['level']:<7} {each['code']}: {each['sentence']}"
        + (f"\n        fix: {each['fix']}" if each["fix"] else "")
        for each in told["findings"]
    ]
    return "\n".join([*(lines or ["nothing is wrong"]), *_roads(told["roads"])])


def _checked(told: Json) -> str:
    rows = [
        f"{'ok' if each['passed'] else each['level']:<7} {each['code']}: {each['sentence']}"
        + (f"\n        fix: {each['fix']}" if each["fix"] else "")
        for each in told["checks"]
    ]
    return "\n".join(rows)


def _roads(tried: list[Json]) -> list[str]:
    """One line for each road, and for whose words it would be taken now."""
    if not tried:
        return []
    rows = [
        (
            f"{each['circle']}/{each['peer']}",
            each["road"],
            "works" if each["works"] else "does not",
            f"for {' and '.join(each['taken_for'])}" if each["taken_for"] else "",
            each["evidence"],
        )
        for each in tried
    ]
    return ["", "roads into each agent, tried without sending anything:", table(rows)]
