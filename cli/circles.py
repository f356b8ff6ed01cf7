"""The brakes: ``freeze CIRCLE`` and ``thaw CIRCLE`` of a whole circle, ``lock`` and ``unlock`` of every chat."""

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
    app.command()(lock)
    app.command()(unlock)


def freeze(circle: Named, as_json: AsJson = False) -> None:
    """Stop a whole circle: no agent in it makes another tool call, and nothing is carried into it."""
    show(ask_daemon(lambda line: line.freeze(circle)), as_json=as_json, human=_frozen)


def thaw(circle: Named, as_json: AsJson = False) -> None:
    """Let a frozen circle go on."""
    show(ask_daemon(lambda line: line.thaw(circle)), as_json=as_json, human=_thawed)


def lock(as_json: AsJson = False) -> None:
    """Take nothing more from any chat, and no writing call over TCP, until `peerline unlock`."""
    show(ask_daemon(lambda line: line.lock()), as_json=as_json, human=locked)


def unlock(as_json: AsJson = False) -> None:
    """Hear the chats again. Only here: at a terminal, outside every agent."""
    show(ask_daemon(lambda line: line.unlock()), as_json=as_json, human=locked)


def locked(told: Json) -> str:
    if not told["locked"]:
        return "the line is unlocked: chats are heard again"
    return (
        f"the line is locked by {told['by']} since {told['since']}: nothing is taken from any chat\n"
        "unlock it here with `peerline unlock`"
    )


def _frozen(told: Json) -> str:
    whom = ", ".join(told["peers"]) or "nobody runs there now; whoever comes"
    return f"circle {told['circle']} is frozen: {whom}\nlet it go on with `peerline thaw {told['circle']}`"


def _thawed(told: Json) -> str:
    return f"circle {told['circle']} goes on"
