"""``peerline orchestrator …``: a workspace for who coordinates, starting one there, how the line is, and personas."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cli import workspace
from cli.options import AsJson, Circle, Key
from cli.output import NOT_YET, ask_daemon, show, table
from cli.peers import whose
from daemon.client.peer import Client
from daemon.client.starts import Start
from daemon.core.errors import Malformed, Refused
from daemon.paths import found
from daemon.personas.shelf import Broken, Shelf
from hooks.agents import AGENTS

Json = dict[str, Any]
Of = Annotated[str | None, typer.Option("--peer", "-p", help="Whose; without it, the caller's own.")]
Folder = Annotated[Path | None, typer.Argument(help="The workspace; without it, the one in Peerline's home.")]
PERSONA: Final = "coordinator"

group = typer.Typer(help="Coordinating the others.", no_args_is_help=True)
personas = typer.Typer(help="How a peer is to work, in a file's words.", no_args_is_help=True)
group.add_typer(personas, name="persona")


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="orchestrator")


@group.command()
def init(
    path: Folder = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what you changed; it is kept beside.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a folder whose instructions teach an agent to coordinate; what you changed there stays."""
    folder = _folder(path)
    done = workspace.laid(folder, force=force)
    told = {
        "path": str(folder),
        "files": [
            {"file": x.file, "what": x.what, "difference": x.difference, "backup": x.backup} for x in done
        ],
    }
    show(told, as_json=as_json, human=_laid)


@group.command()
def start(
    path: Folder = None,
    backend: Annotated[str | None, typer.Option("--backend", help="claude-code, codex, …")] = None,
    profile: Annotated[str | None, typer.Option("--profile", help="A profile of the config.")] = None,
    circle: Circle = None,
    name: Annotated[str, typer.Option("--name", help="What it is called.")] = "lead",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Start an agent in the workspace, with the role and the persona of a coordinator."""
    folder = _folder(path)
    if not workspace.is_laid(folder):
        workspace.laid(folder)
    by_hand = _by_hand(folder, backend, circle, name)

    wanted = {"backend": backend, "profile": profile, "name": name, "circle": circle, "key": key}
    told = ask_daemon(lambda line: _spawned(line, folder, by_hand, wanted))
    show(told, as_json=as_json, human=_started)
    if not told["started"]:
        raise typer.Exit(NOT_YET)


@group.command()
def status(circle: Circle = None, as_json: AsJson = False) -> None:
    """Who coordinates, what each peer does, what is open, and what is stuck and why."""
    show(
        ask_daemon(lambda line: line.overview(circle)), as_json=as_json, human=lambda told: str(told["text"])
    )


@personas.command("list")
def listed(as_json: AsJson = False) -> None:
    """Those that come with Peerline, and your own in its home."""
    show({"personas": [_row(each) for each in _shelf().listed()]}, as_json=as_json, human=_rows)


@personas.command("show")
def shown(name: str, as_json: AsJson = False) -> None:
    """What a persona says."""
    one = _shelf().named(name)
    told = {"name": one.name, "description": one.description, "source": one.source, "text": one.text}
    show(
        told,
        as_json=as_json,
        human=lambda x: f"{x['name']} ({x['source']}): {x['description']}\n\n{x['text']}",
    )


@personas.command()
def use(name: str, peer: Of = None, circle: Circle = None, key: Key = None, as_json: AsJson = False) -> None:
    """Have a peer work by it: now, and at each start of a session."""
    if not name:
        raise Malformed("which one?", "`peerline orchestrator persona list` shows what there is")
    show(_chosen(name, peer, circle, key), as_json=as_json, human=_one)


@personas.command()
def clear(peer: Of = None, circle: Circle = None, key: Key = None, as_json: AsJson = False) -> None:
    """Have a peer work by no persona."""
    show(_chosen(None, peer, circle, key), as_json=as_json, human=_one)


async def _spawned(line: Client, folder: Path, by_hand: list[str], wanted: Json) -> Json:
    """Start it by the daemon; where that cannot be, say how it is done by hand."""
    key = wanted.pop("key")
    try:
        told = await line.spawn(str(folder), Start(**wanted, role="orchestrator"), key=key)
        await line.choose_persona(told["peer_id"], PERSONA)
    except Refused as error:
        raise type(error)(str(error), "; ".join(filter(None, [error.hint, "by hand:", *by_hand]))) from None
    return {"started": True, **told}


def _chosen(name: str | None, peer: str | None, circle: str | None, key: str | None) -> Json:
    async def ask(line: Client) -> Json:
        return await line.choose_persona(await whose(line, peer, circle), name, key=key)

    return ask_daemon(ask)


def _shelf() -> Shelf:
    return Shelf(found().personas)


def _folder(path: Path | None) -> Path:
    return path.expanduser().absolute() if path else found().orchestrator


def _by_hand(folder: Path, backend: str | None, circle: str | None, name: str) -> list[str]:
    known = AGENTS.get(backend or "claude-code")
    if known is None:
        raise Malformed(f'no agent "{backend}"', f"there are {', '.join(AGENTS)}")
    wishes = {"PEERLINE_NAME": name, "PEERLINE_CIRCLE": circle or ""}
    named = " ".join(f"{key}={shlex.quote(value)}" for key, value in wishes.items() if value)
    where = f" --circle {shlex.quote(circle)}" if circle else ""
    return [
        f"cd {shlex.quote(str(folder))} && {named} {known.program}",
        f"peerline peer claim-role orchestrator --peer {shlex.quote(name)}{where}",
        f"peerline orchestrator persona use {PERSONA} --peer {shlex.quote(name)}{where}",
    ]


def _laid(told: Json) -> str:
    lines = [f"the workspace is {told['path']}"]
    for each in told["files"]:
        kept = f", the old one is {each['backup']}" if each["backup"] else ""
        lines.append(f"  {each['file']}: {each['what']}{kept}")
    lines += [each["difference"] for each in told["files"] if each["difference"]]
    if any(each["what"] == workspace.KEPT for each in told["files"]):
        lines.append("--force replaces what you changed, and keeps it beside")
    return "\n".join([*lines, "start one there with `peerline orchestrator start`"])


def _started(told: Json) -> str:
    if not told["started"]:
        return "\n".join(["nothing is started from here yet; by hand:", *(f"  {x}" for x in told["by_hand"])])
    return f"started: {told.get('circle', '')}/{told.get('name', '')}"


def _row(each: Any) -> Json:
    if isinstance(each, Broken):
        return {"name": each.name, "description": "", "source": "", "problem": each.why}
    return {"name": each.name, "description": each.description, "source": each.source, "problem": ""}


def _rows(told: Json) -> str:
    head = ("NAME", "FROM", "DESCRIPTION")
    body = [(x["name"], x["source"] or "broken", x["description"] or x["problem"]) for x in told["personas"]]
    return table([head, *body])


def _one(told: Json) -> str:
    how = f"works as {told['persona']}" if told["persona"] else "works by no persona"
    return f"{told['circle']}/{told['name']} {how}"
