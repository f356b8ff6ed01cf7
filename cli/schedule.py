"""``schedule …``: what is said later, or again and again; what became of it; letting it rest, go on or be gone."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

import typer

from cli import completing
from cli.messages import given_text
from cli.options import AsJson, Circle, Key
from cli.output import ask_daemon, indented, show, table
from daemon.client.times import ACTIVE, PAUSED, Wish

Json = dict[str, Any]
Id = Annotated[
    str,
    typer.Argument(
        help="The schedule's id, as `schedule list` shows it.", autocompletion=completing.schedules
    ),
]
To = Annotated[
    str,
    typer.Argument(
        help="A peer, role:…, circle:…, several with commas, or me.", autocompletion=completing.peers
    ),
]
BRIEF = 48

group = typer.Typer(help="Say something later, or again and again.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="schedule")


@group.command()
def add(
    to: To,
    text: Annotated[str, typer.Argument(help="What is to be said; - reads it from standard input.")],
    at: Annotated[str | None, typer.Option("--at", help='Once: "2026-11-23 09:00", "tomorrow 9:00", "in 10m".')] = None,
    every: Annotated[str | None, typer.Option("--every", help="Each so often: 30m, 2h, 1 day.")] = None,
    cron: Annotated[str | None, typer.Option("--cron", help='"0 9 * * mon-fri", @daily, "weekdays 9:00".')] = None,
    when: Annotated[str | None, typer.Option("--when", help="Any of these in your words.")] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="The time zone, such as Europe/London.")] = None,
    kind: Annotated[str, typer.Option("--kind", help="ask or notice.")] = "notice",
    missed: Annotated[str, typer.Option("--missed", help="Of missed ones: once, skip or all.")] = "once",
    most: Annotated[int, typer.Option("--most", help="With --missed all: how many at most.")] = 10,
    overlap: Annotated[str | None, typer.Option("--overlap", help="While the last ask is open: skip or allow.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Nothing later than this time (RFC 3339).")] = None,
    jitter: Annotated[int, typer.Option("--jitter", help="Up to so many seconds later.")] = 0,
    spawn: Annotated[bool, typer.Option("--spawn", help="Start a peer where nobody is meant.")] = False,
    circle: Circle = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Add one. Give one of --at, --every, --cron and --when."""
    wish = Wish(
        to=tuple(name for name in to.split(",") if name),
        text=given_text(text),
        at=at,
        every=every,
        cron=cron,
        when=when,
        timezone=tz,
        kind=kind,
        circle=circle,
        missed=missed,
        most=most,
        overlap=overlap,
        until=until,
        jitter_s=jitter,
        spawn=spawn,
    )
    told = ask_daemon(lambda line: line.add_schedule(wish, key=key or secrets.token_hex(8)))
    show(told, as_json=as_json, human=_one)


@group.command("list")
def listed(
    mine: Annotated[bool, typer.Option("--mine", help="Only those I made.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Those that are over, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """All that lies ahead, by what comes next."""
    whose = "mine" if mine else "all"
    show(ask_daemon(lambda line: line.schedules(whose, over=everything)), as_json=as_json, human=_list)


@group.command("show")
def shown(schedule_id: Id, as_json: AsJson = False) -> None:
    """One of them, and what became of its last times."""
    show(ask_daemon(lambda line: line.schedule(schedule_id)), as_json=as_json, human=_story)


@group.command()
def pause(schedule_id: Id, as_json: AsJson = False) -> None:
    """Let it rest; what is due meanwhile is not made up for."""
    show(ask_daemon(lambda line: line.change_schedule(schedule_id, PAUSED)), as_json=as_json, human=_one)


@group.command()
def resume(schedule_id: Id, as_json: AsJson = False) -> None:
    """Let it go on."""
    show(ask_daemon(lambda line: line.change_schedule(schedule_id, ACTIVE)), as_json=as_json, human=_one)


@group.command()
def run(schedule_id: Id, key: Key = None, as_json: AsJson = False) -> None:
    """Fire it once now; its times stay as they are."""
    told = ask_daemon(lambda line: line.run_schedule(schedule_id, key=key))
    show(told, as_json=as_json, human=occurrence)


@group.command()
def remove(schedule_id: Id, as_json: AsJson = False) -> None:
    """Take it away."""
    show(ask_daemon(lambda line: line.remove_schedule(schedule_id)), as_json=as_json, human=_removed)


def _one(told: Json) -> str:
    coming = f", next {told['next']}" if told["next"] and told["next"] != told["rule"] else ""
    why = f": {told['reason']}" if told["reason"] else ""
    state = "" if told["state"] == ACTIVE else f" ({told['state']}{why})"
    return f"{told['schedule_id']}  {told['rule']}{coming}{state}"


def _removed(told: Json) -> str:
    return f"{told['schedule_id']} is removed"


def _list(told: Json) -> str:
    rows = [
        [
            each["schedule_id"],
            each["state"],
            each["next"] or "-",
            each["rule"],
            ",".join(each["to"]),
            _brief(each["text"]),
        ]
        for each in told["schedules"]
    ]
    return table(rows) or "nothing is scheduled"


def _story(told: Json) -> str:
    lines = [
        _one(told),
        f"  {told['kind']} to {', '.join(told['to'])}, by {told['owner']}: {indented(told['text'])}",
    ]
    return "\n".join([*lines, *(f"  {occurrence(each)}" for each in told["occurrences"])])


def occurrence(told: Json) -> str:
    several = (
        f" to {told['last_at']} ({'over ' if told['more'] else ''}{told['count']})"
        if told["count"] > 1
        else ""
    )
    what = " ".join(x for x in (told["message_id"], told["reason"]) if x)
    return f"{told['due_at']}{several}  {told['outcome']}  {what}".rstrip()


def _brief(text: str) -> str:
    words = " ".join(text.split())
    return f"{words[:BRIEF]}…" if len(words) > BRIEF else words
