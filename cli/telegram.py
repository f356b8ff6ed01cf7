"""``peerline telegram …``: start, pair, status, people."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from cli.options import AsJson
from cli.output import ask_daemon, show, table
from daemon.client.peer import Client
from daemon.core.errors import Refused
from daemon.paths import found

Json = dict[str, Any]
group = typer.Typer(help="Telegram as a surface.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="telegram")


@group.command()
def start(as_json: AsJson = False) -> None:
    """Check the token and say whether the daemon hosts Telegram now."""
    from daemon.settings import load

    settings = load(found().config, os.environ)
    if not settings.telegram.bot_token:
        raise Refused(
            "there is no telegram.bot_token",
            f"get one from BotFather, put it into {found().config} as telegram: bot_token, and restart the daemon",
        )
    show(ask_daemon(_state), as_json=as_json, human=_shown)


@group.command()
def pair(as_json: AsJson = False) -> None:
    """Show a code; whoever sends it to the bot in a private chat within ten minutes may speak."""
    told = ask_daemon(_invited)
    show(told, as_json=as_json, human=lambda x: f"send this to the bot within 10 minutes: {x['code']}")


@group.command()
def status(as_json: AsJson = False) -> None:
    """The last proven round trip, and what is wrong, if anything."""
    show(ask_daemon(_state), as_json=as_json, human=_shown)


@group.command()
def people(
    remove: Annotated[str | None, typer.Option("--remove", help="Take the voice of this id away.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who may speak there."""
    if remove:
        gone = ask_daemon(lambda line: line.remove_person("telegram", remove))
        show(gone, as_json=as_json, human=lambda x: f"removed: {x['name']}")
        return
    show(ask_daemon(lambda line: line.people("telegram")), as_json=as_json, human=_people)


async def _invited(line: Client) -> Json:
    if not (await _state(line))["hosted"]:
        raise Refused(
            "the daemon hosts no Telegram bot that a code could be sent to",
            "`peerline telegram start` says what is missing",
        )
    return await line.invite("telegram")


async def _state(line: Client) -> Json:
    told = await line.status()
    surfaces = [each for each in told["surfaces"] if each["surface"] == "telegram"]
    return {"hosted": bool(surfaces), "surfaces": surfaces}


def _shown(told: Json) -> str:
    if not told["hosted"]:
        return "the daemon does not host Telegram; is telegram.bot_token set, and was it restarted since?"
    rows = [
        (
            x["address"],
            x["trouble"]
            or (
                f"last round trip {x['round_trip_age_s']:.0f} s ago"
                if x["round_trip_age_s"] is not None
                else "no round trip yet"
            ),
        )
        for x in told["surfaces"]
    ]
    return table(rows)


def _people(told: Json) -> str:
    rows = [
        (x["id"], x["name"], ", ".join(x["rights"]), "owner" if x["owner"] else "", x["source"])
        for x in told["people"]
    ]
    return table(rows) or "nobody yet; pair with `peerline telegram pair`"
