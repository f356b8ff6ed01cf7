"""``peerline telegram start`` and its like: from tokens to a bot that is heard, doing only what is missing.

Rule: tokens come from the terminal without echo, or from standard input; they are in no argument, error or output.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from bots.interface import Failure
from cli.keeping import keep
from cli.output import is_up, note
from daemon.client.peer import Client
from daemon.core.errors import DaemonUnreachable, Refused, Unavailable
from daemon.paths import found
from daemon.settings import Settings, load, variable_of

Json = dict[str, Any]
WITHIN_S: Final = 30.0
AT_ONCE_S: Final = 1.0
LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One secret that is to be put in, and the words for asking for it."""

    key: str  #: in the platform's section of the config
    looks: re.Pattern[str]
    called: str  #: ``token of a Telegram bot``
    like: str  #: how one looks
    prompt: str
    ask: str  #: said before the prompt
    hint: str  #: where to get one


class Entry(Protocol):
    """How one platform is turned on."""

    @property
    def surface(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def final(self) -> Sequence[str]:
        """Return what troubles say that waiting does not mend."""
        ...

    def tokens(self, settings: Settings, /) -> Sequence[Token]:
        """Return what it needs, as things stand."""
        ...

    def prepare(self, config: Path, settings: Settings) -> None:
        """Put in what is missing beside the tokens, if anything."""
        ...

    def fix(self, trouble: str, /) -> str:
        """Return what a person can do about it."""
        ...

    async def check(self, settings: Settings, given: Mapping[str, str]) -> None:
        """Ask the platform whether it takes the tokens: those given now, else those of the config.

        Raises:
            NotNow, NotEver, Unsure: it does not, or is not there.

        """
        ...


async def started(line: Client, entry: Entry, *, new_token: bool) -> Json:
    """Bring the daemon to host the bot; return the surface once a round trip is proven.

    Raises:
        Refused: there is no token, it is none, or the platform refuses it.
        Unavailable: the platform or the daemon is not there.

    """
    config = found().config
    settings, up = load(config, os.environ), await is_up(line)
    missing = await _missing(line, entry, settings, up=up, new_token=new_token)
    if missing:
        await _put_in(entry, settings, missing)
    elif _has(settings, entry, entry.tokens(settings)):
        await _check(entry, settings, {})
    entry.prepare(config, settings)
    if not up:
        raise DaemonUnreachable(
            f"{config} has all that is needed, but no daemon is running",
            f"start it with `peerline up`, then pair with `peerline {entry.surface} start` at another terminal",
        )
    if not (await line.host(entry.surface))["hosted"]:
        variable = variable_of(entry.surface, entry.tokens(settings)[0].key)
        raise Refused(
            f"the daemon does not know the token: it stands in {variable} of this terminal alone",
            "unset it and run this again, or start the daemon with it",
        )
    return await _proven(line, entry)


async def _missing(
    line: Client, entry: Entry, settings: Settings, *, up: bool, new_token: bool
) -> Sequence[Token]:
    """What is to be asked for: nothing where the daemon was started with tokens that nobody here knows."""
    wanted = entry.tokens(settings)
    if new_token:
        return wanted
    missing = [each for each in wanted if not _value(settings, entry, each)]
    unknown_here = len(missing) == len(wanted)
    if unknown_here and up and (await line.surface(entry.surface))["hosted"]:
        return []
    return missing


def _has(settings: Settings, entry: Entry, tokens: Sequence[Token]) -> bool:
    return all(_value(settings, entry, each) for each in tokens)


def _value(settings: Settings, entry: Entry, token: Token) -> str:
    return str(getattr(getattr(settings, entry.surface), token.key))


async def _put_in(entry: Entry, settings: Settings, wanted: Sequence[Token]) -> None:
    """Ask for tokens, check them, keep them."""
    for token in wanted:
        variable = variable_of(entry.surface, token.key)
        if os.environ.get(variable):
            raise Refused(f"the token comes from {variable}", "unset it, or put the new token there")
    given = _typed(wanted) if sys.stdin.isatty() else _piped(wanted)
    await _check(entry, settings, given)
    for key, value in given.items():
        keep(found().config, entry.surface, key, value)


async def _check(entry: Entry, settings: Settings, given: Mapping[str, str]) -> None:
    try:
        await entry.check(settings, given)
    except Failure as failure:
        said = str(failure)
        refused = any(sign in said for sign in entry.final)
        raise (Refused if refused else Unavailable)(said, entry.fix(said)) from None


def _typed(wanted: Sequence[Token]) -> dict[str, str]:
    given = {}
    for token in wanted:
        note(f"{token.ask}; it is not shown")
        given[token.key] = _checked(token, getpass.getpass(token.prompt).strip())
    return given


def _piped(wanted: Sequence[Token]) -> dict[str, str]:
    """One a line, in any order in which they can be told apart."""
    lines = [sys.stdin.readline().strip() for _ in wanted]
    given = {}
    for token in wanted:
        fits = next((each for each in lines if token.looks.fullmatch(each)), "")
        given[token.key] = _checked(token, fits or next(filter(None, lines), ""))
        if fits:
            lines.remove(fits)
    return given


def _checked(token: Token, told: str) -> str:
    if not told:
        raise Refused(f"there is no {token.called} yet", token.hint)
    if not token.looks.fullmatch(told):
        raise Refused(f"that is no {token.called}: {token.like}", token.hint)
    return told


async def _proven(line: Client, entry: Entry) -> Json:
    """Wait for the first round trip; what waiting does not mend ends it at once."""
    begun = asyncio.get_running_loop().time()
    noted = False
    while True:
        told = await line.surface(entry.surface)
        passed = asyncio.get_running_loop().time() - begun
        if told["proven"] and not told["trouble"]:
            return told
        if passed > AT_ONCE_S and any(sign in told["trouble"] for sign in entry.final):
            raise Refused(told["trouble"], told["fix"])
        if passed > WITHIN_S:
            raise Unavailable(
                told["trouble"] or f"{entry.title} has not answered yet",
                told["fix"] or f"the daemon goes on trying: `peerline {entry.surface} status`",
            )
        if passed > AT_ONCE_S and not noted:
            noted = True
            note(f"waiting for {entry.title} …")
        await asyncio.sleep(LOOK_S)
