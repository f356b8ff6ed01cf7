"""``peerline peer …``: who is there, and what may be changed of a peer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from cli import changing, newcomer
from cli.options import AsJson, Circle, Key, exact
from cli.output import NOT_YET, ask_daemon, show, table
from daemon.client.peer import Client
from daemon.core.errors import Malformed

Json = dict[str, Any]
Named = Annotated[str, typer.Argument(help="A peer's name, circle/name, or id.")]

Orphans = Annotated[bool, typer.Option("--orphans", help="Agents whose terminal is gone.")]

group = typer.Typer(help="Who is on the line.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="peer")
    newcomer.add_to(group)
    changing.add_to(group)


@group.command("list")
def listed(circle: Circle = None, orphans: Orphans = False, as_json: AsJson = False) -> None:
    """Every peer in every circle, offline ones too; agents whose terminal is gone are marked."""

    async def ask(line: Client) -> Json:
        return {"peers": await _orphans(line, circle)} if orphans else await everybody(line, circle)

    show(ask_daemon(ask), as_json=as_json, human=_orphan_rows if orphans else rows)


@group.command("show")
def shown(name: Named, circle: Circle = None, as_json: AsJson = False) -> None:
    """One peer with all that is known of it."""
    show(ask_daemon(lambda line: line.peer(name, circle=circle)), as_json=as_json, human=_whole)


@group.command()
def describe(name: Named, text: str, circle: Circle = None, as_json: AsJson = False) -> None:
    """Say what a peer is doing."""
    show(ask_daemon(lambda line: line.describe(exact(name, circle), text)), as_json=as_json, human=_one)


@group.command()
def rename(name: Named, new_name: str, circle: Circle = None, as_json: AsJson = False) -> None:
    """Give a peer another name."""
    show(ask_daemon(lambda line: line.rename(exact(name, circle), new_name)), as_json=as_json, human=_one)


@group.command()
def move(
    name: Named,
    to: Annotated[str, typer.Argument(help="The circle it comes into.")],
    circle: Circle = None,
    as_json: AsJson = False,
) -> None:
    """Put a peer into another circle."""
    show(ask_daemon(lambda line: line.move(exact(name, circle), to)), as_json=as_json, human=_one)


@group.command()
def forget(name: Named, circle: Circle = None, as_json: AsJson = False) -> None:
    """Take an offline peer off the line, with its mail."""
    show(
        ask_daemon(lambda line: line.forget(exact(name, circle))),
        as_json=as_json,
        human=lambda x: f"forgotten: {x['name']}",
    )


@group.command("claim-role")
def claim_role(
    role: Annotated[Literal["orchestrator", "agent"], typer.Argument(help="agent gives the role back.")],
    peer: Annotated[
        str | None, typer.Option("--peer", "-p", help="For whom; without it, the caller.")
    ] = None,
    circle: Circle = None,
    force: Annotated[
        bool, typer.Option("--force", "-f", help="Also from one that is offline or silent for 10 minutes.")
    ] = False,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Make a peer the orchestrator of its circle, or an agent again."""

    async def ask(line: Client) -> Json:
        return await line.claim_role(await whose(line, peer, circle), role, force=force, key=key)

    show(ask_daemon(ask), as_json=as_json, human=lambda x: f"{x['circle']}/{x['name']} is {x['role']}")


@group.command()
def kill(
    name: Annotated[str | None, typer.Argument(help="A peer's name, circle/name, or id.")] = None,
    circle: Circle = None,
    orphans: Orphans = False,
    as_json: AsJson = False,
) -> None:
    """End a peer's agent: SIGTERM to its process, only where that is proven to be the one."""
    if bool(name) == orphans:
        raise Malformed("whom?", "name one peer, or say --orphans")

    async def ask(line: Client) -> Json:
        wanted = (
            [x["peer_id"] for x in await _orphans(line, circle)] if orphans else [exact(name or "", circle)]
        )
        return {"killed": [await line.kill(each) for each in wanted]}

    told = ask_daemon(ask)
    show(told, as_json=as_json, human=_killed)
    if not all(each["ended"] for each in told["killed"]):
        raise typer.Exit(NOT_YET)


async def whose(line: Client, peer: str | None, circle: str | None) -> str:
    """Who is meant; without a name it is the caller."""
    return exact(peer, circle) if peer else str((await line.whoami())["peer_id"])


async def everybody(line: Client, circle: str | None = None) -> Json:
    """All peers, each with why it is an orphan, if it is one."""
    return await line.peers(circle=circle or "*", show_offline=True, include_self=True, orphans=True)


async def _orphans(line: Client, circle: str | None) -> list[Json]:
    return [each for each in (await everybody(line, circle))["peers"] if each.get("orphan")]


def _killed(told: Json) -> str:
    return "\n".join(map(_one_killed, told["killed"])) or "nobody is an orphan"


def _one_killed(told: Json) -> str:
    how = "has ended" if told["ended"] else "was told to end and has not yet: look again, or end it by hand"
    return f"{told['circle']}/{told['name']}: process {told['pid']} {how}; {told['evidence']}"


def _orphan_rows(told: Json) -> str:
    lines = [
        f"{x['circle']}/{x['name']}: {x['orphan']}; `peerline peer kill {x['peer_id']}` ends it"
        for x in told["peers"]
    ]
    return "\n".join(lines) or "nobody is an orphan"


def rows(told: Json) -> str:
    """A table of peers."""
    head = ("NAME", "CIRCLE", "ROLE", "BACKEND", "STATE", "REACH", "DESCRIPTION")
    body = [
        (
            x["name"],
            x["circle"],
            x["role"],
            x["backend"],
            "orphan" if x.get("orphan") else x["availability"] or x["turn_state"] or x["status"],
            x["reach"]["road"],
            x["description"][:60],
        )
        for x in told["peers"]
    ]
    return table([head, *body]) if body else "nobody is on the line yet"


def _one(told: Json) -> str:
    about = f": {told['description']}" if told["description"] else ""
    return f"{told['circle']}/{told['name']}{about}"


def _whole(told: Json) -> str:
    flat = {**told, "reach": f"{told['reach']['road']} ({told['reach']['reason']})"}
    return table([(name, str(value)) for name, value in flat.items() if value not in {None, ""}])
