"""``chat`` and ``practice``: talking from the terminal."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from cli.options import Circle
from cli.talking import talked

To = Annotated[str | None, typer.Option("--to", help="Whom plain words go to.")]
Linger = Annotated[
    float, typer.Option("--linger", help="Seconds to wait for answers after the end of input.")
]


def add_to(app: typer.Typer) -> None:
    app.command("chat")(chat)
    app.command("practice")(practice)


def chat(to: To = None, circle: Circle = None, linger: Linger = 5.0) -> None:
    """Talk to the peers from this terminal; plain pipes work too."""
    raise typer.Exit(asyncio.run(talked(to=to, circle=circle, linger_s=linger)))


def practice(to: To = None, linger: Linger = 10.0) -> None:
    """Try everything with two scripted agents: no account, no agent, no network."""
    from cli.practice import practise

    raise typer.Exit(asyncio.run(practise(to=to, linger_s=linger)))
