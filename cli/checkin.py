"""``checkin …``: asking several again and again, and being told what changed."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer

from cli import completing
from cli.messages import given_text
from cli.options import AsJson, Circle, Key
from cli.output import ask_daemon, indented, show, table
from cli.schedule import occurrence
from daemon.client.times import Round

Json = dict[str, Any]
Named = Annotated[str, typer.Argument(help="The check-in's name.", autocompletion=completing.checkins)]

group = typer.Typer(help="Ask several how far they are, and be told what changed.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="checkin")


@group.command()
def add(
    name: Annotated[str, typer.Argument(help="What it is called: a-z, 0-9, dot, underscore and dash.")],
    ask: Annotated[str, typer.Option("--ask", help="What is asked; - reads it from standard input.")],
    of: Annotated[str, typer.Option("--of", help="Whom: peers with commas between, circle:… or role:….")],
    report_to: Annotated[
        str, typer.Option("--report-to", help="Who is told what changed.", autocompletion=completing.peers)
    ] = "me",
    every: Annotated[str | None, typer.Option("--every", help="Each so often: 30m, 2h, 1 day.")] = None,
    cron: Annotated[str | None, typer.Option("--cron", help='"0 9 * * mon-fri", "weekdays 9:00".')] = None,
    at: Annotated[str | None, typer.Option("--at", help='Once: "tomorrow 9:00".')] = None,
    when: Annotated[str | None, typer.Option("--when", help="Any of these in your words.")] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="The time zone, such as Europe/London.")] = None,
    within: Annotated[int | None, typer.Option("--within", help="How many seconds answers are gathered.")] = None,
    circle: Circle = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Add one. Give one of --every, --cron, --at and --when."""
    wish = Round(
        name=name,
        ask=given_text(ask),
        of=tuple(each for each in of.split(",") if each),
        report_to=report_to,
        at=at,
        every=every,
        cron=cron,
        when=when,
        timezone=tz,
        circle=circle,
        within_s=within,
    )
    told = ask_daemon(lambda line: line.add_checkin(wish, key=key or secrets.token_hex(8)))
    show(told, as_json=as_json, human=_one)


@group.command("list")
def listed(as_json: AsJson = False) -> None:
    """All of them, with what everybody said last."""
    show(ask_daemon(lambda line: line.checkins()), as_json=as_json, human=_list)


@group.command()
def run(name: Named, key: Key = None, as_json: AsJson = False) -> None:
    """Begin a round now; its times stay as they are."""
    show(ask_daemon(lambda line: line.run_checkin(name, key=key)), as_json=as_json, human=occurrence)


@group.command()
def remove(name: Named, as_json: AsJson = False) -> None:
    """Take it away."""
    show(ask_daemon(lambda line: line.remove_checkin(name)), as_json=as_json, human=_removed)


def _one(told: Json) -> str:
    coming = f", next {told['next']}" if told["next"] and told["next"] != told["rule"] else ""
    of = ", ".join(told["of"])
    return f"{told['name']}  {told['rule']}{coming}: asks {of}, tells {told['report_to']}"


def _removed(told: Json) -> str:
    return f"{told['name']} is removed"


def _list(told: Json) -> str:
    lines = []
    for each in told["checkins"]:
        lines.append(_one(each))
        if each["states"]:
            lines.append(table([[f"  {one['peer']}", _state(one), _said(one)] for one in each["states"]]))
    return "\n".join(lines) or "there is no check-in"


def _state(one: Json) -> str:
    return "silent" if one["silent"] else "blocked" if one["blocked"] else "answers"


def _said(one: Json) -> str:
    return indented(one["text"]).splitlines()[0] if one["text"] else "-"
