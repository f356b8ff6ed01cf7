"""``peerline freeze CIRCLE`` and ``thaw CIRCLE``: the brake of a whole circle."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.options import AsJson
from cli.output import ask_daemon, show

Json = dict[str, Any]
Named = Annotated[str, typer.Argument(help="The circle's name.")]


def add_to(app: typer.Typer) -> None:
    app.command()(freeze)
    app.command()(thaw)


def freeze(circle: Named, as_json: AsJson = False) -> None:
    """Stop a whole circle: no agent in it makes another tool call, and nothing is carried into it."""
    show(ask_daemon(lambda line: line.freeze(circle)), as_json=as_json, human=_frozen)


def thaw(circle: Named, as_json: AsJson = False) -> None:
    """Let a frozen circle go on."""
    show(ask_daemon(lambda line: line.thaw(circle)), as_json=as_json, human=_thawed)


def _frozen(told: Json) -> str:
    whom = ", ".join(told["peers"]) or "nobody runs there now; whoever comes"
    return f"circle {told['circle']} is frozen: {whom}\nlet it go on with `peerline thaw {told['circle']}`"


def _thawed(told: Json) -> str:
    return f"circle {told['circle']} goes on"
