"""Showing a pairing code, and waiting until somebody has sent it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any, Final

from cli.fronts import Front
from cli.output import clean_for_terminal, note
from daemon.client.peer import Client
from daemon.core.errors import Refused

Json = dict[str, Any]
LOOK_S: Final = 0.3


def said(front: Front, told: Json) -> str:
    """The code stands last, where the eye ends and a script finds it."""
    where = f"open {told['link']}\nor " if told["link"] else ""
    whom = f"@{told['bot']}" if told["bot"] else "the bot"
    return f"{where}send this to {whom} in {front.chat} within 10 minutes: {told['code']}"


async def invited(line: Client, front: Front, bot: str) -> Json:
    """Open an invitation; an earlier one is void. Returns ``code``, ``expires_at``, ``bot``, ``link``."""
    told = await line.invite(front.surface)
    return told | {"bot": bot, "link": front.link(bot, told["code"])}


async def paired(line: Client, front: Front, before: set[str]) -> Json:
    """Wait for somebody who was not there before; return the person.

    Raises:
        Refused: the code is void: time or tries are up.

    """
    while True:
        told = await line.people(front.surface)
        fresh = [each for each in told["people"] if each["id"] not in before]
        if fresh:
            person: Json = fresh[0]
            return person
        if told["pairing"] is None:
            raise Refused(
                "nobody was paired: the code is void after 10 minutes or 5 wrong tries",
                f"`{front.command} pair` shows a new one",
            )
        await asyncio.sleep(LOOK_S)


async def pair(line: Client, front: Front, bot: str, *, out: bool = True) -> Json:
    """Show a code and wait; return the person. ``out``: to standard output, else beside it."""
    before = {each["id"] for each in (await line.people(front.surface))["people"]}
    told = await invited(line, front, bot)
    if out:
        print(clean_for_terminal(said(front, told)), flush=True)
    else:
        note(clean_for_terminal(said(front, told)))
    note("waiting for it; Ctrl-C ends the waiting, the code stays good")
    return await paired(line, front, before)


def welcome(front: Front, person: Json) -> str:
    who = f"{person['name']} ({person['id']})"
    if person["owner"]:
        return f"paired: {who}, the owner: may talk, approve and spawn"
    return f"paired: {who} may {', '.join(person['rights'])}; more with `{front.command} people grant`"


def is_watched() -> bool:
    """Whether somebody sits there who can wait."""
    return sys.stdin.isatty() and sys.stdout.isatty()
