"""``peerline slack …``: what is Slack's own of it."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from cli.fronts import Front
from cli.options import AsJson, NewToken, NoPair
from cli.surfaces import group_of
from cli.surfaces import start as start_surface

FRONT: Final = Front(surface="slack", title="Slack", chat="a direct message")
group = group_of(FRONT)
Url = Annotated[
    str,
    typer.Option("--url", help="Where Slack is to bring events instead of sockets: https://…/slack/events"),
]


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="slack")


@group.command()
def start(
    no_pair: NoPair = False,
    new_token: NewToken = False,
    http: Annotated[
        bool, typer.Option("--http", help="Slack brings events; take the signing secret, and no app token.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Turn it on: take the app's tokens (not shown, or from standard input), check them, host it, pair a person."""
    from cli.starting import started
    from cli.starts.slack import Slack

    start_surface(
        FRONT,
        lambda line: started(line, Slack(http=http), new_token=new_token),
        pairs=not no_pair,
        as_json=as_json,
    )


@group.command()
def manifest(
    url: Url = "", name: Annotated[str, typer.Option("--name", help="Of the app.")] = "Peerline"
) -> None:
    """Print the manifest of the app, as JSON: paste it at api.slack.com/apps, Create New App, From a manifest."""
    import json
    import os

    from bots.slack.manifest import manifest as made
    from daemon.paths import found
    from daemon.settings import load

    command = load(found().config, os.environ).slack.command
    print(json.dumps(made(name=name, command=command, url=url), indent=2, ensure_ascii=False))
