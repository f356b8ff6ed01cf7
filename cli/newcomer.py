"""``peer new``: start an agent in a folder, and say when it is there."""

from __future__ import annotations

import asyncio
import secrets
import time
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli.messages import given_text
from cli.options import AsJson, Key
from cli.output import NOT_YET, ask_daemon, note, show
from daemon.client.peer import Client
from daemon.client.starts import Start

Json = dict[str, Any]
LOOK_S: Final = 0.1
ON_THE_WAY: Final = frozenset({"wanted", "starting"})
REFUSED: Final = 2


def add_to(group: typer.Typer) -> None:
    group.command()(new)


def new(
    path: Annotated[str, typer.Argument(help="The folder it is to work in.")],
    backend: Annotated[str | None, typer.Option("--backend", help="Whom: claude-code, codex, …")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="Of daemon.spawn.profiles.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="What it is to be called.")] = None,
    circle: Annotated[str | None, typer.Option("--circle", help="The circle it comes into.")] = None,
    worktree: Annotated[str | None, typer.Option("--worktree", help="Give it a git worktree with this branch.")] = None,
    message: Annotated[str | None, typer.Option("--message", help="Asked of it first; - reads standard input.")] = None,
    wait: Annotated[float, typer.Option("--wait", help="Seconds to wait until it is there.")] = 10.0,
    key: Key = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Start an agent in a folder, in a tmux window. Its name holds at once, and mail for it waits."""
    words = None if message is None else given_text(message)
    start = Start(
        backend=backend, profile=profile, name=name, circle=circle, worktree=worktree, message=words
    )
    where = path if path.startswith("-") else str(Path(path).expanduser().absolute())

    async def ask(line: Client) -> Json:
        told = await line.spawn(where, start, key=key or secrets.token_hex(8))
        return {**told, **await there(line, told, wait), "ask_id": told["ask_id"]}

    told = ask_daemon(ask)
    show(told, as_json=as_json, human=_one)
    if told["state"] != "running" and wait:
        raise typer.Exit(NOT_YET if told["state"] in ON_THE_WAY else REFUSED)


async def there(line: Client, told: Json, wait_s: float) -> Json:
    """Look until it is there, has failed, or the time is up; say what goes on when that takes longer than a moment."""
    began, said = time.monotonic(), ""
    while told["state"] in ON_THE_WAY and (passed := time.monotonic() - began) < wait_s:
        await asyncio.sleep(LOOK_S)
        told = await line.spawned(told["spawn_id"])
        doing = _doing(told)
        if passed > 1 and doing != said and told["state"] in ON_THE_WAY:
            said = doing
            note(f"{told['circle']}/{told['name']}: {doing}")
    return told


def _doing(told: Json) -> str:
    if told["state"] == "wanted":
        return f"making a worktree with {told['branch']} …" if told["branch"] else "making its window …"
    return "its program begins …"


def _one(told: Json) -> str:
    who = f"{told['circle']}/{told['name']}"
    if told["state"] in {"failed", "over"}:
        return f"{who} could not be started: {told['reason']}"
    state = "is there" if told["state"] == "running" else "is being started; what you send it waits"
    asked = f"\nasked: {told['ask_id']}" if told["ask_id"] else ""
    return f"{who} {state}\nlook at it: {told['attach']}{asked}"
