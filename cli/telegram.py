"""``peerline telegram …``: what is Telegram's own of it."""

from __future__ import annotations

from typing import Final

import typer

from cli.fronts import Front
from cli.options import AsJson, NewToken, NoPair
from cli.surfaces import group_of
from cli.surfaces import start as start_surface


def _link(bot: str, code: str) -> str:
    """Opens the chat with the bot and needs one tap; "" while the bot's name is unknown."""
    return f"https://t.me/{bot}?start={code}" if bot else ""


FRONT: Final = Front(surface="telegram", title="Telegram", chat="a private chat", link=_link)
group = group_of(FRONT)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="telegram")


@group.command()
def start(
    no_pair: NoPair = False,
    new_token: NewToken = False,
    as_json: AsJson = False,
) -> None:
    """Turn it on: take a bot's token (not shown, or from standard input), check it, host it, and pair a person."""
    from cli.starting import started
    from cli.starts.telegram import Telegram

    start_surface(
        FRONT,
        lambda line: started(line, Telegram(), new_token=new_token),
        pairs=not no_pair,
        as_json=as_json,
    )
