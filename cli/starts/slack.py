"""Turning Slack on: the bot's token, and the app's own for sockets, or the signing secret where Slack brings events."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bots.slack.ids import SURFACE, Tokens
from bots.slack.trouble import fix
from cli.starting import Token
from daemon.settings import Settings

MADE: Final = (
    "make the app first: api.slack.com/apps, Create New App, From a manifest (`peerline slack manifest`)"
)
BOT: Final = Token(
    key="bot_token",
    looks=re.compile(r"xoxb-[A-Za-z0-9-]{4,250}"),
    called="bot token of a Slack app",
    like="those begin with xoxb-",
    prompt="bot token: ",
    ask="paste the Bot User OAuth Token (xoxb-…) from the app's page, OAuth & Permissions",
    hint=f"{MADE}, install it, and copy the token from OAuth & Permissions",
)
APP: Final = Token(
    key="app_token",
    looks=re.compile(r"xapp-[A-Za-z0-9-]{4,250}"),
    called="app-level token of a Slack app",
    like="those begin with xapp-",
    prompt="app token: ",
    ask="paste an app-level token (xapp-…) with the scope connections:write from Basic Information",
    hint="make one on the app's page: Basic Information, App-Level Tokens, scope connections:write",
)
SECRET: Final = Token(
    key="signing_secret",
    looks=re.compile(r"[0-9A-Za-z]{16,128}"),
    called="signing secret of a Slack app",
    like="those are 32 letters and digits",
    prompt="signing secret: ",
    ask="paste the Signing Secret from the app's page, Basic Information",
    hint="copy it from the app's page: Basic Information, App Credentials",
)


class Slack:
    surface: Final = SURFACE
    title: Final = "Slack"
    final: Final = ("refuses the token", "Socket Mode", "it lacks")
    fix = staticmethod(fix)

    def __init__(self, *, http: bool = False) -> None:
        self._http = http

    def tokens(self, settings: Settings, /) -> Sequence[Token]:
        told = settings.slack
        brought = self._http or (bool(told.signing_secret) and not told.app_token)
        return (BOT, SECRET) if brought else (BOT, APP)

    def prepare(self, config: Path, settings: Settings) -> None:
        """Nothing is missing beside the tokens."""

    async def check(self, settings: Settings, given: Mapping[str, str]) -> None:
        """Ask Slack whose bot it is, and for a socket where there are to be some."""
        from bots.slack.api import Api

        told = settings.slack
        app = given.get("app_token", "" if self._http else told.app_token)
        tokens = Tokens(bot=given.get("bot_token", told.bot_token), app=app)
        api = Api(tokens, told.api_base, clock=time.monotonic, haste=None)
        try:
            await api.prove()
        finally:
            await api.close()
