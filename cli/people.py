"""``people …``: what people wish to be rung for, said at the machine instead of in their chats."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import completing
from cli.options import AsJson
from cli.output import ask_daemon, show

Json = dict[str, Any]
Person = Annotated[str, typer.Option("--person", "-p", help="Whose; the owner's by default.")]
Peer = Annotated[str, typer.Argument(help="A peer's name, or circle/name.", autocompletion=completing.peers)]

group = typer.Typer(help="When people are rung, and when they are left in peace.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="people")


@group.command("list")
def listed(as_json: AsJson = False) -> None:
    """Everybody with a chat of their own, and what they wish."""
    show(ask_daemon(lambda line: line.attention()), as_json=as_json, human=_list)


@group.command()
def quiet(
    hours: Annotated[str, typer.Argument(help="As in 23:00-07:00, or off.")],
    but: Annotated[
        str | None, typer.Option("--but", help="What rings all the same: approvals, failures, … or nothing.")
    ] = None,
    person: Person = "owner",
    as_json: AsJson = False,
) -> None:
    """In these hours only what is urgent rings; all else comes in one message afterwards."""
    _wish(person, as_json=as_json, quiet=f"{hours} but {but}" if but else hours)


@group.command()
def zone(
    name: Annotated[str, typer.Argument(help="As in Europe/Lisbon.")],
    person: Person = "owner",
    as_json: AsJson = False,
) -> None:
    """By which wall the quiet hours are meant."""
    _wish(person, as_json=as_json, timezone=name)


@group.command()
def pushes(
    count: Annotated[int, typer.Argument(help="How often it may ring in an hour; 0: without a limit.")],
    person: Person = "owner",
    as_json: AsJson = False,
) -> None:
    """What would ring more often comes in one message later."""
    _wish(person, as_json=as_json, pushes=count)


@group.command()
def mute(
    peer: Peer,
    off: Annotated[bool, typer.Option("--off", help="Hear it again.")] = False,
    person: Person = "owner",
    as_json: AsJson = False,
) -> None:
    """A peer that never rings, unless it is urgent."""
    _wish(person, as_json=as_json, **{"hear" if off else "mute": [peer]})


@group.command()
def digest(person: Person = "owner", as_json: AsJson = False) -> None:
    """Tell what is held back now, in the chat that was used last."""
    show(ask_daemon(lambda line: line.tell_digest(person)), as_json=as_json, human=_digest)


def _wish(person: str, *, as_json: bool, **wished: Any) -> None:
    show(ask_daemon(lambda line: line.wish(person, **wished)), as_json=as_json, human=_one)


def _digest(told: Json) -> str:
    return "what was held back is told now" if told["told"] else "nothing is held back"


def _list(told: Json) -> str:
    return "\n".join(map(_one, told["people"]))


def _one(told: Json) -> str:
    said = [
        _quiet(told),
        f"{told['pushes']} rings an hour at most" if told["pushes"] else "rings without a limit",
    ]
    if told["muted"]:
        said.append(f"muted: {', '.join(told['muted'])}")
    if told["held"]:
        said.append(f"{told['held']} held back")
    return f"{told['person']}: {'; '.join(said)}"


def _quiet(told: Json) -> str:
    if not told["quiet"]:
        return "never quiet"
    rings = ", ".join(["what is urgent", *(f"{each}s" for each in told["breaks"])])
    now = " (now)" if told["quiet_until"] else ""
    return f"quiet {told['quiet']} {told['timezone']}{now}, then only {rings}"
