"""``peer restart`` and ``peer adopt``; and ending all that was started from here, for ``down``."""

from __future__ import annotations

import os
import secrets
from typing import Annotated, Any

import typer

from cli import newcomer
from cli.options import AsJson, Circle, Key, exact
from cli.output import NOT_YET, ask_daemon, note, show
from daemon.client.peer import Client
from daemon.core.errors import Malformed, NotAllowed
from daemon.tmux import default_socket, server_of

Json = dict[str, Any]


def add_to(group: typer.Typer) -> None:
    group.command()(restart)
    group.command()(adopt)


def restart(
    name: Annotated[str, typer.Argument(help="A peer's name, circle/name, or id.")],
    circle: Circle = None,
    now: Annotated[bool, typer.Option("--now", help="Break a turn off that is under way.")] = False,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait until it is there.")] = 20.0,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """End a peer's agent, and have it go on with its conversation in a new window. Its mail waits."""
    wanted = exact(name, circle)

    async def ask(line: Client) -> Json:
        told = await line.restart(wanted, now=now, key=key or secrets.token_hex(8))
        return await newcomer.there(line, await line.spawned(told["spawn_id"]), wait)

    told = ask_daemon(ask)
    show(told, as_json=as_json, human=_restarted)
    if told["state"] != "running" and wait:
        raise typer.Exit(NOT_YET if told["state"] in newcomer.ON_THE_WAY else newcomer.REFUSED)


def adopt(
    pane: Annotated[str, typer.Argument(help="A tmux pane's id, such as %7.")],
    name: Annotated[str | None, typer.Option("--name", help="What it is to be called.")] = None,
    circle: Circle = None,
    tmux: Annotated[
        str | None, typer.Option("--tmux", help="The socket of the tmux server it is on.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take over an agent that runs in a tmux pane, and that no hook has named."""
    pane_id = pane if pane.startswith("%") else f"%{pane}"
    if not pane_id[1:].isdecimal():
        raise Malformed(
            f'"{pane[:40]}" is no pane', "`tmux list-panes -a -F '#{pane_id} #{pane_current_command}'`"
        )
    server = tmux or server_of(os.environ.get("TMUX", "")) or default_socket(os.environ)
    told = ask_daemon(lambda line: line.adopt(server, pane_id, name=name, circle=circle))
    show(told, as_json=as_json, human=lambda x: f"{x['circle']}/{x['name']} is in pane {pane_id}")


async def go_down(line: Client) -> Json:
    """End all that were started from here, and the daemon; say so while it goes on."""
    started = (await line.started())["peers"]
    if started:
        note(f"ending {', '.join(started)}…")
    try:
        return await line.down()
    except NotAllowed:
        if started:
            note("they are left: only at the machine are agents ended")
        await line.stop()
        return {"killed": []}


def left_over(told: Json) -> str:
    """One that did not end, and what to do."""
    who = f"{told['circle']}/{told['name']}"
    if told["pid"]:
        return f"{who} goes on; {told['evidence']}. Look at process {told['pid']}, and end it by hand"
    return f"{who} was not ended: {told['evidence']}"


def _restarted(told: Json) -> str:
    who = f"{told['circle']}/{told['name']}"
    if told["state"] in {"failed", "over"}:
        return f"{who} was not restarted: {told['reason']}"
    state = "is there again" if told["state"] == "running" else "is being restarted; what you send it waits"
    return f"{who} {state}\nlook at it: {told['attach']}"
