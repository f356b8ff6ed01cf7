"""What is asked of a person at the end of ``setup``, and said instead where nobody can be asked.

Rule: an empty answer writes nothing, and what was answered once is not asked again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

import typer

from cli import slack, telegram
from cli.fronts import Front
from cli.keeping import keep
from cli.output import clean_for_terminal, fail
from daemon.core.errors import PeerlineError, Refused
from daemon.paths import found
from daemon.settings import Settings, load
from hooks.agents import AGENTS

WHERE: Final = "daemon.spawn.allowed_paths"
COMMANDS: Final = "daemon.spawn.commands"
CHATS: Final[tuple[tuple[Front, Callable[[], None]], ...]] = (
    (telegram.FRONT, telegram.start),
    (slack.FRONT, slack.start),
)


def put() -> int:
    """Ask all that is open; return the exit code of what was started by it."""
    settings = load(found().config, os.environ)
    if not settings.daemon.spawn.allowed_paths:
        _ask_folders()
    return max([0, *(_offered(front, start) for front, start in _unconnected(settings))])


def unasked() -> list[str]:
    """What would have been asked."""
    settings = load(found().config, os.environ)
    left = [f"connect {front.title}: `{front.command} start`" for front, _ in _unconnected(settings)]
    if not settings.daemon.spawn.allowed_paths:
        left.insert(0, f"which folders agents may be started in: {WHERE} in {found().config}")
    return left


def folders(text: str) -> list[str]:
    """The folders that somebody typed, separated by commas, each once.

    Raises:
        Refused: one of them is not there.

    """
    named = [Path(part.strip()).expanduser().absolute() for part in text.split(",") if part.strip()]
    for folder in named:
        if not folder.is_dir():
            raise Refused(f'there is no folder "{folder}"', "name one that exists, or leave it out")
    return list(dict.fromkeys(str(folder) for folder in named))


def _ask_folders() -> None:
    typer.echo("in which folders may agents be started by others than you at this machine?")
    while True:
        answer = typer.prompt("folders, separated by commas (Enter: none)", default="", show_default=False)
        try:
            chosen = folders(answer)
        except Refused as error:
            fail(error)
            continue
        if chosen:
            section, _, key = WHERE.rpartition(".")
            keep(found().config, section, key, chosen)
            typer.echo(clean_for_terminal(f"{WHERE}: {', '.join(chosen)}"))
            _keep_commands()
        return


def _keep_commands() -> None:
    """How the agents that are here are started: by their own name, with nothing added. What is there stays."""
    known = load(found().config, os.environ).daemon.spawn.commands
    for name, agent in reversed(
        list(AGENTS.items())
    ):  # each comes before those that are there: the first is usual
        if name not in known and shutil.which(agent.program):
            keep(found().config, COMMANDS, name, agent.program)
            typer.echo(f"{COMMANDS}.{name}: {agent.program}")


def _unconnected(settings: Settings) -> list[tuple[Front, Callable[[], None]]]:
    return [each for each in CHATS if not getattr(settings, each[0].surface).bot_token]


def _offered(front: Front, start: Callable[[], None]) -> int:
    if not typer.confirm(f"connect {front.title} now?", default=False):
        return 0
    try:
        start()
    except PeerlineError as error:
        return fail(error)
    return 0
